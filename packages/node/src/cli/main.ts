/** The process around the command: the only file that does something when it is imported. */
import { installInterruptCleanup } from '../atomic-file.ts';
import { runCommand } from './run.ts';

installInterruptCleanup();
// messages that nobody can read cost no work
process.stderr.on('error', () => {});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // a reader that went away, as in `sagitta search … | head`, is no failure; a full disk is one
  if (error.code === 'EPIPE') return;
  process.stderr.write(`error: stdout: ${error.message}\n`);
  process.exitCode = 1;
});
const status = await runCommand(process.argv.slice(2), process);
// set rather than exit: what is still in the pipes is written first
if (status !== 0) process.exitCode = status;
