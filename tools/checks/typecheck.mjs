// Types of sources, tests and benches of every workspace.
import { ROOT } from './packages.mjs';
import { mustExecute } from './process.mjs';

export async function typecheck() {
  await mustExecute('npm', ['run', '--silent', 'typecheck'], { cwd: ROOT });
  return 'tsc over every workspace';
}
