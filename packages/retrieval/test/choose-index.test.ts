/** Which index to build: from numbers alone, and by measuring. */
import { createCore } from '@sagitta/core-wasm';
import { clusteredRows, skewedRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  buildFlat,
  buildGraph,
  buildIvf,
  chooseIndex,
  type IndexRecommendation,
  type IndexStructure,
  type IvfIndex,
  recallAtK,
  recommendIndex,
} from '../src/index.ts';

const core = createCore();

/** An index of rows as a choice says. */
function builtAs(
  choice: IndexStructure & { readonly bits: number },
  rows: Float32Array,
  d: number,
): IvfIndex {
  const { bits } = choice;
  if (choice.index === 'flat') return buildFlat(core, rows, d, { metric: 'l2', bits });
  return choice.index === 'graph'
    ? buildGraph(core, rows, d, { metric: 'l2', bits, degree: choice.degree })
    : buildIvf(core, rows, d, { metric: 'l2', bits, nlist: choice.nlist });
}

describe('chooseIndex', () => {
  it('takes lists where visiting enough of them reads less than half', () => {
    expect(chooseIndex(1000, 384)).toMatchObject({ index: 'flat', nlist: 1, nprobe: 1, bits: 4 });
    expect([4032, 4033].map((n) => chooseIndex(n, 384).index)).toEqual(['flat', 'ivf']);
    expect(chooseIndex(6000, 64)).toMatchObject({ index: 'ivf', nlist: 77, nprobe: 35 });
    expect(chooseIndex(9000, 4096)).toMatchObject({ index: 'ivf', nlist: 95, nprobe: 39 });
    expect(chooseIndex(1_000_000, 768)).toMatchObject({ index: 'ivf', nlist: 1000, nprobe: 126 });
    expect(chooseIndex(0, 3)).toMatchObject({ index: 'flat', bytes: expect.any(Number) });
  });

  it('takes a graph from 20,000 vectors on where searches are ten times as many as changes', () => {
    const still = { changes: 0.1 };
    expect(chooseIndex(20_000, 384, still)).toMatchObject({ index: 'graph', degree: 32, ef: 96, bits: 4 });
    expect(chooseIndex(19_999, 384, still).index).toBe('ivf');
    expect(chooseIndex(2500, 384, { changes: 0 }).index).toBe('flat');
    expect(chooseIndex(20_000, 384, { changes: 0.11 }).index).toBe('ivf');
    // how often it is searched is not known: nothing is built for searches that may not come
    expect(chooseIndex(1_000_000, 768).index).toBe('ivf');
    expect(chooseIndex(1_000_000, 768, {})).toEqual(chooseIndex(1_000_000, 768, { changes: 1 }));
  });

  it('takes flat under narrow filters, and a graph under none but wide ones', () => {
    const kind = (allowed: number): string => chooseIndex(60_000, 128, { changes: 0, allowed }).index;
    expect([1, 0.5, 0.49, 0.11, 0.1, 0].map(kind)).toEqual(['graph', 'graph', 'ivf', 'ivf', 'flat', 'flat']);
  });

  it('takes lists where edges would take the place of bits', () => {
    const n = 50_000;
    const within = (bytes: number) => chooseIndex(n, 128, { bytes, changes: 0 });
    const { bytes } = chooseIndex(n, 128, { changes: 0 });
    // rows are padded, so a little more than 4 bits may take the same
    expect(within(bytes)).toMatchObject({ index: 'graph', bytes });
    expect(within(bytes - 1).index).toBe('ivf');
    expect(within(2 * bytes)).toMatchObject({ index: 'graph', bits: 8 });
    expect(chooseIndex(n, 128, bytes)).toEqual(chooseIndex(n, 128, { bytes }));
  });

  it('knows about the bytes of a graph', () => {
    for (const [n, d] of [
      [2000, 64],
      [1500, 384],
    ] as const) {
      const rows = clusteredRows(n, d, { seed: 3, clusters: 30, spread: 0.5 });
      using built = buildGraph(core, rows, d, { metric: 'l2', bits: 4 });
      const { bytes } = chooseIndex(20_000, d, { changes: 0 });
      expect(built.bytesPerVector / (bytes / 20_000)).toBeGreaterThan(0.8);
      expect(built.bytesPerVector / (bytes / 20_000)).toBeLessThan(1.2);
    }
  });

  it('refuses what is no number of vectors, bytes, changes or share', () => {
    const choose = (given: unknown) => () => chooseIndex(1000, 384, given as number);
    expect(choose({ changes: -1 })).toThrow(/"changes" expected a number from 0 to .*, got -1/);
    expect(choose({ changes: Number.NaN })).toThrow(/"changes" expected/);
    expect(choose({ allowed: 1.1 })).toThrow(/"allowed" expected a number from 0 to 1, got 1.1/);
    expect(choose({ allowed: '1' })).toThrow(new TypeError('"allowed" expected a number, got string'));
    expect(choose({ bytes: 0 })).toThrow(/"bytes" expected/);
    expect(choose(0)).toThrow(/"bytes" expected/);
    expect(choose({ change: 0 })).toThrow(/got "change": did you mean "changes"\?/);
    expect(choose('4000')).toThrow(TypeError);
    expect(choose(null)).toThrow(TypeError);
  });

  it('takes as many bits as fit, and its bytes are those of an index', () => {
    for (const [n, d] of [
      [3000, 96],
      [6000, 64],
    ] as const) {
      const rows = clusteredRows(n, d, { seed: 3, clusters: 30, spread: 0.5 });
      for (const budget of [n * 40, n * 60, n * 100]) {
        const choice = chooseIndex(n, d, budget);
        const { bytes } = choice;
        expect(bytes).toBeLessThanOrEqual(budget);
        using built = builtAs(choice, rows, d);
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
    expect(choice.recall).toBeGreaterThanOrEqual(asked);
    const more = recommendIndex(core, { data: clustered, d: D }, { metric: 'l2', recall: 0.99, clock });
    expect(more.bits).toBeGreaterThan(choice.bits);
  });

  /** Recall of a fresh index of all vectors, as the choice says, for queries that are none of them. */
  function measured(choice: IndexRecommendation): number {
    const queries = clusteredRows(100, D, { seed: 5, clusters: 60, spread: 0.4, stream: 'query' });
    using exact = buildFlat(core, clustered, D, { metric: 'l2', quantizer: 'float32' });
    using built = builtAs(choice, clustered, D);
    const truth = exact.searchBatch(queries, 10).ids;
    const width = choice.index === 'graph' ? { ef: choice.ef } : { nprobe: choice.nprobe };
    return recallAtK(built.searchBatch(queries, 10, width).ids, 10, truth, 10, 10);
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

  it('takes a graph where that is faster at the recall, and by enough', () => {
    // every time is shorter than the one before, by a factor: graphs are measured last
    const shrinking = (factor: number): (() => number) => {
      let calls = 0;
      let time = 1;
      return () => {
        if (calls++ % 2 === 0) return 0;
        time *= factor;
        return time;
      };
    };
    const collection = { data: clustered, d: D };
    const asked = { metric: 'l2', recall: 0.9 } as const;
    const choice = recommendIndex(core, collection, { ...asked, clock: shrinking(0.7) });
    expect(choice).toMatchObject({ index: 'graph', degree: 32, isEnough: true });
    expect(choice.reasons[1]).toMatch(
      /^A graph of 32 edges at ef \d+ finds recall@10 [\d.]+ in [\d.]+ ms a query, where scanning all finds [\d.]+ in [\d.]+ ms and \d+ of 50 lists find [\d.]+ in [\d.]+ ms\.$/,
    );
    expect(choice.reasons[0]).toMatch(/bytes a vector, edges among them, enough for recall 0.9\.$/);
    using built = builtAs(choice, clustered, D);
    expect(built.bytesPerVector).toBe(choice.bytesPerVector);
    expect(measured(choice)).toBeGreaterThan(0.87);
    const alike = recommendIndex(core, collection, { ...asked, clock: shrinking(0.999) });
    expect(alike.index).not.toBe('graph');
  });

  it('takes no graph whose edges do not fit the bytes', () => {
    const shrinking = (): (() => number) => {
      let calls = 0;
      return () => (calls++ % 2 === 0 ? 0 : 0.7 ** calls);
    };
    const collection = { data: clustered, d: D };
    const bytes = (most: number): IndexRecommendation =>
      recommendIndex(core, collection, { metric: 'l2', bytes: most, clock: shrinking() });
    expect(bytes(40).index).not.toBe('graph');
    const wide = bytes(400);
    expect(wide.index).toBe('graph');
    expect(wide.bytesPerVector).toBeLessThanOrEqual(400);
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
