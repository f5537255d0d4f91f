/** Vectors on their way to workers: a sample to train on, then everything in chunks that are moved, not copied twice. */
import {
  checkInteger,
  MAX_DIMENSION,
  RandomStream,
  shapedSet,
  type Vectors,
  vectorSet,
} from '@sagitta/core-wasm';
import { RowReservoir, sampleRows } from '@sagitta/quantizers/training';
import type { BuildOptions } from './protocol.ts';

/**
 * n × d numbers or n arrays of d; or a function that gives them in chunks of whole rows, called twice: to draw the sample,
 * then to add.
 */
export type VectorInput = Vectors | (() => AsyncIterable<Vectors> | Iterable<Vectors>);

/** Vectors to train on unless told, and at least so many for each list. */
const TRAIN_ROWS = 20_000;
const TRAIN_ROWS_PER_LIST = 80;
/** Bytes of vectors in one message. */
const CHUNK_BYTES = 1 << 21;

export function chunkRows(d: number): number {
  return Math.max(1, Math.floor(CHUNK_BYTES / (4 * d)));
}

export interface Sample {
  /** Of the sample's own buffer, which can be transferred. */
  readonly rows: Float32Array;
  /** Vectors that there are in all. */
  readonly n: number;
}

/** A uniform sample without replacement; everything where there is no more than that. */
export async function drawSample(
  vectors: VectorInput,
  d: number,
  options: BuildOptions,
  signal: AbortSignal | undefined,
): Promise<Sample> {
  checkInteger('d', d, 1, MAX_DIMENSION);
  const count = options.trainSize ?? Math.max(TRAIN_ROWS, (options.nlist ?? 0) * TRAIN_ROWS_PER_LIST);
  const random = new RandomStream(options.seed ?? 1, 'build/sample');
  if (typeof vectors !== 'function') {
    const all = vectorSet(vectors, d, 'vectors');
    return { rows: sampleRows(all, count, random).data, n: all.n };
  }
  const reservoir = new RowReservoir(count, random);
  for await (const chunk of vectors()) {
    signal?.throwIfAborted();
    reservoir.add(vectorSet(chunk, d, 'vectors'));
  }
  return { rows: reservoir.rows(d).data, n: reservoir.seen };
}

/** The vectors in runs of at most `rows` rows; views of what was given, good until the next is asked for. */
export async function* rowChunks(
  vectors: VectorInput,
  d: number,
  rows: number,
): AsyncGenerator<Float32Array> {
  const chunks = typeof vectors === 'function' ? vectors() : [vectors];
  for await (const chunk of chunks) {
    const { data } = shapedSet(chunk, d, 'vectors');
    for (let at = 0; at < data.length; at += rows * d) yield data.subarray(at, at + rows * d);
  }
}

/** Vectors that there are in all; NaN where they come in chunks. */
export function countOf(vectors: VectorInput, d: number): number {
  return typeof vectors === 'function' ? Number.NaN : shapedSet(vectors, d, 'vectors').n;
}

/** What goes into the message: shared memory as it is, anything else as a copy that is moved. */
export function packed(rows: Float32Array): { vectors: Float32Array; transfer: Transferable[] } {
  if (typeof SharedArrayBuffer !== 'undefined' && rows.buffer instanceof SharedArrayBuffer) {
    return { vectors: rows, transfer: [] };
  }
  const vectors = rows.slice();
  return { vectors, transfer: [vectors.buffer] };
}
