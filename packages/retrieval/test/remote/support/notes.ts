/** Notes of two kinds of index, and clients of them without threads. */
import type { Metric, TokenSet } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { expect } from 'vitest';
import type { RecordId } from '../../../src/index.ts';
import { connect, MultiVectorClient, VectorClient } from '../../../src/remote/index.ts';
import { CLIENT, type MemoryPlace } from './memory-place.ts';

export interface Note {
  readonly folder: string;
  readonly size: number;
  readonly tags?: readonly string[];
}

export const D = 16;
export const rows: Float32Array = clusteredRows(3000, D, { seed: 9, clusters: 8, spread: 0.4 });
export const row = (i: number): Float32Array => rows.slice((i % 3000) * D, ((i % 3000) + 1) * D);
export const note = (i: number): Note => ({
  folder: `f${i % 5}`,
  size: i,
  ...(i % 3 === 0 && { tags: ['t', `${i}`] }),
});
/** Ids of every kind. */
export const idOf = (i: number): RecordId => (i % 3 === 0 ? `id ${i}` : i % 3 === 1 ? i : BigInt(i));

export const vectors = async <S extends Metric = Metric>(): Promise<VectorClient<Note, S, MemoryPlace>> =>
  new VectorClient<Note, S, MemoryPlace>(await connect(CLIENT, {}));
export const documents = async (): Promise<MultiVectorClient<Note, MemoryPlace>> =>
  new MultiVectorClient<Note, MemoryPlace>(await connect(CLIENT, {}));

export function tokensOf(from: number, lengths: readonly number[]): TokenSet {
  const offsets = new Uint32Array(lengths.length + 1);
  for (const [i, length] of lengths.entries()) offsets[i + 1] = (offsets[i] as number) + length;
  const total = offsets[lengths.length] as number;
  return { data: rows.slice(from * D, (from + total) * D), offsets, n: lengths.length, d: D };
}

/** What a call throws or rejects with. */
export async function errorOf(call: () => unknown): Promise<Error> {
  try {
    await call();
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected an error, got none');
}

export async function expectSameError(direct: () => unknown, remote: () => unknown): Promise<void> {
  const [wanted, got] = [await errorOf(direct), await errorOf(remote)];
  expect(got.message).toBe(wanted.message);
  expect(got.constructor).toBe(wanted.constructor);
}
