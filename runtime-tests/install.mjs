// Gets the runtimes: those from npm by the lockfile of their folder, the browsers from the distribution.
// Install scripts stay off: every runtime's program lies in a platform package and is started from there.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mustExecute } from '../tools/checks/process.mjs';

export const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const require = createRequire(import.meta.url);

/** Installs what the lockfile of `folder` says, unless the same lockfile was installed before, by npm and these words. */
export async function installFromNpm(folder = FOLDER, words = ['ci', '--ignore-scripts']) {
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8');
  const stamp = join(folder, 'node_modules', '.installed-lock.json');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  await mustExecute('npm', [...words, '--no-audit', '--no-fund'], { cwd: folder });
  writeFileSync(stamp, lock);
}

/** Installs Chromium and Firefox where they are missing. */
export const installBrowsers = () => installFromDebian(['chromium', 'firefox-esr']);

/** Installs Debian packages that are called as their programs, where those are missing. Needs root and apt. */
export async function installFromDebian(programs) {
  const packages = programs.filter((program) => findOnPath(program) === undefined);
  if (packages.length === 0) return;
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await mustExecute('apt-get', ['update'], { env });
  await mustExecute('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { env });
}

export function findOnPath(program) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file));
}

/**
 * A program inside the first of `packages` that is installed here.
 * @throws Error if the runtime has no package for this platform
 */
export function findInPackages(packages, file) {
  for (const name of packages) {
    try {
      const program = join(dirname(require.resolve(`${name}/package.json`)), file);
      if (existsSync(program)) return program;
    } catch {
      // Not for this platform: npm left it out.
    }
  }
  throw new Error(`none of ${packages.join(', ')} is installed with ${file}`);
}
