/** Indexes of every kind of code, small, for suites about memory. */
import type { IndexOptions } from '../src/index.ts';

export const INDEX_KINDS: Readonly<Record<string, Omit<IndexOptions, 'metric'>>> = {
  float32: { quantizer: 'float32' },
  'saq with kept vectors': { quantizer: 'saq', bits: 4, keepVectors: true },
  rabitq: { quantizer: 'rabitq', bits: 1 },
  'rabitq optimal': { quantizer: 'rabitq', bits: 4, quantizerOptions: { mode: 'optimal' } },
  pq: { quantizer: 'pq', bits: 1, quantizerOptions: { nbits: 4, iterations: 2 } },
  opq: { quantizer: 'opq', bits: 1, quantizerOptions: { nbits: 4, iterations: 1 } },
  'lvq of two levels': { quantizer: 'lvq', bits: 4, quantizerOptions: { secondBits: 4 } },
  'lvq of means': { quantizer: 'lvq', bits: 4, quantizerOptions: { means: 2 } },
  scalar: { quantizer: 'scalar', bits: 8 },
  sign: { quantizer: 'sign', bits: 1 },
  'turboquant with a sketch': { quantizer: 'turboquant', bits: 4, quantizerOptions: { sketch: true } },
  'latent of 3 bits': { quantizer: 'latent', bits: 3 },
  float16: { quantizer: 'float16' },
  pca: { quantizer: 'pca', bits: 8 },
  random: { quantizer: 'random', bits: 8 },
  'low-rank-pq': {
    quantizer: 'low-rank-pq',
    bits: 1,
    quantizerOptions: { nbits: 4, iterations: 1, clusterDims: 4 },
  },
  'leanvec with lvq codes of all dims': {
    quantizer: 'leanvec',
    bits: 4,
    quantizerOptions: { primary: 'rabitq' },
    secondary: { quantizer: 'lvq', bits: 8 },
  },
  'sign with saq codes': { quantizer: 'sign', bits: 1, secondary: { quantizer: 'saq', bits: 4 } },
};
