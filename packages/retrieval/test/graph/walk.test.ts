/** The plain walk ends with what a search that keeps everything would keep. */
import { RandomStream } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { type WalkedGraph, walk } from '../../src/graph/walk.ts';

const N = 400;
const DEGREE = 8;
const random = new RandomStream(5, 'test/walk');
const adjacency = Array.from({ length: N }, () =>
  Uint32Array.from({ length: DEGREE }, () => random.nextBelow(N)),
);
// few scores, so that many are equal
const scoreOf = Float32Array.from({ length: N }, () => random.nextBelow(50));
const ENTRIES = Uint32Array.of(3, 77, 200);

function graphOf(asked: number[]): WalkedGraph {
  const isMet = new Set<number>();
  return {
    entries: ENTRIES,
    edges: (slot) => adjacency[slot] as Uint32Array,
    meet: (slots) =>
      slots.filter((slot) => {
        const isNew = !isMet.has(slot);
        isMet.add(slot);
        return isNew;
      }),
    score: (slots) => {
      asked.push(...slots);
      return Float32Array.from(slots, (slot) => scoreOf[slot] as number);
    },
  };
}

/** The same by sorting all that was met after every hop. */
function slowly(width: number): { slots: number[]; expanded: number; met: number } {
  const met = new Set<number>(ENTRIES);
  const isExpanded = new Set<number>();
  for (;;) {
    const slots = [...met]
      .sort((a, b) => (scoreOf[a] as number) - (scoreOf[b] as number) || a - b)
      .slice(0, width);
    const next = slots.find((slot) => !isExpanded.has(slot));
    if (next === undefined) return { slots, expanded: isExpanded.size, met: met.size };
    isExpanded.add(next);
    for (const slot of adjacency[next] as Uint32Array) met.add(slot);
  }
}

describe.each([1, 2, 7, 40, N])('a walk of width %i', (width) => {
  it('ends with the best of what it met, and scores each vertex once', () => {
    const asked: number[] = [];
    const told: number[] = [];
    const pool = walk(graphOf(asked), width, (slots) => told.push(...slots));
    const { slots, expanded, met } = slowly(width);
    expect(pool.slots).toEqual(slots);
    expect(pool.scores).toEqual(slots.map((slot) => scoreOf[slot]));
    expect(pool.expanded).toBe(expanded);
    expect(pool.scored).toBe(met);
    expect(new Set(asked).size).toBe(asked.length);
    expect(told).toEqual(asked);
  });
});
