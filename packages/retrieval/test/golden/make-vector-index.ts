/** The vector index of the golden file: ids of every kind, metadata, an indexed field, deleted and replaced records. */
import type { Core } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { createVectorIndex, type RecordId, type VectorIndex } from '../../src/index.ts';

export const GOLDEN_VECTOR_INDEX: URL = new URL('./vector-index.v2.sag', import.meta.url);
export const GOLDEN_D = 16;
const N = 150;

export type GoldenNote = {
  readonly folder: string;
  readonly mtime: number;
  readonly tags?: readonly string[];
};

export const goldenRows = (): Float32Array =>
  clusteredRows(N, GOLDEN_D, { seed: 21, clusters: 6, spread: 0.5 });
export const goldenIdOf = (i: number): RecordId => (i % 3 === 0 ? `nöte ${i}` : i % 3 === 1 ? i : BigInt(-i));

export function makeGoldenVectorIndex(core: Core): VectorIndex<GoldenNote> {
  const index = createVectorIndex<GoldenNote>(core, {
    d: GOLDEN_D,
    metric: 'l2',
    index: 'ivf',
    nlist: 5,
    bits: 4,
    trainAt: 120,
    compactAt: 1,
    indexed: ['folder'],
  });
  const rows = goldenRows();
  index.add({
    ids: Array.from({ length: N }, (_, i) => goldenIdOf(i)),
    vectors: rows,
    metadata: Array.from({ length: N }, (_, i) =>
      i % 4 === 3
        ? undefined
        : { folder: `f${i % 5}`, mtime: i, ...(i % 2 === 0 && { tags: ['even', `t${i}`] }) },
    ),
  });
  index.delete([goldenIdOf(10), goldenIdOf(11), goldenIdOf(77)]);
  index.upsert({
    ids: [goldenIdOf(12)],
    vectors: rows.subarray(0, GOLDEN_D),
    metadata: [{ folder: 'x', mtime: -1 }],
  });
  return index;
}
