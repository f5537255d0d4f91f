// What a search over a saved index costs to download: createCore and loadIndex bundled and gzipped, as each kind of runtime gets it.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const APP = `export { createCore } from '@sagitta/core-wasm'; export { loadIndex } from '@sagitta/retrieval';`;

/** @returns {Promise<{ inlined: number, workerd: number, wasm: number }>} gzipped bytes */
export async function bundleSizes() {
  const wasm = fileURLToPath(import.meta.resolve('@sagitta/core-wasm/simd.wasm'));
  return {
    inlined: await bundled([]),
    workerd: await bundled(['workerd', 'worker', 'browser']),
    wasm: gzipSync(await readFile(wasm), { level: 9 }).length,
  };
}

async function bundled(conditions) {
  const { outputFiles } = await build({
    stdin: { contents: APP, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    conditions,
    external: ['*.wasm'],
    logLevel: 'silent',
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}
