/** Graphs whose vectors come and go, copies among them, searched under filters. */
import { createCore, type Metric, RandomStream } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  buildFlat,
  buildGraph,
  createVectorIndex,
  type IvfIndex,
  loadIndex,
  saveIndex,
} from '../../src/index.ts';
import { exactScore } from '../brute-force.ts';

const D = 24;
const DATA = { seed: 9, clusters: 50, spread: 0.7 };
const QUERIES = 50;
const queries = clusteredRows(QUERIES, D, { ...DATA, stream: 'query' });
const query = (q: number): Float32Array => queries.subarray(q * D, (q + 1) * D);

/** The best k of rows, best first. */
function nearest(
  metric: Metric,
  rows: Float32Array,
  at: Float32Array,
  k: number,
  among: Iterable<number>,
): number[] {
  const sign = metric === 'l2' ? 1 : -1;
  return Array.from(among, (id) => ({
    id,
    score: sign * exactScore(metric, at, rows.subarray(id * D, (id + 1) * D)),
  }))
    .sort((a, b) => a.score - b.score || a.id - b.id)
    .slice(0, k)
    .map(({ id }) => id);
}

function shuffled(n: number, random: RandomStream): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = random.nextBelow(i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}

/** Every vertex has a path from the entries. */
function reached(index: IvfIndex): number {
  const { adjacency, state } = index.codes as unknown as {
    adjacency: { edges(slot: number): Uint32Array };
    state: { entries: Uint32Array };
  };
  const met = new Set(state.entries);
  for (const slot of met) for (const other of adjacency.edges(slot)) met.add(other);
  return met.size;
}

describe('copies', () => {
  const N = 3000;
  const COPIES = 400;
  const rows = clusteredRows(N, D, DATA);

  it('are all found, and keep nobody from being found', () => {
    using core = createCore();
    const with_ = new Float32Array((N + COPIES) * D);
    with_.set(rows);
    for (let i = 0; i < COPIES; i++) with_.set(rows.subarray(5 * D, 6 * D), (N + i) * D);
    for (const quantizer of ['saq', 'float32'] as const) {
      using index = buildGraph(core, with_, D, { metric: 'l2', quantizer });
      using without = buildGraph(core, rows, D, { metric: 'l2', quantizer });
      expect(reached(index)).toBe(N + COPIES);
      const found = new Set(index.search(rows.subarray(5 * D, 6 * D), COPIES + 1).ids);
      for (let i = 0; i < COPIES; i++) expect(found.has(N + i)).toBe(true);
      let [lost, hits] = [0, 0];
      const all = Array.from({ length: N }, (_, i) => i);
      for (let q = 0; q < QUERIES; q++) {
        const truth = nearest('l2', rows, query(q), 10, all);
        // copies of a near one would stand in the way of others
        if (truth.includes(5)) continue;
        const a = new Set(index.search(query(q), 10, { ef: 64 }).ids);
        const b = new Set(without.search(query(q), 10, { ef: 64 }).ids);
        for (const id of truth) {
          if (b.has(id)) hits++;
          if (b.has(id) && !a.has(id)) lost++;
        }
      }
      expect(lost / hits).toBeLessThan(0.005);
    }
  });

  it('may be all there is', () => {
    using core = createCore();
    const same = new Float32Array(1500 * D);
    for (let i = 0; i < 1500; i++) same.set(rows.subarray(0, D), i * D);
    using index = buildGraph(core, same, D, { metric: 'l2', quantizer: 'float32' });
    expect(reached(index)).toBe(1500);
    expect(new Set(index.search(rows.subarray(0, D), 100).ids).size).toBe(100);
    expect(new Set(index.search(rows.subarray(0, D), 1500).ids).size).toBe(1500);
    using loaded = loadIndex(core, saveIndex(index));
    expect(reached(loaded)).toBe(1500);
  });
});

it('finds as much of vectors that come sorted by their cluster as of shuffled ones', () => {
  using core = createCore();
  const N = 4000;
  const rows = clusteredRows(N, D, DATA);
  // those near the same corner together
  const corner = new Float32Array(D).fill(1);
  const order = nearest(
    'ip',
    rows,
    corner,
    N,
    Array.from({ length: N }, (_, i) => i),
  );
  const sorted = new Float32Array(N * D);
  for (const [i, id] of order.entries()) sorted.set(rows.subarray(id * D, (id + 1) * D), i * D);
  const recall = (of: Float32Array, isPiecewise: boolean): number => {
    using index = buildGraph(core, of.subarray(0, 1000 * D), D, { metric: 'l2', bits: 8 });
    for (let first = 1000; first < N; first += 500) {
      index.stage(of.subarray(first * D, (first + 500) * D));
      if (isPiecewise) index.publish();
    }
    index.publish();
    let hits = 0;
    for (let q = 0; q < QUERIES; q++) {
      const truth = nearest(
        'l2',
        of,
        query(q),
        10,
        Array.from({ length: N }, (_, i) => i),
      );
      const found = new Set(index.search(query(q), 10, { ef: 40 }).ids);
      hits += truth.filter((id) => found.has(id)).length;
    }
    return hits / (10 * QUERIES);
  };
  const plain = recall(rows, false);
  expect(plain).toBeGreaterThan(0.95);
  for (const isPiecewise of [false, true]) {
    expect(recall(sorted, isPiecewise), `${plain} of shuffled ones`).toBeGreaterThan(plain - 0.01);
  }
});

describe.each(['l2', 'cosine'] as const)('filters, %s', (metric) => {
  const core = createCore();
  const N = 6000;
  const rows = clusteredRows(N, D, DATA);
  const index = buildGraph(core, rows, D, { metric, bits: 8 });
  // neighbours that are far away lie close together, and bounds are made for near ones
  const flat = buildFlat(core, rows, D, { metric, bits: 8 });
  const all = Array.from({ length: N }, (_, i) => i);
  const order = shuffled(N, new RandomStream(4, 'filter'));
  /** By how near they are to a query. */
  const byDistance = (q: number): number[] => nearest(metric, rows, query(q), N, all);
  const K = 10;
  const recallOf = (choose: (q: number) => readonly number[] | undefined, of = index): number => {
    let [hits, wanted] = [0, 0];
    for (let q = 0; q < 25; q++) {
      const some = choose(q);
      const words = new Uint32Array(Math.ceil(N / 32));
      for (const id of some ?? []) words[id >> 5] = (words[id >> 5] as number) | (1 << (id & 31));
      const allowed = some && { words, count: some.length };
      const truth = nearest(metric, rows, query(q), K, some ?? all);
      const { ids } = of.search(query(q), K, { ef: 40, ...(allowed && { allowed }) });
      // never fewer than there are
      expect(ids.length).toBe(truth.length);
      const may = new Set(some ?? all);
      for (const id of ids) expect(may.has(id)).toBe(true);
      hits += truth.filter((id) => ids.includes(id)).length;
      wanted += truth.length;
    }
    return hits / wanted;
  };
  const plain = recallOf(() => undefined);

  it.each([0.9, 0.5, 0.2, 0.1, 0.02, 0.005, 0.0005])('of a share of %f cost no recall', (share) => {
    const count = Math.round(share * N);
    expect(plain).toBeGreaterThan(0.95);
    for (const choose of [
      () => order.slice(0, count),
      (q: number) => byDistance(q).slice(0, count),
      (q: number) => byDistance(q).slice(N - count),
    ]) {
      expect(recallOf(choose)).toBeGreaterThanOrEqual(Math.min(plain, recallOf(choose, flat)) - 0.01);
    }
  });
});

describe('vectors that come and go', () => {
  it('five rounds of a third each leave the recall of a fresh build', () => {
    using core = createCore();
    const N = 3000;
    const rows = clusteredRows(3 * N, D, DATA);
    const rowOf = (i: number): Float32Array => rows.subarray(i * D, (i + 1) * D);
    const options = { d: D, metric: 'l2', index: 'graph', bits: 8, degree: 24 } as const;
    using index = createVectorIndex(core, { ...options, trainAt: N });
    const ids = Array.from({ length: N }, (_, i) => i);
    index.add({ ids, vectors: rows.subarray(0, N * D) });
    expect(index.kind).toBe('graph');
    const random = new RandomStream(3, 'rounds');
    let next = N;
    for (let round = 0; round < 5; round++) {
      const leaving = shuffled(ids.length, random).slice(0, Math.round(0.3 * N));
      index.delete(leaving.map((at) => ids[at] as number));
      for (const at of leaving) ids[at] = next++ % (3 * N);
      const fresh = [...new Set(leaving.map((at) => ids[at] as number))];
      index.upsert({ ids: fresh, vectors: fresh.map(rowOf) });
    }
    const live = [...new Set(ids)];
    expect(index.n).toBe(live.length);
    using fresh = createVectorIndex(core, { ...options, trainAt: live.length });
    fresh.add({ ids: live, vectors: live.map(rowOf) });
    const recall = (of: typeof index): number => {
      let hits = 0;
      for (let q = 0; q < QUERIES; q++) {
        const truth = nearest('l2', rows, query(q), 10, live);
        const found = new Set(of.searchIds(query(q), 10, { ef: 32 }).ids);
        hits += truth.filter((id) => found.has(id)).length;
      }
      return hits / (10 * QUERIES);
    };
    const [changed, built] = [recall(index), recall(fresh)];
    expect(built).toBeGreaterThan(0.95);
    expect(changed, `a fresh build has ${built}`).toBeGreaterThan(built - 0.01);
  });

  it.each([0.1, 0.4, 0.7, 0.99])('a compaction of %f of them leaves paths to all that stay', (share) => {
    using core = createCore();
    const N = 2000;
    const rows = clusteredRows(N, D, DATA);
    using index = buildGraph(core, rows, D, { metric: 'l2', bits: 6, degree: 16 });
    // whole neighbourhoods leave
    const keep = nearest(
      'l2',
      rows,
      query(0),
      N,
      Array.from({ length: N }, (_, i) => i),
    )
      .slice(Math.round(share * N))
      .sort((a, b) => a - b);
    const before = core.bytesUsed();
    using ready = index.compaction(Uint32Array.from(keep));
    ready.commit();
    expect(index.n).toBe(keep.length);
    expect(reached(index)).toBe(keep.length);
    expect(core.bytesUsed()).toBeLessThanOrEqual(before);
    for (const [now, was] of keep.entries()) {
      if (now % 7 > 0) continue;
      expect(index.search(rows.subarray(was * D, (was + 1) * D), 5, { ef: 64 }).ids).toContain(now);
    }
    using loaded = loadIndex(core, saveIndex(index));
    expect(loaded.search(query(1), 10)).toEqual(index.search(query(1), 10));
  });

  it('a compaction that is given up leaves all as it was', () => {
    using core = createCore();
    const rows = clusteredRows(500, D, DATA);
    using index = buildGraph(core, rows, D, { metric: 'ip', bits: 6 });
    const [bytes, used] = [saveIndex(index), core.bytesUsed()];
    index.compaction(Uint32Array.of(1, 2, 3))[Symbol.dispose]();
    expect(core.bytesUsed()).toBe(used);
    expect(Buffer.compare(saveIndex(index), bytes)).toBe(0);
  });

  it('no vector is found until it is published, and none that was withdrawn', () => {
    using core = createCore();
    const rows = clusteredRows(900, D, DATA);
    const part = (from: number, to: number): Float32Array => rows.subarray(from * D, to * D);
    using index = buildGraph(core, part(0, 500), D, { metric: 'l2', quantizer: 'float32' });
    using other = loadIndex(core, saveIndex(index));
    index.stage(part(500, 700));
    index.withdraw();
    expect(Buffer.compare(saveIndex(index), saveIndex(other))).toBe(0);
    index.stage(part(500, 700));
    index.stage(part(700, 900));
    expect(index.search(part(600, 601), 1).ids[0]).not.toBe(600);
    index.publish();
    expect(index.search(part(600, 601), 1).ids[0]).toBe(600);
    other.add(part(500, 900));
    expect(Buffer.compare(saveIndex(index), saveIndex(other))).toBe(0);
  });

  it('longer vectors than all before are found by inner products', () => {
    using core = createCore();
    const rows = clusteredRows(1500, D, DATA);
    using index = buildGraph(core, rows.subarray(0, 1000 * D), D, { metric: 'ip', quantizer: 'float32' });
    const longer = rows.subarray(1000 * D).map((x) => 3 * x);
    index.add(longer);
    let hits = 0;
    const both = new Float32Array(1500 * D);
    both.set(rows.subarray(0, 1000 * D));
    both.set(longer, 1000 * D);
    for (let q = 0; q < QUERIES; q++) {
      const truth = nearest(
        'ip',
        both,
        query(q),
        10,
        Array.from({ length: 1500 }, (_, i) => i),
      );
      const found = new Set(index.search(query(q), 10, { ef: 60 }).ids);
      hits += truth.filter((id) => found.has(id)).length;
    }
    expect(hits / (10 * QUERIES)).toBeGreaterThan(0.97);
  });
});

it('a save goes on with what there was when it began, whatever edges change', async () => {
  using core = createCore();
  const rows = clusteredRows(1200, D, DATA);
  using index = buildGraph(core, rows.subarray(0, 1000 * D), D, { metric: 'l2', bits: 4 });
  const { snapshotIndex } = await import('../../src/index.ts');
  const expected = saveIndex(index);
  using snapshot = snapshotIndex(index);
  index.add(rows.subarray(1000 * D));
  using ready = index.compaction(Uint32Array.from({ length: 1100 }, (_, i) => i));
  ready.commit();
  expect(Buffer.compare(snapshot.bytes(), expected)).toBe(0);
});
