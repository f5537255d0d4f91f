/** Codes are stored bytes: kernels and twins agree bit for bit. */
import { gaussianRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { unpackCode } from '../src/reference/code-pack.ts';
import * as twin from '../src/reference/grid-code.ts';
import { describeBuilds, expectSameBits, Output, put } from './kernel-parity.case.ts';

const NO_PTR = 0 as never;
/** Rows, dims, and those of them that count. */
const SHAPES = [
  [1, 16, 1],
  [3, 16, 13],
  [2, 32, 31],
  [5, 48, 48],
  [4, 768, 768],
  [2, 1024, 1009],
] as const;

describeBuilds('grid codes', (core) => {
  const rangeRows = (
    rows: Float32Array,
    [n, d, used]: readonly [number, number, number],
    bits: number,
    centre?: Float32Array,
  ): { codes: Uint8Array; records: Float32Array } =>
    core.scope((scope) => {
      const codes = new Output(scope, (n * d * bits) / 8);
      const records = new Output(scope, 24 * n);
      const scratch = new Output(scope, 2 * d);
      const at = centre ? put(scope, centre) : NO_PTR;
      core.kernels.encodeRangeRows(
        put(scope, rows),
        n,
        d,
        used,
        bits,
        at,
        scratch.at(),
        codes.at(),
        records.at(),
      );
      scratch.u8();
      return { codes: codes.u8(), records: records.f32() };
    });

  const columnRows = (
    rows: Float32Array,
    n: number,
    d: number,
    bits: number,
    grids: Float32Array,
    centre?: Float32Array,
  ): { codes: Uint8Array; norms: Float32Array; crosses: Float32Array } =>
    core.scope((scope) => {
      const codes = new Output(scope, (n * d * bits) / 8);
      const norms = new Output(scope, 4 * n);
      const crosses = new Output(scope, 4 * n);
      const scratch = new Output(scope, 2 * d);
      const at = centre ? put(scope, centre) : NO_PTR;
      const [input, grid] = [put(scope, rows), put(scope, grids)];
      core.kernels.encodeColumnRows(
        input,
        n,
        d,
        bits,
        grid,
        at,
        scratch.at(),
        codes.at(),
        norms.at(),
        crosses.at(),
      );
      scratch.u8();
      return { codes: codes.u8(), norms: norms.f32(), crosses: crosses.f32() };
    });

  it('encodeRangeRows has the bytes and sums of the twin, with and without a centre', () => {
    for (const shape of SHAPES) {
      const [n, d, used] = shape;
      for (const bits of [1, 2, 3, 4, 7, 8, 12, 16]) {
        const rows = gaussianRows(n, d, bits);
        for (let i = 0; i < n; i++) rows.fill(0, i * d + used, (i + 1) * d);
        const centre = gaussianRows(1, d, 7);
        for (const given of [undefined, centre]) {
          const codes = new Uint8Array((n * d * bits) / 8);
          const records = new Float32Array(6 * n);
          twin.encodeRangeRows(rows, n, d, used, bits, given, codes, records);
          const actual = rangeRows(rows, shape, bits, given);
          expect(Buffer.compare(actual.codes, codes)).toBe(0);
          expectSameBits(actual.records, records);
        }
      }
    }
  });

  it('encodeRangeRows takes both ends to the ends of the grid, and padding to 0', () => {
    const [n, d, used] = [1, 16, 13];
    const rows = gaussianRows(n, d, 1);
    rows[3] = -9;
    rows[5] = 9;
    // what lies behind the rows does not count
    rows.fill(99, used);
    const { codes, records } = rangeRows(rows, [n, d, used], 8);
    const values = new Uint16Array(d);
    unpackCode(codes, d, 8, values);
    expect([values[3], values[5], ...values.subarray(used)]).toEqual([0, 255, 0, 0, 0]);
    expect(records[0]).toBe(-9);
    expect(records[1]).toBeCloseTo(18 / 255, 6);
    // the sums are those of what the code stands for
    let [decoded, product] = [0, 0];
    for (let j = 0; j < used; j++) {
      const value = records[0] + records[1] * values[j];
      decoded += value * value;
      product += value * rows[j];
    }
    expect(records[2] / decoded).toBeCloseTo(1, 6);
    expect(records[3] / product).toBeCloseTo(1, 6);
  });

  it('encodeRangeRows gives a constant row step 0, and a row that is not finite away by |x|²', () => {
    const rows = new Float32Array(48).fill(0.7);
    rows[20] = Number.NaN;
    rows[40] = Infinity;
    const { codes, records } = rangeRows(rows, [3, 16, 16], 4);
    expect([...codes.subarray(0, 8)]).toEqual(new Array(8).fill(0));
    expect(records[1]).toBe(0);
    expect([records[4], records[10], records[16]].map(Number.isFinite)).toEqual([true, false, false]);
  });

  it('encodeColumnRows has the bytes and sums of the twin, with and without a centre', () => {
    for (const [n, d] of SHAPES) {
      for (const bits of [1, 4, 5, 8]) {
        const rows = gaussianRows(n, d, bits + d);
        const minima = gaussianRows(1, d, 3).map((value) => value - 2);
        // every fifth column is constant in training: step 0
        const top = 2 ** bits - 1;
        const steps = Float32Array.from({ length: d }, (_, j) => (j % 5 === 0 ? 0 : (3 + (j % 3)) / top));
        const inverses = steps.map((step) => (step > 0 ? 1 / step : 0));
        const grids = Float32Array.of(...minima, ...inverses, ...steps);
        for (const centre of [undefined, gaussianRows(1, d, 8)]) {
          const codes = new Uint8Array((n * d * bits) / 8);
          const norms = new Float32Array(n);
          const crosses = new Float32Array(n);
          twin.encodeColumnRows(rows, n, d, bits, grids, centre, codes, norms, crosses);
          const actual = columnRows(rows, n, d, bits, grids, centre);
          expect(Buffer.compare(actual.codes, codes)).toBe(0);
          expectSameBits(actual.norms, norms);
          if (centre) expectSameBits(actual.crosses, crosses);
        }
      }
    }
  });

  it('encodeColumnRows tells rows that are not finite by their norm', () => {
    const rows = gaussianRows(3, 16, 1);
    rows[5] = Number.NaN;
    rows[40] = Infinity;
    const { norms } = columnRows(rows, 3, 16, 4, new Float32Array(48).fill(1));
    expect([...norms].map(Number.isNaN)).toEqual([true, false, true]);
  });
});
