import { RandomStream } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { covarianceDescriptor, logEuclidean } from '../../src/descriptors/index.ts';

const distance = (a: Float64Array, b: Float64Array): number =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0));

const noise = (length: number, seed: number): Float64Array => {
  const random = new RandomStream(seed, 'signal');
  return Float64Array.from({ length }, () => random.nextUnit() - 0.5);
};

/** R·diag(a, b)·Rᵀ of a turn by `angle`. */
const turned = (a: number, b: number, angle: number): number[] => {
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  return [c * c * a + s * s * b, c * s * (a - b), c * s * (a - b), s * s * a + c * c * b];
};

describe('logEuclidean', () => {
  it('has the diagonal of the logarithm first, then √2 of what is above it', () => {
    const [a, b, c] = logEuclidean([1, 0, 0, Math.E ** 2], 2);
    expect(a).toBeCloseTo(0, 14);
    expect(b).toBeCloseTo(2, 14);
    expect(c).toBeCloseTo(0, 14);
    // log of R·diag(4, 9)·Rᵀ is R·diag(log 4, log 9)·Rᵀ
    const [p, q, , r] = turned(Math.log(4), Math.log(9), 0.7) as [number, number, number, number];
    const vector = logEuclidean(turned(4, 9, 0.7), 2);
    [p, r, Math.SQRT2 * q].forEach((value, i) => {
      expect(vector[i]).toBeCloseTo(value, 13);
    });
  });

  it('walks what is above the diagonal row by row', () => {
    // near I the logarithm is S - I
    const e = 1e-6;
    const vector = logEuclidean([1, e, 2 * e, e, 1, 3 * e, 2 * e, 3 * e, 1], 3);
    [1, 2, 3].forEach((value, i) => {
      expect((vector[3 + i] as number) / (Math.SQRT2 * e)).toBeCloseTo(value, 4);
    });
  });

  it('has the Frobenius distance of logarithms as its distance', () => {
    const one = turned(2, 5, 0.3);
    const other = turned(3, 0.25, 1.1);
    const logs = [turned(Math.log(2), Math.log(5), 0.3), turned(Math.log(3), Math.log(0.25), 1.1)];
    const frobenius = Math.hypot(...(logs[0] as number[]).map((x, i) => x - (logs[1]?.[i] as number)));
    expect(distance(logEuclidean(one, 2), logEuclidean(other, 2))).toBeCloseTo(frobenius, 13);
  });

  it('adds where commuting matrices are multiplied', () => {
    const sum = logEuclidean(turned(2, 7, 0.4), 2).map(
      (x, i) => x + (logEuclidean(turned(5, 3, 0.4), 2)[i] as number),
    );
    expect(distance(logEuclidean(turned(10, 21, 0.4), 2), sum)).toBeLessThan(1e-13);
  });

  it.each([
    ['not symmetric', [1, 0.5, 0.4, 1], 2, /"matrix" expected a symmetric matrix/],
    ['not positive definite', [1, 2, 2, 1], 2, /"matrix" expected a positive definite matrix/],
    ['singular', [1, 1, 1, 1], 2, /"matrix" expected a positive definite matrix/],
    ['zero', [0, 0, 0, 0], 2, /"matrix" expected a positive definite matrix/],
    ['not finite', [1, 0, 0, Number.NaN], 2, /"matrix" expected finite/],
    ['of another size', [1, 0, 0], 2, /"matrix"/],
    ['without dimensions', [], 0, /"d"/],
  ])('refuses a matrix that is %s', (_, matrix, d, message) => {
    expect(() => logEuclidean(matrix, d)).toThrow(message);
    expect(() => logEuclidean(matrix, d)).toThrow(RangeError);
  });
});

describe('covarianceDescriptor', () => {
  it('is the logarithm of the covariance of the delayed copies', () => {
    const signal = noise(50, 1);
    const order = 3;
    const lag = 2;
    const n = 50 - (order - 1) * lag;
    const copies = Array.from({ length: order }, (_, p) => signal.subarray(p * lag, p * lag + n));
    const means = copies.map((copy) => copy.reduce((sum, x) => sum + x, 0) / n);
    const matrix = copies.flatMap((a, i) =>
      copies.map((b, j) => {
        const product = (sum: number, x: number, t: number): number =>
          sum + (x - (means[i] as number)) * ((b[t] as number) - (means[j] as number));
        return a.reduce(product, 0) / n;
      }),
    );
    const found = covarianceDescriptor(signal, 1, { order, lag, shrinkage: 0 });
    expect(distance(found, logEuclidean(matrix, order))).toBeLessThan(1e-12);
  });

  it('takes the channels of an instant side by side', () => {
    const signal = noise(200, 2);
    const first = signal.filter((_, i) => i % 2 === 0);
    const second = signal.filter((_, i) => i % 2 === 1);
    const swapped = Float64Array.from(signal, (_, i) => (i % 2 === 0 ? second : first)[i >> 1] as number);
    const [a, b, c] = covarianceDescriptor(signal, 2);
    const other = covarianceDescriptor(swapped, 2);
    [b, a, c].forEach((value, i) => {
      expect(other[i]).toBeCloseTo(value as number, 12);
    });
  });

  it('moves with the mean not at all, and with the scale along the diagonal', () => {
    const signal = noise(300, 3);
    const plain = covarianceDescriptor(signal, 3);
    expect(
      distance(
        covarianceDescriptor(
          signal.map((x) => x + 7),
          3,
        ),
        plain,
      ),
    ).toBeLessThan(1e-11);
    const scaled = covarianceDescriptor(
      signal.map((x) => 4 * x),
      3,
    );
    expect(
      distance(
        scaled,
        plain.map((x, i) => x + (i < 3 ? Math.log(16) : 0)),
      ),
    ).toBeLessThan(1e-12);
  });

  it('shrinks by Ledoit and Wolf where nothing else is said', () => {
    // by its definition: noise Σ‖x·xᵀ - S‖²/n² over spread ‖S - mean·I‖²
    const signal = [3, 1, -3, -1, 3, -1, -3, 1];
    const rows = [0, 1, 2, 3].map((t) => [signal[2 * t] as number, signal[2 * t + 1] as number]);
    const at = (i: number, j: number): number =>
      rows.reduce((sum, row) => sum + (row[i] as number) * (row[j] as number), 0) / 4;
    const s = [at(0, 0), at(0, 1), at(1, 0), at(1, 1)] as const;
    const m = (s[0] + s[3]) / 2;
    const spread = (s[0] - m) ** 2 + (s[3] - m) ** 2 + 2 * s[1] ** 2;
    const outer = rows.map(
      ([x = 0, y = 0]) => (x * x - s[0]) ** 2 + (y * y - s[3]) ** 2 + 2 * (x * y - s[1]) ** 2,
    );
    const share = Math.min(1, outer.reduce((sum, x) => sum + x, 0) / 16 / spread);
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(1);
    const expected = covarianceDescriptor(signal, 2, { shrinkage: share });
    expect(distance(covarianceDescriptor(signal, 2), expected)).toBeLessThan(1e-12);
    expect(distance(covarianceDescriptor(signal, 2, { shrinkage: 0 }), expected)).toBeGreaterThan(0.1);
  });

  it('answers for fewer instants than dimensions, which plain covariance cannot', () => {
    const signal = noise(6 * 12, 4);
    expect(covarianceDescriptor(signal, 12)).toHaveLength(78);
    expect(() => covarianceDescriptor(signal, 12, { shrinkage: 0 })).toThrow(/"signal".*"shrinkage"/);
  });

  it('gives the same bytes twice, and leaves the signal as it was', () => {
    const signal = noise(400, 5);
    const before = signal.slice();
    const one = covarianceDescriptor(signal, 4, { order: 2, lag: 3 });
    expect(covarianceDescriptor(signal, 4, { order: 2, lag: 3 })).toEqual(one);
    expect(signal).toEqual(before);
  });

  it.each([
    [
      'a signal that is too short',
      [1, 2, 3, 4],
      1,
      { order: 3, lag: 2 },
      /"signal" expected at least 6 instants/,
    ],
    ['a signal of broken instants', [1, 2, 3], 2, {}, /"signal" expected a multiple/],
    ['numbers that are not finite', [1, Number.NaN, 3], 1, {}, /"signal".*position 1/],
    ['a signal that never changes', [2, 2, 2], 1, {}, /"signal"/],
    ['no channels', [1, 2, 3], 0, {}, /"channels"/],
    ['an order of none', [1, 2, 3], 1, { order: 0 }, /"order"/],
    ['a lag of none', [1, 2, 3], 1, { lag: 0 }, /"lag"/],
    ['shrinkage above 1', [1, 2, 3], 1, { shrinkage: 1.5 }, /"shrinkage"/],
  ])('refuses %s', (_, signal, channels, options, message) => {
    expect(() => covarianceDescriptor(signal, channels, options)).toThrow(message);
  });
});

it.each([
  [undefined, /expected an array of numbers, got undefined/],
  ['12', /expected an array of numbers, got string/],
  [[1, '2', 3, 4], /got string at position 1/],
  [BigInt64Array.of(1n, 2n, 3n, 4n), /got bigint at position 0/],
])('is told what is no array of numbers: %s', (value, message) => {
  expect(() => logEuclidean(value as never, 2)).toThrow(TypeError);
  expect(() => logEuclidean(value as never, 2)).toThrow(message);
  expect(() => covarianceDescriptor(value as never, 2)).toThrow(message);
});
