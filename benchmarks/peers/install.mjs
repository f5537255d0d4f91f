// Installs what this folder's lockfile says, when something first needs it.
import { fileURLToPath } from 'node:url';
import { installFromNpm } from '../../runtime-tests/install.mjs';

/** Not by `npm ci`: the lockfile has binaries for the platform that it was made on, npm finds those for others. */
export function installPeers() {
  return installFromNpm(fileURLToPath(new URL('.', import.meta.url)), ['install', '--no-save']);
}
