/** The indexes the demo compares, and their measurement: the one file here that knows how @sagitta/retrieval is called. */
import type { Core } from '@sagitta/core-wasm';
import { buildFlat, recallAtK } from '@sagitta/retrieval';

export interface SearchTable extends Disposable {
  readonly name: string;
  /** Code, factors and the 4-byte id; float32 values for the uncompressed one. */
  readonly bytesPerVector: number;
  /** The k nearest by cosine, best first; fewer where there are fewer vectors. */
  search(query: Float32Array, k: number): { readonly ids: Uint32Array; readonly scores: Float32Array };
}

export interface Measurement {
  /** Against the truth, 0…1. */
  readonly recall: number;
  /** One thread, one query at a time. */
  readonly queriesPerSecond: number;
}

/** Time spent on speed per table, at least. */
const MEASURED_MS = 600;

/** An index of `vectors` (n × d) with SAQ codes of `bits` bits a dimension, or float32 where bits is 'float32'. */
export function buildSearchTable(
  core: Core,
  vectors: Float32Array,
  d: number,
  bits: number | 'float32',
): SearchTable {
  const index =
    bits === 'float32'
      ? buildFlat(core, vectors, d, { metric: 'cosine', quantizer: 'float32' })
      : buildFlat(core, vectors, d, { metric: 'cosine', quantizer: 'saq', bits, seed: 1 });
  return {
    name: bits === 'float32' ? 'float32' : `SAQ ${bits} bit${bits === 1 ? '' : 's'}`,
    bytesPerVector: index.bytesPerVector,
    search: (query, k) => index.search(query, k),
    [Symbol.dispose]: () => index.dispose(),
  };
}

/** The ids of the k nearest of every query (nq × d), k a row; k at most the number of vectors. */
export function searchAll(table: SearchTable, queries: Float32Array, d: number, k: number): Uint32Array {
  const nq = queries.length / d;
  const ids = new Uint32Array(nq * k);
  for (let q = 0; q < nq; q++) ids.set(table.search(queries.subarray(q * d, (q + 1) * d), k).ids, q * k);
  return ids;
}

/** Recall of the first k and speed (median pass over all queries, after one to warm up). */
export function measure(
  table: SearchTable,
  queries: Float32Array,
  d: number,
  k: number,
  truth: Uint32Array,
): Measurement {
  const recall = recallAtK(searchAll(table, queries, d, k), k, truth, k, k);
  const passes: number[] = [];
  for (let spent = 0; spent < MEASURED_MS; ) {
    const start = performance.now();
    searchAll(table, queries, d, k);
    const elapsed = performance.now() - start;
    passes.push(elapsed);
    spent += elapsed;
  }
  passes.sort((a, b) => a - b);
  const median = passes[passes.length >> 1] as number;
  return { recall, queriesPerSecond: (1000 * queries.length) / d / median };
}
