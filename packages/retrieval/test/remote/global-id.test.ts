import { describe, expect, it } from 'vitest';
import { globalId, localId, SHARD_ROWS, shardOf, shardSize } from '../../src/remote/global-id.ts';
import { mergeResults } from '../../src/search/merge-results.ts';

describe('globalId', () => {
  it('is each number once, in order within a shard', () => {
    for (const shards of [1, 2, 5]) {
      const seen = new Set<number>();
      for (let shard = 0; shard < shards; shard++) {
        let last = -1;
        for (let local = 0; local < 3 * SHARD_ROWS; local++) {
          const id = globalId(local, shard, shards);
          expect(id).toBeGreaterThan(last);
          last = id;
          seen.add(id);
        }
      }
      expect(seen.size).toBe(shards * 3 * SHARD_ROWS);
      expect(Math.max(...seen)).toBe(shards * 3 * SHARD_ROWS - 1);
    }
  });
});

describe('a shard', () => {
  it('knows its vectors, and how many they are', () => {
    for (const shards of [1, 2, 5]) {
      for (const n of [0, 1, 1023, 1024, 5000, 10 * SHARD_ROWS + 7]) {
        const counts = new Uint32Array(shards);
        let wrong = 0;
        for (let id = 0; id < n; id++) {
          const shard = shardOf(id, shards);
          const local = localId(id, shards);
          if (local !== counts[shard] || globalId(local, shard, shards) !== id) wrong++;
          counts[shard] = (counts[shard] as number) + 1;
        }
        expect(wrong).toBe(0);
        expect([...counts]).toEqual(Array.from(counts, (_, shard) => shardSize(n, shard, shards)));
      }
    }
  });
});

describe('mergeResults', () => {
  it('takes the best of all, the lower id first where scores are equal', () => {
    const answers = [
      {
        ids: new Uint32Array([4, 2]),
        scores: new Float32Array([0.9, 0.5]),
        globalId: (id: number) => id + 100,
      },
      { ids: new Uint32Array([1, 3]), scores: new Float32Array([0.9, 0.7]), globalId: (id: number) => id },
      { ids: new Uint32Array(0), scores: new Float32Array(0), globalId: (id: number) => id },
    ];
    const merged = mergeResults(answers, 3, 'ip');
    expect([...merged.ids]).toEqual([1, 104, 3]);
    expect(mergeResults(answers, 10, 'ip').ids).toHaveLength(4);
  });
});
