/** The heap of assembly/heap.ts, seen through topKPushF32 one score at a time: its order after every single push. */
import { gaussianRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { NO_PTR } from '../src/memory.ts';
import { RandomStream } from '../src/random.ts';
import * as twin from '../src/reference/heap.ts';
import { describeBuilds, Output } from './kernel-parity.case.ts';

const N = 200;

/** Orders that make pushes sink all the way, not at all, or meet ties. */
const SEQUENCES: Readonly<Record<string, Float32Array>> = {
  falling: Float32Array.from({ length: N }, (_, i) => -i),
  rising: Float32Array.from({ length: N }, (_, i) => i),
  equal: new Float32Array(N),
  'of three values': Float32Array.from({ length: N }, (_, i) => (i * 7) % 3),
  random: gaussianRows(1, N, 1),
  'zig-zag': Float32Array.from({ length: N }, (_, i) => (i % 2 === 0 ? i : -i)),
};

describeBuilds('the bounded heap', (core) => {
  it.each(Object.keys(SEQUENCES))('is a heap of the k best after every push of %s scores', (name) => {
    const scores = SEQUENCES[name];
    // shuffled ids, so that a tie is often decided against the earlier push
    const ids = Uint32Array.from({ length: N }, (_, i) => i);
    new RandomStream(2, 'ids').shuffle(ids);
    for (const k of [1, 2, 3, 7, 8, 31, 100, N + 1]) {
      const keptScores = new Float32Array(k);
      const keptIds = new Uint32Array(k);
      const keptSize = new Uint32Array(1);
      const found: string[] = [];
      const expected: string[] = [];
      core.scope((scope) => {
        const input = scope.reserve(4);
        const heapScores = new Output(scope, k * 4);
        const heapIds = new Output(scope, k * 4);
        const size = scope.reserve(4);
        for (let i = 0; i < N; i++) {
          input.f32()[0] = scores[i];
          core.kernels.topKPushF32(
            input.at(),
            NO_PTR,
            1,
            ids[i],
            k,
            heapScores.at(),
            heapIds.at(),
            size.at(),
          );
          twin.heapPush(keptScores, keptIds, keptSize, k, scores[i], ids[i]);
          const count = size.u32()[0];
          const [s, v] = [heapScores.f32(), heapIds.u32()];
          const worst = count === k ? s[0] : twin.heapWorst(keptScores, count, k);
          for (let child = 1; child < count; child++) {
            const parent = (child - 1) >> 1;
            if (twin.isWorse(s[child], v[child], s[parent], v[parent]))
              expect.fail(`${child} over ${parent}`);
          }
          found.push(`${worst}: ${v.slice(0, count).sort()}`);
          const kept = keptIds.slice(0, keptSize[0]).sort();
          expected.push(`${twin.heapWorst(keptScores, keptSize[0], k)}: ${kept}`);
        }
      });
      expect(found).toEqual(expected);
    }
  });
});
