// What must not be in a bundle for browsers, whoever made it.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { findForbidden } from '../tools/checks/must-not-appear.mjs';

/** @returns {Promise<string>} one line about sizes; throws when a forbidden string is found */
export async function checkBundle(folder) {
  const sizes = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.js')) continue;
    const text = await readFile(join(entry.parentPath ?? entry.path, entry.name), 'utf8');
    const found = findForbidden(text);
    if (found.length > 0) throw new Error(`${entry.name} has ${found.join(', ')}`);
    sizes.push(`${entry.name} ${(gzipSync(text, { level: 9 }).length / 1000).toFixed(1)} kB`);
  }
  if (sizes.length === 0) throw new Error(`no script in ${folder}`);
  return `gzipped ${sizes.join(', ')}`;
}
