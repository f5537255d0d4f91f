import { METRICS, type Metric } from '@sagitta/core-wasm';
import type { IndexCase } from './vector-index.case.ts';

type Family = Omit<IndexCase, 'kind' | 'metric'>;

/** Each of the family but saq and float32. */
export const FAMILY: readonly Family[] = [
  { quantizer: 'rabitq', quantizerOptions: { mode: 'optimal' } },
  { quantizer: 'rabitq', bits: 4, tolerance: 0.06, leastHits: 110 },
  { quantizer: 'pq', tolerance: 0.04, leastHits: 165 },
  { quantizer: 'pq', bits: 4, quantizerOptions: { nbits: 4 }, tolerance: 0.3, leastHits: 110 },
  { quantizer: 'opq', bits: 4, quantizerOptions: { iterations: 2 }, tolerance: 0.3, leastHits: 100 },
  { quantizer: 'lvq' },
  { quantizer: 'lvq', bits: 4, quantizerOptions: { secondBits: 8 } },
  { quantizer: 'lvq', quantizerOptions: { means: 5 } },
  { quantizer: 'scalar', tolerance: 0.006 },
  { quantizer: 'scalar', quantizerOptions: { ranges: 'vector' }, tolerance: 0.03 },
  { quantizer: 'sign', bits: 1, tolerance: 1, leastHits: 40 },
  { quantizer: 'turboquant', bits: 4, tolerance: 0.05, leastHits: 140 },
  { quantizer: 'pca', bits: 8, tolerance: 0.5, leastHits: 80 },
  // half of the dims of a rotation: what is not taken out of vectors before goes into the error
  { quantizer: 'random', bits: 8, tolerance: 1.1, leastHits: 60 },
  { quantizer: 'float16', bits: 16 },
  { quantizer: 'leanvec', bits: 8, tolerance: 1, leastHits: 60 },
  { quantizer: 'latent', tolerance: 0.02, leastHits: 185 },
  { quantizer: 'low-rank-pq', bits: 4, tolerance: 0.3, leastHits: 100 },
  { quantizer: 'latent', bits: 3, tolerance: 0.6, leastHits: 90 },
  { quantizer: 'turboquant', bits: 4, quantizerOptions: { sketch: true }, tolerance: 0.2, leastHits: 120 },
  // half the dims at 4 bits bring most true neighbours into the buffer, and 8 bits of all dims order it
  {
    quantizer: 'leanvec',
    bits: 4,
    quantizerOptions: { primary: 'rabitq' },
    secondary: { quantizer: 'lvq', bits: 8 },
    tolerance: 0.005,
    leastHits: 175,
  },
  {
    quantizer: 'leanvec',
    bits: 4,
    quantizerOptions: { primary: 'turboquant' },
    secondary: { quantizer: 'saq' },
    leastHits: 175,
  },
  { quantizer: 'rabitq', bits: 1, secondary: { quantizer: 'float32' }, leastHits: 175 },
];

/** The metric for which tolerance and hits of FAMILY[i] were measured. */
export function metricOfFigures(i: number, kind: IndexCase['kind']): Metric {
  return METRICS[(i + (kind === 'flat' ? 0 : 1)) % METRICS.length] as Metric;
}

/** For metrics of which there are no figures: errors of another metric, or without lists, are up to 1.6 times as large. */
export function withWiderFigures(one: Family): Family {
  const { tolerance = 0.003, leastHits = 194 } = one;
  return { ...one, tolerance: 1.75 * tolerance, leastHits: 0.85 * leastHits };
}
