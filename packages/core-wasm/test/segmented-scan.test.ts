import { gaussianRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import type { Core } from '../src/core.ts';
import { NO_PTR } from '../src/memory.ts';
import * as twin from '../src/reference/segmented-scan.ts';
import { describeBuilds, expectWithin, Output, put } from './kernel-parity.case.ts';
import {
  cut,
  encodeList,
  randomVectors,
  ScanSetup,
  scanSorted,
  scoreBound,
  whole,
} from './segmented-list.ts';

/** Every number of bits, and the ways a plan can begin: 16 dims of 8 bits or more have a path of their own. */
const PLANS: readonly (readonly { dims: number; bits: number }[])[] = [
  [{ dims: 16, bits: 8 }],
  [{ dims: 16, bits: 1 }],
  [{ dims: 48, bits: 13 }],
  [
    { dims: 16, bits: 10 },
    { dims: 32, bits: 7 },
    { dims: 96, bits: 5 },
    { dims: 144, bits: 3 },
    { dims: 160, bits: 2 },
  ],
  [
    { dims: 32, bits: 12 },
    { dims: 112, bits: 11 },
    { dims: 64, bits: 9 },
    { dims: 16, bits: 6 },
    { dims: 256, bits: 4 },
    { dims: 64, bits: 1 },
  ],
];

const base = 3.5;

function allScores(core: Core, setup: ScanSetup, n: number, c: Float32Array | undefined): Float32Array {
  return core.scope((scope) => {
    const out = new Output(scope, 4 * n);
    const centroid = c ? put(scope, c) : NO_PTR;
    core.kernels.segmentedScores(setup.context, centroid, base, setup.blocks, n, out.at());
    return out.f32();
  });
}

describeBuilds('segmentedScores', (core) => {
  it.each(PLANS.map((plan) => [plan.map(({ dims, bits }) => `${dims}:${bits}`).join(' '), plan] as const))(
    'equals the twin for %s, l2 and inner products, whole segments and pieces',
    (_, plan) => {
      const n = 131;
      const keptDims = plan.reduce((sum, { dims }) => sum + dims, 0);
      const list = encodeList(randomVectors(n, keptDims, 1), n, plan);
      const q = gaussianRows(1, keptDims, 2);
      const c = gaussianRows(1, keptDims, 3);
      const p = q.map((x, i) => x - c[i]);
      for (const ranges of [whole(list), cut(list)]) {
        core.scope((scope) => {
          const setup = new ScanSetup(scope, list, 2, 1, ranges);
          setup.setQuery(q);
          const expected = twin.segmentedScores(list.blocks, n, list.segments, p, 2, base);
          expectWithin(allScores(core, setup, n, c), expected, scoreBound(list, p, 2, base, ranges));
        });
        core.scope((scope) => {
          const setup = new ScanSetup(scope, list, 1, 1, ranges);
          setup.setQuery(q);
          core.kernels.segmentedQuery(setup.context, NO_PTR);
          const expected = twin.segmentedScores(list.blocks, n, list.segments, q, 1, base);
          expectWithin(allScores(core, setup, n, undefined), expected, scoreBound(list, q, 1, base, ranges));
        });
      }
    },
  );

  it.each([8, 13])(
    'does not overflow at 65,536 dims of %i bits, all codes and all of p at their largest',
    (bits) => {
      const dims = 65_536;
      const n = 2;
      const vectors = new Float32Array(n * dims).fill(1).fill(-1, dims);
      const list = encodeList(vectors, n, [{ dims, bits }]);
      const p = new Float32Array(dims).fill(1000);
      core.scope((scope) => {
        const setup = new ScanSetup(scope, list, 2, 1);
        setup.setQuery(p);
        const expected = twin.segmentedScores(list.blocks, n, list.segments, p, 2, base);
        expect(Math.abs(expected[0])).toBeGreaterThan(1e7);
        expectWithin(
          allScores(core, setup, n, undefined),
          expected,
          scoreBound(list, p, 2, base, whole(list)),
        );
      });
    },
  );

  it('gives a zero vector the score of its centroid, and a zero query the norms', () => {
    const list = encodeList(new Float32Array(40 * 48), 40, [{ dims: 48, bits: 4 }]);
    core.scope((scope) => {
      const setup = new ScanSetup(scope, list, 2, 1);
      setup.setQuery(gaussianRows(1, 48, 4));
      expect(allScores(core, setup, 40, undefined)).toEqual(new Float32Array(40).fill(base));
    });
    const vectors = gaussianRows(40, 48, 5);
    const other = encodeList(vectors, 40, [{ dims: 48, bits: 4 }]);
    core.scope((scope) => {
      const setup = new ScanSetup(scope, other, 2, 1);
      const view = new DataView(other.blocks.buffer);
      const blockBytes = twin.segmentedBlockBytes(other.segments);
      const norms = Float32Array.from({ length: 40 }, (__, v) =>
        Math.fround(base + view.getFloat32(Math.floor(v / 32) * blockBytes + 4 * (v % 32), true)),
      );
      expect(allScores(core, setup, 40, undefined)).toEqual(norms);
    });
  });
});

describeBuilds('segmentedScan', (core) => {
  const plan = PLANS[3];
  const keptDims = 448;

  it.each([1, 31, 32, 33, 160, 1000])('keeps the k best of %i vectors when nothing is given up', (n) => {
    const list = encodeList(randomVectors(n, keptDims, 6), n, plan);
    core.scope((scope) => {
      const setup = new ScanSetup(scope, list, 2, 1000, cut(list));
      setup.setQuery(gaussianRows(1, keptDims, 7));
      const all = [...allScores(core, setup, n, undefined)].map((score, i) => ({ score, id: 3 * i + 1 }));
      all.sort((a, b) => a.score - b.score || a.id - b.id);
      for (const k of [1, 10, 100]) {
        const best = all.slice(0, k);
        expect(scanSorted(core, scope, setup, NO_PTR, base, n, k)).toEqual({
          scores: best.map(({ score }) => score),
          ids: best.map(({ id }) => id),
        });
      }
    });
  });

  it.each([
    ['one range', [{ dims: 16, bits: 9 }]],
    ['high and low stages in turn', PLANS[4]],
    ['one long segment', [{ dims: 160, bits: 13 }]],
  ] as const)('keeps the k best where low bits decide, %s', (_, codes) => {
    const width = codes.reduce((sum, { dims }) => sum + dims, 0);
    const n = 700;
    const origin = gaussianRows(1, width, 13);
    // all vectors near one: their scores differ by about what the low bits tell
    const near = gaussianRows(n, width, 14).map((x, i) => origin[i % width] + 0.004 * x);
    const list = encodeList(near, n, codes);
    core.scope((scope) => {
      for (const weight of [1, 2]) {
        for (const gamma of [1, 1000, 1e6]) {
          const setup = new ScanSetup(scope, list, weight, gamma, cut(list));
          setup.setQuery(gaussianRows(1, width, 15));
          if (weight === 1) core.kernels.segmentedQuery(setup.context, NO_PTR);
          const all = [...allScores(core, setup, n, undefined)].map((score, i) => ({ score, id: 3 * i + 1 }));
          all.sort((a, b) => a.score - b.score || a.id - b.id);
          const best = all.slice(0, 10);
          expect(scanSorted(core, scope, setup, NO_PTR, base, n, 10)).toEqual({
            scores: best.map(({ score }) => score),
            ids: best.map(({ id }) => id),
          });
        }
      }
    });
  });

  it('reads less with a bound, and gives each vector it keeps the same score', () => {
    const n = 2000;
    const list = encodeList(randomVectors(n, keptDims, 8), n, plan);
    core.scope((scope) => {
      const setup = new ScanSetup(scope, list, 2, 1000, cut(list));
      setup.setQuery(randomVectors(1, keptDims, 9));
      const scores = allScores(core, setup, n, undefined);
      const before = setup.statistics();
      const unbounded = scanSorted(core, scope, setup, NO_PTR, base, n, 10);
      const middle = setup.statistics();
      setup.setGamma(0.6);
      const bounded = scanSorted(core, scope, setup, NO_PTR, base, n, 10);
      const after = setup.statistics();
      expect(bounded.scores).toEqual(bounded.ids.map((id) => scores[(id - 1) / 3]));
      expect(bounded).toEqual(unbounded);
      expect(after.bits - middle.bits).toBeLessThan((middle.bits - before.bits) / 2);
      expect(middle.blocks - before.blocks).toBe(63);
      expect(after.blocksAtStage.every((count, t) => t === 0 || count <= after.blocksAtStage[t - 1])).toBe(
        true,
      );
      expect(after.inFull - middle.inFull).toBeLessThan(n);
    });
  });

  it('never gives up a copy of the query, however close the others are', () => {
    const n = 640;
    // the debug build takes ten times as long for the same code
    for (let seed = 0; seed < (core.build === 'debug' ? 2 : 8); seed++) {
      const vectors = randomVectors(n, keptDims, 100 + seed);
      const copy = (seed * 37) % n;
      const query = vectors.slice(copy * keptDims, (copy + 1) * keptDims);
      // neighbours at a tenth of the distance to the centroid
      const noise = gaussianRows(20, keptDims, 200 + seed);
      for (let i = 0; i < 20; i++) {
        const row = ((copy + 1 + i) % n) * keptDims;
        for (let j = 0; j < keptDims; j++) vectors[row + j] = query[j] + 0.02 * noise[i * keptDims + j];
      }
      const list = encodeList(vectors, n, [
        { dims: 16, bits: 12 },
        { dims: 176, bits: 8 },
        { dims: 256, bits: 8 },
      ]);
      core.scope((scope) => {
        const setup = new ScanSetup(scope, list, 2, 1, cut(list));
        setup.setQuery(query);
        const energy = query.reduce((sum, x) => sum + x * x, 0);
        const found = scanSorted(core, scope, setup, NO_PTR, energy, n, 1);
        expect(found.ids).toEqual([3 * copy + 1]);
      });
    }
  });
});

describeBuilds('segmentedSearch', (core) => {
  it('equals scans of its lists in turn, empty lists left out', () => {
    const plan = PLANS[3];
    const keptDims = 448;
    const list = encodeList(randomVectors(160, keptDims, 10), 160, plan);
    const blockBytes = twin.segmentedBlockBytes(list.segments);
    core.scope((scope) => {
      const setup = new ScanSetup(scope, list, 2, 1, cut(list));
      setup.setQuery(gaussianRows(1, keptDims, 11));
      const centroids = scope.reserve(3 * keptDims * 4);
      centroids.f32().set(gaussianRows(3, keptDims, 12));
      const bases = scope.reserve(12);
      bases.f32().set([900, 800, 1000]);
      const k = 25;
      const heap = (): { scores: Output; ids: Output; size: ReturnType<typeof scope.reserve> } => ({
        scores: new Output(scope, 4 * k),
        ids: new Output(scope, 4 * k),
        size: scope.reserve(4),
      });
      const idsAt = (vector: number): number => setup.ids + 4 * vector;
      const one = heap();
      const records = scope.reserve(48);
      // list 0: vectors 96…159, list 1: none, list 2: vectors 0…79
      records
        .u32()
        .set([setup.blocks + 3 * blockBytes, idsAt(96), 64, 0, 0, 0, 0, 0, setup.blocks, setup.ids, 80, 0]);
      const order = scope.reserve(12);
      order.u32().set([1, 0, 2]);
      core.kernels.segmentedSearch(
        setup.context,
        records.at(),
        order.at(),
        3,
        3,
        0,
        bases.at(),
        centroids.at(),
        keptDims,
        NO_PTR,
        k,
        one.scores.at(),
        one.ids.at(),
        one.size.at(),
      );
      // the same through a list of its own for each
      const tail = encodeList(randomVectors(160, keptDims, 10).subarray(96 * keptDims), 64, plan);
      const other = new ScanSetup(scope, tail, 2, 1, cut(tail));
      other.setQuery(gaussianRows(1, keptDims, 11));
      const two = heap();
      const shifted = scope.reserve(256);
      shifted.u32().forEach((_, i, all) => {
        all[i] = 3 * (96 + i) + 1;
      });
      const into = [two.scores.at(), two.ids.at(), two.size.at()] as const;
      core.kernels.segmentedScan(
        other.context,
        centroids.at(),
        900,
        other.blocks,
        64,
        shifted.at(),
        NO_PTR,
        false,
        k,
        ...into,
      );
      const last = centroids.at(2 * keptDims * 4);
      const all = [setup.blocks, 80, setup.ids, NO_PTR, false, k] as const;
      core.kernels.segmentedScan(setup.context, last, 1000, ...all, ...into);
      expect(one.size.u32()[0]).toBe(k);
      expect(two.size.u32()[0]).toBe(k);
      core.kernels.topKSortF32(one.scores.at(), one.ids.at(), k);
      core.kernels.topKSortF32(two.scores.at(), two.ids.at(), k);
      expect([...one.ids.u32()]).toEqual([...two.ids.u32()]);
      expect(one.scores.f32()).toEqual(two.scores.f32());
    });
  });
});
