/** Token sets and plain scores shared by the tests of FDEs. */
import { type TokenSet, tokenSet } from '@sagitta/core-wasm';
import { clusteredRows, isotropicRows } from '@sagitta/testing';

/** One document. */
export function oneSet(tokens: Float32Array, d: number): TokenSet {
  return tokenSet(tokens, Uint32Array.of(0, tokens.length / d), d);
}

/** `sizes` documents of unit tokens around `clusters` directions. */
export function clusteredSets(
  sizes: readonly number[],
  d: number,
  seed: number,
  clusters = 12,
  stream = 'base',
): TokenSet {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const rows = clusteredRows(total, d, { seed, clusters, spread: 0.4, stream });
  const offsets = new Uint32Array(sizes.length + 1);
  sizes.forEach((size, i) => {
    offsets[i + 1] = offsets[i] + size;
  });
  return tokenSet(unit(rows, d), offsets, d);
}

/** Unit tokens without structure. */
export function unitTokens(m: number, d: number, seed: number): Float32Array {
  return isotropicRows(m, d, seed);
}

function unit(rows: Float32Array, d: number): Float32Array {
  for (let start = 0; start < rows.length; start += d) {
    const row = rows.subarray(start, start + d);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    for (let i = 0; i < d; i++) row[i] /= length;
  }
  return rows;
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Σ over query tokens of the greatest inner product with a document token. */
export function chamfer(query: Float32Array, document: Float32Array, d: number): number {
  let sum = 0;
  for (let a = 0; a < query.length; a += d) {
    let best = -Infinity;
    for (let b = 0; b < document.length; b += d) {
      best = Math.max(best, dot(query.subarray(a, a + d), document.subarray(b, b + d)));
    }
    sum += best;
  }
  return sum;
}

export function joined(...sets: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(sets.reduce((sum, set) => sum + set.length, 0));
  let at = 0;
  for (const set of sets) {
    out.set(set, at);
    at += set.length;
  }
  return out;
}

/** |a - b| ≤ 1e-5 of the size of what went into each number. */
export function isNear(a: Float32Array, b: Float32Array, size: number): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!(Math.abs(a[i] - b[i]) <= 1e-5 * size)) return false;
  return true;
}

export function bytesOf(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}
