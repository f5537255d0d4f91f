/** The process around the command: the only file that does something when it is imported. */
import { installInterruptCleanup } from '../atomic-file.ts';
import { runCommand } from './run.ts';

const disarm = installInterruptCleanup();
// messages that nobody can read cost no work
process.stderr.on('error', () => {});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // a reader that went away, as in `sagitta search … | head`, is no failure; a full disk is one
  if (error.code === 'EPIPE') return;
  process.stderr.write(`error: stdout: ${error.message}\n`);
  process.exitCode = 1;
});
/** For commands that end their work in order: files of folds that are under way must not end the process then. */
function interrupted(): Promise<void> {
  disarm();
  return new Promise((resolve) => {
    const end = (): void => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, end);
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end);
  });
}
// started by a worker of a cluster: what nobody waits for any more ends
if (process.channel) {
  process.once('disconnect', () => process.exit(1));
  process.channel.unref();
}
const { stdout, stderr } = process;
const status = await runCommand(process.argv.slice(2), { stdout, stderr, interrupted });
// set rather than exit: what is still in the pipes is written first
if (status !== 0) process.exitCode = status;
