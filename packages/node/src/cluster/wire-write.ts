/**
 * A write as bytes, little-endian: u32 0 (upsert) or 1 (delete), u32 n, u32 d (0 for a delete), u32 0, n u32 ids, n × d float32.
 */
import { FormatError, littleEndianBytes } from '@sagitta/core-wasm';
import { viewOf, wordsOf } from './wire-words.ts';

/** Says what is written: vectors for ids, or that ids are deleted. */
export interface WireWrite {
  readonly ids: Uint32Array;
  /** n × d; undefined: the ids are deleted. */
  readonly vectors: Float32Array | undefined;
}

const HEAD_BYTES = 16;
const [UPSERT, DELETE] = [0, 1];

/** Ids that fit into `bytes`. */
export function mostIds(bytes: number, d: number): number {
  return Math.floor((bytes - HEAD_BYTES) / (4 + 4 * d));
}

export function writeWrite({ ids, vectors }: WireWrite): Uint8Array {
  const d = vectors ? vectors.length / ids.length : 0;
  const head = Uint32Array.of(vectors ? UPSERT : DELETE, ids.length, d, 0);
  const bytes = new Uint8Array(HEAD_BYTES + 4 * ids.length * (1 + d));
  bytes.set(littleEndianBytes(head));
  bytes.set(littleEndianBytes(ids), HEAD_BYTES);
  if (vectors) bytes.set(littleEndianBytes(vectors), HEAD_BYTES + 4 * ids.length);
  return bytes;
}

/** d — of the collection. @throws FormatError on bytes that are no write of it */
export function readWrite(bytes: Uint8Array, d: number): WireWrite {
  if (bytes.length >= HEAD_BYTES) {
    const view = viewOf(bytes);
    const [kind, n, own] = [0, 4, 8].map((at) => view.getUint32(at, true)) as [number, number, number];
    const fits = (kind === UPSERT && own === d) || (kind === DELETE && own === 0);
    if (fits && bytes.length === HEAD_BYTES + 4 * n * (1 + own)) {
      const words = wordsOf(bytes, HEAD_BYTES);
      const ids = new Uint32Array(words, 0, n);
      return { ids, vectors: kind === UPSERT ? new Float32Array(words, 4 * n) : undefined };
    }
  }
  throw new FormatError(
    `expected a write of vectors of ${d} dimensions, got ${bytes.length} bytes of another`,
  );
}
