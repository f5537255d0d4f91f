// Packs the public packages the way they are published: what only this repository needs stays out of their package.json.
// `node tools/checks/pack.mjs FOLDER` writes the tarballs there; they are what is checked, tested and published.
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PUBLIC_PACKAGES, packageFolder, readManifest, SOURCE_CONDITION } from './packages.mjs';
import { mustExecute } from './process.mjs';

/** @type {Promise<Map<string, { tarball: string, files: string[] }>> | undefined} */
let packed;

/**
 * Packs every public package into a temporary folder, once a process.
 * @returns {Promise<Map<string, { tarball: string, files: string[] }>>} by folder name; `files` are paths inside the package
 */
export function packAll() {
  packed ??= mkdtemp(join(tmpdir(), 'sagitta-pack-')).then(packInto);
  return packed;
}

/** @param {string} folder - exists; gets one .tgz a package */
export async function packInto(folder) {
  const tarballs = new Map();
  for (const name of PUBLIC_PACKAGES) {
    const staging = await mkdtemp(join(tmpdir(), 'sagitta-staging-'));
    try {
      for (const file of (await npmPack(packageFolder(name), ['--dry-run'])).files) {
        await mkdir(dirname(join(staging, file.path)), { recursive: true });
        await copyFile(join(packageFolder(name), file.path), join(staging, file.path));
      }
      const manifest = publishedManifest(await readManifest(name));
      await writeFile(join(staging, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
      const { filename, files } = await npmPack(staging, ['--pack-destination', folder]);
      tarballs.set(name, { tarball: join(folder, filename), files: files.map((file) => file.path) });
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  }
  return tarballs;
}

/**
 * Without the condition that points at sources, which are not packed, and without scripts and tools of the repository.
 * @param {Record<string, any>} manifest
 */
export function publishedManifest(manifest) {
  const { scripts, devDependencies, ...kept } = manifest;
  const exports = Object.entries(manifest.exports).map(([entry, target]) => {
    if (typeof target === 'string') return [entry, target];
    const { [SOURCE_CONDITION]: source, ...conditions } = target;
    return [entry, conditions];
  });
  return { ...kept, exports: Object.fromEntries(exports) };
}

async function npmPack(cwd, args) {
  const parsed = JSON.parse(
    await mustExecute('npm', ['pack', '--json', '--ignore-scripts', ...args], { cwd }),
  );
  // npm 11 prints an array, npm 12 an object by package name.
  return Array.isArray(parsed) ? parsed[0] : Object.values(parsed)[0];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? 'build/tarballs');
  await mkdir(folder, { recursive: true });
  for (const { tarball } of (await packInto(folder)).values()) console.log(tarball);
}
