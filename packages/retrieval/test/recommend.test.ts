import { createCore, RandomStream, type VectorSetInput } from '@sagitta/core-wasm';
import { sampleRows } from '@sagitta/quantizers';
import { clusteredRows, skewedRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { buildFlat, type IndexOptions, recallAtK, recommend, saveIndex } from '../src/index.ts';

const D = 24;
const core = createCore();
const N = 320;
const sample = { data: skewedRows(N, D, { seed: 1 }), n: N, d: D };

describe('recommend over a collection', () => {
  // a sample holds one vector of a cluster or none, and so knows nothing of what lies in one
  const d = 48;
  const n = 9000;
  const rows = clusteredRows(n, d, { seed: 3, clusters: 600, spread: 0.25 });
  const part = 500;
  const options = { metric: 'l2', kinds: ['saq', 'rabitq', 'lvq'], bits: [1, 2, 4], recall: 0.999 } as const;
  const from = sampleRows({ data: rows, n, d }, part, new RandomStream(1, 'recommend/collection'));
  function* batches(): Generator<VectorSetInput> {
    for (let at = 0; at < n; at += 2000) {
      yield { data: rows.subarray(at * d, Math.min(n, at + 2000) * d), d };
    }
  }

  it('measures what choices find in all of it, where the sample alone is far off', () => {
    const { choices, collectionSize, queries } = recommend(core, from, { ...options, collection: batches() });
    expect([collectionSize, queries]).toEqual([n - 100, 100]);
    const alone = recommend(core, from, { ...options, collectionSize: n }).choices;
    const asked = sampleRows({ data: rows, n, d }, 200, new RandomStream(2, 'recommend/asked')).data;
    const truth = buildFlatIds(asked, { quantizer: 'float32' });
    let worst = 0;
    for (const { label, bits, recall, options: built } of choices) {
      const found = buildFlatIds(asked, built);
      // of eleven, the query itself left out
      const actual = (11 * recallAtK(found, 11, truth, 11, 11) - 1) / 10;
      // models of a sample of 400 code it less well than those of all
      expect(recall - actual, `${label} ${bits}`).toBeLessThan(0.03);
      expect(actual - recall, `${label} ${bits}`).toBeLessThan(0.1);
      const guessed = alone.find((one) => one.label === label && one.bits === bits)?.recall as number;
      worst = Math.max(worst, Math.abs(guessed - actual));
    }
    expect(worst).toBeGreaterThan(0.3);
  });

  function buildFlatIds(asked: Float32Array, built: Partial<IndexOptions>): Uint32Array {
    using index = buildFlat(core, rows, d, { metric: 'l2', ...built });
    return index.searchBatch(asked, 11).ids;
  }

  it('takes batches alone, of the same dimension, and enough of them', () => {
    const ask = (more: object) => () => recommend(core, from, { ...options, ...more });
    expect(ask({ collection: batches(), collectionSize: n })).toThrow(
      '"collectionSize" expected none beside collection',
    );
    expect(ask({ collection: 5 })).toThrow('"collection" expected batches to iterate over, got number');
    expect(ask({ collection: [{ data: new Float32Array(7), d }] })).toThrow('"collection"');
    expect(ask({ collection: [] })).toThrow('"collection" expected at least 10 rows besides queries, got 0');
  });
});

describe('recommend', () => {
  it('ranks by bytes what reaches the recall, each with its figures', () => {
    const { choices: ranked } = recommend(core, sample, { metric: 'l2', recall: 0.9, bits: [1, 8] });
    const enough = ranked.filter(({ isEnough }) => isEnough);
    expect(enough.length).toBeGreaterThan(3);
    expect(ranked.slice(0, enough.length)).toEqual(enough);
    for (const [i, one] of enough.entries()) {
      expect(one.sure).toBeGreaterThanOrEqual(0.9);
      expect(one.recall).toBeGreaterThanOrEqual(one.sure);
      expect(one.sure).toBeGreaterThanOrEqual(one.low);
      expect(one.high).toBeGreaterThanOrEqual(one.recall);
      if (i > 0) expect(one.bytesPerVector).toBeGreaterThanOrEqual(enough[i - 1]?.bytesPerVector as number);
      expect(one.reason).toContain(one.recall.toFixed(4));
      expect(one.reason).toContain('enough for recall 0.9');
    }
    for (const one of ranked.slice(enough.length)) expect(one.sure).toBeLessThan(0.9);
    // what came first is what an index of it reaches again, and it is no wasteful one
    expect(enough[0]?.bytesPerVector).toBeLessThan(4 * D);
  });

  it('ranks by recall what fits into the bytes', () => {
    const { choices: ranked } = recommend(core, sample, { metric: 'cosine', bytes: 20, bits: [1, 4] });
    const [best] = ranked;
    expect(best?.isEnough).toBe(true);
    for (const one of ranked.filter(({ isEnough }) => isEnough)) {
      expect(one.bytesPerVector).toBeLessThanOrEqual(20);
      expect(best?.recall).toBeGreaterThanOrEqual(one.recall);
    }
    expect(ranked.at(-1)?.isEnough).toBe(false);
  });

  it('is repeatable, and counts reranking', () => {
    const options = { metric: 'l2', recall: 0.99, bits: [1], rerank: 100 } as const;
    const { choices: ranked } = recommend(core, sample, options);
    const few = { data: sample.data.subarray(0, 120 * D), n: 120, d: D };
    expect(recommend(core, few, options)).toEqual(recommend(core, few, options));
    const { choices: plain } = recommend(core, sample, { metric: 'l2', recall: 0.99, bits: [1] });
    const recallOf = (list: typeof ranked, label: string): number =>
      list.find((one) => one.label === label)?.recall as number;
    expect(recallOf(ranked, 'saq')).toBeGreaterThan(recallOf(plain, 'saq'));
    expect(ranked[0]?.reason).toContain('after exact scores for 100 candidates');
  });

  it('gives options that build what was measured, and the bytes of its file', () => {
    const { choices, vectors, queries, collectionSize } = recommend(core, sample, {
      metric: 'l2',
      bytes: 16,
      bits: [4],
    });
    expect([vectors, queries, collectionSize]).toEqual([256, 64, 256]);
    for (const { options, bytesPerVector, fileBytes } of choices.filter(({ isEnough }) => isEnough)) {
      using index = buildFlat(core, sample.data.subarray(0, 256 * D), D, options);
      expect(index.codeBytesPerVector).toBe(bytesPerVector);
      // blocks of 32, and a model that had other vectors
      expect(Math.abs(saveIndex(index).length / fileBytes - 1)).toBeLessThan(0.05);
    }
  });

  it('is less sure of a larger collection', () => {
    const of = (more: { readonly collectionSize?: number }) =>
      recommend(core, sample, { metric: 'l2', bytes: 20, bits: [2], ...more }).choices;
    const plain = of({});
    const large = of({ collectionSize: 100_000 });
    for (const { label, recall, low, fileBytes } of large) {
      const small = plain.find((one) => one.label === label) as (typeof plain)[number];
      expect(recall).toBeLessThanOrEqual(small.recall + 0.01);
      expect(low).toBeLessThan(small.low);
      expect(fileBytes).toBeGreaterThan(100_000 * small.bytesPerVector);
    }
    expect(large[0]?.reason).toContain('among 100000 vectors');
  });

  it('tries the kinds it is told to, tells how far it is, and stops', () => {
    const seen: string[] = [];
    const asked = { metric: 'l2', recall: 0.95, bits: [1, 2, 8], kinds: ['saq', 'sign', 'lvq'] } as const;
    const { choices } = recommend(core, sample, {
      ...asked,
      onProgress: ({ done, total, label, bits }) => seen.push(`${done}/${total} ${label} ${bits}`),
    });
    expect(seen).toEqual(['1/6 saq 1', '2/6 sign 1', '3/6 saq 2', '4/6 lvq 2', '5/6 saq 8', '6/6 lvq 8']);
    expect(new Set(choices.map(({ label }) => label))).toEqual(new Set(['saq', 'sign', 'lvq']));
    const abort = new AbortController();
    const stopped = (): void =>
      void recommend(core, sample, {
        ...asked,
        signal: abort.signal,
        onProgress: ({ done }) => {
          if (done === 2) abort.abort(new Error('enough'));
          if (done > 2) throw new Error('went on');
        },
      });
    expect(stopped).toThrow('enough');
    expect(core.bytesUsed()).toBe(0);
  });

  it('tells times with a clock, and the memory of an index of the collection', () => {
    let now = 0;
    const { choices } = recommend(core, sample, {
      metric: 'cosine',
      bytes: 30,
      bits: [4],
      kinds: ['saq', 'rabitq'],
      collectionSize: 2560,
      clock: () => now++,
    });
    // two folds of 64 queries: one tick a search of a fold, ten times the vectors
    for (const { milliseconds } of choices) {
      expect(milliseconds).toEqual({ training: 1, query: (2 / 64) * 10 });
    }
    const large = skewedRows(2560, D, { seed: 3 });
    for (const { options, memoryBytes, label } of choices) {
      using index = buildFlat(core, large, D, options);
      expect(Math.abs(core.bytesUsed() / memoryBytes - 1), label).toBeLessThan(0.05);
      expect(index.n).toBe(2560);
    }
    expect(
      recommend(core, sample, { metric: 'l2', bytes: 9, bits: [1] }).choices[0]?.milliseconds,
    ).toBeUndefined();
  });

  it('refuses to guess', () => {
    expect(() => recommend(core, sample, { metric: 'l2', recall: 0.9, collectionSize: 300 })).toThrow(
      /"collectionSize" expected at least the 320 vectors of the sample, got 300/,
    );
    expect(() => recommend(core, sample, { metric: 'l2' })).toThrow(/either recall or bytes, got neither/);
    expect(() => recommend(core, sample, { metric: 'l2', recall: 0.9, bytes: 9 })).toThrow(/got both/);
    const few = { data: sample.data.subarray(0, 49 * D), n: 49, d: D };
    expect(() => recommend(core, few, { metric: 'l2', recall: 0.9 })).toThrow(/at least 50 vectors/);
    expect(() => recommend(core, sample, { metric: 'l2', recall: 1.5 })).toThrow(/"recall"/);
    expect(() => recommend(core, sample, { metric: 'l2', bytes: 9, kinds: ['sax'] })).toThrow(/"kinds\[0\]"/);
    expect(() => recommend(core, sample, { metric: 'l2', bytes: 9, kinds: 'saq' as never })).toThrow(
      TypeError,
    );
    expect(core.bytesUsed()).toBe(0);
  });
});
