import { build } from 'esbuild';

/**
 * A module and all it imports as one script for a browser.
 * @param {string} entry - path of the module
 * @param {Record<string, string>} [alias] - paths of modules by the names they are imported by
 * @returns {Promise<string>}
 */
export async function bundle(entry, alias = {}) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    alias,
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    logLevel: 'error',
  });
  return outputFiles[0].text;
}
