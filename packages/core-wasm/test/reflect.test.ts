/** What this kernel writes ends in stored bytes: kernel and twin agree bit for bit. */
import { gaussianRows, randomBytes } from '@sagitta/testing';
import { expect, it } from 'vitest';
import * as twin from '../src/reference/reflect.ts';
import { describeBuilds, expectSameBits, Output, put } from './kernel-parity.case.ts';

interface Reflections {
  readonly vectors: Int8Array;
  readonly diagonal: Float32Array;
  readonly mix: Float32Array;
}

/** Any bytes as vectors, and the matrix that makes their product: the inverse of the lower triangle of VᵀV, halved diagonal. */
function reflections(width: number, byte: (i: number) => number): Reflections {
  const vectors = Int8Array.from({ length: 64 * width }, (_, i) => {
    const column = i % width;
    return column <= Math.floor(i / width) ? 0 : byte(i);
  });
  const diagonal = gaussianRows(1, 64, width).map((x) => 300 * x + 900);
  const value = (r: number, j: number): number =>
    (vectors[r * width + j] as number) + (j === r ? (diagonal[r] as number) : 0);
  const lower = new Float64Array(64 * 64);
  for (let a = 0; a < 64; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += value(a, j) * value(b, j);
      lower[a * 64 + b] = a === b ? sum / 2 : sum;
    }
  }
  // column i of the inverse is row i of mix
  const mix = new Float32Array(64 * 64);
  for (let i = 0; i < 64; i++) {
    const column = new Float64Array(64);
    for (let a = i; a < 64; a++) {
      let sum = a === i ? 1 : 0;
      for (let b = i; b < a; b++) sum -= (lower[a * 64 + b] as number) * (column[b] as number);
      column[a] = sum / (lower[a * 64 + a] as number);
    }
    mix.set(column, i * 64);
  }
  return { vectors, diagonal, mix };
}

describeBuilds('reflections', (core) => {
  const reflect = (
    rows: Float32Array,
    n: number,
    stride: number,
    width: number,
    of: Reflections,
  ): Float32Array =>
    core.scope((scope) => {
      const out = new Output(scope, 4 * rows.length);
      out.set(rows);
      const scratch = new Output(scope, 2 * width + 512);
      const [vectors, diagonal, mix] = [of.vectors, of.diagonal, of.mix].map((values) => put(scope, values));
      core.kernels.reflectRows(
        out.at(),
        n,
        stride,
        width,
        vectors as never,
        diagonal as never,
        mix as never,
        scratch.at(),
      );
      scratch.u8();
      return out.f32();
    });

  it.each([64, 80, 1024, 1040, 2112])(
    'has the bytes of the twin, and keeps lengths, at %i columns',
    (width) => {
      const n = 4;
      const stride = width + 16;
      const bytes = randomBytes(64 * width, width);
      const of = reflections(width, (i) => ((bytes[i] as number) % 41) - 20);
      const rows = gaussianRows(n, stride, 2).map((x, i) => (Math.floor(i / stride) === 2 ? 0 : x));
      const expected = rows.slice();
      twin.reflectRows(expected, n, stride, width, of.vectors, of.diagonal, of.mix);
      const actual = reflect(rows, n, stride, width, of);
      expectSameBits(actual, expected);
      for (let i = 0; i < n; i++) {
        const square = (from: Float32Array): number =>
          from.subarray(i * stride, i * stride + width).reduce((sum, x) => sum + x * x, 0);
        expect(Math.abs(square(actual) - square(rows))).toBeLessThanOrEqual(4e-4 * square(rows));
      }
      expect(actual.slice(2 * stride, 3 * stride)).toEqual(rows.slice(2 * stride, 3 * stride));
      expect(actual.slice(width, stride)).toEqual(rows.slice(width, stride));
    },
  );

  it('is exact at the largest sums: every byte 127 or -127, every value the greatest', () => {
    const width = 2048;
    const of = reflections(width, (i) => (i % 3 === 0 ? -127 : 127));
    const rows = new Float32Array(width).fill(1);
    const expected = rows.slice();
    twin.reflectRows(expected, 1, width, width, of.vectors, of.diagonal, of.mix);
    expectSameBits(reflect(rows, 1, width, width, of), expected);
  });
});
