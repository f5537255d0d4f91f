/** The family against naive translations of the papers: what codes stand for, and what estimates say, within rounding. */
import { createCore, NO_PTR } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  blockCount,
  type LinearQuantizer,
  type LinearQuantizerOptions,
  trainQuantizer,
} from '../src/index.ts';
import { FrameTransform } from '../src/linear/frame.ts';
import { PqCoder } from '../src/pq/coder.ts';
import { LEVELS } from '../src/turboquant/coder.ts';
import { referenceLvq, referencePq, referenceRabitq, referenceTurboQuant } from './reference/family.ts';

const core = createCore();
const D = 32;
const N = 300;
const rows = gaussianRows(N, D, 4);
const queries = gaussianRows(4, D, 5);
const row = (data: Float32Array, i: number, d = D): Float32Array => data.subarray(i * d, (i + 1) * d);

function train(options: Omit<LinearQuantizerOptions, 'metric'>): LinearQuantizer {
  return trainQuantizer(core, { data: rows, n: N, d: D }, { ...options, metric: 'l2' });
}

/** Residuals about the origin, in the frame: N × dims. */
function framed(quantizer: LinearQuantizer): Float32Array {
  using transform = new FrameTransform(core, quantizer.frame, 'data');
  return transform.apply(rows.map((value, i) => value - (quantizer.origin[i % D] as number)));
}

/** Estimates of all pairs against |q' - r|² computed from what the reference says a code stands for. */
function expectEstimates(
  quantizer: LinearQuantizer,
  decoded: readonly (readonly number[])[],
  norm: 'exact' | 'decoded',
  tolerance: number,
  /** Bits that a query keeps where popcounts multiply it: whole numbers up to 2^(planes - 1) - 1. */
  planes?: number,
): void {
  const residuals = framed(quantizer);
  const { dims } = quantizer.frame;
  using encoder = quantizer.createEncoder(core);
  using estimator = quantizer.createEstimator(core);
  using transform = new FrameTransform(core, quantizer.frame, 'query');
  using blocks = core.allocate(blockCount(N) * quantizer.layout.blockBytes);
  using out = core.allocate(blockCount(N) * 128);
  encoder.encode(rows, quantizer.origin, blocks, 0);
  for (let q = 0; q < 4; q++) {
    const query = row(queries, q);
    const centred = query.map((value, j) => value - (quantizer.origin[j] as number));
    const turned = transform.apply(centred);
    const base = centred.reduce((sum, value) => sum + value * value, 0);
    estimator.setQuery(query);
    estimator.scores(blocks.at(), N, NO_PTR, base, out.at());
    const scores = out.f32(0, N);
    for (let i = 0; i < N; i++) {
      const stands = decoded[i] as readonly number[];
      const source = norm === 'exact' ? row(residuals, i, dims) : stands;
      let expected = base;
      for (const value of source) expected += value * value;
      for (let t = 0; t < stands.length; t++) expected -= 2 * (turned[t] as number) * (stands[t] as number);
      // set bits, of value 2·|stands|, each meet half a step of rounding at most
      const step = planes ? Math.max(...turned.map(Math.abs)) / (2 ** (planes - 1) - 1) : 0;
      const set = stands.reduce((sum, value) => sum + (value > 0 ? 2 * value : 0), 0);
      expect(Math.abs((scores[i] as number) - expected)).toBeLessThan(tolerance + 2 * set * (step / 2));
    }
  }
}

describe('rabitq', () => {
  it.each([1, 2, 3, 5])('at %i bits', (bits) => {
    const quantizer = train({ name: 'rabitq', bits, mode: 'optimal' });
    const residuals = framed(quantizer);
    const { dims } = quantizer.frame;
    const decoded = Array.from({ length: N }, (_, i) => {
      const { code, scale } = referenceRabitq(row(residuals, i, dims), bits);
      return code.map((value) => scale * (value - (2 ** bits - 1) / 2));
    });
    // the query is rounded to 15 bits of its largest entry, sums to 2^-24: |r̂| < 10, dims = 32
    expectEstimates(quantizer, decoded, 'exact', 0.02, bits === 1 ? 6 : undefined);
  });
});

describe('lvq', () => {
  it.each([
    [4, 0],
    [8, 0],
    [4, 4],
    [4, 8],
    [8, 8],
  ])('%i × %i', (bits, secondBits) => {
    const quantizer = train({ name: 'lvq', bits, secondBits });
    const residuals = framed(quantizer);
    const decoded = Array.from({ length: N }, (_, i) => referenceLvq(row(residuals, i), bits, secondBits));
    // the least and the greatest value lie half way between two levels of the second grid and may go to either: a step
    // of 6/225 at 4 × 4, in the norm (twice 3) and in the product (twice an entry of the query under 4)
    expectEstimates(quantizer, decoded, 'decoded', secondBits === 4 ? 0.4 : 0.02);
  });
});

describe('pq', () => {
  it.each([
    [1, 8],
    [2, 8],
    [2, 4],
  ] as const)('%i bits in codes of %i', (bits, nbits) => {
    const quantizer = train({ name: 'pq', bits, nbits });
    const { coder } = quantizer;
    if (!(coder instanceof PqCoder)) throw new Error('expected a PqCoder');
    const residuals = framed(quantizer);
    const decoded = Array.from({ length: N }, (_, i) => {
      const found = referencePq(
        row(residuals, i, coder.dims),
        coder.codebooks,
        coder.m,
        coder.ksub,
        coder.dsub,
      );
      return found.decoded;
    });
    // 8-bit tables are floats; 4-bit ones have 65,535 steps over the largest range
    expectEstimates(quantizer, decoded, 'decoded', 0.02);
  });

  it.each([
    ['pq', 8],
    ['pq', 4],
    ['low-rank-pq', 8],
  ] as const)('%s with codes of %i has symmetric distances between codes', (name, nbits) => {
    const quantizer = train({ name, bits: 1, nbits });
    const { coder } = quantizer;
    if (!(coder instanceof PqCoder)) throw new Error('expected a PqCoder');
    using encoder = quantizer.createEncoder(core);
    using blocks = core.allocate(blockCount(N) * quantizer.layout.blockBytes);
    encoder.encode(rows, quantizer.origin, blocks, 0);
    const codes = quantizer.codes(blocks, N);
    const decoded = quantizer.decode(core, blocks, N, quantizer.origin);
    const distances = coder.symmetricDistances(codes.subarray(0, coder.codeBytes), codes);
    expect(distances[0]).toBe(0);
    for (let i = 0; i < N; i++) {
      let expected = 0;
      for (let j = 0; j < D; j++) {
        expected += ((decoded[j] as number) - (decoded[i * D + j] as number)) ** 2;
      }
      expect(Math.abs((distances[i] as number) - expected)).toBeLessThan(1e-3);
    }
    expect(() => coder.symmetricDistances(codes.subarray(1), codes)).toThrow(/"code"/);
  });

  it('has symmetric tables of squared distances between centroids', () => {
    const { coder } = train({ name: 'pq', bits: 1, nbits: 4 });
    if (!(coder instanceof PqCoder)) throw new Error('expected a PqCoder');
    const table = coder.symmetricTable(1);
    const book = coder.codebook(1);
    for (let a = 0; a < 16; a++) {
      expect(table[a * 16 + a]).toBe(0);
      for (let b = 0; b < 16; b++) {
        let distance = 0;
        for (let t = 0; t < coder.dsub; t++) {
          distance += ((book[a * coder.dsub + t] as number) - (book[b * coder.dsub + t] as number)) ** 2;
        }
        expect(table[a * 16 + b]).toBeCloseTo(distance, 4);
        expect(table[a * 16 + b]).toBe(table[b * 16 + a]);
      }
    }
  });
});

describe('turboquant', () => {
  it.each([1, 2, 3, 4])('at %i bits, for the least error', (bits) => {
    const quantizer = train({ name: 'turboquant', bits, ratio: false });
    const residuals = framed(quantizer);
    const decoded = Array.from({ length: N }, (_, i) =>
      referenceTurboQuant(row(residuals, i, quantizer.frame.dims), LEVELS[bits] as readonly number[]),
    );
    // tables of 4 bits have 65,535 steps over the largest range, of 3 bits are floats
    expectEstimates(quantizer, decoded, 'decoded', 0.02);
  });
});
