/** How well an encoding finds what exact MaxSim would: the measure behind recommendFde, the health report and the benchmarks. */
import { type Core, checkInteger, making, type TokenSet, tokenSet } from '@sagitta/core-wasm';
import { createFdeStore, type FdeStoreOptions } from './create-fde-store.ts';
import type { FdeEncoder } from './fde-encoder.ts';
import type { FdeStore } from './fde-store.ts';
import { tokenChunks } from './token-chunks.ts';

/** Bytes of FDEs encoded in one go. */
const BATCH_BYTES = 8 * 1024 * 1024;
/** Documents whose FDEs train a store. */
const STORE_SAMPLE = 1024;
const CHUNK_TOKENS = 4096;

/** Set i of a token set. */
export function setAt({ data, offsets, d }: TokenSet, i: number): Float32Array {
  return data.subarray((offsets[i] as number) * d, (offsets[i + 1] as number) * d);
}

/** Sets first … end - 1, views of the same data. */
export function sliceSets({ data, offsets, d }: TokenSet, first: number, end: number): TokenSet {
  const row = offsets[first] as number;
  const own = offsets.subarray(first, end + 1).map((offset) => offset - row);
  return { data: data.subarray(row * d, (offsets[end] as number) * d), offsets: own, n: end - first, d };
}

/** The sets of the list, copied. */
export function gatherSets(sets: TokenSet, list: ArrayLike<number>): TokenSet {
  const offsets = new Uint32Array(list.length + 1);
  for (let i = 0; i < list.length; i++) {
    offsets[i + 1] = (offsets[i] as number) + setAt(sets, list[i] as number).length / sets.d;
  }
  const data = new Float32Array((offsets[list.length] as number) * sets.d);
  for (let i = 0; i < list.length; i++)
    data.set(setAt(sets, list[i] as number), (offsets[i] as number) * sets.d);
  return tokenSet(data, offsets, sets.d);
}

/**
 * Computes the greatest inner product of each token (m × d) with a token of each document: m × n, -Infinity for an
 * empty document.
 */
export function bestSimilarities(core: Core, tokens: Float32Array, documents: TokenSet): Float32Array {
  const { d, n, data } = documents;
  const m = tokens.length / d;
  const out = new Float32Array(m * n).fill(-Infinity);
  const operator = new Float32Array(tokens.length);
  for (let i = 0; i < m; i++) for (let j = 0; j < d; j++) operator[j * m + i] = tokens[i * d + j] as number;
  for (const chunk of tokenChunks(documents, CHUNK_TOKENS, n)) {
    core.scope((scope) => {
      const rows = scope.reserve(4 * chunk.rows * d);
      const right = scope.reserve(4 * operator.length);
      const dots = scope.reserve(4 * chunk.rows * m);
      rows.f32(0, chunk.rows * d).set(data.subarray(chunk.row * d, (chunk.row + chunk.rows) * d));
      right.f32(0, operator.length).set(operator);
      core.kernels.matmulF32(rows.at(), right.at(), chunk.rows, m, d, dots.at());
      const values = dots.f32(0, chunk.rows * m);
      for (let i = chunk.first; i < chunk.end; i++) {
        const end = (documents.offsets[i + 1] as number) - chunk.row;
        for (let t = (documents.offsets[i] as number) - chunk.row; t < end; t++) {
          for (let a = 0; a < m; a++) {
            const value = values[t * m + a] as number;
            if (value > (out[a * n + i] as number)) out[a * n + i] = value;
          }
        }
      }
    });
  }
  return out;
}

/** Computes the exact MaxSim of each query with each document: nq × n. */
export function exactMaxSim(core: Core, queries: TokenSet, documents: TokenSet): Float32Array {
  const { n } = documents;
  const out = new Float32Array(queries.n * n);
  for (let q = 0; q < queries.n; q++) {
    const best = bestSimilarities(core, setAt(queries, q), documents);
    for (let a = 0; a < best.length; a += n) {
      for (let i = 0; i < n; i++) out[q * n + i] = (out[q * n + i] as number) + (best[a + i] as number);
    }
  }
  return out;
}

/** The k best documents of each row of scores (nq × n), best first, ties to the lower document: nq × k. */
export function bestOfRows(scores: Float32Array, n: number, k: number): Uint32Array {
  checkInteger('k', k, 1, n);
  const nq = scores.length / n;
  const out = new Uint32Array(nq * k);
  for (let q = 0; q < nq; q++) {
    const row = scores.subarray(q * n, (q + 1) * n);
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    order.sort((a, b) => (row[b] as number) - (row[a] as number) || a - b);
    out.set(order.subarray(0, k), q * k);
  }
  return out;
}

/** FDEs of all documents: n × length. */
export function encodeAll(core: Core, encoder: FdeEncoder, documents: TokenSet): Float32Array {
  using session = encoder.createSession(core);
  const out = new Float32Array(documents.n * encoder.length);
  session.encodeDocuments(documents, out);
  return out;
}

/** FDEs of all documents in a store; the FDEs of the first 1,024 are its sample. encoded — what encodeAll gave, where it is at hand */
export function encodeToStore(
  core: Core,
  encoder: FdeEncoder,
  documents: TokenSet,
  options: Pick<FdeStoreOptions, 'encoding' | 'bits' | 'seed'>,
  encoded?: Float32Array,
): FdeStore {
  const { length, blockLength } = encoder;
  const encode = (first: number, end: number): Float32Array =>
    encoded?.subarray(first * length, end * length) ??
    encodeAll(core, encoder, sliceSets(documents, first, end));
  const sample = options.encoding === 'float32' ? undefined : encode(0, Math.min(documents.n, STORE_SAMPLE));
  return making((own) => {
    const store = own(
      createFdeStore(core, { ...options, length, blockLength, ...(sample ? { sample } : {}) }),
    );
    const batch = Math.max(1, Math.floor(BATCH_BYTES / (4 * length)));
    for (let first = 0; first < documents.n; first += batch) {
      store.append(encode(first, Math.min(documents.n, first + batch)));
    }
    return store;
  });
}

/** Where documents (nq × m, m of each query) stand in the ranking by FDEs: as many ranks, in that order. */
export function rankTable(
  core: Core,
  encoder: FdeEncoder,
  store: FdeStore,
  queries: TokenSet,
  documents: Uint32Array,
): Uint32Array {
  const m = documents.length / queries.n;
  const ranks = new Uint32Array(documents.length);
  using session = encoder.createSession(core);
  for (let q = 0; q < queries.n; q++) {
    const { slots } = store.search(session.encodeQuery(setAt(queries, q)), store.n);
    const rankOf = new Uint32Array(store.n);
    for (const [rank, slot] of slots.entries()) rankOf[slot] = rank;
    for (let j = q * m; j < (q + 1) * m; j++) ranks[j] = rankOf[documents[j] as number] as number;
  }
  return ranks;
}

/** Where the true k best (truth, nq × k) stand in the ranking by FDEs, ascending. */
export function ranksOfTruth(
  core: Core,
  encoder: FdeEncoder,
  store: FdeStore,
  queries: TokenSet,
  truth: Uint32Array,
): Uint32Array {
  return rankTable(core, encoder, store, queries, truth).sort();
}

/** Computes the share of the true neighbours among the first `candidates`. ranks — ascending. */
export function shareFound(ranks: Uint32Array, candidates: number): number {
  let count = 0;
  while (count < ranks.length && (ranks[count] as number) < candidates) count++;
  return count / ranks.length;
}

/** Fewest candidates that hold `share` of the true neighbours. ranks — ascending. */
export function candidatesNeeded(ranks: Uint32Array, share: number): number {
  return (ranks[Math.max(0, Math.ceil(share * ranks.length) - 1)] as number) + 1;
}
