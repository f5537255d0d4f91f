/** What the kernel writes ends in stored bytes: kernel and twin agree bit for bit. */
import { gaussianRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import * as twin from '../src/reference/features.ts';
import { describeBuilds, expectSameBits, Output, put } from './kernel-parity.case.ts';

const NO_PTR = 0 as never;
const WIDTHS = [1, 2, 3, 4, 5, 7, 16, 31, 64, 257];

describeBuilds('rectifyRows', (core) => {
  const rectify = (
    products: Float32Array,
    n: number,
    width: number,
    factors: {
      readonly left: Float32Array;
      readonly right: Float32Array;
      readonly bias: Float32Array;
      readonly norm?: { readonly gain: Float32Array; readonly shift: Float32Array };
    },
  ): Float32Array =>
    core.scope((scope) => {
      const { left, right, bias, norm } = factors;
      const out = new Output(scope, 4 * n * width);
      const input = put(scope, products);
      const scales = put(scope, left);
      const columns = put(scope, right);
      const offsets = put(scope, bias);
      const at = norm ? put(scope, Float32Array.of(...norm.gain, ...norm.shift)) : NO_PTR;
      const stride = products.length / n;
      core.kernels.rectifyRows(input, n, width, stride, scales, columns, offsets, at, out.at());
      return out.f32();
    });

  for (const hasNorm of [false, true]) {
    it.each(WIDTHS)(
      `has the bytes of the twin at %i numbers, ${hasNorm ? 'with a norm' : 'plain'}`,
      (width) => {
        const n = 5;
        const stride = 16 * Math.ceil(width / 16);
        const products = gaussianRows(n, stride, width);
        const of = (seed: number, count: number): Float32Array => gaussianRows(1, count, seed);
        const norm = { gain: of(4, width), shift: of(5, width) };
        const factors = {
          left: of(1, n),
          right: of(2, width),
          bias: of(3, width),
          ...(hasNorm && { norm }),
        };
        const expected = new Float32Array(n * width);
        const { left, right, bias } = factors;
        twin.rectifyRows(products, n, width, stride, left, right, bias, hasNorm ? norm : undefined, expected);
        expectSameBits(rectify(products, n, width, factors), expected);
      },
    );
  }

  it('norms a row to mean 0 and variance 1, and drops what is below 0', () => {
    const products = Float32Array.of(1, 3, 5, 7);
    const ones = new Float32Array(4).fill(1);
    const factors = { left: Float32Array.of(2), right: ones, bias: new Float32Array(4) };
    expect(rectify(products, 1, 4, factors)).toEqual(Float32Array.of(2, 6, 10, 14));
    const normed = rectify(products, 1, 4, { ...factors, norm: { gain: ones, shift: new Float32Array(4) } });
    // 2, 6, 10, 14 have mean 8 and variance 20
    const expected = [0, 0, 2 / Math.sqrt(20), 6 / Math.sqrt(20)];
    for (const [j, value] of expected.entries()) expect(normed[j]).toBeCloseTo(value, 5);
  });

  it('gives the shift where all numbers of a row are alike', () => {
    const ones = new Float32Array(6).fill(1);
    const shift = Float32Array.of(1, -2, 3, -4, 5, -6);
    const factors = { left: Float32Array.of(0), right: ones, bias: ones, norm: { gain: ones, shift } };
    expect(rectify(gaussianRows(1, 6, 9), 1, 6, factors)).toEqual(Float32Array.of(1, 0, 3, 0, 5, 0));
  });
});
