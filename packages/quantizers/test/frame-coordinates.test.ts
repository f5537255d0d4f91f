/** Codes of fewer dimensions give those as coordinates where distances between them are those of the decoded vectors. */
import { createCore } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { blockCount, type LinearQuantizerOptions, trainQuantizer } from '../src/index.ts';

const D = 64;
const N = 70;
const core = createCore();
const rows = gaussianRows(N, D, 8).map((value, i) => value / (1 + (i % D)));
const queries = gaussianRows(N, D, 9);
const sample = { data: rows, n: N, d: D };

it.each<[string, LinearQuantizerOptions]>([
  ['pca', { name: 'pca', dims: 24, metric: 'l2' }],
  ['leanvec over lvq', { name: 'leanvec', dims: 24, bits: 8, metric: 'l2' }],
  [
    'leanvec over rabitq, which rotates',
    { name: 'leanvec', dims: 32, bits: 4, primary: 'rabitq', metric: 'l2' },
  ],
])('%s', (_, options) => {
  const quantizer = trainQuantizer(core, sample, options);
  using encoder = quantizer.createEncoder(core);
  using blocks = core.allocate(blockCount(N) * quantizer.layout.blockBytes);
  encoder.encode(rows, quantizer.origin, blocks, 0);
  using coordinates = quantizer.createCoordinates(core);
  expect(coordinates?.dims).toBe(32);
  const own = new Float32Array(N * 32);
  const norms = new Float32Array(N);
  coordinates?.read(blocks, N, own, norms);
  const decoded = quantizer.decode(core, blocks, N, new Float32Array(D));
  const squared = (data: Float32Array, d: number, a: number, b?: number): number => {
    let sum = 0;
    for (let j = 0; j < d; j++) {
      sum += ((data[a * d + j] as number) - (b === undefined ? 0 : (data[b * d + j] as number))) ** 2;
    }
    return sum;
  };
  for (let a = 0; a < N; a++) {
    expect(norms[a]).toBeCloseTo(squared(decoded, D, a), 3);
    expect(squared(own, 32, a, 0)).toBeCloseTo(squared(decoded, D, a, 0), 3);
  }
});

it('there are none of all dimensions, where queries have a projection of their own, or codes leave what rows span', () => {
  for (const options of [
    { name: 'float16' },
    { name: 'lvq', bits: 8 },
    { name: 'leanvec', dims: 24, bits: 8, queries },
    { name: 'leanvec', dims: 24, bits: 4, primary: 'rabitq' },
  ] as const) {
    const quantizer = trainQuantizer(core, sample, { ...options, metric: 'ip' });
    using coordinates = quantizer.createCoordinates(core);
    expect(coordinates).toBeUndefined();
  }
});
