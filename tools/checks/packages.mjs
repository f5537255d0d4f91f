// The public packages, in layer order, and their tarballs (packed once a process).
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mustExecute } from './process.mjs';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Folder names below packages/, each of which imports only from the ones before it (node and web not from each other). */
export const PUBLIC_PACKAGES = ['core-wasm', 'quantizers', 'retrieval', 'node', 'web'];

export function packageFolder(name) {
  return join(ROOT, 'packages', name);
}

export async function readManifest(name) {
  return JSON.parse(await readFile(join(packageFolder(name), 'package.json'), 'utf8'));
}

/** @type {Promise<Map<string, { tarball: string, files: string[] }>> | undefined} */
let packed;

/**
 * Packs every public package into a temporary folder.
 * @returns {Promise<Map<string, { tarball: string, files: string[] }>>} by folder name; `files` are paths inside the package
 */
export function packAll() {
  packed ??= pack();
  return packed;
}

async function pack() {
  const folder = await mkdtemp(join(tmpdir(), 'sagitta-pack-'));
  const tarballs = new Map();
  for (const name of PUBLIC_PACKAGES) {
    const output = await mustExecute('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: packageFolder(name),
    });
    const parsed = JSON.parse(output);
    // npm 11 prints an array, npm 12 an object by package name.
    const entry = Array.isArray(parsed) ? parsed[0] : Object.values(parsed)[0];
    tarballs.set(name, {
      tarball: join(folder, entry.filename),
      files: entry.files.map((file) => file.path),
    });
  }
  return tarballs;
}
