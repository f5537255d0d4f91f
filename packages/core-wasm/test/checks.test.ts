import { describe, expect, it } from 'vitest';
import {
  CapacityError,
  checkBytes,
  checkFinite,
  checkFloat32,
  checkInteger,
  checkLength,
  checkMetric,
  checkNumber,
  checkOneOf,
  FormatError,
  isSmallerBetter,
  METRICS,
  normalizeRows,
  UnsupportedError,
  vectorSet,
} from '../src/index.ts';

describe('checks name the argument, the expectation and the value', () => {
  it('checkInteger', () => {
    expect(checkInteger('k', 5, 1, 10)).toBe(5);
    expect(() => checkInteger('k', 0, 1, 10)).toThrow(
      new RangeError('"k" expected an integer from 1 to 10, got 0'),
    );
    expect(() => checkInteger('k', 1.5, 1, 10)).toThrow(RangeError);
    expect(() => checkInteger('k', Number.NaN, 1, 10)).toThrow(RangeError);
    const text: unknown = '5';
    expect(() => checkInteger('k', text as number, 1, 10)).toThrow(
      new TypeError('"k" expected a number, got string'),
    );
  });

  it('checkNumber', () => {
    expect(checkNumber('slack', 0.5, 0, 1)).toBe(0.5);
    for (const value of [-0.1, 1.1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => checkNumber('slack', value, 0, 1)).toThrow(RangeError);
    }
  });

  it('checkLength', () => {
    expect(() => checkLength('x', 6, 6, 'n*d (n=2, d=3)')).not.toThrow();
    expect(() => checkLength('x', 76_799, 76_800, 'n*d (n=100, d=768)')).toThrow(
      new RangeError('"x" expected length n*d (n=100, d=768) = 76800, got 76799'),
    );
  });

  it('checkFinite, with row and dimension, also among values whose sum overflows', () => {
    expect(() => checkFinite('x', new Float32Array(1000).fill(3.4e38))).not.toThrow();
    const values = new Float32Array(12);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      values.fill(0);
      values[7] = bad;
      expect(() => checkFinite('x', values, 4)).toThrow(
        new RangeError(`"x" expected finite values, got ${bad} in row 1, dimension 3`),
      );
    }
  });

  it('checkOneOf and checkMetric', () => {
    expect(checkOneOf('build', 'simd', ['simd', 'relaxed'])).toBe('simd');
    expect(() => checkOneOf('build', 'mmx', ['simd', 'relaxed'])).toThrow(
      new RangeError('"build" expected one of simd, relaxed, got mmx'),
    );
    expect(() => checkMetric('hamming')).toThrow(RangeError);
  });

  it('checkBytes, exact up to 2^53 and never beyond', () => {
    expect(checkBytes('codes', 100, 768, 4)).toBe(307_200);
    expect(checkBytes('codes', 0, 2 ** 40)).toBe(0);
    expect(() => checkBytes('codes', 2 ** 31, 65_536, 128)).toThrow(RangeError);
    expect(() => checkBytes('codes', -1, 4)).toThrow(RangeError);
    expect(() => checkBytes('codes', 1.5, 4)).toThrow(RangeError);
  });

  it('checkFloat32', () => {
    expect(() => checkFloat32('x', [1, 2])).toThrow(new TypeError('"x" expected a Float32Array, got Array'));
    expect(() => checkFloat32('x', null)).toThrow(/got null/);
    expect(() => checkFloat32('x', new Float64Array(1))).toThrow(/got Float64Array/);
  });
});

describe('errors', () => {
  it('carry stable codes', () => {
    expect(new FormatError('bad', 12)).toMatchObject({ code: 'SAGITTA_FORMAT', offset: 12 });
    expect(new CapacityError(10, 5)).toMatchObject({ code: 'SAGITTA_CAPACITY', wanted: 10, available: 5 });
    expect(new UnsupportedError('no')).toMatchObject({ code: 'SAGITTA_UNSUPPORTED' });
  });
});

describe('metrics', () => {
  it('print and parse from one table', () => {
    for (const metric of METRICS) expect(checkMetric(metric)).toBe(metric);
    // files store the position: the order never changes
    expect(METRICS).toEqual(['l2', 'ip', 'cosine']);
    expect(METRICS.map(isSmallerBetter)).toEqual([true, false, false]);
  });
});

describe('vectors', () => {
  it('take their shape from the length and keep the array', () => {
    const data = new Float32Array(6);
    const set = vectorSet(data, 3);
    expect([set.n, set.d]).toEqual([2, 3]);
    expect(set.data).toBe(data);
    expect(vectorSet(new Float32Array(0), 3).n).toBe(0);
  });

  it('refuse wrong lengths, dimensions and values', () => {
    expect(() => vectorSet(new Float32Array(7), 3)).toThrow(/multiple of d = 3, got 7/);
    expect(() => vectorSet(new Float32Array(0), 0)).toThrow(RangeError);
    expect(() => vectorSet(new Float32Array(65_537), 65_537)).toThrow(RangeError);
    expect(() => vectorSet(Float32Array.of(1, Number.NaN), 1)).toThrow(/row 1/);
  });

  it('normalise into a fresh array; zero rows stay zero', () => {
    const data = Float32Array.of(3, 4, 0, 0);
    expect([...normalizeRows(data, 2)]).toEqual([Math.fround(0.6), Math.fround(0.8), 0, 0]);
    expect([...data]).toEqual([3, 4, 0, 0]);
  });
});
