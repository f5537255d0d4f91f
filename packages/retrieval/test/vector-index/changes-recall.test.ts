/** An index that has changed for a long time finds what one built afresh of the same records finds. */
import { createCore, RandomStream } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import {
  buildVectorIndex,
  createVectorIndex,
  type JsonValue,
  type RecordId,
  type VectorIndex,
} from '../../src/index.ts';

const D = 32;
const N = 6000;

it('has a recall within .005 of a fresh build after half of its records were replaced and a third deleted', () => {
  const core = createCore();
  const rows = clusteredRows(2 * N, D, { seed: 11, clusters: 60, spread: 0.6 });
  const queries = clusteredRows(200, D, { seed: 11, clusters: 60, spread: 0.6, stream: 'query' });
  const rowOf = (i: number): Float32Array => rows.subarray(i * D, (i + 1) * D);
  const options = { d: D, metric: 'l2', index: 'ivf', nlist: 60, bits: 6 } as const;
  using index = createVectorIndex(core, { ...options, trainAt: N });
  index.add({ vectors: rows.subarray(0, N * D) });
  expect(index.isTrained).toBe(true);
  const vectors = new Map<RecordId, Float32Array>();
  for (let i = 0; i < N; i++) vectors.set(i, rowOf(i));
  const random = new RandomStream(5, 'changes');
  for (let i = 0; i < N / 2; i++) {
    const id = random.nextBelow(N);
    index.upsert({ ids: [id], vectors: [rowOf(N + i)] });
    vectors.set(id, rowOf(N + i));
  }
  for (let i = 0; i < N / 3; i++) {
    const id = random.nextBelow(N);
    expect(index.delete(id)).toBe(vectors.delete(id) ? 1 : 0);
  }
  expect(index.n).toBe(vectors.size);
  using fresh = buildVectorIndex(core, { ids: [...vectors.keys()], vectors: [...vectors.values()] }, options);
  const recall = (of: VectorIndex<JsonValue, 'l2'>): number => {
    let hits = 0;
    for (let q = 0; q < 200; q++) {
      const query = queries.subarray(q * D, (q + 1) * D);
      const best = [...vectors]
        .map(([id, vector]) => ({
          id,
          distance: vector.reduce((sum, x, j) => sum + (x - (query[j] as number)) ** 2, 0),
        }))
        .sort((a, b) => a.distance - b.distance)
        .slice(0, 10);
      const found = new Set(of.searchIds(query, 10).ids);
      hits += best.filter(({ id }) => found.has(id)).length;
    }
    return hits / 2000;
  };
  const [changed, built] = [recall(index), recall(fresh)];
  expect(built).toBeGreaterThan(0.9);
  expect(changed, `a fresh build has ${built}`).toBeGreaterThan(built - 0.005);
});
