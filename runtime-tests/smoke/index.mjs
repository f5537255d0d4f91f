// The work that every runtime does: a fixed input through the packages, and hashes of the bytes that come out.
// Runs in Node, Bun, Deno, workerd and browsers, so it uses the packages and web-standard globals only.
import { createCore } from '@sagitta/core-wasm';
import { indexHashes } from './indexes.mjs';
import { kernelHashes } from './kernels.mjs';
import { multiVectorHashes } from './multi-vector.mjs';
import { servedAnswers } from './served.mjs';

/**
 * The default build, since scores of the relaxed one may differ.
 *
 * @param {(name: string) => Promise<Uint8Array>} input - index files that Node built
 * @returns {Promise<Record<string, string>>} SHA-256 in hexadecimal by name of what was computed, and what a server answers; equal in every runtime
 */
export async function run(input) {
  const core = createCore();
  const hashes = {
    ...(await kernelHashes(core)),
    ...(await indexHashes(core, input)),
    ...(await multiVectorHashes(core)),
    ...(await servedAnswers(core)),
  };
  if (core.bytesUsed() !== 0) throw new Error(`${core.bytesUsed()} bytes are still allocated after the run`);
  core.dispose();
  return hashes;
}
