// What installing a contender puts on the disk: its packages and all they need, by a lockfile and the folders it describes.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PEERS = fileURLToPath(new URL('.', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** @returns { bytes, packages, runsScripts }: whether npm would run a script of one of them at install */
export function installSize(names) {
  const root = names.every((name) => name.startsWith('@sagitta/')) ? ROOT : PEERS;
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const places = reachable(packages, names).filter((place) => existsSync(join(root, place)));
  const bytes = places.reduce((sum, place) => sum + bytesOf(root, place, packages), 0);
  return {
    bytes,
    packages: places.length,
    runsScripts: places.some((place) => runsScript(join(root, place))),
  };
}

/** npm also runs node-gyp where there is a binding.gyp and no word against it. */
function runsScript(folder) {
  const { scripts = {}, gypfile = true } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const isCompiled = gypfile && existsSync(join(folder, 'binding.gyp'));
  return isCompiled || ['preinstall', 'install', 'postinstall'].some((name) => name in scripts);
}

/** Places in node_modules of packages and what they depend on, as Node finds them. */
export function reachable(packages, names) {
  const found = new Set();
  const follow = (name, from) => {
    const place = resolvePlace(packages, name, from);
    if (place === undefined || found.has(place)) return;
    found.add(place);
    const { link, resolved } = packages[place];
    const { dependencies, optionalDependencies } = packages[link ? resolved : place];
    for (const other of Object.keys({ ...dependencies, ...optionalDependencies })) follow(other, place);
  };
  for (const name of names) follow(name, '');
  return [...found];
}

function resolvePlace(packages, name, from) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    const place = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (packages[place]) return place;
    if (at === '') return undefined;
  }
}

function bytesOf(root, place, packages) {
  const { link, resolved } = packages[place];
  if (!link) return folderBytes(join(root, place));
  // of our own packages what npm publishes, not their sources
  const [{ unpackedSize }] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: join(root, resolved),
      encoding: 'utf8',
    }),
  );
  return unpackedSize;
}

function folderBytes(folder) {
  let sum = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    sum += entry.isDirectory() ? folderBytes(path) : entry.isFile() ? statSync(path).size : 0;
  }
  return sum;
}
