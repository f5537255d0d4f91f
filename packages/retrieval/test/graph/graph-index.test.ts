/** An index in a neighbour graph finds what a flat index of the same codes finds, whatever the codes, and keeps doing so. */
import { type Core, createCore, METRICS, type Metric } from '@sagitta/core-wasm';
import { saq } from '@sagitta/quantizers';
import { clusteredRows } from '@sagitta/testing';
import { afterAll, describe, expect, it } from 'vitest';
import {
  buildFlat,
  buildGraph,
  buildIndex,
  type GraphIndexOptions,
  graph,
  type IndexOptions,
  type IvfIndex,
  knnGraph,
  loadIndex,
  NO_ID,
  readIndex,
  saveIndex,
  trainGraph,
} from '../../src/index.ts';
import { exactNeighbors } from '../brute-force.ts';

const D = 32;
const N = 2500;
const DATA = { seed: 7, clusters: 40, spread: 0.6 };
const rows = clusteredRows(N, D, DATA);
const QUERIES = 60;
const queries = clusteredRows(QUERIES, D, { ...DATA, stream: 'query' });
const query = (q: number): Float32Array => queries.subarray(q * D, (q + 1) * D);
const row = (i: number): Float32Array => rows.subarray(i * D, (i + 1) * D);

const CODES: Record<string, Omit<IndexOptions, 'metric'>> = {
  'saq of 4 bits': { bits: 4 },
  'saq of 10 bits': { bits: 10 },
  'saq in one segment': { bits: 3, singleSegment: true },
  float32: { quantizer: 'float32' },
  'lvq of two levels': { quantizer: 'lvq', bits: 4, quantizerOptions: { secondBits: 4 } },
  rabitq: { quantizer: 'rabitq', bits: 3 },
  leanvec: { quantizer: 'leanvec', bits: 8, quantizerOptions: { dims: 16 } },
  pq: { quantizer: 'pq', bits: 4, quantizerOptions: { nbits: 4, iterations: 2 } },
  'sign with saq codes': { quantizer: 'sign', bits: 1, secondary: { quantizer: 'saq' } },
  'kept vectors': { bits: 2, keepVectors: true },
};

/** Of the 10 that `wanted` finds, the share that `index` finds. */
function agreement(index: IvfIndex, wanted: (q: number) => Iterable<number>, ef: number): number {
  let hits = 0;
  for (let q = 0; q < QUERIES; q++) {
    const found = new Set(index.search(query(q), 10, { ef }).ids);
    for (const id of wanted(q)) if (found.has(id)) hits++;
  }
  return hits / (10 * QUERIES);
}

describe.each(Object.entries(CODES))('a graph of %s', (name, options) => {
  const core = createCore();
  const metric = METRICS[Object.keys(CODES).indexOf(name) % METRICS.length] as Metric;
  const all: GraphIndexOptions = { ...options, metric, seed: 3, degree: 16, efConstruction: 60 };
  const build = (of: Core = core): IvfIndex => buildGraph(of, rows, D, all);
  const index = build();
  afterAll(() => {
    index.dispose();
    expect(core.bytesUsed()).toBe(0);
  });

  it('finds what a flat index of the same codes finds', () => {
    using flat = buildFlat(core, rows, D, { ...options, metric, seed: 3 });
    expect(agreement(index, (q) => flat.search(query(q), 10).ids, 100)).toBeGreaterThan(0.985);
  });

  it('says what it is and counts what it read', () => {
    expect(index.kind).toBe('graph');
    expect(index.n).toBe(N);
    expect(index.nlist).toBe(1);
    const { statistics } = index.search(query(0), 5, { ef: 50, statistics: true });
    const { hops = 0, scored = 0, scoredInFull = 0 } = statistics?.graph ?? {};
    expect(hops).toBeGreaterThanOrEqual(50);
    expect(scored).toBeLessThan(N);
    expect(scoredInFull).toBeGreaterThanOrEqual(5);
    expect(scoredInFull).toBeLessThanOrEqual(scored);
  });

  it('is the same after it was saved and loaded, also when more is added', () => {
    const bytes = saveIndex(index);
    expect(Buffer.compare(bytes, saveIndex(index))).toBe(0);
    using loaded = loadIndex(core, bytes);
    for (let q = 0; q < 10; q++) {
      expect(loaded.search(query(q), 10)).toEqual(index.search(query(q), 10));
    }
    expect(Buffer.compare(saveIndex(loaded), bytes)).toBe(0);
    using again = loadIndex(core, bytes);
    loaded.add(queries);
    again.add(queries);
    expect(loaded.n).toBe(N + QUERIES);
    expect(Buffer.compare(saveIndex(loaded), saveIndex(again))).toBe(0);
  });

  it('gives the same bytes on another core', () => {
    using other = createCore();
    using same = build(other);
    expect(Buffer.compare(saveIndex(same), saveIndex(index))).toBe(0);
  });

  it('gives each vector back as its code says', () => {
    using flat = buildFlat(core, rows, D, { ...options, metric, seed: 3 });
    const some = Uint32Array.of(0, 17, N - 1, 17);
    expect(index.vectors(some)).toEqual(flat.vectors(some));
    expect(index.codingError(rows)).toBeCloseTo(flat.codingError(rows), 5);
  });
});

it.each([
  ['l2', { bits: 4 }],
  ['cosine', { quantizer: 'float32' }],
  ['l2', { quantizer: 'lvq', bits: 4 }],
] as const)('finds every vector that it holds, %s, %o', (metric, options) => {
  using core = createCore();
  using index = buildGraph(core, rows, D, { metric, ...options });
  let found = 0;
  for (let i = 0; i < N; i++) if (index.search(row(i), 10, { ef: 64 }).ids.includes(i)) found++;
  expect(found / N).toBeGreaterThanOrEqual(0.999);
});

it.each(METRICS)('has a recall of .99 at ef 128 with vectors as they are, %s', (metric) => {
  using core = createCore();
  using index = buildGraph(core, rows, D, { metric, quantizer: 'float32' });
  const truth = (q: number): Iterable<number> => exactNeighbors(metric, rows, D, query(q), 10).ids;
  expect(agreement(index, truth, 128)).toBeGreaterThan(0.99);
});

it('walks outside the kernels as in them', () => {
  using core = createCore();
  const bits = saq({ bits: 4 });
  const train: typeof bits.method.train = (...given) => {
    const quantizer = bits.method.train(...given);
    return Object.create(quantizer, {
      createEstimator: {
        value: (on: Core) => {
          const estimator = quantizer.createEstimator(on);
          const { centroidDims } = estimator;
          return {
            centroidDims,
            setQuery: estimator.setQuery.bind(estimator),
            scores: estimator.scores.bind(estimator),
            project: estimator.project.bind(estimator),
            [Symbol.dispose]: () => estimator[Symbol.dispose](),
          };
        },
      },
    });
  };
  const plain = { ...bits, method: Object.create(bits.method, { train: { value: train } }) };
  for (const metric of METRICS) {
    using index = buildIndex(core, rows, D, { metric, quantizer: bits, graph: graph({ degree: 16 }) });
    using other = buildIndex(core, rows, D, { metric, quantizer: plain, graph: graph({ degree: 16 }) });
    expect(other.codec.graph).toBeUndefined();
    const words = new Uint32Array(Math.ceil(N / 32)).fill(0x77777777);
    words[words.length - 1] = 0;
    const count = 24 * (words.length - 1);
    for (let q = 0; q < 20; q++) {
      for (const allowed of [undefined, { words, count }]) {
        const options = { ef: 30, gamma: 1000, ...(allowed && { allowed }) };
        const [a, b] = [index.search(query(q), 10, options), other.search(query(q), 10, options)];
        expect(a.ids).toEqual(b.ids);
        for (const [i, score] of a.scores.entries()) expect(score).toBeCloseTo(b.scores[i] as number, 3);
      }
    }
  }
});

describe('few vectors', () => {
  const core = createCore();
  it.each([0, 1, 2, 5, 40])('%i of them are all found', (n) => {
    using index = trainGraph(core, { data: rows, d: D }, { metric: 'l2', bits: 4 });
    if (n > 0) index.add(rows.subarray(0, n * D));
    expect(index.search(query(0), 50).ids.length).toBe(n);
    using loaded = loadIndex(core, saveIndex(index));
    expect(loaded.search(query(0), 50)).toEqual(index.search(query(0), 50));
  });

  it('k above the width that is asked for widens the search', () => {
    using index = buildGraph(core, rows, D, { metric: 'l2', bits: 4 });
    expect(index.search(query(0), 200, { ef: 10 }).ids.length).toBe(200);
    expect(new Set(index.search(query(0), N + 5, { ef: 10 }).ids).size).toBe(N);
  });

  it('a width of one finds something', () => {
    using index = buildGraph(core, rows, D, { metric: 'l2', bits: 4 });
    expect(index.search(query(0), 1, { ef: 1 }).ids.length).toBe(1);
  });
});

describe('what is read of a code', () => {
  const core = createCore();
  const wide = clusteredRows(1500, 256, { seed: 3, clusters: 30, spread: 0.6 });
  const asked = wide.subarray(0, 256);

  it('is the head alone where that is asked for, and then the vectors', () => {
    using index = buildGraph(core, wide, 256, { metric: 'l2', bits: 6, keepVectors: true });
    const head = index.search(asked, 10, { precision: 'head', statistics: true });
    expect(head.statistics?.graph?.scoredInFull).toBe(0);
    expect(head.ids[0]).toBe(0);
    const full = index.search(asked, 10, { statistics: true });
    expect(full.statistics?.graph?.scoredInFull).toBeGreaterThan(9);
    const rerank = { candidates: 40 };
    expect(index.search(asked, 10, { precision: 'head', rerank })).toEqual(
      index.search(asked, 10, { rerank }),
    );
  });
});

describe('a value instead of a name', () => {
  const core = createCore();
  it('makes the same index, and readIndex reads it where graph is among the methods', () => {
    using named = buildGraph(core, rows, D, { metric: 'cosine', bits: 4, degree: 24 });
    using value = buildIndex(core, rows, D, {
      metric: 'cosine',
      quantizer: saq({ bits: 4 }),
      graph: graph({ degree: 24 }),
    });
    const bytes = saveIndex(named);
    expect(Buffer.compare(saveIndex(value), bytes)).toBe(0);
    using read = readIndex(core, bytes, [saq, graph]);
    expect(read.search(query(0), 5)).toEqual(named.search(query(0), 5));
    expect(() => readIndex(core, bytes, [saq])).toThrow('expected graph among the methods');
  });

  it.each([
    [{ graph: {} }, '"graph" expected what graph() gives'],
    [{ graph: graph(), nlist: 4 }, '"nlist" expected none beside a graph'],
  ])('refuses %o', (more, message) => {
    const options = { metric: 'l2', quantizer: saq({ bits: 4 }), ...more } as never;
    expect(() => buildIndex(core, rows, D, options)).toThrow(message);
  });

  it.each([
    [{ degree: 7 }, RangeError, '"degree" expected'],
    [{ degree: 129 }, RangeError, '"degree" expected'],
    [{ efConstruction: 7 }, RangeError, '"efConstruction" expected'],
    [{ nlist: 4 }, RangeError, 'nlist'],
    [{ degre: 16 }, RangeError, 'degree'],
  ])('buildGraph refuses %o', (more, type, message) => {
    const attempt = (): unknown => buildGraph(core, rows, D, { metric: 'l2', ...more } as never);
    expect(attempt).toThrow(type as ErrorConstructor);
    expect(attempt).toThrow(message as string);
    expect(core.bytesUsed()).toBe(0);
  });

  it.each([
    [{ ef: 0 }, '"ef" expected'],
    [{ ef: 1.5 }, '"ef" expected'],
    [{ precision: 'most' }, '"precision" expected'],
  ])('search refuses %o', (more, message) => {
    using index = buildGraph(core, rows, D, { metric: 'l2', bits: 4 });
    expect(() => index.search(query(0), 5, more as never)).toThrow(message);
  });
});

describe('knnGraph', () => {
  const core = createCore();
  it.each(['l2', 'cosine'] as const)('gives the neighbours of every vector, without itself, %s', (metric) => {
    using walked = buildGraph(core, rows, D, { metric, bits: 8 });
    using listed = buildFlat(core, rows, D, { metric, bits: 8 });
    const some = 400;
    using few = buildFlat(core, rows.subarray(0, some * D), D, { metric, quantizer: 'float32' });
    const { k, ids, scores } = knnGraph(few, 5);
    expect([k, ids.length, scores.length]).toEqual([5, 5 * some, 5 * some]);
    for (let i = 0; i < some; i++) {
      const truth = exactNeighbors(metric, rows.subarray(0, some * D), D, row(i), 6).ids;
      expect([...ids.subarray(5 * i, 5 * i + 5)]).toEqual([...truth].filter((id) => id !== i).slice(0, 5));
    }
    const [a, b] = [knnGraph(walked, 10, { ef: 64 }), knnGraph(listed, 10)];
    let same = 0;
    for (let i = 0; i < N; i++) {
      const own = new Set(a.ids.subarray(10 * i, 10 * i + 10));
      expect(own.has(i)).toBe(false);
      for (const id of b.ids.subarray(10 * i, 10 * i + 10)) if (own.has(id)) same++;
    }
    expect(same / (10 * N)).toBeGreaterThan(0.98);
  });

  it('ends rows that have fewer neighbours as batches do', () => {
    using index = buildGraph(core, rows.subarray(0, 3 * D), D, { metric: 'l2', quantizer: 'float32' });
    const { ids, scores } = knnGraph(index, 4);
    expect([...ids.subarray(2, 4)]).toEqual([NO_ID, NO_ID]);
    expect(scores[3]).toBe(Number.POSITIVE_INFINITY);
    expect(() => knnGraph(index, 0)).toThrow('"k" expected');
  });
});

it('finds its way to islands, of which there are more than entries are drawn by chance', () => {
  const core = createCore();
  const islands = { seed: 4, clusters: 120, spread: 0.15 };
  const many = clusteredRows(16_000, D, islands);
  const options = { metric: 'l2', bits: 8, seed: 1 } as const;
  using index = buildGraph(core, many, D, { ...options, degree: 12, efConstruction: 32 });
  using flat = buildFlat(core, many, D, options);
  const asked = clusteredRows(100, D, { ...islands, stream: 'query' });
  let hits = 0;
  for (let q = 0; q < 100; q++) {
    const one = asked.subarray(q * D, (q + 1) * D);
    const found = new Set(index.search(one, 10, { ef: 16 }).ids);
    for (const id of flat.search(one, 10).ids) if (found.has(id)) hits++;
  }
  // with 64 entries by chance: .48
  expect(hits / 1000).toBeGreaterThan(0.75);
});

it('takes the longest vectors there may be, more than entries are drawn from by chance', () => {
  const core = createCore();
  const long = clusteredRows(5_000, D, { seed: 5, clusters: 5, spread: 0.2 });
  for (let i = 0; i < 5_000; i++) {
    const one = long.subarray(i * D, (i + 1) * D);
    const length = Math.sqrt(one.reduce((sum, x) => sum + x * x, 0));
    for (let j = 0; j < D; j++) one[j] = ((one[j] as number) / length) * 0.999 * 2 ** 56;
  }
  using index = buildGraph(core, long, D, {
    metric: 'l2',
    quantizer: 'float32',
    degree: 16,
    efConstruction: 48,
  });
  const { ids } = index.search(long.subarray(0, D), 1, { ef: 128 });
  expect([...ids]).toEqual([0]);
});
