// `node without-this.mjs DIST`: takes `this` out of the helpers that TypeScript writes into modules (of `using`, of rewritten import names).
// At the top level of a module `this` is undefined, and Rollup and Vite warn every user about it. It fails on an import of a .ts file: in a
// function with `using` TypeScript leaves the names of imports as they are.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const HELPER = /= \(this && this\.__\w+\) \|\| /g;

const [folder] = process.argv.slice(2);
for (const entry of await readdir(folder, { recursive: true })) {
  if (!entry.endsWith('.js')) continue;
  const file = join(folder, entry);
  const text = await readFile(file, 'utf8');
  const without = text.replace(HELPER, '= ');
  if (without.includes('(this && this.')) throw new Error(`${file} has a helper of another form`);
  if (/\bimport\('\.[^']*\.ts'\)/.test(text))
    throw new Error(`${file} imports a .ts file: take \`using\` into a function of its own`);
  if (without !== text) await writeFile(file, without);
}
