import { gaussianRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { NO_PTR } from '../src/memory.ts';
import { RandomStream } from '../src/random.ts';
import * as twin from '../src/reference/topk.ts';
import { describeBuilds, Output, put } from './kernel-parity.case.ts';

interface Kept {
  readonly scores: number[];
  readonly ids: number[];
}

describeBuilds('topKPushF32', (core) => {
  /** Pushes `scores` in calls of `step` and sorts. */
  const run = (scores: Float32Array, k: number, step: number, ids: Uint32Array | null, baseId = 0): Kept =>
    core.scope((scope) => {
      const heapScores = new Output(scope, k * 4);
      const heapIds = new Output(scope, k * 4);
      const size = scope.reserve(4);
      for (let start = 0; start < scores.length; start += step) {
        const part = scores.subarray(start, start + step);
        const idsPtr = ids === null ? NO_PTR : put(scope, ids.subarray(start, start + step));
        core.kernels.topKPushF32(
          put(scope, part),
          idsPtr,
          part.length,
          baseId + start,
          k,
          heapScores.at(),
          heapIds.at(),
          size.at(),
        );
      }
      const kept = size.u32()[0];
      core.kernels.topKSortF32(heapScores.at(), heapIds.at(), kept);
      return { scores: [...heapScores.f32().subarray(0, kept)], ids: [...heapIds.u32().subarray(0, kept)] };
    });

  const expected = (scores: Float32Array, k: number, ids: Uint32Array | null, baseId = 0): Kept => {
    const heapScores = new Float32Array(k);
    const heapIds = new Uint32Array(k);
    const size = new Uint32Array(1);
    twin.topKPushF32(scores, ids, scores.length, baseId, k, heapScores, heapIds, size);
    twin.topKSortF32(heapScores, heapIds, size[0]);
    return { scores: [...heapScores.subarray(0, size[0])], ids: [...heapIds.subarray(0, size[0])] };
  };

  it.each([0, 1, 15, 16, 17, 33, 100, 1000])('equals the twin for %i scores', (n) => {
    const scores = gaussianRows(1, n, 1);
    for (const k of [0, 1, 2, 3, 10, 64, 100]) {
      expect(run(scores, k, Math.max(1, n), null, 7)).toEqual(expected(scores, k, null, 7));
    }
  });

  it('keeps the same pairs however the scores are cut into calls', () => {
    const scores = gaussianRows(1, 500, 2);
    const whole = run(scores, 20, 500, null);
    for (const step of [1, 7, 16, 33, 499]) expect(run(scores, 20, step, null)).toEqual(whole);
  });

  it('gives ties to the lower id in whatever order they come', () => {
    const random = new RandomStream(3, 'ties');
    const ids = Uint32Array.from({ length: 300 }, (_, i) => i);
    random.shuffle(ids);
    const scores = Float32Array.from(ids, (id) => id % 3);
    expect(run(scores, 25, 40, ids)).toEqual(expected(scores, 25, ids));
    expect(run(scores, 25, 40, ids).ids).toEqual(Array.from({ length: 25 }, (_, i) => 3 * i));
  });

  it('takes ids above 2³¹ as unsigned', () => {
    const ids = Uint32Array.of(0xfffffffe, 5, 0x80000000);
    expect(run(new Float32Array(3), 2, 3, ids).ids).toEqual([5, 0x80000000]);
  });

  it('keeps infinities in their place and skips NaN', () => {
    const scores = Float32Array.of(Number.NaN, Infinity, 1, Number.NaN, -Infinity);
    expect(run(scores, 5, 5, null)).toEqual({ scores: [-Infinity, 1, Infinity], ids: [4, 2, 1] });
  });
});

describeBuilds('selectBelowF32', (core) => {
  it.each([0, 1, 3, 4, 5, 63, 64, 65, 1000])('equals the twin for %i scores', (n) => {
    const scores = gaussianRows(1, n, 4);
    if (n > 3) scores[2] = Number.NaN;
    for (const threshold of [-Infinity, -1, 0, n > 0 ? scores[n - 1] : 0, Infinity]) {
      const expected = new Uint32Array(n);
      const count = twin.selectBelowF32(scores, n, threshold, expected);
      core.scope((scope) => {
        const out = new Output(scope, count * 4);
        expect(core.kernels.selectBelowF32(put(scope, scores), n, threshold, out.at())).toBe(count);
        expect(out.u32()).toEqual(expected.subarray(0, count));
      });
    }
  });
});
