/** The process around the command: the only file that does something when it is imported. */
import { installInterruptCleanup } from '../atomic-file.ts';
import { runCommand } from './run.ts';

installInterruptCleanup();
// a reader that went away, as in `sagitta search … | head`, is no failure
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
// set rather than exit: what is still in the pipes is written first
process.exitCode = await runCommand(process.argv.slice(2), process);
