import { readFileSync } from 'node:fs';
import { createCore, type VectorSet } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { affine, mapRows } from '../../src/bridge/affine.ts';
import { polarFactor } from '../../src/bridge/fit.ts';
import {
  BRIDGE_METHODS,
  type Bridge,
  type BridgeMethod,
  relativeVectors,
  trainBridge,
  writeBridge,
} from '../../src/bridge/index.ts';
import { buildFlat, recallAtK } from '../../src/index.ts';
import { every, items, turned } from './spaces.ts';

interface Golden {
  readonly bridge: {
    readonly queryAnchors: readonly (readonly number[])[];
    readonly baseAnchors: readonly (readonly number[])[];
    readonly query: readonly number[];
    readonly procrustes: readonly (readonly number[])[];
    readonly mapped: readonly number[];
    readonly relativeOfQuery: readonly number[];
    readonly relativeOfMapped: readonly number[];
  };
}

const { bridge: golden } = JSON.parse(
  readFileSync(new URL('../golden/kin-golden.json', import.meta.url), 'utf8'),
) as Golden;
const core = createCore();

function expectClose(found: ArrayLike<number>, wanted: readonly number[], tolerance: number): void {
  expect(found).toHaveLength(wanted.length);
  wanted.forEach((value, i) => {
    expect(Math.abs((found[i] as number) - value)).toBeLessThan(tolerance);
  });
}

describe('the golden rotation by 30°', () => {
  const query = Float64Array.from(golden.queryAnchors.flat());
  const base = Float64Array.from(golden.baseAnchors.flat());
  const factor = polarFactor({ n: 3, query, base, p: 2, q: 2 });

  it('is what Procrustes finds, and maps the query', () => {
    expectClose(factor, golden.procrustes.flat(), 1e-12);
    expectClose(mapRows(core, affine(factor, 2, 2), Float32Array.from(golden.query)), golden.mapped, 1e-7);
  });

  it('leaves relative vectors of the query and of its image equal', () => {
    const of = (row: readonly number[], anchors: Float64Array): Float32Array =>
      relativeVectors(
        core,
        Float32Array.from(row),
        { data: Float32Array.from(anchors), d: 2 },
        { center: false },
      );
    expectClose(of(golden.query, query), golden.relativeOfQuery, 1e-6);
    expectClose(of(golden.mapped, base), golden.relativeOfMapped, 1e-6);
  });
});

const N = 8000;
const D = 128;
const NQ = 150;
const K = 10;

/** Recall@10 of bridged queries against the base model's own answers. */
function recallOf(bridge: Bridge, base: Float32Array, query: Float32Array, truth: Uint32Array): number {
  const searched = bridge.changesBase ? bridge.base(base) : base;
  using index = buildFlat(core, searched, bridge.d, { metric: 'cosine', quantizer: 'float32' });
  const { ids } = index.searchBatch(bridge.queries(query.subarray(0, NQ * bridge.dQuery)), K);
  return recallAtK(ids, K, truth, K, K);
}

describe('spaces that are rotations of each other', () => {
  const base = items(N, D, 1);
  let truth: Uint32Array = new Uint32Array(0);
  const pairsOf = (query: Float32Array, count: number): { query: VectorSet; base: VectorSet } => ({
    query: every(query, D, NQ, 7, count),
    base: every(base, D, NQ, 7, count),
  });
  beforeAll(() => {
    using index = buildFlat(core, base, D, { metric: 'cosine', quantizer: 'float32' });
    truth = index.searchBatch(base.subarray(0, NQ * D), K).ids;
  });

  it('is crossed without a loss where there is no noise', () => {
    const query = turned(base, D, 0, 3);
    const bridge = trainBridge(core, pairsOf(query, 300));
    expect(bridge.method).toBe('procrustes');
    expect(bridge.changesBase).toBe(false);
    expect(recallOf(bridge, base, query, truth)).toBeGreaterThanOrEqual(0.999);
    expect(bridge.report).toMatchObject({ pairs: 300, duplicates: 0, advice: 'bridge', mateAtOne: 1 });
    expect(bridge.report.overlapAtTen).toBeCloseTo(1, 2);
    // M is orthogonal: lengths and angles of mapped rows are those of the rows
    const some = bridge.queries(query.subarray(0, 20 * D));
    for (let i = 0; i < 20; i++) {
      let dot = 0;
      for (let j = 0; j < D; j++) dot += (some[i * D + j] as number) * (base[i * D + j] as number);
      const energy = base.subarray(i * D, (i + 1) * D).reduce((sum, value) => sum + value * value, 0);
      expect(Math.abs(dot / energy - 1)).toBeLessThan(1e-5);
    }
  });

  it('is crossed by auto within .03 of the best method where the models disagree, at .60 or more', () => {
    // with this noise the models have half of their ten nearest in common
    const query = turned(base, D, 0.3, 3);
    const pairs = pairsOf(query, 300);
    const auto = recallOf(trainBridge(core, pairs), base, query, truth);
    const recalls = new Map<BridgeMethod, number>();
    for (const method of BRIDGE_METHODS) {
      const bridge = trainBridge(core, pairs, { method, folds: 2, regularization: [0.01, 0.1] });
      expect(bridge.method).toBe(method);
      recalls.set(method, recallOf(bridge, base, query, truth));
    }
    expect(auto).toBeGreaterThanOrEqual(Math.max(...recalls.values()) - 0.03);
    expect(auto).toBeGreaterThanOrEqual(0.6);
    // relative vectors stretch leading directions twice: offered, and documented by what they lose
    expect(recalls.get('relative') as number).toBeLessThan(auto - 0.2);
  });

  it('leads back: the product of both ways is the identity within 5 %', () => {
    const d = 48;
    const own = items(400, d, 2);
    const query = turned(own, d, 0, 3);
    const [a, b] = [every(query, d, 100, 1, 300), every(own, d, 100, 1, 300)];
    for (const method of ['procrustes', 'linear'] as const) {
      const there = trainBridge(core, { query: a, base: b }, { method });
      const back = trainBridge(core, { query: b, base: a }, { method });
      const round = back.queries(there.queries(query.subarray(0, 50 * d)));
      let lost = 0;
      let energy = 0;
      for (let at = 0; at < round.length; at++) {
        lost += ((round[at] as number) - (query[at] as number)) ** 2;
        energy += (query[at] as number) ** 2;
      }
      expect(lost / energy).toBeLessThan(0.05 ** 2);
    }
  });
});

describe('the polar factor', () => {
  it('is orthogonal to 1e-6 where pairs are as many as dimensions, on either side', () => {
    const d = 24;
    const rows = items(60, d, 5);
    const other = turned(rows, d, 0.3, 6);
    const factor = polarFactor({
      n: 60,
      query: Float64Array.from(other),
      base: Float64Array.from(rows),
      p: d,
      q: d,
    });
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) {
        let dot = 0;
        for (let t = 0; t < d; t++) dot += (factor[t * d + i] as number) * (factor[t * d + j] as number);
        expect(Math.abs(dot - (i === j ? 1 : 0))).toBeLessThan(1e-6);
      }
    }
  });

  it('takes spaces of other dimensions, and drops what pairs do not say', () => {
    const narrow = Float64Array.from(gaussianRows(5, 8, 1));
    const wide = Float64Array.from(gaussianRows(5, 12, 2));
    // of rank 5: singular values are 1 five times, and 0
    for (const [query, p, base, q] of [
      [narrow, 8, wide, 12],
      [wide, 12, narrow, 8],
    ] as const) {
      const factor = polarFactor({ n: 5, query, base, p, q });
      expect(factor.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(5, 6);
    }
  });
});

describe('what a report advises', () => {
  const d = 48;
  const base = items(600, d, 11);
  const query = turned(base, d, 0.2, 12);
  const set = (rows: Float32Array, n: number): VectorSet => ({ data: rows.slice(0, n * d), n, d });

  it('is a bridge between rotations', () => {
    const { report } = trainBridge(core, { query: set(query, 300), base: set(base, 300) });
    expect(report.advice).toBe('bridge');
    expect(report.reason).toMatch(/^With 300 pairs bridged queries find \d+ % of the 5 nearest/);
  });

  it('is to embed again where spaces have nothing in common, and where pairs are mixed up', () => {
    const unrelated = gaussianRows(300, 32, 9);
    const random = trainBridge(core, { query: { data: unrelated, d: 32 }, base: set(base, 300) });
    expect(random.report.advice).toBe('re-embed');
    // the sum of 1/rank over ranks 1…300, by 300
    expect(random.report.mateReciprocalRank).toBeLessThan((3 * 6.28) / 300);
    const mixed = every(base, d, 1, 1, 300);
    expect(trainBridge(core, { query: set(query, 300), base: mixed }).report.advice).toBe('re-embed');
  });

  it('is more pairs where 30 are there', () => {
    const { report } = trainBridge(core, { query: set(query, 30), base: set(base, 30) });
    expect(report.advice).toBe('more-pairs');
    expect(report.reason).toMatch(/^30 pairs are too few/);
  });

  it('counts pairs that come again and changes nothing else', () => {
    const once = trainBridge(core, { query: set(query, 60), base: set(base, 60) });
    const twice = (rows: Float32Array): VectorSet => {
      const data = new Float32Array(70 * d);
      data.set(rows.subarray(0, 60 * d));
      data.set(rows.subarray(5 * d, 15 * d), 60 * d);
      return { data, n: 70, d };
    };
    const again = trainBridge(core, { query: twice(query), base: twice(base) });
    expect(again.report).toEqual({ ...once.report, duplicates: 10 });
    expect(again.queries(query)).toEqual(once.queries(query));
  });

  it('tries every method and λ, and relative ones only of few pairs', () => {
    const few = trainBridge(core, { query: set(query, 60), base: set(base, 60) }).report.tried;
    expect(new Set(few.map(({ method }) => method))).toEqual(new Set(BRIDGE_METHODS));
    expect(few).toHaveLength(2 + 3 * 3);
    const many = trainBridge(
      core,
      { query: set(query, 250), base: set(base, 250) },
      { regularization: [0.5] },
    );
    expect(many.report.tried.map(({ method, regularization }) => [method, regularization])).toEqual([
      ['procrustes', 0],
      ['linear', 0.5],
      ['reverse-linear', 0.5],
    ]);
  });
});

describe('bridges', () => {
  const d = 20;
  const base = items(80, d, 21);
  const query = turned(base, d, 0.2, 22);
  const pairs = { query: { data: query, d }, base: { data: base, d } };

  it.each(BRIDGE_METHODS)('of %s keep lengths and zero rows, and are the same bytes each time', (method) => {
    const bridge = trainBridge(core, pairs, { method });
    expect(bridge.changesBase).toBe(method !== 'procrustes' && method !== 'linear');
    expect(bridge.d).toBe(method.startsWith('relative') ? 80 : d);
    const rows = Float32Array.from({ length: 2 * d }, (_, i) => (i < d ? 3 * (query[i] as number) : 0));
    for (const mapped of [bridge.queries(rows), bridge.base(rows)]) {
      const length = Math.sqrt(mapped.subarray(0, bridge.d).reduce((sum, value) => sum + value * value, 0));
      const own = Math.sqrt(rows.reduce((sum, value) => sum + value * value, 0));
      expect(length).toBeCloseTo(own, 4);
      expect(mapped.subarray(bridge.d).every((value) => value === 0)).toBe(true);
    }
    expect(writeBridge(trainBridge(core, pairs, { method }))).toEqual(writeBridge(bridge));
  });

  it('refuse what is no set of pairs, by name', () => {
    const refused = (given: Partial<typeof pairs>, options = {}): (() => void) => {
      return () => void trainBridge(core, { ...pairs, ...given }, options);
    };
    const short = { data: base.subarray(0, 19 * d), d };
    expect(refused({ base: short })).toThrow(
      /"pairs.base rows" expected length pairs.query rows = 80, got 19/,
    );
    expect(refused({ query: { data: query.subarray(0, 19 * d), d }, base: short })).toThrow(
      /"pairs" expected at least 20 that differ, got 19/,
    );
    const zero = base.slice();
    zero.fill(0, 3 * d, 4 * d);
    expect(refused({ base: { data: zero, d } })).toThrow(/"pairs.base" expected rows other than zero.* 3$/);
    const nan = base.slice();
    nan[7] = Number.NaN;
    expect(refused({ query: { data: nan, d } })).toThrow(/"pairs.query" expected finite values/);
    expect(refused({}, { method: 'cca' })).toThrow(/"method" expected one of auto, procrustes/);
    expect(refused({}, { regularization: [0] })).toThrow(/"regularization" expected a number from/);
    expect(refused({}, { fold: 3 })).toThrow(/did you mean "folds"/);
    expect(() => trainBridge(core, pairs).queries(new Float32Array(d + 1))).toThrow(/"queries" expected/);
  });
});
