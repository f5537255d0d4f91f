/** Scans of segmented codes under a bit set of ids, and over lists in several pieces. */
import { gaussianRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { NO_PTR, type Ptr } from '../src/memory.ts';
import { isAllowed } from '../src/reference/allowed.ts';
import * as twin from '../src/reference/segmented-scan.ts';
import { describeBuilds, put } from './kernel-parity.case.ts';
import { encodeList, randomVectors, ScanSetup, scanSorted } from './segmented-list.ts';

const PLAN = [
  { dims: 16, bits: 10 },
  { dims: 32, bits: 7 },
  { dims: 96, bits: 3 },
];
const KEPT = 144;
const N = 900;
const BASE = 3.5;
const LIST = encodeList(randomVectors(N, KEPT, 1), N, PLAN);
const QUERY = gaussianRows(1, KEPT, 2);
/** ScanSetup's ids are 3·i + 1. */
const LARGEST = 3 * N + 1;

function every(step: number): Uint32Array {
  const words = new Uint32Array(Math.ceil((LARGEST + 1) / 32));
  for (let i = 0; i < N; i += step) {
    const id = 3 * i + 1;
    words[id >> 5] = (words[id >> 5] | (1 << (id & 31))) >>> 0;
  }
  return words;
}

describeBuilds('segmentedScan under a bit set', (core) => {
  it.each([1, 2, 40, 2000])('keeps the best of every %i-th vector, counted and not', (step) => {
    const words = every(step);
    core.scope((scope) => {
      const setup = new ScanSetup(scope, LIST, 2, 1000);
      setup.setQuery(QUERY);
      const allowed = put(scope, words);
      const all = scanSorted(core, scope, setup, NO_PTR, BASE, N, N);
      const best = all.ids
        .map((id, i) => ({ id, score: all.scores[i] }))
        .filter(({ id }) => isAllowed(words, id));
      for (const isCounted of [true, false]) {
        const found = scanSorted(core, scope, setup, NO_PTR, BASE, N, 10, allowed, isCounted);
        expect(found.ids).toEqual(best.slice(0, 10).map(({ id }) => id));
        expect(found.scores).toEqual(best.slice(0, 10).map(({ score }) => score));
      }
    });
  });

  it('returns how many a counted bit set allows, and reads no code of the others', () => {
    core.scope((scope) => {
      const setup = new ScanSetup(scope, LIST, 2, 1000);
      setup.setQuery(QUERY);
      const [scores, ids, size] = [scope.reserve(40), scope.reserve(40), scope.reserve(4)];
      const scan = (allowed: Ptr, isCounted: boolean): number =>
        core.kernels.segmentedScan(
          setup.context,
          NO_PTR,
          BASE,
          setup.blocks,
          N,
          setup.ids,
          allowed,
          isCounted,
          10,
          scores.at(),
          ids.at(),
          size.at(),
        );
      expect(scan(put(scope, every(40)), true)).toBe(Math.ceil(N / 40));
      expect(setup.statistics().inFull).toBe(Math.ceil(N / 40));
      size.u32()[0] = 0;
      expect(scan(put(scope, every(1)), false)).toBe(0);
    });
  });
});

describeBuilds('segmentedSearch under a bit set', (core) => {
  /** Lists of 320, 288 and 292 vectors, the first in two pieces; visited in the order 0, 1, 2. */
  const search = (
    k: number,
    least: number,
    wanted: number,
    words: Uint32Array | undefined,
  ): { visited: number; ids: number[] } =>
    core.scope((scope) => {
      const blockBytes = twin.segmentedBlockBytes(LIST.segments);
      const setup = new ScanSetup(scope, LIST, 1, 1000);
      setup.setQuery(QUERY);
      core.kernels.segmentedQuery(setup.context, NO_PTR);
      const blocksAt = (vector: number): number => setup.blocks + (vector / 32) * blockBytes;
      const idsAt = (vector: number): number => setup.ids + 4 * vector;
      const records = scope.reserve(64);
      records.u32().set([blocksAt(0), idsAt(0), 160, 3]);
      records.u32(16, 4).set([blocksAt(320), idsAt(320), 288, 0]);
      records.u32(32, 4).set([blocksAt(608), idsAt(608), 292, 0]);
      records.u32(48, 4).set([blocksAt(160), idsAt(160), 160, 0]);
      const order = put(scope, Uint32Array.of(0, 1, 2));
      const bases = put(scope, Float32Array.of(BASE, BASE, BASE));
      const allowed = words ? put(scope, words) : NO_PTR;
      const [scores, ids, size] = [scope.reserve(4 * k), scope.reserve(4 * k), scope.reserve(4)];
      const route = [records.at(), order, 3, least, wanted, bases, NO_PTR, KEPT, allowed] as const;
      const heap = [k, scores.at(), ids.at(), size.at()] as const;
      const visited = core.kernels.segmentedSearch(setup.context, ...route, ...heap);
      const kept = size.u32()[0];
      core.kernels.topKSortF32(scores.at(), ids.at(), kept);
      return { visited, ids: [...ids.u32(0, kept)] };
    });

  it('goes through the pieces of a list', () => {
    const { visited, ids } = search(N, 3, 0, undefined);
    expect(visited).toBe(3);
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: N }, (_, i) => 3 * i + 1));
    expect(search(N, 1, 0, undefined).ids).toHaveLength(320);
  });

  it('visits lists until so many allowed vectors were met', () => {
    // every 40th vector: 8 in each list, 7 or 8 in the others
    expect(search(5, 1, 1, every(40)).visited).toBe(1);
    expect(search(5, 1, 9, every(40)).visited).toBe(2);
    expect(search(5, 1, 20, every(40)).visited).toBe(3);
    expect(search(50, 1, 1000, every(40)).ids).toHaveLength(Math.ceil(N / 40));
  });

  it('visits more lists where vectors of the first were deleted, as many as there were places', () => {
    const live = every(1);
    // the whole first list but three
    for (let i = 3; i < 320; i++)
      live[(3 * i + 1) >> 5] = (live[(3 * i + 1) >> 5] & ~(1 << ((3 * i + 1) & 31))) >>> 0;
    expect(search(3, 1, 0, live).visited).toBe(1);
    expect(search(4, 1, 0, live).visited).toBe(2);
    expect(search(4, 1, 0, live).ids).toHaveLength(4);
    // the first list had places for 320
    expect(search(800, 1, 0, live).visited).toBe(3);
  });
});
