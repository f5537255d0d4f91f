/** One codebook for all runs: least squares that never get worse, a trade-off that is told, and little to learn. */
import { ByteReader, createCore } from '@sagitta/core-wasm';
import { skewedRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  blockCount,
  type LinearQuantizer,
  type LinearQuantizerOptions,
  readQuantizer,
  trainQuantizer,
  writeQuantizer,
} from '../../src/index.ts';
import { FrameTransform } from '../../src/linear/frame.ts';
import { expanded, LowRankPqCoder } from '../../src/low-rank-pq/coder.ts';
import { fitLowRank } from '../../src/low-rank-pq/train.ts';
import { referencePq } from '../reference/family.ts';

const core = createCore();
const D = 64;
const learned = skewedRows(400, D, { seed: 3 });
const held = skewedRows(1000, D, { seed: 3, stream: 'held' });

function coderOf(quantizer: LinearQuantizer): LowRankPqCoder {
  if (!(quantizer.coder instanceof LowRankPqCoder)) throw new Error('expected a LowRankPqCoder');
  return quantizer.coder;
}

function train(options: Omit<LinearQuantizerOptions, 'metric'>, rows = learned): LinearQuantizer {
  return trainQuantizer(core, { data: rows, n: rows.length / D, d: D }, { ...options, metric: 'l2' });
}

/** Energy that decoded vectors miss, over the energy about the origin. */
function missed(quantizer: LinearQuantizer, rows: Float32Array): number {
  const n = rows.length / D;
  using encoder = quantizer.createEncoder(core);
  using blocks = core.allocate(blockCount(n) * quantizer.layout.blockBytes);
  encoder.encode(rows, quantizer.origin, blocks, 0);
  const decoded = quantizer.decode(core, blocks, n, quantizer.origin);
  let lost = 0;
  let all = 0;
  for (let i = 0; i < rows.length; i++) {
    lost += ((decoded[i] as number) - (rows[i] as number)) ** 2;
    all += ((rows[i] as number) - (quantizer.origin[i % D] as number)) ** 2;
  }
  return lost / all;
}

describe('the fit', () => {
  it('does not get worse with rounds, whatever the rank', () => {
    const options = { m: 8, nbits: 4, seed: 1, iterations: 5 } as const;
    for (const rank of [1, 3, 8]) {
      let before = Infinity;
      for (const rounds of [0, 1, 2, 5]) {
        const { shared, bases } = fitLowRank(core, learned, D, rank, options, rounds);
        const codebooks = expanded(shared, bases, 8, 16);
        let error = 0;
        for (let i = 0; i < 400; i++) {
          const x = learned.subarray(i * D, (i + 1) * D);
          const { decoded } = referencePq(x, codebooks, 8, 16, 8);
          for (let j = 0; j < D; j++) error += ((x[j] as number) - (decoded[j] as number)) ** 2;
        }
        // the books are kept in f32
        expect(error).toBeLessThanOrEqual(before * (1 + 1e-5));
        before = error;
      }
    }
  });

  it('codes each run as the nearest of its multiplied codebook, as PQ does', () => {
    const quantizer = train({ name: 'low-rank-pq', bits: 1 });
    const coder = coderOf(quantizer);
    using transform = new FrameTransform(core, quantizer.frame, 'data');
    const rows = transform.apply(held.map((value, i) => value - (quantizer.origin[i % D] as number)));
    const numbers = coder.assign(core, rows.subarray(0, 50 * D), 50);
    for (let i = 0; i < 50; i++) {
      const x = rows.subarray(i * D, (i + 1) * D);
      const { code } = referencePq(x, coder.codebooks, coder.m, coder.ksub, coder.dsub);
      expect([...numbers.subarray(i * coder.m, (i + 1) * coder.m)]).toEqual(code);
    }
  });
});

describe('the trade-off', () => {
  const quantizer = train({ name: 'low-rank-pq', bits: 0.5 }, held);
  const coder = coderOf(quantizer);

  it('is told for every rank: less lies outside, more is missed inside', () => {
    const { tradeOff } = coder;
    expect(tradeOff.map(({ clusterDims }) => clusterDims)).toEqual([1, 2, 3, 4, 6, 8, 12, 16]);
    for (let i = 1; i < tradeOff.length; i++) {
      const [before, now] = tradeOff.slice(i - 1, i + 1) as [(typeof tradeOff)[0], (typeof tradeOff)[0]];
      expect(now.lowRankError).toBeLessThan(before.lowRankError);
      expect(now.clusteringError).toBeGreaterThan(before.clusteringError);
    }
    expect(tradeOff.at(-1)?.lowRankError).toBeLessThan(1e-6);
  });

  it('decides: the least rank within 2 % of the least sum', () => {
    const sums = coder.tradeOff.map((one) => one.lowRankError + one.clusteringError);
    const first = sums.findIndex((sum) => sum <= 1.02 * Math.min(...sums));
    expect(coder.clusterDims).toBe(coder.tradeOff[first]?.clusterDims);
    expect(coder.clusterDims).toBeLessThan(16);
    const loaded = readQuantizer(new ByteReader(writeQuantizer(quantizer)));
    expect(coderOf(loaded).tradeOff).toEqual(coder.tradeOff);
  });

  it('can be overruled', () => {
    const one = coderOf(train({ name: 'low-rank-pq', bits: 0.5, clusterDims: 3 }, held));
    expect(one.clusterDims).toBe(3);
    expect(one.tradeOff.length).toBe(1);
    expect(() => train({ name: 'low-rank-pq', bits: 0.5, clusterDims: 17 })).toThrow(/"clusterDims"/);
  });
});

it('learns from few vectors what PQ cannot, with a model that is smaller by far', () => {
  const few = { bits: 1, iterations: 10 } as const;
  const shared = train({ name: 'low-rank-pq', ...few });
  const own = train({ name: 'pq', ...few });
  const turned = train({ name: 'opq', ...few });
  const error = missed(shared, held);
  expect(error).toBeLessThan(missed(own, held));
  expect(error).toBeLessThan(missed(turned, held));
  // beside the rotation, 4·d² bytes
  const model = writeQuantizer(shared).length - 4 * D * D;
  expect(model).toBeLessThan(writeQuantizer(own).length / 3);
  expect(core.bytesUsed()).toBe(0);
});
