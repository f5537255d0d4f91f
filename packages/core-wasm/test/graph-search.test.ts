/** Searches over codes whose scores the scan kernels gave: a code has one score, whichever kernel reads it. */
import { gaussianRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import type { Core } from '../src/core.ts';
import { NO_PTR, type Ptr, type Scope } from '../src/memory.ts';
import { RandomStream } from '../src/random.ts';
import { graphInsert, type MetVertex, type NeighbourGraph, walkGraph } from '../src/reference/graph.ts';
import { segmentedScores } from '../src/reference/segmented-scan.ts';
import { CodeRows, type Codes } from './code-rows.ts';
import { bitsOf, emptyGraph, GraphFrame, PIECE_ROWS, TAILS, vertexAt } from './graph-frame.ts';
import { describeBuilds, expectWithin, Output, put } from './kernel-parity.case.ts';
import { cut, encodeList, randomVectors, ScanSetup, scoreBound } from './segmented-list.ts';

const BASE = 3.5;
/** Kept dims of all codes. */
const KEPT = 144;
const N = 500;
const QUERY = gaussianRows(1, KEPT, 2);
const CENTROID = gaussianRows(1, KEPT, 3);
const MODES = ['atTheEnd', 'never'] as const;
/** Nothing is given up that may still get in. */
const NEVER = 1000;

function codesOf(headSegments: number, ...plan: { dims: number; bits: number }[]): Codes {
  return { list: encodeList(randomVectors(N, KEPT, 1), N, plan), headSegments };
}

const LOW_BITS = codesOf(2, { dims: 16, bits: 10 }, { dims: 32, bits: 9 }, { dims: 96, bits: 3 });
const CODES: readonly [string, Codes][] = [
  ['low bits and a segment in tails', LOW_BITS],
  ['all but the first high bits in tails', { ...LOW_BITS, headSegments: 1 }],
  ['only low bits in tails', { ...LOW_BITS, headSegments: 3 }],
  ['two segments in tails', codesOf(1, { dims: 16, bits: 8 }, { dims: 64, bits: 6 }, { dims: 64, bits: 1 })],
  ['no tails', codesOf(2, { dims: 16, bits: 8 }, { dims: 128, bits: 4 })],
];

/** The twin's graph of the vectors by their first 16 dims. */
const GRAPH = ((): NeighbourGraph => {
  const vectors = randomVectors(N, KEPT, 1);
  const coordinates = Array.from({ length: N }, (_, v) => vertexAt(vectors.slice(v * KEPT, v * KEPT + 16)));
  const graph = emptyGraph(coordinates, 16, 32);
  graph.entries.push(0, 250);
  const slots = [...coordinates.keys()];
  graphInsert({ ...graph, entries: [0] }, [250]);
  graphInsert(
    graph,
    slots.filter((slot) => slot % 250 > 0),
  );
  return graph;
})();

interface Wanted {
  readonly k: number;
  readonly tails?: keyof typeof TAILS;
  readonly allowed?: ReadonlySet<number>;
}

interface Found {
  readonly pairs: MetVertex[];
  /** What the kernel returned. */
  readonly count: number;
  /** Expanded, scored, scored in full. */
  readonly statistics: number[];
}

function byScore(a: MetVertex, b: MetVertex): number {
  return a.score - b.score || a.slot - b.slot;
}

interface SearchSetup {
  readonly codes?: Codes;
  readonly graph?: NeighbourGraph;
  /** 2 — with a centroid. */
  readonly weight?: 1 | 2;
  readonly query?: Float32Array;
  /** The vertex of code 0. */
  readonly first?: number;
}

/** A query, a graph and codes, and the scores that the codes have. */
class Search {
  /** By vertex: of all stages, and of those in heads. */
  readonly full: Float32Array;
  readonly short: Float32Array;
  /** Heads are not all of the codes. */
  readonly isShort: boolean;
  readonly setup: ScanSetup;
  readonly #core: Core;
  readonly #scope: Scope;
  readonly #graph: NeighbourGraph;
  readonly #frame: GraphFrame;
  readonly #centroid: Ptr;

  constructor(core: Core, scope: Scope, options: SearchSetup = {}) {
    const { codes = LOW_BITS, graph = GRAPH, weight = 2, query = QUERY, first = 0 } = options;
    const { list } = codes;
    const n = graph.edges.length;
    this.#core = core;
    this.#scope = scope;
    this.#graph = graph;
    this.#centroid = weight === 2 ? put(scope, CENTROID) : NO_PTR;
    // one reads rows, the other blocks
    const setups = [1, 2].map(() => new ScanSetup(scope, list, weight, NEVER, cut(list)));
    for (const setup of setups) setup.setQuery(query);
    const [setup, blocks] = setups;
    this.setup = setup;
    const rows = new CodeRows(scope, codes, this.setup, n, first);
    this.full = this.#scores(blocks, list.n, n, first);
    blocks.setStageCount(rows.headStages);
    this.short = this.#scores(blocks, list.n, n, first);
    this.isShort = rows.headStages < this.setup.stages.length;
    this.#frame = new GraphFrame(scope, graph);
    this.#frame.setCodes(rows.heads, rows.tails, rows.headStages);
  }

  #scores(blocks: ScanSetup, count: number, n: number, first: number): Float32Array {
    const out = new Output(this.#scope, 4 * count);
    const { kernels } = this.#core;
    kernels.segmentedQuery(blocks.context, this.#centroid);
    kernels.segmentedScores(blocks.context, this.#centroid, BASE, blocks.blocks, count, out.at());
    const scores = new Float32Array(n);
    scores.set(out.f32(), first);
    return scores;
  }

  #heap<T>(k: number, fill: (scores: Ptr, ids: Ptr, size: Ptr) => T): { pairs: MetVertex[]; returned: T } {
    const [scores, ids] = [new Output(this.#scope, 4 * k), new Output(this.#scope, 4 * k)];
    const size = this.#scope.reserve(4);
    this.#core.kernels.segmentedQuery(this.setup.context, this.#centroid);
    const returned = fill(scores.at(), ids.at(), size.at());
    const kept = size.u32()[0];
    this.#core.kernels.topKSortF32(scores.at(), ids.at(), kept);
    const values = scores.f32();
    return {
      pairs: Array.from(ids.u32().subarray(0, kept), (slot, i) => ({ slot, score: values[i] })),
      returned,
    };
  }

  /** By the kernel. */
  search({ k, tails = 'atTheEnd', allowed }: Wanted): Found {
    const frame = this.#frame;
    const set = allowed ? put(this.#scope, bitsOf(allowed, this.#graph.edges.length)) : NO_PTR;
    frame.setTails(TAILS[tails]);
    const before = frame.statistics();
    const { pairs, returned: count } = this.#heap(k, (...heap) =>
      this.#core.kernels.graphSearch(frame.at, this.setup.context, BASE, set, k, ...heap),
    );
    return { pairs, count, statistics: frame.statistics().map((value, i) => value - before[i]) };
  }

  /** By the twin. */
  expected({ k, tails = 'atTheEnd', allowed }: Wanted): Found {
    const { edges, entries, width } = this.#graph;
    const { pool, met, expanded } = walkGraph(
      (slot) => edges[slot],
      entries,
      width,
      (slot) => this.short[slot],
    );
    const isFindable = ({ slot }: MetVertex): boolean => allowed?.has(slot) ?? true;
    const ended = pool.filter(isFindable);
    const best = {
      atTheEnd: ended.map(({ slot }) => ({ slot, score: this.full[slot] })),
      never: ended,
    }[tails];
    const inHeads = this.isShort ? 0 : met.length;
    const inFull = { atTheEnd: this.isShort ? ended.length : inHeads, never: inHeads };
    return {
      pairs: [...best].sort(byScore).slice(0, k),
      count: ended.length,
      statistics: [expanded, met.length, inFull[tails]],
    };
  }

  /** By the kernel that is told which vertices to score. */
  scan(slots: readonly number[], { k, tails = 'atTheEnd' }: Wanted): Found {
    const list = put(this.#scope, Uint32Array.from(slots));
    this.#frame.setTails(TAILS[tails]);
    const before = this.#frame.statistics();
    const { pairs } = this.#heap(k, (...heap) =>
      this.#core.kernels.graphScan(this.#frame.at, this.setup.context, BASE, list, slots.length, k, ...heap),
    );
    const statistics = this.#frame.statistics().map((value, i) => value - before[i]);
    return { pairs, count: slots.length, statistics };
  }
}

function slotsWhere(is: (slot: number) => boolean): Set<number> {
  return new Set([...GRAPH.edges.keys()].filter(is));
}

const WANTED: readonly Wanted[] = MODES.flatMap((tails) =>
  [
    undefined,
    slotsWhere((slot) => slot % 3 > 0),
    slotsWhere((slot) => slot % 40 === 1),
    new Set<number>(),
  ].flatMap((allowed) => [1, 10, 100].map((k) => ({ k, tails, ...(allowed ? { allowed } : {}) }))),
);

describeBuilds('graphSearch', (core) => {
  it.each(CODES)('finds what the twin finds, %s', (_, codes) => {
    core.scope((scope) => {
      for (const weight of [1, 2] as const) {
        const search = new Search(core, scope, { codes, weight });
        for (const wanted of WANTED) expect(search.search(wanted)).toEqual(search.expected(wanted));
      }
    });
  });

  it('walks by scores that are those of the codes', () => {
    core.scope((scope) => {
      const [, codes] = CODES[3];
      const { list } = codes;
      const q = QUERY;
      const { full, short } = new Search(core, scope, { codes, weight: 1 });
      const bound = scoreBound(list, q, 1, BASE, cut(list));
      expectWithin(full, segmentedScores(list.blocks, N, list.segments, q, 1, BASE), bound);
      // heads have the first segment
      const read = q.map((x, i) => (i < 16 ? x : 0));
      expectWithin(short, segmentedScores(list.blocks, N, list.segments, read, 1, BASE), bound);
    });
  });

  it.each([1, 5, 130, 300])('keeps a pool of %i, of which a filter leaves some', (width) => {
    core.scope((scope) => {
      // heads say little, so that tails change the order
      const codes = { ...LOW_BITS, headSegments: 1 };
      const search = new Search(core, scope, { codes, graph: { ...GRAPH, width } });
      const allowed = slotsWhere((slot) => slot % 2 === 0);
      for (const tails of MODES) {
        for (const k of [100, 400]) {
          expect(search.search({ k, tails })).toEqual(search.expected({ k, tails }));
          expect(search.search({ k, tails, allowed })).toEqual(search.expected({ k, tails, allowed }));
        }
      }
      expect(search.search({ k: 400 }).pairs).toHaveLength(width);
      expect(search.search({ k: 400, allowed }).pairs.length).toBeLessThanOrEqual(width);
    });
  });

  it.each([127, 128, 129, 256, 400])('begins with %i entries, some of them twice', (count) => {
    core.scope((scope) => {
      const entries = Array.from({ length: count }, (_, i) => (7 * i) % 450);
      entries[count - 1] = entries[0];
      const search = new Search(core, scope, { graph: { ...GRAPH, entries }, weight: 1 });
      for (const wanted of WANTED) expect(search.search(wanted)).toEqual(search.expected(wanted));
    });
  });

  it('expands vertices of 128 edges', () => {
    const random = new RandomStream(5, 'edges');
    const edges = Array.from({ length: N }, () => Array.from({ length: 128 }, () => random.nextBelow(N)));
    core.scope((scope) => {
      const search = new Search(core, scope, { graph: { ...GRAPH, edges, degree: 128, width: 10 } });
      for (const wanted of WANTED) expect(search.search(wanted)).toEqual(search.expected(wanted));
    });
  });

  it('finds the only vertex, and none without entries', () => {
    const codes = { ...LOW_BITS, list: encodeList(randomVectors(1, KEPT, 4), 1, LOW_BITS.list.segments) };
    core.scope((scope) => {
      const one = { ...GRAPH, edges: [new Array<number>(16).fill(0)], entries: [0] };
      const search = new Search(core, scope, { codes, graph: one });
      const none = new Search(core, scope, { codes, graph: { ...one, entries: [] } });
      for (const tails of MODES) {
        for (const allowed of [undefined, new Set([0]), new Set<number>()]) {
          const wanted = { k: 3, tails, ...(allowed ? { allowed } : {}) };
          expect(search.search(wanted)).toEqual(search.expected(wanted));
          expect(none.search(wanted)).toEqual({ pairs: [], count: 0, statistics: [0, 0, 0] });
        }
      }
      expect(search.search({ k: 3 })).toMatchObject({ count: 1, pairs: [{ slot: 0 }] });
    });
  });

  it('orders equal vertices by their number, the zero vector among them', () => {
    // vectors 0…249 twice, every tenth of them 0
    const rows = randomVectors(N, KEPT, 1).map((x, i) => (Math.floor(i / KEPT) % 10 === 3 ? 0 : x));
    rows.copyWithin(250 * KEPT, 0, 250 * KEPT);
    const codes = { ...LOW_BITS, list: encodeList(rows, N, LOW_BITS.list.segments) };
    core.scope((scope) => {
      // to the centroid vectors are as far as they are long
      for (const query of [QUERY, CENTROID]) {
        for (const width of [8, 33]) {
          const search = new Search(core, scope, { codes, graph: { ...GRAPH, width }, query });
          for (const wanted of WANTED) {
            const { pairs, count } = search.expected(wanted);
            expect(search.search(wanted)).toMatchObject({ pairs, count });
          }
        }
      }
    });
  });

  it('reads less with a bound, and gives each vector it finds the same score', () => {
    core.scope((scope) => {
      const search = new Search(core, scope);
      search.setup.setGamma(0.6);
      const wanted = { k: 10 };
      const { pairs, statistics } = search.search(wanted);
      const expected = search.expected(wanted);
      expect(pairs.map(({ score }) => score)).toEqual(pairs.map(({ slot }) => search.full[slot]));
      expect(pairs[0]).toEqual(expected.pairs[0]);
      expect(statistics[2]).toBeLessThan(0.7 * statistics[1]);
    });
  });

  it('reads no code of a vertex that its norm keeps out', () => {
    core.scope((scope) => {
      const search = new Search(core, scope, { query: CENTROID });
      const { statistics } = search.search({ k: 10 });
      const [, scored, scoredInFull] = statistics;
      expect(scoredInFull).toBeLessThan(0.9 * scored);
    });
  });

  it('finds rows on both sides of a border of pieces', () => {
    const first = PIECE_ROWS - N / 2;
    const edges = Array.from({ length: first + N }, (_, slot) => {
      const row = GRAPH.edges[slot - first];
      return row ? row.map((other) => other + first) : new Array<number>(16).fill(slot);
    });
    const graph = { ...GRAPH, edges, entries: GRAPH.entries.map((slot) => slot + first) };
    core.scope((scope) => {
      const search = new Search(core, scope, { graph, first });
      const allowed = new Set([...slotsWhere((slot) => slot % 3 > 0)].map((slot) => slot + first));
      for (const tails of MODES) {
        expect(search.search({ k: 50, tails })).toEqual(search.expected({ k: 50, tails }));
        expect(search.search({ k: 50, tails, allowed })).toEqual(search.expected({ k: 50, tails, allowed }));
      }
      const { pairs } = search.search({ k: 50 });
      const isBefore = pairs.map(({ slot }) => slot < PIECE_ROWS);
      expect(new Set(isBefore)).toEqual(new Set([true, false]));
    });
  });
});

describeBuilds('graphScan', (core) => {
  it.each(CODES)('keeps the best of the slots it is given, %s', (_, codes) => {
    core.scope((scope) => {
      const search = new Search(core, scope, { codes });
      const order = Uint32Array.from(GRAPH.edges.keys());
      new RandomStream(6, 'slots').shuffle(order);
      for (const count of [0, 1, 127, 128, 129, 400]) {
        const slots = [...order.subarray(0, count)];
        for (const tails of MODES) {
          const scores = tails === 'never' ? search.short : search.full;
          const isRead = tails !== 'never' || !search.isShort;
          const all = slots.map((slot) => ({ slot, score: scores[slot] })).sort(byScore);
          for (const k of [1, 10, 400]) {
            const { pairs, statistics } = search.scan(slots, { k, tails });
            expect(pairs).toEqual(all.slice(0, k));
            expect(statistics).toEqual([0, count, isRead ? count : 0]);
          }
        }
      }
    });
  });
});
