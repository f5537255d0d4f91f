import { randomBytes } from '@sagitta/testing';
import { expect, it } from 'vitest';
import * as twin from '../src/reference/bit-planes.ts';
import { describeBuilds, Output, put } from './kernel-parity.case.ts';

describeBuilds('dotBitPlanesRows', (core) => {
  const run = (
    codes: Uint8Array,
    n: number,
    codeBytes: number,
    planes: Uint8Array,
    count: number,
  ): Float32Array =>
    core.scope((scope) => {
      const out = new Output(scope, 4 * n);
      core.kernels.dotBitPlanesRows(put(scope, codes), n, codeBytes, put(scope, planes), count, out.at());
      return out.f32();
    });

  it.each([2, 4, 14, 16, 18, 30, 32, 96, 98, 254, 256, 258, 512])(
    'has the sums of the twin at %i bytes',
    (codeBytes) => {
      for (const planeCount of [1, 2, 4, 6, 8]) {
        const codes = randomBytes(5 * codeBytes, codeBytes);
        const planes = randomBytes(planeCount * codeBytes, planeCount);
        const expected = new Float32Array(5);
        twin.dotBitPlanesRows(codes, 5, codeBytes, planes, planeCount, expected);
        expect(run(codes, 5, codeBytes, planes, planeCount)).toEqual(expected);
      }
    },
  );

  it('is exact at the largest sums, of either sign', () => {
    // 65,536 dims; -1 has all planes set, 127 all but the last
    const codeBytes = 8192;
    const codes = new Uint8Array(codeBytes).fill(255);
    const planes = new Uint8Array(8 * codeBytes).fill(255);
    expect([...run(codes, 1, codeBytes, planes, 8)]).toEqual([-65_536]);
    planes.fill(0, 7 * codeBytes);
    expect([...run(codes, 1, codeBytes, planes, 8)]).toEqual([127 * 65_536]);
    planes.fill(0).fill(255, 7 * codeBytes);
    expect([...run(codes, 1, codeBytes, planes, 8)]).toEqual([-128 * 65_536]);
  });
});
