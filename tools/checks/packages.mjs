// The public packages, in layer order.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Folder names below packages/, each of which imports only from the ones before it (node and web not from each other). */
export const PUBLIC_PACKAGES = ['core-wasm', 'quantizers', 'retrieval', 'node', 'web'];

/** The condition of `exports` under which tests and benches import sources; it does not leave this repository. */
export const SOURCE_CONDITION = '@sagitta/source';

export function packageFolder(name) {
  return join(ROOT, 'packages', name);
}

export async function readManifest(name) {
  return JSON.parse(await readFile(join(packageFolder(name), 'package.json'), 'utf8'));
}
