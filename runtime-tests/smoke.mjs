// The work that every runtime does: a fixed input through the packages, and hashes of the bytes that come out.
// Runs in Node, Bun, Deno, workerd and browsers, so it uses the packages and web-standard globals only.
import { createCore } from '@sagitta/core-wasm';
import { buildFlat, buildIvf, loadIndex, saveIndex } from '@sagitta/retrieval';

/** Stored bytes and scores must not depend on the engine, so the default build is named: relaxed scores may differ. */
const BUILD = 'simd';

/**
 * @returns {Promise<Record<string, string>>} SHA-256 in hexadecimal by name of what was computed; equal in every runtime
 */
export async function run() {
  const core = createCore({ build: BUILD });
  const hashes = {
    'dot-rows': await dotRows(core),
    matmul: await matmul(core),
    rotation: await rotation(core),
    'dot-i8-rows': await dotI8Rows(core),
    ...(await searchHashes(core)),
  };
  if (core.bytesUsed() !== 0) throw new Error(`${core.bytesUsed()} bytes are still allocated after the run`);
  core.dispose();
  return hashes;
}

// ---------------------------------------------------------------------------------------------------------------------
// Index and search: build on seeded vectors, save, load, search; hash the file's bytes, the ids and the scores.
// ---------------------------------------------------------------------------------------------------------------------

/** @returns {Promise<Record<string, string>>} */
async function searchHashes(core) {
  const d = 72;
  const n = 1500;
  const vectors = new Float32Array(n * d);
  fill(vectors, 9, 1 / 7);
  // energy falls with the dim, so that bit allocation has something to decide
  for (let i = 0; i < vectors.length; i++) vectors[i] /= 1 + (i % d) / 8;
  const queries = vectors.slice(0, 20 * d);
  const indexes = {
    'ivf-l2': () => buildIvf(core, vectors, d, { metric: 'l2', nlist: 12, bits: 3, seed: 5 }),
    'ivf-cosine': () => buildIvf(core, vectors, d, { metric: 'cosine', nlist: 12, bits: 1.25, seed: 5 }),
    'flat-ip': () => buildFlat(core, vectors, d, { metric: 'ip', bits: 8, seed: 5, keepVectors: true }),
    'flat-float32': () => buildFlat(core, vectors, d, { metric: 'l2', quantizer: 'none' }),
  };
  const hashes = {};
  for (const [name, build] of Object.entries(indexes)) {
    const index = build();
    const bytes = saveIndex(index);
    index.dispose();
    hashes[`${name}-file`] = await hash(bytes);
    const loaded = loadIndex(core, bytes);
    const { ids, scores } = loaded.searchBatch(queries, 10, { nprobe: 4 });
    loaded.dispose();
    // a query is one of the vectors: were it lost, equal hashes everywhere would still be wrong
    const own = Array.from({ length: 20 }, (_, q) => ids.subarray(10 * q, 10 * q + 10).includes(q));
    if (name !== 'flat-ip' && own.includes(false)) throw new Error(`${name}: a vector does not find itself`);
    hashes[`${name}-ids`] = await hash(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength));
    hashes[`${name}-scores`] = await hash(
      new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength),
    );
  }
  return hashes;
}

// ---------------------------------------------------------------------------------------------------------------------
// Kernels
// ---------------------------------------------------------------------------------------------------------------------

function dotRows(core) {
  const d = 257;
  const n = 19;
  return core.scope((scope) => {
    const query = scope.reserve(4 * d);
    const rows = scope.reserve(4 * n * d);
    const out = scope.reserve(4 * n);
    fill(query.f32(), 1);
    fill(rows.f32(), 2);
    core.kernels.dotF32Rows(query.at(), rows.at(), n, d, out.at());
    return hash(out.u8(0, 4 * n));
  });
}

function matmul(core) {
  const [m, n, k] = [17, 23, 65];
  return core.scope((scope) => {
    const a = scope.reserve(4 * m * k);
    const b = scope.reserve(4 * k * n);
    const c = scope.reserve(4 * m * n);
    fill(a.f32(), 3);
    fill(b.f32(), 4);
    core.kernels.matmulF32(a.at(), b.at(), m, n, k, c.at());
    return hash(c.u8(0, 4 * m * n));
  });
}

/** Fractions on purpose: rounding has to be the same too. */
function rotation(core) {
  const d = 112;
  const n = 9;
  return core.scope((scope) => {
    const rows = scope.reserve(4 * n * d);
    const signs = scope.reserve(16 * d);
    fill(rows.f32(), 5, 1 / 3);
    const next = integers(6);
    signs.u32(0, 4 * d).forEach((_, i, all) => {
      all[i] = next() & 1 ? 0x80000000 : 0;
    });
    core.kernels.rotateF32Rows(rows.at(), n, d, d, signs.at());
    return hash(rows.u8(0, 4 * n * d));
  });
}

function dotI8Rows(core) {
  const d = 100;
  const n = 33;
  return core.scope((scope) => {
    const query = scope.reserve(d);
    const rows = scope.reserve(n * d);
    const out = scope.reserve(4 * n);
    fill(query.i8(0, d), 7);
    fill(rows.i8(0, n * d), 8);
    core.kernels.dotI8Rows(query.at(), rows.at(), n, d, out.at());
    return hash(out.u8(0, 4 * n));
  });
}

// ---------------------------------------------------------------------------------------------------------------------
// Seeded input and hashes
// ---------------------------------------------------------------------------------------------------------------------

/** xorshift32: 32-bit integers from a seed that is not zero. */
export function integers(seed) {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Integers in [-100, 100] times `unit`. */
export function fill(array, seed, unit = 1) {
  const next = integers(seed);
  for (let i = 0; i < array.length; i++) array[i] = ((next() % 201) - 100) * unit;
}

/** Takes its copy before it waits: the view dies with the scope. */
export async function hash(bytes) {
  const digest = await crypto.subtle.digest('SHA-256', bytes.slice());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
