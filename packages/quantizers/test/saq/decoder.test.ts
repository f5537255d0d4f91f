/** Decoding: error by bits, a bound at 8 bits, both scales, origins, shapes. */
import { createCore } from '@sagitta/core-wasm';
import { skewedRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { SaqDecoder, SaqEstimator, trainSaq } from '../../src/index.ts';
import { eps2 } from '../../src/saq/code-quality.ts';
import { saqLayout } from '../../src/saq/layout.ts';
import {
  asSet,
  codeList,
  dot,
  estimateList,
  plainModel,
  row,
  squaredDistance,
  subtract,
} from '../coded-set.ts';
import { normalRows } from '../normal-rows.ts';
import { readCode, readFactor } from '../reference/saq-estimates.ts';

const core = createCore();
const d = 100;
const rows = skewedRows(500, d, { seed: 2 });

/** Mean squared error over mean energy, both scales. */
function decodedErrors(bits: number): { leastSquares: number; unbiased: number } {
  const model = trainSaq(core, asSet(rows, d), { metric: 'l2', bits });
  const list = codeList(core, model, rows);
  using decoder = new SaqDecoder(core, model);
  const energy = rows.reduce((sum, value, i) => sum + (value - (model.mean[i % d] as number)) ** 2, 0);
  const error = (scale: 'leastSquares' | 'unbiased'): number =>
    squaredDistance(rows, decoder.decode(list.blocks, list.n, { origin: model.mean, scale })) / energy;
  const errors = { leastSquares: error('leastSquares'), unbiased: error('unbiased') };
  list.blocks.dispose();
  return errors;
}

describe('a decoded vector', () => {
  it('comes nearer with every bit, by the factor that the codes promise', () => {
    let last = 1;
    for (const bits of [0.25, 0.5, 1, 2, 3, 4, 5, 6, 7, 8]) {
      const { leastSquares, unbiased } = decodedErrors(bits);
      expect(leastSquares).toBeLessThan(last * 0.9);
      // short segments are coded better than the table of long ones says, so from 5 bits up the two scales are equal
      // to some per cent
      if (bits <= 4) expect(leastSquares).toBeLessThan(unbiased);
      expect(leastSquares).toBeLessThan(unbiased * 1.05);
      last = leastSquares;
    }
    expect(last).toBeLessThan(1e-4);
  });

  it('at least-squares scale errs by eps2/(1 + eps2) of the energy, unbiased by eps2', () => {
    const n = 300;
    for (const [width, bits] of [
      [512, 1],
      [512, 2],
      [512, 4],
    ] as const) {
      const x = normalRows(n, width, 3);
      const model = plainModel(width, bits, 4 / (1 << bits));
      const list = codeList(core, model, x);
      using decoder = new SaqDecoder(core, model);
      const lost = eps2(bits, width);
      const energy = dot(x, x);
      const leastSquares = squaredDistance(x, decoder.decode(list.blocks, n)) / energy;
      const unbiased = squaredDistance(x, decoder.decode(list.blocks, n, { scale: 'unbiased' })) / energy;
      for (const ratio of [leastSquares / (lost / (1 + lost)), unbiased / lost]) {
        expect(ratio).toBeGreaterThan(0.97);
        expect(ratio).toBeLessThan(1.03);
      }
      list.blocks.dispose();
    }
  });

  it('of full rank at 8 bits stays inside the bound of its grid', () => {
    // one segment of ds dims at B bits, on a grid of half range 1.06·v, v its maximum, at most: every entry errs by at
    // most v/2^B·1.06, or a code that points nearer is taken, so 1 - cos² ≤ delta = ds·v²/(4^B·|o|²). Off the line of o that is an
    // error of |o|·√delta; along it the scale is off by at most delta + eps2 + 2^-12 (factor); f32 sums are below 1e-5.
    const model = trainSaq(core, asSet(rows, d), { metric: 'l2', bits: 8, singleSegment: true });
    const list = codeList(core, model, rows);
    using decoder = new SaqDecoder(core, model);
    using estimator = new SaqEstimator(core, model);
    const decoded = decoder.decode(list.blocks, list.n, { origin: model.mean });
    for (let i = 0; i < list.n; i++) {
      const x = row(rows, i, d);
      const o = estimator.project(x);
      const size = Math.sqrt(dot(o, o));
      const largest = o.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const delta = (o.length * largest ** 2) / 4 ** 8 / size ** 2;
      const along = delta + eps2(8, o.length) + 2 ** -12 + 1e-5;
      const bound = size * Math.sqrt(delta + along ** 2);
      const error = Math.sqrt(squaredDistance(x, row(decoded, i, d)));
      expect(error).toBeLessThan(bound);
      expect(error).toBeGreaterThan(bound / 20);
    }
    list.blocks.dispose();
  });

  it('is the literal sum of its code over the rows of the projection', () => {
    const model = trainSaq(core, asSet(rows, d), { metric: 'l2', bits: 2.5, seed: 3 });
    const list = codeList(core, model, rows);
    const { coded, offsets, blockBytes } = saqLayout(model.plan);
    expect(coded.length).toBeGreaterThan(1);
    using decoder = new SaqDecoder(core, model);
    const decoded = decoder.decode(list.blocks, list.n, { scale: 'unbiased' });
    for (const i of [0, 31, 32, 499]) {
      const expected = new Float64Array(d);
      let kept = 0;
      for (const [s, { dims, bits }] of coded.entries()) {
        const at = Math.floor(i / 32) * blockBytes + (offsets[s] as number);
        const factor =
          readFactor(list.blocks.u16(at + 2 * (i % 32), 1)[0] as number) * (model.factorUnits[s] as number);
        const code = readCode(list.blocks.u8(at + 64 + ((i % 32) * dims * bits) / 8), dims, bits);
        for (const k of code) {
          for (let j = 0; j < d; j++) {
            expected[j] =
              (expected[j] as number) +
              factor * (k - (2 ** bits - 1) / 2) * (model.projection[kept * d + j] as number);
          }
          kept++;
        }
      }
      const size = Math.sqrt(dot(expected, expected));
      for (let j = 0; j < d; j++) {
        expect(Math.abs((decoded[i * d + j] as number) - (expected[j] as number))).toBeLessThan(1e-5 * size);
      }
    }
    list.blocks.dispose();
  });

  it('unbiased, gives the inner products that the estimator gives', () => {
    const model = trainSaq(core, asSet(rows, d), { metric: 'ip', bits: 3 });
    const list = codeList(core, model, rows);
    using decoder = new SaqDecoder(core, model);
    using estimator = new SaqEstimator(core, model);
    const decoded = decoder.decode(list.blocks, list.n, { scale: 'unbiased' });
    const query = row(rows, 17, d);
    const estimates = estimateList(core, estimator, list, query);
    const size = Math.sqrt(dot(query, query));
    for (let i = 0; i < list.n; i++) {
      const x = row(decoded, i, d);
      // the query is rounded to 16 bits there
      const tolerance = 2 ** -14 * size * Math.sqrt(dot(x, x));
      expect(Math.abs((estimates[i] as number) + dot(x, query))).toBeLessThan(tolerance);
    }
    list.blocks.dispose();
  });
});

describe('shapes', () => {
  const model = trainSaq(core, asSet(rows, d), { metric: 'l2', bits: 1 });
  const list = codeList(core, model, rows);

  it('any count from any block, the same values; what is left over is not read', () => {
    using decoder = new SaqDecoder(core, model);
    const all = decoder.decode(list.blocks, 500);
    for (const n of [0, 1, 31, 32, 33, 64]) {
      expect(decoder.decode(list.blocks, n)).toEqual(all.slice(0, n * d));
    }
    const byteOffset = 2 * decoder.layout.blockBytes;
    expect(decoder.decode(list.blocks, 40, { byteOffset })).toEqual(all.slice(64 * d, 104 * d));
    const out = new Float32Array(3 * d).fill(7);
    decoder.decodeInto(list.blocks, 3, out, { origin: model.mean });
    expect(subtract(out, model.mean)[5]).toBeCloseTo(all[5] as number, 5);
  });

  it('a model without bits decodes to the origin', () => {
    const flat = {
      ...trainSaq(core, asSet(new Float32Array(40).fill(2), 4), { metric: 'l2', bits: 2 }),
      plan: [{ start: 0, dims: 16, bits: 0 }],
      factorUnits: new Float32Array(0),
      shares: Float32Array.of(0),
      projection: new Float32Array(0),
    };
    const codes = codeList(core, flat, new Float32Array(8).fill(3));
    using decoder = new SaqDecoder(core, flat);
    expect(Array.from(decoder.decode(codes.blocks, 2))).toEqual(new Array(8).fill(0));
    const out = new Float32Array(8).fill(9);
    decoder.decodeInto(codes.blocks, 2, out, { origin: flat.mean });
    expect(Array.from(out)).toEqual(new Array(8).fill(2));
  });

  it('wrong lengths are refused and memory is given back', () => {
    const before = core.bytesUsed();
    const decoder = new SaqDecoder(core, model);
    expect(() => decoder.decode(list.blocks, 1e6)).toThrow(RangeError);
    expect(() => decoder.decode(list.blocks, 1.5)).toThrow(RangeError);
    expect(() => decoder.decodeInto(list.blocks, 2, new Float32Array(d))).toThrow(RangeError);
    expect(() => decoder.decode(list.blocks, 2, { origin: new Float32Array(3) })).toThrow(RangeError);
    decoder.dispose();
    expect(core.bytesUsed()).toBe(before);
  });
});
