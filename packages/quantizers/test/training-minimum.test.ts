/** Every quantizer on one vector, a few, copies, vectors on a line: as good as it gets, or an error by name. */
import { createCore } from '@sagitta/core-wasm';
import { skewedRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { fewestVectors, type QuantizerOptions, trainQuantizer } from '../src/index.ts';
import { asSet } from './coded-set.ts';

const core = createCore();
const d = 32;
const all = skewedRows(300, d, { seed: 3 });
const first = all.slice(0, d);
const equal = Float32Array.from({ length: all.length }, (_, i) => first[i % d] as number);
const copies = Float32Array.from({ length: all.length }, (_, i) => all[i % (5 * d)] as number);
const line = equal.map((value, i) => value * (0.5 + Math.floor(i / d) / 300));

/** Fewest vectors, and the options beside the name. */
const CASES: readonly (readonly [QuantizerOptions['name'], Partial<QuantizerOptions>, number])[] = [
  ['rabitq', { bits: 4 }, 1],
  ['lvq', { bits: 4 }, 1],
  ['lvq', { bits: 4, means: 3 }, 3],
  ['lvq', { bits: 4, secondBits: 4, rotate: true, ratio: true }, 1],
  ['scalar', { bits: 4, ranges: 'vector' }, 1],
  ['sign', {}, 1],
  ['turboquant', { bits: 4 }, 1],
  ['float16', {}, 1],
  ['scalar', { bits: 4 }, 32],
  ['latent', { bits: 4 }, 32],
  ['pq', { bits: 1, nbits: 4 }, 16],
  ['opq', { bits: 1, nbits: 4 }, 16],
  ['low-rank-pq', { bits: 1, nbits: 4 }, 16],
  ['pq', {}, 256],
  ['pca', { bits: 8 }, 16],
  ['random', { bits: 8 }, 1],
  ['leanvec', {}, 16],
  ['leanvec', { primary: 'pq', nbits: 8 }, 256],
];

/** Root mean square of what decoding misses, over that of the vectors about their mean. */
function error(options: QuantizerOptions, sample: Float32Array): number {
  const quantizer = trainQuantizer(core, asSet(sample, d), options);
  const n = all.length / d;
  using encoder = quantizer.createEncoder(core);
  using blocks = core.allocate(quantizer.layout.blockBytes * Math.ceil(n / 32));
  encoder.encode(all, quantizer.origin, blocks, 0);
  const decoded = quantizer.decode(core, blocks, n, quantizer.origin);
  let lost = 0;
  let energy = 0;
  for (let i = 0; i < all.length; i++) {
    lost += ((decoded[i] as number) - (all[i] as number)) ** 2;
    energy += (all[i] as number) ** 2;
  }
  return Math.sqrt(lost / energy);
}

describe.each(CASES)('%s %o', (name, rest, fewest) => {
  const options: QuantizerOptions = { ...rest, name, metric: 'l2' };

  it(`takes ${fewest} vectors and refuses fewer by the name of the argument`, () => {
    expect(fewestVectors(name, d, options)).toBe(fewest);
    for (const n of [0, fewest - 1]) {
      expect(() => trainQuantizer(core, asSet(all.slice(0, n * d), d), options)).toThrow(
        new RegExp(`^"sample" expected at least ${fewest} vectors? to train ${name}, got ${n}: `),
      );
    }
    // what is learned from few is worse, but within a small factor of what is learned from all
    expect(error(options, all.slice(0, fewest * d))).toBeLessThan(2.5 * error(options, all) + 0.01);
  });

  it('of copies of one vector, or of five, codes what comes later or is refused', () => {
    for (const sample of [equal, copies]) {
      if (fewest === 1 || name === 'lvq') {
        expect(error(options, sample)).toBeLessThan(3 * error(options, all) + 0.01);
      } else {
        expect(() => trainQuantizer(core, asSet(sample, d), options)).toThrow(
          /^"sample" expected vectors that differ in at least 16 directions/,
        );
      }
    }
    expect(core.bytesUsed()).toBe(0);
  });

  it('takes many vectors on a line: data can be like that', () => {
    expect(trainQuantizer(core, asSet(line, d), options).d).toBe(d);
  });
});

it('residuals that are all 0 leave what is learned to the vectors themselves', () => {
  const options = { name: 'scalar', metric: 'l2', bits: 4 } as const;
  const sample = asSet(all, d);
  const { coder } = trainQuantizer(core, sample, options, new Float32Array(all.length));
  expect(coder).toEqual(trainQuantizer(core, sample, options).coder);
});

it('what takes hours of many dimensions is refused by name', () => {
  const wide = { data: new Float32Array(256 * 2064).map((_, i) => ((i * 7919) % 97) - 48), n: 256, d: 2064 };
  for (const name of ['opq', 'low-rank-pq'] as const) {
    expect(() => trainQuantizer(core, wide, { name, metric: 'l2' })).toThrow(
      new RegExp(`^"d" expected at most 2048 for ${name}`),
    );
  }
  const queries = wide.data.slice(0, 2064);
  const leanvec = { name: 'leanvec', metric: 'ip', dims: 64, queries } as const;
  expect(() => trainQuantizer(core, wide, leanvec)).toThrow(/^"queries" expected vectors of at most 2048/);
});
