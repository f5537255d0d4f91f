/**
 * A query and its answer as bytes, little-endian. Query: u32 length of a JSON of k and options, that JSON, padded to 4 bytes, float32 values.
 * Answer: u32 0 and count, u32 ids of the whole collection, float32 scores; or u32 1 and a message in UTF-8.
 */
import { FormatError, littleEndianBytes } from '@sagitta/core-wasm';
import * as v from 'valibot';
import { count, readDocument, type SchemaOf } from './documents.ts';

/** Says how shards are searched: what of an index's options can be sent. */
export interface ClusterSearchOptions {
  readonly nprobe?: number | undefined;
  readonly ef?: number | undefined;
  readonly gamma?: number | undefined;
  readonly precision?: 'full' | 'head' | undefined;
  /** Scores so many candidates of each shard again, with kept vectors or secondary codes. */
  readonly rerank?: { readonly candidates: number } | undefined;
}

/** A query as a member gets it. */
export interface WireQuery {
  readonly k: number;
  readonly options: ClusterSearchOptions;
  readonly query: Float32Array;
}

/** Best first. */
export interface WireAnswer {
  readonly ids: Uint32Array;
  readonly scores: Float32Array;
}

const HEAD: SchemaOf<{ k: number; options: ClusterSearchOptions }> = v.object({
  k: count(1),
  options: v.object({
    nprobe: v.optional(count(1)),
    ef: v.optional(count(1)),
    gamma: v.optional(v.number('a number')),
    precision: v.optional(v.picklist(['full', 'head'], 'full or head')),
    rerank: v.optional(v.object({ candidates: count(1) })),
  }),
});
const [DONE, REFUSED] = [0, 1];

export function writeQuery({ k, options, query }: WireQuery): Uint8Array {
  const head = new TextEncoder().encode(JSON.stringify({ k, options }));
  const at = 4 + Math.ceil(head.length / 4) * 4;
  const bytes = new Uint8Array(at + 4 * query.length);
  new DataView(bytes.buffer).setUint32(0, head.length, true);
  bytes.set(head, 4);
  bytes.set(littleEndianBytes(query), at);
  return bytes;
}

/** @throws FormatError on bytes that are no query */
export function readQuery(bytes: Uint8Array): WireQuery {
  const length = bytes.length < 4 ? 0 : viewOf(bytes).getUint32(0, true);
  const at = 4 + Math.ceil(length / 4) * 4;
  if (length === 0 || at > bytes.length || bytes.length % 4 !== 0) {
    throw new FormatError(`expected a query, got ${bytes.length} bytes`);
  }
  const { k, options } = readDocument('query', HEAD, bytes.subarray(4, 4 + length));
  return { k, options, query: new Float32Array(words(bytes, at)) };
}

export function writeAnswer({ ids, scores }: WireAnswer): Uint8Array {
  const bytes = new Uint8Array(8 + 8 * ids.length);
  viewOf(bytes).setUint32(0, DONE, true);
  viewOf(bytes).setUint32(4, ids.length, true);
  bytes.set(littleEndianBytes(ids), 8);
  bytes.set(littleEndianBytes(scores), 8 + 4 * ids.length);
  return bytes;
}

export function writeRefusal(error: unknown): Uint8Array {
  const text = new TextEncoder().encode(error instanceof Error ? error.message : String(error));
  const bytes = new Uint8Array(4 + text.length);
  viewOf(bytes).setUint32(0, REFUSED, true);
  bytes.set(text, 4);
  return bytes;
}

/** @throws RangeError with what the member said, FormatError on bytes that are no answer */
export function readAnswer(bytes: Uint8Array): WireAnswer {
  const kind = bytes.length < 4 ? undefined : viewOf(bytes).getUint32(0, true);
  if (kind === REFUSED) throw new RangeError(new TextDecoder().decode(bytes.subarray(4)));
  const n = bytes.length < 8 ? 0 : viewOf(bytes).getUint32(4, true);
  if (kind !== DONE || bytes.length !== 8 + 8 * n) {
    throw new FormatError(`expected an answer, got ${bytes.length} bytes`);
  }
  const numbers = words(bytes, 8);
  return { ids: new Uint32Array(numbers, 0, n), scores: new Float32Array(numbers, 4 * n, n) };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Words of 4 bytes from `at` on, in the order of this machine, in a buffer of their own. */
function words(bytes: Uint8Array, at: number): ArrayBuffer {
  // slice of a Buffer would be a view
  const own = new Uint8Array(bytes.subarray(at)).buffer;
  const { buffer } = littleEndianBytes(new Uint32Array(own));
  return buffer as ArrayBuffer;
}
