/** What every quantizer has to do, whatever its codes are. */
import { ByteReader, type Core, createCore, type Metric } from '@sagitta/core-wasm';
import { skewedRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  blockCount,
  fewestVectors,
  METHODS,
  type Quantizer,
  type QuantizerMethod,
  type QuantizerOptions,
  trainQuantizer,
  writeQuantizer,
} from '../src/index.ts';

export interface QuantizerCase {
  readonly label: string;
  readonly options: Omit<QuantizerOptions, 'metric'>;
  /** Average of |estimated - true| / true squared distance on the test's data, within 5 %. */
  readonly error: number;
  /** Fewest training vectors. */
  readonly needs?: number;
}

const D = 40;
const N = 600;
const ROWS = skewedRows(N, D, { seed: 3 });
const QUERIES = skewedRows(8, D, { seed: 3, stream: 'query' });

function unit(rows: Float32Array, d: number): Float32Array {
  const out = rows.slice();
  for (let at = 0; at < out.length; at += d) {
    let sum = 0;
    for (let j = at; j < at + d; j++) sum += (out[j] as number) ** 2;
    for (let j = at; j < at + d; j++) out[j] = (out[j] as number) / Math.sqrt(sum || 1);
  }
  return out;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += (a[j] as number) * (b[j] as number);
  return sum;
}

function squared(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += ((a[j] as number) - (b[j] as number)) ** 2;
  return sum;
}

/** The exact score: smaller is better. */
function exact(metric: Metric, query: Float32Array, vector: ArrayLike<number>): number {
  return metric === 'l2' ? squared(query, vector) : -dot(query, vector);
}

/** One assertion: comparing arrays element by element takes seconds. */
function expectSame(actual: Float32Array | Uint8Array, expected: Float32Array | Uint8Array): void {
  const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint8Array): Uint8Array =>
    new Uint8Array(buffer, byteOffset, byteLength);
  expect(Buffer.compare(bytesOf(actual), bytesOf(expected))).toBe(0);
}

/** Average error of estimated squared distances, in units of the true ones. */
function averageError(
  scores: readonly Float32Array[],
  metric: Metric,
  rows: Float32Array,
  queries: Float32Array,
): number {
  let total = 0;
  for (const [q, estimates] of scores.entries()) {
    const query = queries.subarray(q * D, (q + 1) * D);
    for (let i = 0; i < N; i++) {
      const vector = rows.subarray(i * D, (i + 1) * D);
      const off = (estimates[i] as number) - exact(metric, query, vector);
      // half the error of a squared distance is that of the inner product in it
      total += Math.abs(metric === 'l2' ? off : 2 * off) / squared(query, vector);
    }
  }
  return total / (scores.length * N);
}

/** Codes and every estimate of n vectors about an origin. */
function estimatesOf(
  core: Core,
  quantizer: Quantizer,
  vectors: Float32Array,
  origin: Float32Array,
  queries: Float32Array,
): { codes: Uint8Array; scores: Float32Array[]; decoded: Float32Array } {
  const { d, metric } = quantizer;
  const { blockBytes } = quantizer.layout;
  const n = vectors.length / d;
  using encoder = quantizer.createEncoder(core);
  using estimator = quantizer.createEstimator(core);
  using centroid = core.allocate(4 * estimator.centroidDims);
  if (estimator.centroidDims > 0) centroid.f32().set(estimator.project(origin));
  using blocks = core.allocate(blockCount(n) * blockBytes);
  using out = core.allocate(blockCount(n) * 128);
  encoder.encode(vectors, origin, blocks, 0);
  expect(quantizer.defect(blocks, n)).toBeUndefined();
  const scores: Float32Array[] = [];
  for (let at = 0; at < queries.length; at += d) {
    const query = queries.subarray(at, at + d);
    estimator.setQuery(query);
    estimator.scores(blocks.at(), n, centroid.at(), exact(metric, query, origin), out.at());
    scores.push(out.f32(0, n).slice());
  }
  return { codes: blocks.u8().slice(), scores, decoded: quantizer.decode(core, blocks, n, origin) };
}

export function quantizerCase(
  { label, options, error, needs = 1 }: QuantizerCase,
  metrics: readonly Metric[],
): void {
  const core = createCore();
  const train = (metric: Metric, rows = ROWS, d = D): Quantizer => {
    return trainQuantizer(core, { data: rows, n: rows.length / d, d }, { ...options, metric });
  };
  const read = (quantizer: Quantizer): Quantizer => {
    const reader = new ByteReader(writeQuantizer(quantizer));
    const { name, d, metric } = quantizer;
    const method = METHODS.find((one) => one.name === name) as QuantizerMethod;
    return method.read(reader, { d, metric, readers: METHODS });
  };
  const learns = options.name !== 'lvq' && fewestVectors(options.name, D, options) > 1;

  describe.each(metrics)(`${label}, %s`, (metric) => {
    const rows = metric === 'cosine' ? unit(ROWS, D) : ROWS;
    const queries = metric === 'cosine' ? unit(QUERIES, D) : QUERIES;
    const quantizer = train(metric, rows);
    const own = estimatesOf(core, quantizer, rows, quantizer.origin, queries);

    it('estimates scores about its own origin and about any other', () => {
      // a scalar grid clips what lies far outside training
      for (const shift of [0, metric === 'cosine' ? 0.02 : 0.1]) {
        const origin = quantizer.origin.map((value, j) => value + (j % 3 === 0 ? shift : 0));
        const { scores } = shift === 0 ? own : estimatesOf(core, quantizer, rows, origin, queries);
        const average = averageError(scores, metric, rows, queries);
        // about a foreign origin residuals are longer; inner products do not subtract the mean
        expect(average, `shift ${shift}`).toBeLessThan(2.5 * error);
        if (error > 1e-6) expect(average).toBeGreaterThan(0);
      }
    });

    it('decodes to vectors near the originals', () => {
      const { decoded } = own;
      let lost = 0;
      let energy = 0;
      for (let i = 0; i < rows.length; i++) {
        lost += ((decoded[i] as number) - (rows[i] as number)) ** 2;
        energy += ((rows[i] as number) - (quantizer.origin[i % D] as number)) ** 2;
      }
      // unbiased scales decode longer than the least-squares ones: at 1 bit the error is 0.57 of the energy
      expect(lost / energy).toBeLessThan(0.62);
      if (error < 0.02) expect(lost / energy).toBeLessThan(0.02);
    });

    it('gives the same codes at any position, and leaves others alone', () => {
      const n = 37;
      const { codes } = estimatesOf(
        core,
        quantizer,
        rows.subarray(0, n * D),
        quantizer.origin,
        queries.subarray(0, D),
      );
      using encoder = quantizer.createEncoder(core);
      using blocks = core.allocate(blockCount(n) * quantizer.layout.blockBytes);
      for (const [first, count] of [
        [30, 7],
        [0, 5],
        [5, 25],
      ] as const) {
        encoder.encode(rows.subarray(first * D, (first + count) * D), quantizer.origin, blocks, first);
      }
      expect(Buffer.compare(blocks.u8(), codes)).toBe(0);
    });

    it('comes back from its bytes', () => {
      const loaded = read(quantizer);
      expectSame(writeQuantizer(loaded), writeQuantizer(quantizer));
      const few = rows.subarray(0, 40 * D);
      const before = estimatesOf(core, quantizer, few, quantizer.origin, queries);
      const after = estimatesOf(core, loaded, few, quantizer.origin, queries);
      expectSame(after.codes, before.codes);
      expectSame(after.decoded, before.decoded);
      for (const [q, scores] of before.scores.entries()) expectSame(after.scores[q] as Float32Array, scores);
      for (const trait of ['name', 'metric', 'd', 'bits', 'isUnbiased', 'hasErrorBound'] as const) {
        expect(loaded[trait]).toBe(quantizer[trait]);
      }
      expect(loaded.layout).toEqual(quantizer.layout);
    });

    it('says what a vector costs', () => {
      expect(quantizer.layout.blockBytes).toBe(32 * quantizer.layout.bytesPerVector);
      const factors = quantizer.layout.bytesPerVector - (quantizer.bits * D) / 8;
      expect(factors).toBeGreaterThanOrEqual(0);
      // at most add, scale, offset and error, and half a byte of an odd 4-bit code; of SAQ padding to 48 dims, a norm and factors
      expect(factors).toBeLessThanOrEqual(quantizer.name === 'saq' ? quantizer.bits + 4 + 2 * 12 : 16.5);
    });
  });

  describe(label, () => {
    const trained = train('l2');

    it('errs as much as it did', () => {
      const { scores } = estimatesOf(core, trained, ROWS, trained.origin, QUERIES);
      const average = averageError(scores, 'l2', ROWS, QUERIES);
      expect(Math.abs(average - error), `got ${average}`).toBeLessThan(0.05 * error + 1e-6);
    });

    it('is a function of the seed', () => {
      expectSame(writeQuantizer(train('l2')), writeQuantizer(trained));
    });

    it.each([1, 2, 7, 16, 17, 65])('takes %i dims, and any number of vectors', (d) => {
      const data = skewedRows(300, d, { seed: 5, mixed: d > 2 });
      const quantizer = train('l2', data, d);
      for (const n of [1, 31, 32, 33]) {
        const { scores, decoded } = estimatesOf(
          core,
          quantizer,
          data.subarray(0, n * d),
          quantizer.origin,
          data.subarray(0, d),
        );
        expect(scores[0]?.every(Number.isFinite)).toBe(true);
        expect(decoded.every(Number.isFinite)).toBe(true);
      }
    });

    it('gives numbers for zero vectors, constant dimensions and copies', () => {
      const odd = ROWS.slice(0, 300 * D);
      for (let i = 0; i < 300; i++) odd[i * D + 3] = 2.5;
      odd.fill(0, 0, D);
      odd.copyWithin(D, 2 * D, 3 * D);
      for (const metric of metrics) {
        const given = metric === 'cosine' ? unit(odd, D) : odd;
        const quantizer = train(metric, given);
        const { scores, decoded } = estimatesOf(
          core,
          quantizer,
          given,
          quantizer.origin,
          given.subarray(0, 3 * D),
        );
        for (const estimates of scores) {
          expect(estimates.every(Number.isFinite)).toBe(true);
          // copies score alike
          expect(estimates[1]).toBe(estimates[2]);
        }
        expect(decoded.every(Number.isFinite)).toBe(true);
      }
      const equal = new Float32Array(300 * D).fill(1.25);
      if (learns) {
        expect(() => train('l2', equal)).toThrow(/"sample" expected vectors that differ/);
        return;
      }
      const constant = train('l2', equal);
      const same = new Float32Array(5 * D).fill(1.25);
      const { scores, decoded } = estimatesOf(core, constant, same, constant.origin, same.subarray(0, D));
      expect(scores[0]?.every((score) => Math.abs(score) < 1e-4)).toBe(true);
      expect(decoded.every((value) => Math.abs(value - 1.25) < 1e-3)).toBe(true);
    });

    it('refuses what it cannot code, by name', () => {
      const quantizer = trained;
      using encoder = quantizer.createEncoder(core);
      using estimator = quantizer.createEstimator(core);
      using blocks = core.allocate(quantizer.layout.blockBytes);
      const bad = ROWS.slice(0, D);
      bad[7] = Number.NaN;
      expect(() => encoder.encode(bad, quantizer.origin, blocks, 0)).toThrow(/"vectors"/);
      expect(() => encoder.encode(bad.subarray(1), quantizer.origin, blocks, 0)).toThrow(/"vectors"/);
      expect(() => encoder.encode(ROWS.subarray(0, D), new Float32Array(3), blocks, 0)).toThrow(/"origin"/);
      expect(() => estimator.setQuery(bad)).toThrow(/"query"/);
      expect(() => estimator.setQuery(bad.subarray(2))).toThrow(/"query"/);
      if (options.name !== 'float32') {
        expect(() => train('l2', new Float32Array(0))).toThrow(/"sample"/);
        expect(() => train('l2', bad)).toThrow(/"sample"/);
      }
      if (needs > 1) {
        expect(() => train('l2', ROWS.subarray(0, (needs - 1) * D))).toThrow(
          new RegExp(`"sample" expected at least ${needs} vectors`),
        );
      }
    });

    it('gives its memory back', () => {
      expect(core.bytesUsed()).toBe(0);
    });
  });
}
