/** Which index to build: from numbers alone, and by measuring. */
import { createCore } from '@sagitta/core-wasm';
import { clusteredRows, skewedRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  buildFlat,
  buildIvf,
  chooseIndex,
  type IndexRecommendation,
  type IvfIndex,
  recallAtK,
  recommendIndex,
} from '../src/index.ts';

const core = createCore();

describe('chooseIndex', () => {
  it('takes lists where visiting enough of them reads less than half', () => {
    expect(chooseIndex(1000, 384)).toMatchObject({ index: 'flat', nlist: 1, nprobe: 1, bits: 4 });
    expect(chooseIndex(4000, 384).index).toBe('flat');
    expect(chooseIndex(6000, 64)).toMatchObject({ index: 'ivf', nlist: 77, nprobe: 35 });
    expect(chooseIndex(9000, 4096)).toMatchObject({ index: 'ivf', nlist: 95, nprobe: 39 });
    expect(chooseIndex(1_000_000, 768)).toMatchObject({ index: 'ivf', nlist: 1000, nprobe: 126 });
    expect(chooseIndex(0, 3)).toMatchObject({ index: 'flat', bytes: expect.any(Number) });
  });

  it('takes as many bits as fit, and its bytes are those of an index', () => {
    for (const [n, d] of [
      [3000, 96],
      [6000, 64],
    ] as const) {
      const rows = clusteredRows(n, d, { seed: 3, clusters: 30, spread: 0.5 });
      for (const budget of [n * 40, n * 60, n * 100]) {
        const { index, nlist, bits, bytes } = chooseIndex(n, d, budget);
        expect(bytes).toBeLessThanOrEqual(budget);
        using built =
          index === 'flat'
            ? buildFlat(core, rows, d, { metric: 'l2', bits })
            : buildIvf(core, rows, d, { metric: 'l2', bits, nlist });
        const { codes } = built.bytesUsed();
        expect(codes / bytes).toBeGreaterThan(0.8);
        // blocks of 32 are begun in every list
        expect(codes / bytes).toBeLessThan(1.45);
      }
    }
    expect(() => chooseIndex(1000, 384, 10_000)).toThrow(/"bytes" expected at least \d+ for 1000 vectors/);
    expect(() => chooseIndex(-1, 384)).toThrow(/"n" expected/);
  });
});

describe('recommendIndex', () => {
  let now = 0;
  // a clock that counts calls: times are not what is tested
  const clock = (): number => now++;
  const D = 32;
  const clustered = clusteredRows(2500, D, { seed: 5, clusters: 60, spread: 0.4 });

  it('takes the fewest bits that reach the recall, which come true in the index it names', () => {
    const asked = 0.9;
    const choice = recommendIndex(core, { data: clustered, d: D }, { metric: 'l2', recall: asked, clock });
    expect(choice.isEnough).toBe(true);
    expect(choice.reasons).toHaveLength(3);
    for (const reason of choice.reasons) expect(reason).toMatch(/^[A-Z0-9].*\.$/s);
    expect(measured(choice)).toBeGreaterThan(asked - 0.03);
    const more = recommendIndex(core, { data: clustered, d: D }, { metric: 'l2', recall: 0.99, clock });
    expect(more.bits).toBeGreaterThan(choice.bits);
  });

  /** Recall of a fresh index of all vectors, as the choice says, for queries that are none of them. */
  function measured({ index, nlist, nprobe, bits }: IndexRecommendation): number {
    const queries = clusteredRows(100, D, { seed: 5, clusters: 60, spread: 0.4, stream: 'query' });
    using exact = buildFlat(core, clustered, D, { metric: 'l2', quantizer: 'float32' });
    using built: IvfIndex =
      index === 'flat'
        ? buildFlat(core, clustered, D, { metric: 'l2', bits })
        : buildIvf(core, clustered, D, { metric: 'l2', bits, nlist });
    const truth = exact.searchBatch(queries, 10).ids;
    return recallAtK(built.searchBatch(queries, 10, { nprobe }).ids, 10, truth, 10, 10);
  }

  it('takes as many bits as fit the bytes', () => {
    const choice = recommendIndex(core, { data: clustered, d: D }, { metric: 'l2', bytes: 26, clock });
    expect(choice.bytesPerVector).toBeLessThanOrEqual(26);
    expect(choice.isEnough).toBe(true);
    const less = recommendIndex(core, { data: clustered, d: D }, { metric: 'l2', bytes: 5, clock });
    expect(less.isEnough).toBe(false);
    expect(less.reasons[0]).toMatch(/not enough for 5 bytes/);
  });

  it('leaves lists alone where there are few vectors, or none are as good', () => {
    const few = { data: clustered.subarray(0, 400 * D), d: D };
    expect(recommendIndex(core, few, { metric: 'cosine', clock })).toMatchObject({
      index: 'flat',
      nprobe: 1,
    });
    // every list counts where there are no clusters
    const rows = skewedRows(2000, D, { seed: 4 });
    const choice = recommendIndex(core, { data: rows, d: D }, { metric: 'ip', recall: 0.9, clock });
    if (choice.index === 'ivf') expect(choice.nprobe).toBeGreaterThan(8);
  });

  it('refuses what it cannot measure', () => {
    const collection = { data: clustered, d: D };
    const recommend = (options: object) => () =>
      recommendIndex(core, collection, { metric: 'l2', clock, ...options });
    expect(recommend({ recall: 0.9, bytes: 20 })).toThrow(/"options" expected either recall or bytes/);
    expect(recommend({ recall: 2 })).toThrow(/"recall" expected/);
    expect(() =>
      recommendIndex(core, { data: clustered.subarray(0, 40 * D), d: D }, { metric: 'l2', clock }),
    ).toThrow(/"collection" expected at least 50 vectors/);
  });
});
