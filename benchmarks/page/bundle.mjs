// Writes the bench page into a folder that any static server can serve: index.html, page.css, page.js, worker.js.
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCore } from '@sagitta/core-wasm';
import { build } from 'esbuild';
import { buildInputs } from '../runtimes/inputs.mjs';
import { answers } from '../runtimes/suite.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** @param {string} folder - made if it is missing */
export async function bundlePage(folder) {
  await mkdir(folder, { recursive: true });
  for (const name of ['index.html', 'page.css']) await copyFile(here(name), join(folder, name));
  const expected = await expectedAnswers();
  await build({
    entryPoints: { page: here('page.mjs'), worker: here('worker.mjs') },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    outdir: folder,
    define: { EXPECTED_ANSWERS: JSON.stringify(expected) },
    logLevel: 'silent',
  });
}

/** What this Node answers: the page says whether the browser answers the same. */
async function expectedAnswers() {
  const core = createCore();
  const files = new Map();
  for (const { name, bytes } of buildInputs(core)) files.set(name, bytes);
  core.dispose();
  return answers(async (name) => files.get(name));
}
