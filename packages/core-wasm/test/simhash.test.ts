import { gaussianRows, randomBytes } from '@sagitta/testing';
import { expect, it } from 'vitest';
import * as twin from '../src/reference/simhash.ts';
import { describeBuilds, Output, put } from './kernel-parity.case.ts';

describeBuilds('simhashRows', (core) => {
  it.each([0, 1, 2, 5, 8, 10, 16])('equals the twin with %i projections', (k) => {
    for (const n of [0, 1, 5, 33]) {
      const stride = k + 3;
      const dots = gaussianRows(n, stride, 1);
      const expected = new Uint16Array(n);
      twin.simhashRows(dots, n, stride, k, expected);
      core.scope((scope) => {
        const out = new Output(scope, 2 * n);
        core.kernels.simhashRows(put(scope, dots), n, stride, k, out.at());
        expect(out.u16()).toEqual(expected);
      });
    }
  });

  it('gives 0 for zero, minus zero and NaN, and reads the first projection as the top bit', () => {
    const dots = Float32Array.of(0, -0, Number.NaN, 1e-38, -1, 1, 1, 1);
    core.scope((scope) => {
      const out = new Output(scope, 4);
      core.kernels.simhashRows(put(scope, dots), 2, 4, 4, out.at());
      expect([...out.u16()]).toEqual([0b0001, 0b0111]);
    });
  });
});

describeBuilds('fillCubeRows', (core) => {
  const run = (sources: Uint32Array, n: number, k: number): Uint32Array =>
    core.scope((scope) => {
      const block = scope.reserve(sources.byteLength);
      block.u32().set(sources);
      const scratch = new Output(scope, 4 << k);
      core.kernels.fillCubeRows(block.at(), n, k, scratch.at());
      scratch.u32();
      return block.u32().slice();
    });

  it.each([0, 1, 2, 3, 5, 6, 8, 10])('equals a comparison of all pairs for k = %i', (k) => {
    const count = 1 << k;
    for (const share of [1, 8, 40, 128, 250]) {
      const n = 3;
      const dice = randomBytes(n * count, 10 * k + share);
      const order = randomBytes(n * count, k);
      const sources = Uint32Array.from(dice, (die, i) => (die < share ? order[i] : 0xffffffff));
      const expected = sources.slice();
      twin.fillCubeRows(expected, n, k);
      expect(run(sources, n, k)).toEqual(expected);
    }
  });

  it('leaves a document without tokens as it is', () => {
    const sources = new Uint32Array(32).fill(0xffffffff);
    expect(run(sources, 1, 5)).toEqual(sources);
  });
});
