/** Queries transposed as the MaxSim kernels read them, documents as records, one run of a kernel with guarded outputs. */

import type { Core } from '../src/core.ts';
import type { Ptr } from '../src/memory.ts';
import { RandomStream } from '../src/random.ts';
import type { DocumentRows } from '../src/reference/maxsim.ts';
import { Output, put } from './kernel-parity.case.ts';

export interface Found {
  readonly scores: Float32Array;
  /** documents × 4·⌈nq/4⌉. */
  readonly bests: Float32Array;
}

/**
 * [group][step][token of the group][value of the step]: steps are `width` values wide; zeros where tokens or values are
 * missing.
 */
export function transposed<T extends Float32Array | Int16Array>(
  queries: T,
  nq: number,
  d: number,
  width: number,
  out: T,
): T {
  const steps = Math.ceil(d / width);
  for (let a = 0; a < nq; a++) {
    for (let j = 0; j < d; j++) {
      const step = (a >> 2) * steps + Math.floor(j / width);
      out[(4 * step + (a & 3)) * width + (j % width)] = queries[a * d + j] as number;
    }
  }
  return out;
}

/** Lengths on both sides of every tile, none among them, and rows that lie in no order. */
export const COUNTS: readonly number[] = [3, 0, 1, 4, 5, 2, 16, 15, 17, 33, 8];

/** Documents of these lengths over one array of rows, the later ones first, and the first once more. */
export function documentsOf(counts: readonly number[]): { documents: DocumentRows[]; rowCount: number } {
  let first = 0;
  const documents = counts.map((count) => {
    const document = { first, count };
    first += count;
    return document;
  });
  documents.reverse();
  return { documents: [...documents, documents[0] as DocumentRows], rowCount: first };
}

/** Weights of tokens, some of them 0, filled up to whole groups with 0. */
export function factorsOf(nq: number, seed: number): Float32Array {
  const random = new RandomStream(seed, 'factors');
  const out = new Float32Array(4 * Math.ceil(nq / 4));
  for (let a = 0; a < nq; a++) out[a] = a % 5 === 3 ? 0 : 0.25 + random.nextUnit();
  return out;
}

/** Calls a kernel with rows at a block of their own and everything it writes guarded. */
export function runMaxsim(
  core: Core,
  nq: number,
  rows: Uint8Array,
  rowBytes: number,
  documents: readonly DocumentRows[],
  scratchBytes: number,
  call: (
    records: Ptr,
    scratch: Ptr,
    out: Ptr,
    bests: Ptr,
    place: (values: Float32Array | Int16Array | Uint8Array) => Ptr,
  ) => void,
): Found {
  return core.scope((scope) => {
    const at = put(scope, rows);
    const records = Uint32Array.from(documents.flatMap(({ first, count }) => [at + first * rowBytes, count]));
    const out = new Output(scope, documents.length * 4);
    const bests = new Output(scope, documents.length * 16 * Math.ceil(nq / 4));
    const scratch = new Output(scope, scratchBytes);
    call(put(scope, records), scratch.at(), out.at(), bests.at(), (values) => put(scope, values));
    // throws where the guard behind it was written on
    scratch.u8();
    return { scores: out.f32(), bests: bests.f32() };
  });
}

/** rows { code, f32 scale }. */
export function withScales(codes: Uint8Array, codeBytes: number, scales: Float32Array): Uint8Array {
  const out = new Uint8Array(scales.length * (codeBytes + 4));
  const view = new DataView(out.buffer);
  for (let i = 0; i < scales.length; i++) {
    const start = i * (codeBytes + 4);
    out.set(codes.subarray(i * codeBytes, (i + 1) * codeBytes), start);
    view.setFloat32(start + codeBytes, scales[i] as number, true);
  }
  return out;
}
