/**
 * A query and its answer as bytes, little-endian. Query: u32 length of a JSON of k, d and options, that JSON, padded to 4 bytes, d float32 values,
 * u32 ids that may be found where the JSON says that there are such.
 * Answer: u32 0 and count, u32 ids of the whole collection, float32 scores; u32 1 and a message in UTF-8, of what is refused; or u32 2, of what was taken back before it was begun.
 */
import { FormatError, littleEndianBytes } from '@sagitta/core-wasm';
import * as v from 'valibot';
import { count, readDocument, type SchemaOf } from './documents.ts';
import { viewOf, wordsOf } from './wire-words.ts';

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
  /** By which it is taken back; undefined where it never is. */
  readonly id?: string | undefined;
  readonly k: number;
  readonly options: ClusterSearchOptions;
  readonly query: Float32Array;
  /** Number of the last write that the answer has to know. */
  readonly after?: number | undefined;
  /** Ids that may be found; undefined: all. */
  readonly filter?: Uint32Array | undefined;
}

/** Best first. */
export interface WireAnswer {
  readonly ids: Uint32Array;
  readonly scores: Float32Array;
}

interface Head extends Pick<WireQuery, 'id' | 'k' | 'options' | 'after'> {
  readonly d: number;
  readonly isFiltered?: boolean | undefined;
}

const HEAD: SchemaOf<Head> = v.object({
  id: v.optional(v.string('a text')),
  k: count(1),
  d: count(1),
  after: v.optional(count(1)),
  isFiltered: v.optional(v.boolean('a boolean')),
  options: v.object({
    nprobe: v.optional(count(1)),
    ef: v.optional(count(1)),
    gamma: v.optional(v.number('a number')),
    precision: v.optional(v.picklist(['full', 'head'], 'full or head')),
    rerank: v.optional(v.object({ candidates: count(1) })),
  }),
});
const [DONE, REFUSED, DROPPED] = [0, 1, 2];

export function writeQuery({ id, k, options, query, after, filter }: WireQuery): Uint8Array {
  const said: Head = { id, k, d: query.length, options, after, isFiltered: filter && true };
  const head = new TextEncoder().encode(JSON.stringify(said));
  const at = 4 + Math.ceil(head.length / 4) * 4;
  const bytes = new Uint8Array(at + 4 * query.length + 4 * (filter?.length ?? 0));
  viewOf(bytes).setUint32(0, head.length, true);
  bytes.set(head, 4);
  bytes.set(littleEndianBytes(query), at);
  if (filter) bytes.set(littleEndianBytes(filter), at + 4 * query.length);
  return bytes;
}

/** @throws FormatError on bytes that are no query */
export function readQuery(bytes: Uint8Array): WireQuery {
  const length = bytes.length < 4 ? 0 : viewOf(bytes).getUint32(0, true);
  const at = 4 + Math.ceil(length / 4) * 4;
  if (length > 0 && at <= bytes.length && bytes.length % 4 === 0) {
    const { id, k, d, options, after, isFiltered } = readDocument(
      'query',
      HEAD,
      bytes.subarray(4, 4 + length),
    );
    const words = wordsOf(bytes, at);
    const more = words.byteLength / 4 - d;
    if (more === 0 || (more > 0 && isFiltered)) {
      const query = new Float32Array(words, 0, d);
      const filter = isFiltered ? new Uint32Array(words, 4 * d) : undefined;
      return { ...(id && { id }), k, options, query, ...(after && { after }), ...(filter && { filter }) };
    }
  }
  throw new FormatError(`expected a query, got ${bytes.length} bytes`);
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

export function writeDropped(): Uint8Array {
  return littleEndianBytes(Uint32Array.of(DROPPED));
}

/** @throws RangeError with what the member said, FormatError on bytes that are no answer */
export function readAnswer(bytes: Uint8Array): WireAnswer | 'dropped' {
  const kind = bytes.length < 4 ? undefined : viewOf(bytes).getUint32(0, true);
  if (kind === DROPPED) return 'dropped';
  if (kind === REFUSED) throw new RangeError(new TextDecoder().decode(bytes.subarray(4)));
  const n = bytes.length < 8 ? 0 : viewOf(bytes).getUint32(4, true);
  if (kind !== DONE || bytes.length !== 8 + 8 * n) {
    throw new FormatError(`expected an answer, got ${bytes.length} bytes`);
  }
  const numbers = wordsOf(bytes, 8);
  return { ids: new Uint32Array(numbers, 0, n), scores: new Float32Array(numbers, 4 * n, n) };
}
