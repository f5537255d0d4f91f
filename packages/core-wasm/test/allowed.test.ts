import { expect, it } from 'vitest';
import * as twin from '../src/reference/allowed.ts';
import { describeBuilds, Output, put } from './kernel-parity.case.ts';

/** Words with about `share` of `count` bits set, the same for the same seed. */
function bits(count: number, share: number, seed: number): Uint32Array {
  const words = new Uint32Array(Math.ceil(count / 32));
  let state = seed;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    if (state / 2 ** 32 < share) words[i >> 5] = ((words[i >> 5] as number) | (1 << (i & 31))) >>> 0;
  }
  return words;
}

const COUNTS = [1, 31, 32, 33, 64, 100, 1000];
/** Ids of lists: all that there are from 0 on, from a multiple of 32 on, and with gaps. */
const IDS = {
  'one after the other': (i: number) => i,
  'from 96 on': (i: number) => i + 96,
  'from 5 on': (i: number) => i + 5,
  'with gaps': (i: number) => 7 * i + (i % 3),
  'with one gap in a block': (i: number) => (i % 32 === 31 ? i + 1 : i) + (i >> 5),
} as const;

describeBuilds('allowedMasks and maskScores', (core) => {
  it.each(Object.entries(IDS))('equal the twins, ids %s', (_, idOf) => {
    for (const n of COUNTS) {
      const ids = Uint32Array.from({ length: n }, (__, i) => idOf(i));
      for (const share of [0, 0.03, 0.5, 1]) {
        const allowed = bits(ids[n - 1] + 1, share, 7 + n);
        const masks = new Uint32Array(Math.ceil(n / 32));
        const count = twin.allowedMasks(ids, n, allowed, masks);
        const scores = Float32Array.from({ length: n }, (__, i) => i / 4);
        core.scope((scope) => {
          const out = new Output(scope, 4 * masks.length);
          expect(core.kernels.allowedMasks(put(scope, ids), n, put(scope, allowed), out.at())).toBe(count);
          expect(out.u32()).toEqual(masks);
          const values = new Output(scope, 4 * n);
          values.set(scores);
          core.kernels.maskScores(values.at(), n, out.at());
          twin.maskScores(scores, n, masks);
          expect(values.f32()).toEqual(scores);
        });
      }
    }
  });
});
