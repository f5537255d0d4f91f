import { clusteredRows, gaussianRows } from '@sagitta/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Core } from '../src/core.ts';
import type { Scope } from '../src/memory.ts';
import { RandomStream } from '../src/random.ts';
import { isAllowed } from '../src/reference/allowed.ts';
import * as twin from '../src/reference/graph.ts';
import { bitsOf, emptyGraph, GraphFrame, PIECE_ROWS, vertexAt } from './graph-frame.ts';
import { describeBuilds, put } from './kernel-parity.case.ts';

const KINDS = ['random', 'clusters', 'copies', 'near', 'equal', 'zeros', 'lattice', 'lifted'] as const;

interface Case {
  readonly kind: (typeof KINDS)[number];
  readonly n: number;
  readonly dims: number;
  readonly degree: number;
  readonly width: number;
  readonly entryCount: number;
  readonly seed: number;
}

function verticesOf({ kind, n, dims, seed }: Case): twin.VertexCoordinates[] {
  const rows =
    kind === 'clusters'
      ? clusteredRows(n, dims, { seed, clusters: 7, spread: 0.3 })
      : gaussianRows(n, dims, seed);
  const rowOf = (i: number): Float32Array => rows.subarray(i * dims, (i + 1) * dims);
  return Array.from({ length: n }, (_, i) => {
    if (kind === 'copies') return vertexAt(rowOf(i % 3 === 0 ? i : i % 5));
    // the same integers with steps that differ in the last bits
    if (kind === 'near') return vertexAt(rowOf(i % 5).map((x) => x * (1 + (i % 7) * 2 ** -22)));
    // many at the same distance from many
    if (kind === 'lattice') return vertexAt(rowOf(i).map((x, j) => (j < 4 ? Math.round(0.8 * x) : 0)));
    if (kind === 'equal') return vertexAt(rowOf(0));
    if (kind === 'zeros' && i % 3 > 0) return vertexAt(new Float32Array(dims));
    if (kind !== 'lifted') return vertexAt(rowOf(i));
    const norm = rowOf(i).reduce((sum, x) => sum + x * x, 0);
    return vertexAt(rowOf(i), Math.fround(Math.sqrt(5 * dims - norm)));
  });
}

/** The same graph with rows of its own. */
function copyOf(graph: twin.NeighbourGraph): twin.NeighbourGraph {
  return { ...graph, edges: graph.edges.map((row) => [...row]) };
}

function shuffled(slots: readonly number[], seed: number): number[] {
  const order = Uint32Array.from(slots);
  new RandomStream(seed, 'order').shuffle(order);
  return [...order];
}

interface Built {
  readonly graph: twin.NeighbourGraph;
  readonly order: readonly number[];
}

/** All builds of the module are compared with one graph. */
const BUILT = new Map<string, Built>();

/** The twin's graph of a case; its first vertices are entries, each inserted among those before. */
function built(of: Case): Built {
  const key = JSON.stringify(of);
  const made = BUILT.get(key);
  if (made) return made;
  const graph = emptyGraph(verticesOf(of), of.degree, of.width);
  const order = shuffled([...graph.edges.keys()], of.seed);
  for (const slot of order) {
    twin.graphInsert(graph, [slot]);
    if (graph.entries.length < of.entryCount) graph.entries.push(slot);
  }
  BUILT.set(key, { graph, order });
  return { graph, order };
}

function frameOf(scope: Scope, graph: twin.NeighbourGraph): GraphFrame {
  const frame = new GraphFrame(scope, graph);
  frame.setCoordinates(graph.coordinates);
  return frame;
}

/** The same graph made by the kernel. */
function insertAll(
  core: Core,
  scope: Scope,
  { graph, order }: Built,
  prepare: (frame: GraphFrame) => void = () => {},
): GraphFrame {
  const { coordinates, degree, width, entries } = graph;
  const frame = frameOf(scope, emptyGraph(coordinates, degree, width));
  prepare(frame);
  const slots = scope.reserve(4 * order.length);
  slots.u32().set(order);
  for (let i = 0; i < entries.length; i++) {
    core.kernels.graphInsert(frame.at, slots.at(4 * i), 1);
    frame.setEntries(entries.slice(0, i + 1));
  }
  const done = entries.length;
  core.kernels.graphInsert(frame.at, slots.at(4 * done), order.length - done);
  return frame;
}

function expectSameEdges(actual: readonly number[][], expected: readonly (readonly number[])[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [slot, row] of expected.entries()) {
    const isSame = row.every((other, i) => actual[slot]?.[i] === other);
    if (!isSame) expect({ slot, row: actual[slot] }).toEqual({ slot, row });
  }
}

/** What no graph may be without: rows filled from the front, chains that do not meet and that end. */
function expectSound(edges: readonly (readonly number[])[]): void {
  const n = edges.length;
  const nextOf = (slot: number): number => edges[slot]?.at(-1) as number;
  const before = new Map<number, number>();
  for (const [slot, row] of edges.entries()) {
    const used = row.slice(0, -1).filter((other) => other !== slot);
    const isFilled = row.slice(0, used.length).every((other) => other !== slot);
    if (!isFilled || row.some((other) => !(other < n)) || new Set(used).size < used.length) {
      expect.fail(`${slot} expected different slots below ${n}, then its own, got ${row}`);
    }
    const next = nextOf(slot);
    if (next === slot) continue;
    if (before.has(next))
      expect.fail(`${next} expected one chain, got those of ${before.get(next)}, ${slot}`);
    before.set(next, slot);
  }
  let inChains = 0;
  for (let slot = 0; slot < n; slot++) {
    if (before.has(slot)) continue;
    inChains++;
    for (let at = slot; nextOf(at) !== at; at = nextOf(at)) inChains++;
  }
  expect(inChains).toBe(n);
}

const LARGE: readonly Case[] = [
  { kind: 'random', n: 600, dims: 16, degree: 16, width: 48, entryCount: 2, seed: 1 },
  { kind: 'clusters', n: 400, dims: 64, degree: 8, width: 40, entryCount: 1, seed: 2 },
  { kind: 'copies', n: 500, dims: 16, degree: 16, width: 8, entryCount: 4, seed: 3 },
  { kind: 'equal', n: 300, dims: 16, degree: 8, width: 16, entryCount: 1, seed: 4 },
  { kind: 'lattice', n: 300, dims: 32, degree: 8, width: 24, entryCount: 2, seed: 6 },
  { kind: 'lifted', n: 250, dims: 32, degree: 32, width: 32, entryCount: 3, seed: 5 },
];

describeBuilds('graphInsert', (core) => {
  it.each(LARGE)('chooses the edges of the twin: $n vertices, $kind, degree $degree', (of) => {
    core.scope((scope) => {
      const made = built(of);
      const edges = insertAll(core, scope, made).edges();
      expectSameEdges(edges, made.graph.edges);
      expectSound(edges);
    });
  });

  it('chooses the edges of the twin for vertices of all kinds', () => {
    const some = fc.record({
      kind: fc.constantFrom(...KINDS),
      n: fc.integer({ min: 1, max: 120 }),
      dims: fc.constantFrom(16, 32, 64),
      degree: fc.constantFrom(8, 16, 32),
      width: fc.integer({ min: 8, max: 64 }),
      entryCount: fc.integer({ min: 1, max: 4 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(some, (of) => {
        core.scope((scope) => {
          const made = built(of);
          const edges = insertAll(core, scope, made).edges();
          expectSameEdges(edges, made.graph.edges);
          expectSound(edges);
        });
      }),
      { seed: 1, numRuns: 40 },
    );
  });

  it('takes more vertices into a graph that was mended', () => {
    core.scope((scope) => {
      const { graph } = built(LARGE[1] as Case);
      const changed = copyOf(graph);
      const leaving = [...graph.edges.keys()].filter((slot) => slot % 4 === 1 && slot !== graph.entries[0]);
      const rest = new Set(graph.edges.keys());
      for (const slot of leaving) rest.delete(slot);
      const live = bitsOf(rest, graph.edges.length);
      const frame = frameOf(scope, graph);
      core.kernels.graphRepair(frame.at, 0, graph.edges.length, put(scope, live));
      twin.graphRepair(changed, 0, graph.edges.length, live);
      // those that left come anew
      const emptied = changed.edges.map((row, slot) => (rest.has(slot) ? row : row.map(() => slot)));
      const again = { ...changed, edges: emptied };
      const second = frameOf(scope, {
        ...changed,
        edges: frame.edges().map((row, slot) => (rest.has(slot) ? row : row.map(() => slot))),
      });
      core.kernels.graphInsert(second.at, put(scope, Uint32Array.from(leaving)), leaving.length);
      twin.graphInsert(again, leaving);
      expectSameEdges(second.edges(), again.edges);
      expectSound(again.edges);
    });
  });

  it('leads to every vertex of few from the first', () => {
    // degree and width do not keep any of 8 from each other
    core.scope((scope) => {
      for (const kind of KINDS) {
        const made = built({ kind, n: 8, dims: 16, degree: 16, width: 64, entryCount: 1, seed: 6 });
        const edges = insertAll(core, scope, made).edges();
        const { met } = twin.walkGraph(
          (slot) => edges[slot] as number[],
          made.graph.entries,
          8,
          () => 0,
        );
        expect(met).toHaveLength(8);
      }
    });
  });
});

describeBuilds('graphNearest', (core) => {
  it.each(LARGE)('finds the vertices and the distances of the twin: $n, $kind, width $width', (of) => {
    core.scope((scope) => {
      const { graph } = built(of);
      const frame = frameOf(scope, graph);
      for (let vertex = 0; vertex < of.n; vertex += 29) {
        const size = core.kernels.graphNearest(frame.at, vertex);
        expect(frame.pool(size)).toEqual(twin.graphNearest(graph, vertex));
      }
    });
  });

  it('finds none where there are no entries, or the vertex is the only one', () => {
    core.scope((scope) => {
      const graph = emptyGraph([vertexAt(gaussianRows(1, 16, 1)), vertexAt(gaussianRows(1, 16, 2))], 8, 8);
      const frame = frameOf(scope, graph);
      expect(core.kernels.graphNearest(frame.at, 1)).toBe(0);
      frame.setEntries([1]);
      expect(core.kernels.graphNearest(frame.at, 1)).toBe(0);
      expect(core.kernels.graphNearest(frame.at, 0)).toBe(1);
    });
  });

  it('does not overflow at 65,536 dims of the largest integers', () => {
    const dims = 65_536;
    const of = (code: number): twin.VertexCoordinates => vertexAt(new Float32Array(dims).fill(code));
    const graph = { ...emptyGraph([of(127), of(-127), of(127)], 8, 8), entries: [1, 2] };
    core.scope((scope) => {
      const frame = frameOf(scope, graph);
      expect(core.kernels.graphNearest(frame.at, 0)).toBe(2);
      expect(frame.pool(2)).toEqual([
        { slot: 2, score: 0 },
        { slot: 1, score: 254 * 254 * dims },
      ]);
    });
  });
});

/** Which of n vertices leave, by their number and that of their cluster. */
const LEAVING: readonly [string, (slot: number, draw: number, vertex: twin.VertexCoordinates) => boolean][] =
  [
    ['a tenth of the vertices', (_, draw) => draw < 0.1],
    ['half of the vertices', (_, draw) => draw < 0.5],
    ['those on one side', (_, __, { codes }) => (codes[0] as number) > 20],
    ['the first 200', (slot) => slot < 200],
    ['all but one', (slot) => slot !== 123],
    ['none', () => false],
  ];

describeBuilds('graphRepair', (core) => {
  it.each(LEAVING)('gives the edges of the twin when it is %s that leave', (_, leaves) => {
    for (const of of LARGE) {
      const { graph } = built(of);
      const random = new RandomStream(of.seed, 'leaving');
      const slots = [...graph.edges.keys()];
      const staying = slots.filter(
        (slot) => !leaves(slot, random.nextUnit(), graph.coordinates[slot] as twin.VertexCoordinates),
      );
      const live = bitsOf(staying, of.n);
      const expected = copyOf(graph);
      const repaired = twin.graphRepair(expected, 0, of.n, live);
      core.scope((scope) => {
        const frame = frameOf(scope, graph);
        // in two parts, the later first: no row depends on others that are mended
        const half = of.n >> 1;
        const set = put(scope, live);
        const later = core.kernels.graphRepair(frame.at, half, of.n, set);
        expect(later + core.kernels.graphRepair(frame.at, 0, half, set)).toBe(repaired);
        const edges = frame.edges();
        expectSameEdges(edges, expected.edges);
        const dead = staying.filter((slot) => edges[slot]?.some((other) => !isAllowed(live, other)));
        expect(dead).toEqual([]);
        // without those that left
        expectSound(edges.map((row, slot) => (isAllowed(live, slot) ? row : row.map(() => slot))));
      });
    }
  });

  it('does nothing to what is whole', () => {
    core.scope((scope) => {
      const { graph } = built(LARGE[0] as Case);
      const frame = frameOf(scope, graph);
      const all = new Uint32Array(Math.ceil(graph.edges.length / 32)).fill(0xffffffff);
      expect(core.kernels.graphRepair(frame.at, 0, graph.edges.length, put(scope, all))).toBe(0);
      expectSameEdges(frame.edges(), graph.edges);
    });
  });
});

describeBuilds('stamps of a graph', (core) => {
  it.each([0, 1, 7, 150])('may end %i changes after the first', (left) => {
    const made = built(LARGE[3] as Case);
    core.scope((scope) => {
      const last = 2 ** 32 - 1 - left;
      // each vertex has a stamp that comes again
      const frame = insertAll(core, scope, made, (empty) => empty.setStamps(last, (slot) => 1 + (slot % 64)));
      expectSameEdges(frame.edges(), made.graph.edges);
      // one stamp a vertex, and none is 0
      expect(frame.lastStamp()).toBe(made.order.length - left);
    });
  });

  it('are taken from all vertices when they have ended', () => {
    const { graph } = built(LARGE[0] as Case);
    core.scope((scope) => {
      const frame = frameOf(scope, graph);
      frame.setStamps(2 ** 32 - 3, (slot) => 1 + (slot % 4));
      for (let vertex = 0; vertex < 8; vertex++) {
        const size = core.kernels.graphNearest(frame.at, vertex);
        expect(frame.pool(size)).toEqual(twin.graphNearest(graph, vertex));
      }
      expect(frame.lastStamp()).toBe(6);
    });
  });
});

describeBuilds('rows of a graph in several pieces', (core) => {
  // 20 vertices before the border, 20 behind it and the first 8 of all have edges
  const n = PIECE_ROWS + 20;
  const used = [
    ...Array.from({ length: 8 }, (_, i) => i),
    ...Array.from({ length: 40 }, (_, i) => PIECE_ROWS - 20 + i),
  ];
  const vertices = clusteredRows(used.length, 16, { seed: 7, clusters: 3, spread: 0.5 });
  const coordinates = used.map((_, i) => vertexAt(vertices.subarray(16 * i, 16 * (i + 1))));

  it('are found on both sides of a border', () => {
    const bySlot: twin.VertexCoordinates[] = [];
    for (const [i, slot] of used.entries()) bySlot[slot] = coordinates[i] as twin.VertexCoordinates;
    const graph = emptyGraph(bySlot, 8, 16, n);
    const order = shuffled(used, 8);
    graph.entries.push(...order.slice(0, 1));
    core.scope((scope) => {
      const frame = new GraphFrame(scope, graph);
      frame.setCoordinates(coordinates, (i) => used[i] as number);
      core.kernels.graphInsert(frame.at, put(scope, Uint32Array.from(order)), order.length);
      twin.graphInsert(graph, order);
      expectSameEdges(frame.edges(), graph.edges);
      const live = new Uint32Array(Math.ceil(n / 32)).fill(0xffffffff);
      for (const slot of used) {
        if (slot % 3 === 1) live[slot >> 5] = ((live[slot >> 5] as number) & ~(1 << (slot & 31))) >>> 0;
      }
      const first = PIECE_ROWS - 40;
      const repaired = core.kernels.graphRepair(frame.at, first, n, put(scope, live));
      expect(repaired).toBe(twin.graphRepair(graph, first, n, live));
      expect(repaired).toBeGreaterThan(20);
      expectSameEdges(frame.edges(), graph.edges);
    });
  });
});
