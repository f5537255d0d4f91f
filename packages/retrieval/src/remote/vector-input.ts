/** Vectors on their way to workers: a sample to train on, then everything in chunks that are moved, not copied twice. */
import {
  checkInteger,
  MAX_DIMENSION,
  RandomStream,
  shapedSet,
  toFloat32,
  toFloat32Rows,
  type Vectors,
  vectorSet,
} from '@sagitta/core-wasm';
import { RowReservoir, sampleRows } from '@sagitta/quantizers/training';
import type { Draft } from './changes.ts';
import { SHARD_ROWS, shardOf } from './global-id.ts';
import type { BuildOptions, Progress } from './protocol.ts';

/**
 * n × d numbers or n arrays of d; or a function that gives them in chunks of whole rows, called twice: to draw the sample,
 * then to add.
 */
export type VectorInput = Vectors | (() => AsyncIterable<Vectors> | Iterable<Vectors>);

/** Vectors to train on unless told, and at least so many for each list. */
const TRAIN_ROWS = 20_000;
const TRAIN_ROWS_PER_LIST = 80;
/** Chunks on their way to each worker. */
const CHUNKS_AHEAD = 2;
/** Bytes of vectors in one message. */
const CHUNK_BYTES = 1 << 21;

/** Rows one after the other, where only the worker knows their length. @throws as toFloat32Rows */
export function rowsOf(label: string, rows: Vectors): Float32Array {
  const first: unknown = Array.isArray(rows) ? rows[0] : undefined;
  return typeof first === 'object' && first !== null && 'length' in first
    ? toFloat32Rows(label, rows, Number(first.length))
    : toFloat32(label, rows);
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
async function* rowChunks(vectors: VectorInput, d: number, rows: number): AsyncGenerator<Float32Array> {
  const chunks = typeof vectors === 'function' ? vectors() : [vectors];
  for await (const chunk of chunks) {
    const { data } = shapedSet(chunk, d, 'vectors');
    for (let at = 0; at < data.length; at += rows * d) yield data.subarray(at, at + rows * d);
  }
}

/** Rows on their way to each of several shards, put together until a message is full: a run alone would be a small one. */
class Outbox {
  readonly #room: number;
  readonly #send: (shard: number, rows: Float32Array<ArrayBuffer>) => void;
  readonly #buffers: Float32Array<ArrayBuffer>[];
  /** Numbers in each buffer. */
  readonly #filled: Uint32Array;

  /** room — numbers in a message */
  constructor(shards: number, room: number, send: (shard: number, rows: Float32Array<ArrayBuffer>) => void) {
    this.#room = room;
    this.#send = send;
    this.#buffers = new Array(shards).fill(new Float32Array(0));
    this.#filled = new Uint32Array(shards);
  }

  /** Vectors of one shard. */
  put(shard: number, rows: Float32Array): void {
    for (let at = 0; at < rows.length; ) {
      let filled = this.#filled[shard] as number;
      if (filled === 0) this.#buffers[shard] = new Float32Array(this.#room);
      const some = rows.subarray(at, at + this.#room - filled);
      this.#buffers[shard]?.set(some, filled);
      at += some.length;
      filled += some.length;
      this.#filled[shard] = filled;
      if (filled === this.#room) this.flush(shard);
    }
  }

  /** Sends what there is for a shard. */
  flush(shard: number): void {
    const filled = this.#filled[shard] as number;
    if (filled === 0) return;
    const buffer = this.#buffers[shard] as Float32Array<ArrayBuffer>;
    this.#buffers[shard] = new Float32Array(0);
    this.#filled[shard] = 0;
    this.#send(shard, filled === buffer.length ? buffer : buffer.slice(0, filled));
  }
}

/**
 * Sends vectors to the draft's workers as global ids deal them out: `first` is the id of the first one.
 * @returns vectors that were sent, all of them coded
 */
export async function sendVectors(
  draft: Draft,
  vectors: VectorInput,
  { d, first, total }: { readonly d: number; readonly first: number; readonly total: number },
  onProgress: ((progress: Progress) => void) | undefined,
): Promise<number> {
  const { shards } = draft;
  const ahead: { readonly adding: Promise<unknown>; readonly n: number }[] = [];
  let sent = 0;
  let done = 0;
  const settle = async (most: number): Promise<void> => {
    while (ahead.length > most) {
      const { adding, n } = ahead.shift() as (typeof ahead)[number];
      await adding;
      done += n;
      onProgress?.({ phase: 'add', done, total });
    }
  };
  const send = (shard: number, view: Float32Array, transfer: Transferable[]): void => {
    // what was moved is empty afterwards
    const n = view.length / d;
    const adding = draft.request(shard, 'add', { vectors: view }, { transfer });
    // what is not awaited yet must not count as unhandled
    adding.catch(() => {});
    ahead.push({ adding, n });
  };
  const rows = Math.max(1, Math.floor(CHUNK_BYTES / (4 * d)));
  const outbox = new Outbox(shards, rows * d, (shard, some) => send(shard, some, [some.buffer]));
  for await (const chunk of rowChunks(vectors, d, rows)) {
    draft.signal?.throwIfAborted();
    if (shards === 1) {
      const { view, transfer } = packed(chunk);
      send(0, view, transfer);
    } else {
      for (let at = 0; at < chunk.length; ) {
        const id = first + sent + at / d;
        // what fits into the open run goes to its shard, the rest to the next
        const run = chunk.subarray(at, at + (SHARD_ROWS - (id % SHARD_ROWS)) * d);
        const shard = shardOf(id, shards);
        if (isShared(run)) send(shard, run, []);
        else outbox.put(shard, run);
        at += run.length;
      }
    }
    sent += chunk.length / d;
    await settle(CHUNKS_AHEAD * shards - 1);
  }
  for (let shard = 0; shard < shards; shard++) outbox.flush(shard);
  await settle(0);
  return sent;
}

function isShared({ buffer }: Float32Array | Uint8Array): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer;
}

/** What goes into a message of a view: shared memory as it is, else a copy of the view alone, which is moved. */
export function packed<T extends Float32Array | Uint8Array>(view: T): { view: T; transfer: Transferable[] } {
  if (isShared(view)) return { view, transfer: [] };
  const copy = view.slice() as T;
  return { view: copy, transfer: [copy.buffer as ArrayBuffer] };
}

/** The bytes, copied where their memory is shared: blobs take no such. */
export function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength) : bytes.slice();
}
