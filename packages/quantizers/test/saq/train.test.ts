/** Training: quota, order of errors, metrics, degenerate data, determinism, refusals. */
import { crc32, createCore, normalizeRows } from '@sagitta/core-wasm';
import { skewedRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { SaqEstimator, type SaqOptions, trainSaq } from '../../src/index.ts';
import { writeSaqModel } from '../../src/saq/format.ts';
import { saqLayout } from '../../src/saq/layout.ts';
import { quotaBits } from '../../src/saq/train.ts';
import { asSet, codeList, dot, estimateList, plainModel, row, trueScores } from '../coded-set.ts';
import { normalRows } from '../normal-rows.ts';

const core = createCore();

/** Root mean square error of the scores of 16 held-out queries, over the deviation of the true scores. */
function scoreError(
  rows: Float32Array,
  queries: Float32Array,
  d: number,
  options: SaqOptions,
  model = trainSaq(core, asSet(rows, d), options),
): number {
  const list = codeList(core, model, rows);
  using estimator = new SaqEstimator(core, model);
  let error = 0;
  let spread = 0;
  for (let q = 0; q < 16; q++) {
    const query = row(queries, q, d);
    const exact = trueScores(model, rows, query);
    const mean = exact.reduce((sum, score) => sum + score, 0) / exact.length;
    for (const [i, estimate] of estimateList(core, estimator, list, query).entries()) {
      error += (estimate - (exact[i] as number)) ** 2;
      spread += ((exact[i] as number) - mean) ** 2;
    }
  }
  list.blocks.dispose();
  return Math.sqrt(error / spread);
}

const quarterSteps = Array.from({ length: 32 }, (_, i) => (i + 1) / 4);

describe('bits in quarter steps', () => {
  const d = 100;
  const rows = skewedRows(400, d, { seed: 1, knee: 3 });
  const queries = skewedRows(16, d, { seed: 1, knee: 3, stream: 'query' });

  it.each([16, 32, 64] as const)(
    'never take more bytes than the quota nor lose accuracy, blocks of %i',
    (blockSize) => {
      for (const objective of ['variance', 'absolute'] as const) {
        let last = Number.POSITIVE_INFINITY;
        // blocks of 16 have the most plans: they go by quarters, the others by halves
        const steps = blockSize === 16 ? quarterSteps : quarterSteps.filter((bits) => bits % 0.5 === 0);
        for (const bits of objective === 'variance' ? steps : [0.5, 1, 2, 4, 8]) {
          const options = { metric: 'l2', bits, blockSize, objective } as const;
          const model = trainSaq(core, asSet(rows, d), options);
          expect(saqLayout(model.plan).bytesPerVector * 8).toBeLessThanOrEqual(quotaBits(bits, d));
          for (const segment of model.plan) expect(segment.dims % blockSize).toBe(0);
          const error = scoreError(rows, queries, d, options, model);
          // equal plans give equal errors; a better one must show it but for the noise of 16 queries
          expect(error).toBeLessThanOrEqual(last * 1.02);
          last = error;
        }
        expect(last).toBeLessThan(0.01);
      }
    },
  );

  it('use the quota: at most one block of 1-bit codes and a factor is left over', () => {
    for (const bits of quarterSteps) {
      const { plan } = trainSaq(core, asSet(rows, d), { metric: 'l2', bits });
      const used = saqLayout(plan).bytesPerVector * 8;
      if (plan.every((segment) => segment.bits < 13)) expect(used).toBeGreaterThan(quotaBits(bits, d) - 64);
    }
  });

  it('make one segment of whole bits with singleSegment', () => {
    for (const bits of [1, 2.75, 8]) {
      const model = trainSaq(core, asSet(rows, d), { metric: 'l2', bits, singleSegment: true });
      expect(model.plan).toEqual([{ start: 0, dims: 112, bits: Math.floor(bits) }]);
      expect(saqLayout(model.plan).bytesPerVector * 8).toBeLessThanOrEqual(quotaBits(bits, d));
    }
    const error = (bits: number): number =>
      scoreError(rows, queries, d, { metric: 'l2', bits, singleSegment: true });
    expect(error(2)).toBeLessThan(error(1) * 0.7);
    expect(error(4)).toBeLessThan(error(2) * 0.5);
    // segments are what SAQ is about
    expect(scoreError(rows, queries, d, { metric: 'l2', bits: 4 })).toBeLessThan(error(4) * 0.7);
  });
});

describe('dimensions', () => {
  it.each([1, 2, 15, 16, 17, 63, 64, 65, 100, 128])('d = %i: scores within the error of 6 bits', (d) => {
    const rows = skewedRows(150, d, { seed: d });
    for (const metric of ['l2', 'ip'] as const) {
      const error = scoreError(rows, rows, d, { metric, bits: 6 });
      expect(error).toBeLessThan(0.03);
      // codes are stored, not vectors (a single dimension has a sign and a norm, and is exact)
      if (d > 2) expect(error).toBeGreaterThan(1e-5);
    }
  });

  it('d = 1536 without training: one segment of 1, 4 and 9 bits', () => {
    const d = 1536;
    const rows = normalRows(300, d, 1);
    for (const [bits, root] of [
      [1, 0.755],
      [4, 0.107],
      [9, 0.0041],
    ] as const) {
      const model = plainModel(d, bits, 4 / (1 << bits));
      const list = codeList(core, model, rows);
      using estimator = new SaqEstimator(core, model);
      const query = normalRows(1, d, 2);
      const exact = trueScores(model, rows, query);
      const errors = estimateList(core, estimator, list, query).map(
        (score, i) => score - (exact[i] as number),
      );
      const rms = Math.sqrt(dot(errors, errors) / errors.length);
      // |o|·|p|·√(eps2/d) with |o| ≈ |p| ≈ √d; 300 vectors give the root to 4 %, three times that is allowed
      expect(rms / Math.sqrt(d)).toBeLessThan(root * 1.12);
      expect(rms / Math.sqrt(d)).toBeGreaterThan(root * 0.88);
      list.blocks.dispose();
    }
  });
});

describe('degenerate data', () => {
  const d = 20;
  const rows = skewedRows(60, d, { seed: 5 });

  it('a single row, no variance: bits are spread evenly, and code whatever comes', () => {
    const model = trainSaq(core, asSet(row(rows, 0, d), d), { metric: 'l2', bits: 4 });
    expect(model.plan.every(({ bits }) => bits >= 7)).toBe(true);
    const list = codeList(core, model, rows);
    using estimator = new SaqEstimator(core, model);
    const scores = estimateList(core, estimator, list, row(rows, 0, d));
    const exact = trueScores(model, rows, row(rows, 0, d));
    for (const [i, score] of scores.entries()) {
      expect(Math.abs(score - (exact[i] as number))).toBeLessThan(0.02 * (1 + (exact[i] as number)));
    }
    list.blocks.dispose();
  });

  it('no direction goes without bits where a sample is too small to tell', () => {
    const wide = 96;
    const all = skewedRows(200, wide, { seed: 6 });
    for (const n of [1, 2, 5, 17, 60, 96]) {
      const { plan } = trainSaq(core, asSet(all.slice(0, n * wide), wide), { metric: 'l2', bits: 4 });
      expect(plan.every(({ bits }) => bits > 0)).toBe(true);
    }
    const line = Float32Array.from(
      { length: 300 * wide },
      (_, i) => (all[i % wide] as number) * (1 + i / wide),
    );
    for (const metric of ['l2', 'ip'] as const) {
      const { plan } = trainSaq(core, asSet(line, wide), { metric, bits: 4 });
      expect(plan.every(({ bits }) => bits === 5 || bits === 6)).toBe(true);
    }
  });

  it('residuals of nothing but centroids leave the plan of the sample', () => {
    const residuals = new Float32Array(rows.length);
    const options = { metric: 'l2', bits: 2 } as const;
    const { plan } = trainSaq(core, asSet(rows, d), { ...options, residuals });
    expect(plan).toEqual(trainSaq(core, asSet(rows, d), options).plan);
  });

  it('fewer rows than dims: those rows are scored as well as with many', () => {
    const few = normalRows(16, 100, 1);
    expect(scoreError(few, few, 100, { metric: 'l2', bits: 4 })).toBeLessThan(0.1);
  });

  it('duplicates score alike, whatever block they are in', () => {
    const twice = new Float32Array(70 * d);
    for (let i = 0; i < 70; i++) twice.set(row(rows, i % 2, d), i * d);
    const model = trainSaq(core, asSet(twice, d), { metric: 'l2', bits: 2 });
    const list = codeList(core, model, twice);
    using estimator = new SaqEstimator(core, model);
    const scores = estimateList(core, estimator, list, row(rows, 9, d));
    for (const [i, score] of scores.entries()) expect(score).toBe(scores[i % 2]);
    expect(scores[0]).not.toBe(scores[1]);
    list.blocks.dispose();
  });

  it('constant dims take no bits and add their distance', () => {
    const constant = rows.map((value, i) => (i % d < 10 ? value : 4));
    const queries = constant.map((value, i) => (i % d < 10 ? value : 6));
    expect(scoreError(constant, queries, d, { metric: 'l2', bits: 8 })).toBeLessThan(0.01);
    const all = new Float32Array(5 * d).fill(-3);
    const { plan } = trainSaq(core, asSet(all, d), { metric: 'l2', bits: 8 });
    expect(plan.every(({ bits }) => bits === 13)).toBe(true);
  });

  it('all zeros', () => {
    for (const metric of ['l2', 'ip', 'cosine'] as const) {
      const zeros = new Float32Array(4 * d);
      const model = trainSaq(core, asSet(zeros, d), { metric, bits: 1 });
      const list = codeList(core, model, zeros);
      using estimator = new SaqEstimator(core, model);
      expect(Array.from(estimateList(core, estimator, list, new Float32Array(d)), Math.abs)).toEqual([
        0, 0, 0, 0,
      ]);
      list.blocks.dispose();
    }
  });
});

describe('metrics', () => {
  const d = 48;
  const shifted = skewedRows(300, d, { seed: 8 }).map((value, i) => value + (i % d === 3 ? 5 : 0));

  it('ip and cosine never centre; l2 centres about the mean', () => {
    for (const metric of ['ip', 'cosine'] as const) {
      const model = trainSaq(core, asSet(shifted, d), { metric, bits: 2 });
      expect(model.mean).toEqual(new Float32Array(d));
    }
    const { mean } = trainSaq(core, asSet(shifted, d), { metric: 'l2', bits: 2 });
    for (let j = 0; j < d; j++) {
      let sum = 0;
      for (let i = 0; i < 300; i++) sum += shifted[i * d + j] as number;
      expect(mean[j]).toBeCloseTo(sum / 300, 4);
    }
  });

  it('inner products and cosines of data far from 0 are estimated as well as distances', () => {
    const queries = shifted.slice(0, 16 * d);
    const unit = normalizeRows(shifted, d);
    for (const [bits, bound] of [
      [2, 0.25],
      [4, 0.06],
      [8, 0.004],
    ] as const) {
      for (const [metric, data] of [
        ['l2', shifted],
        ['ip', shifted],
        ['cosine', unit],
      ] as const) {
        const error = scoreError(data, metric === 'cosine' ? unit : queries, d, { metric, bits });
        expect(error).toBeLessThan(bound);
        expect(error).toBeGreaterThan(bound / 30);
      }
    }
  });

  it('residuals decide the bits where vectors are coded as residuals', () => {
    const rows = skewedRows(300, d, { seed: 2 });
    const flat = normalRows(300, d, 3).map((value) => value / 50);
    const own = trainSaq(core, asSet(rows, d), { metric: 'l2', bits: 2 });
    const other = trainSaq(core, asSet(rows, d), { metric: 'l2', bits: 2, residuals: flat });
    expect(other.plan).not.toEqual(own.plan);
    expect(Math.max(...other.factorUnits)).toBeLessThan(Math.max(...own.factorUnits) / 8);
  });
});

describe('a model', () => {
  const d = 40;
  const sample = asSet(skewedRows(300, d, { seed: 6 }), d);

  it('has the same bytes for the same seed, on every engine', () => {
    const hash = (options: SaqOptions): number => crc32(writeSaqModel(trainSaq(core, sample, options)));
    expect(hash({ metric: 'l2', bits: 2, seed: 1 })).toBe(1785689155);
    expect(hash({ metric: 'ip', bits: 0.75, seed: 1, objective: 'absolute', blockSize: 32 })).toBe(
      2736222246,
    );
    expect(hash({ metric: 'cosine', bits: 8, seed: 2, singleSegment: true })).toBe(2437383404);
  });

  it('has another rotation, and the same plan, for another seed', () => {
    const [a, b] = [1, 2].map((seed) => trainSaq(core, sample, { metric: 'l2', bits: 2, seed }));
    expect(a?.plan).toEqual(b?.plan);
    expect(a?.projection).not.toEqual(b?.projection);
  });

  it('has orthonormal rows, shares that fall to 0, and units that are powers of two', () => {
    const model = trainSaq(core, sample, { metric: 'l2', bits: 1, seed: 1 });
    const { keptDims, coded } = saqLayout(model.plan);
    expect(keptDims).toBeLessThanOrEqual(d);
    let worst = 0;
    for (let i = 0; i < keptDims; i++) {
      for (let j = 0; j <= i; j++) {
        const product = dot(row(model.projection, i, d), row(model.projection, j, d));
        worst = Math.max(worst, Math.abs(product - (i === j ? 1 : 0)));
      }
    }
    expect(worst).toBeLessThan(1e-6);
    expect(model.shares.length).toBe(coded.length + 1);
    expect(Array.from(model.shares)).toEqual(Array.from(model.shares).sort((a, b) => b - a));
    expect(model.shares[coded.length]).toBe(0);
    expect(model.shares[0]).toBeLessThanOrEqual(1);
    for (const unit of model.factorUnits) expect(Number.isInteger(Math.log2(unit))).toBe(true);
  });

  it('leaves no memory behind', () => {
    const own = createCore();
    trainSaq(own, sample, { metric: 'l2', bits: 2 });
    expect(own.bytesUsed()).toBe(0);
  });
});

describe('training refuses', () => {
  const sample = asSet(skewedRows(40, 8, { seed: 6 }), 8);
  const refused: readonly (readonly [string, Partial<SaqOptions> | Record<string, unknown>])[] = [
    ['bits below 1/4', { bits: 0.2 }],
    ['bits above 12', { bits: 12.25 }],
    ['bits between quarters', { bits: 2.1 }],
    ['bits that are no number', { bits: Number.NaN }],
    ['less than a bit for a single segment', { bits: 0.75, singleSegment: true }],
    ['another block size', { blockSize: 48 }],
    ['another objective', { objective: 'recall' }],
    ['another metric', { metric: 'hamming' }],
    ['a seed below 0', { seed: -1 }],
    ['ragged residuals', { residuals: new Float32Array(9) }],
    ['no residuals', { residuals: new Float32Array(0) }],
    ['residuals with NaN', { residuals: new Float32Array(8).fill(Number.NaN) }],
  ];
  it.each(refused)('%s', (_, options) => {
    const all = { metric: 'l2', bits: 2, ...options } as SaqOptions;
    expect(() => trainSaq(core, sample, all)).toThrow(RangeError);
  });

  it('samples without rows, of another length, with NaN, or too large for f32 squares', () => {
    const options = { metric: 'l2', bits: 2 } as const;
    for (const data of [
      new Float32Array(0),
      new Float32Array(8).fill(Number.NaN),
      Float32Array.from({ length: 16 }, (_, i) => (i < 8 ? 3e38 : -3e38)),
    ]) {
      expect(() => trainSaq(core, asSet(data, 8), options)).toThrow(RangeError);
    }
    expect(() => trainSaq(core, { data: new Float32Array(9), n: 1, d: 8 }, options)).toThrow(RangeError);
  });
});
