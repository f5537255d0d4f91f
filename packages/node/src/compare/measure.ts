/** One quantizer on one collection: error, recall from codes alone and after reranking, speed, bytes. */
import type { Core, Metric, VectorSet } from '@sagitta/core-wasm';
import { type IvfIndex, recallAtK, trainIndex } from '@sagitta/retrieval';
import { type Candidate, emptyIndexBytes, indexBytes } from '@sagitta/retrieval/internal';
import { dotF64, l2F64, normF64 } from '../scores-f64.ts';

/** Holds the figures of one quantizer at one number of bits. */
export interface ComparisonRow {
  readonly quantizer: string;
  readonly bits: number;
  /** Code and factors. */
  readonly bytesPerVector: number;
  /** Of a file of these vectors: model, projection and row numbers too. */
  readonly fileBytes: number;
  /** Of an index of these vectors in WebAssembly: what a search needs too. */
  readonly memoryBytes: number;
  /** Of |estimated - true| / true squared distance: average over a query's vectors, then over queries. */
  readonly averageRelativeError: number;
  /** 99 of 100 pairs have at most this. */
  readonly p99RelativeError: number;
  readonly recall10: number;
  readonly recall100: number;
  /** Recall of the first 10 after exact scores for 100 candidates. */
  readonly recall10Reranked: number;
  readonly encodePerSecond: number;
  readonly scanNsPerVector: number;
  readonly trainSeconds: number;
}

export interface Collection {
  readonly metric: Metric;
  readonly base: VectorSet;
  readonly queries: VectorSet;
  /** Exact neighbours, nq × truthWidth, best first. */
  readonly truth: Uint32Array;
  readonly truthWidth: number;
}

/** Queries over which errors are measured: each gives n of them. */
const ERROR_QUERIES = 50;
const RERANKED = 100;

export function measureCandidate(
  core: Core,
  { metric, base, queries, truth, truthWidth }: Collection,
  candidate: Candidate,
  seed: number,
): ComparisonRow {
  const before = core.bytesUsed();
  const started = performance.now();
  const { quantizer, options } = candidate;
  using index = trainIndex(core, base, { metric, quantizer, seed, keepVectors: true, ...options });
  const trained = performance.now();
  const empty = emptyIndexBytes(index, before);
  const coding = performance.now();
  index.add(base.data);
  const encoded = performance.now();
  const k = Math.min(100, base.n, truthWidth);
  const found = new Uint32Array(queries.n * k);
  const row = (q: number): Float32Array => queries.data.subarray(q * queries.d, (q + 1) * queries.d);
  let scanMs = 0;
  for (let q = 0; q < queries.n; q++) {
    const start = performance.now();
    // every code is read, so that speeds are those of scans and not of pruning
    const { ids } = index.search(row(q), k, { gamma: 1000 });
    scanMs += performance.now() - start;
    found.set(ids, q * k);
  }
  const first = Math.min(10, k);
  const reranked = new Uint32Array(queries.n * first);
  for (let q = 0; q < queries.n; q++) {
    reranked.set(
      index.search(row(q), first, { gamma: 1000, rerank: { candidates: RERANKED } }).ids,
      q * first,
    );
  }
  return {
    quantizer: candidate.label,
    bits: candidate.bits,
    bytesPerVector: index.codeBytesPerVector,
    ...indexBytes(empty, base.n, index.codeBytesPerVector),
    ...relativeErrors(index, base, queries, metric),
    recall10: recallAtK(found, k, truth, truthWidth, first),
    recall100: recallAtK(found, k, truth, truthWidth, k),
    recall10Reranked: recallAtK(reranked, first, truth, truthWidth, first),
    encodePerSecond: (1000 * base.n) / Math.max(encoded - coding, 1e-3),
    scanNsPerVector: (1e6 * scanMs) / (queries.n * base.n),
    trainSeconds: (trained - started) / 1000,
  };
}

/**
 * For ip and cosine the error of the inner product counts as that of the squared distance, which is twice as large and has
 * nothing else in it.
 */
function relativeErrors(
  index: IvfIndex,
  base: VectorSet,
  queries: VectorSet,
  metric: Metric,
): { averageRelativeError: number; p99RelativeError: number } {
  const { d } = base;
  const nq = Math.min(ERROR_QUERIES, queries.n);
  const all = new Float32Array(nq * base.n);
  let count = 0;
  let total = 0;
  for (let q = 0; q < nq; q++) {
    const { ids, scores } = index.estimates(queries.data.subarray(q * d, (q + 1) * d), 1);
    let sum = 0;
    let own = 0;
    for (const [i, id] of ids.entries()) {
      const estimate = scores[i] as number;
      const { score, distance } = truth(metric, queries.data, q * d, base.data, id * d, d);
      if (!(distance > 0)) continue;
      const error = (Math.abs(estimate - score) * (metric === 'l2' ? 1 : 2)) / distance;
      sum += error;
      own++;
      all[count++] = error;
    }
    if (own > 0) total += sum / own;
  }
  const sorted = all.subarray(0, count).sort();
  return {
    averageRelativeError: total / nq,
    p99RelativeError: sorted[Math.max(0, Math.ceil(0.99 * count) - 1)] ?? 0,
  };
}

/** The exact score, and the squared distance that errors are relative to (of unit vectors for cosine). */
function truth(
  metric: Metric,
  a: Float32Array,
  a0: number,
  b: Float32Array,
  b0: number,
  d: number,
): { score: number; distance: number } {
  const distance = l2F64(a, a0, b, b0, d);
  if (metric === 'l2') return { score: distance, distance };
  const dot = dotF64(a, a0, b, b0, d);
  if (metric === 'ip') return { score: dot, distance };
  const norms = normF64(a, a0, d) * normF64(b, b0, d);
  const score = norms > 0 ? dot / norms : 0;
  return { score, distance: norms > 0 ? Math.max(0, 2 - 2 * score) : 0 };
}
