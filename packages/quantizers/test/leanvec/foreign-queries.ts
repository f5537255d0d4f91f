/**
 * Vectors of 256 dims, and queries of whose covariance half is foreign (specification 3.2): variances of vectors are
 * (i + 1)^-1.3 along the axes of a random basis, those of the foreign half (i + 1)^-2 along another. How much sphering
 * gains depends on the spectra: the flatter they are the less.
 */
import { createCore } from '@sagitta/core-wasm';
import { type Frame, FrameTransform } from '../../src/linear/frame.ts';
import { normalRows } from '../normal-rows.ts';

export const D = 256;
const core = createCore();
const EXPONENT = 1.3;
const FOREIGN_EXPONENT = 2;

function spectrumRows(n: number, seed: number, basis: Float32Array, exponent: number): Float32Array {
  const rows = normalRows(n, D, seed);
  for (let i = 0; i < rows.length; i++) rows[i] = (rows[i] as number) / ((i % D) + 1) ** (exponent / 2);
  return core.scope((scope) => {
    const input = scope.reserve(4 * n * D);
    const axes = scope.reserve(4 * D * D);
    const out = scope.reserve(4 * n * D);
    input.f32().set(rows);
    axes.f32().set(basis);
    core.kernels.matmulF32(input.at(), axes.at(), n, D, D, out.at());
    return out.f32().slice();
  });
}

function randomBasis(seed: number): Float32Array {
  const basis = normalRows(D, D, seed);
  for (let i = 0; i < D; i++) {
    const row = basis.subarray(i * D, (i + 1) * D);
    for (let j = 0; j < i; j++) {
      const other = basis.subarray(j * D, (j + 1) * D);
      let dot = 0;
      for (let t = 0; t < D; t++) dot += (row[t] as number) * (other[t] as number);
      for (let t = 0; t < D; t++) row[t] = (row[t] as number) - dot * (other[t] as number);
    }
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    for (let t = 0; t < D; t++) row[t] = (row[t] as number) / norm;
  }
  return basis;
}

const own = randomBasis(1);
const foreign = randomBasis(2);

export function ownRows(n: number, seed: number): Float32Array {
  return spectrumRows(n, seed, own, EXPONENT);
}

export function foreignQueries(n: number, seed: number): Float32Array {
  const a = ownRows(n, seed);
  const b = spectrumRows(n, seed + 1, foreign, FOREIGN_EXPONENT);
  return a.map((value, i) => Math.SQRT1_2 * (value + (b[i] as number)));
}

/** Inner products of all queries with all vectors, exact or in the frame. */
function products(queries: Float32Array, vectors: Float32Array, frame?: Frame): Float32Array {
  const d = frame?.dims ?? D;
  using data = frame && new FrameTransform(core, frame, 'data');
  using query = frame && new FrameTransform(core, frame, 'query');
  const x = data ? data.apply(vectors) : vectors;
  const q = query ? query.apply(queries) : queries;
  const n = x.length / d;
  const nq = q.length / d;
  const out = new Float32Array(nq * n);
  return core.scope((scope) => {
    const rows = scope.reserve(x.byteLength);
    const one = scope.reserve(4 * d);
    const scores = scope.reserve(4 * n);
    rows.f32(0, x.length).set(x);
    for (let i = 0; i < nq; i++) {
      one.f32(0, d).set(q.subarray(i * d, (i + 1) * d));
      core.kernels.dotF32Rows(one.at(), rows.at(), n, d, scores.at());
      out.set(scores.f32(0, n), i * n);
    }
    return out;
  });
}

export interface Loss {
  /** Σ(<q, x> - <Aq, Bx>)²/Σ<q, x>². */
  readonly energy: number;
  /** Share of the true first 10 that are not among the first 10 found. */
  readonly missed: number;
}

export function lossOf(frame: Frame, queries: Float32Array, vectors: Float32Array): Loss {
  const exact = products(queries, vectors);
  const reduced = products(queries, vectors, frame);
  const n = vectors.length / D;
  let lost = 0;
  let all = 0;
  let missed = 0;
  for (const [i, value] of exact.entries()) {
    lost += (value - (reduced[i] as number)) ** 2;
    all += value * value;
  }
  const best = (scores: Float32Array): number[] => {
    const least = scores.slice().sort().at(-10) as number;
    const order = Array.from(scores.keys()).filter((i) => (scores[i] as number) >= least);
    return order.sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b).slice(0, 10);
  };
  const nq = queries.length / D;
  for (let q = 0; q < nq; q++) {
    const found = new Set(best(reduced.subarray(q * n, (q + 1) * n)));
    for (const id of best(exact.subarray(q * n, (q + 1) * n))) if (!found.has(id)) missed++;
  }
  return { energy: lost / all, missed: missed / (10 * nq) };
}
