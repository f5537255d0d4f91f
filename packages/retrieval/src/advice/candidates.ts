/** Which quantizers apply at so many bits a dimension. */

import type { CodeName } from '@sagitta/quantizers';
import type { IndexOptions } from '../ivf/build.ts';

/** OPQ turns the training set four times with d × d matrices; beyond this that takes minutes. */
const OPQ_DIMS = 512;
const PQ_ROWS = 256;

/** Labels of all candidates there are. */
export const KINDS = [
  'saq',
  'caq',
  'rabitq',
  'pq',
  'pq 4-bit',
  'opq',
  'low-rank pq',
  'lvq',
  'lvq rotated',
  'int4',
  'int8',
  'leanvec',
  'sign',
  'turboquant',
  'turboquant sketch',
  'latent',
  'pca',
  'float16',
] as const;
type Kind = (typeof KINDS)[number];

/** Names a quantizer with its options, to be tried on data. */
export interface Candidate {
  /** As a reader of a chart knows it. */
  readonly label: Kind;
  readonly quantizer: CodeName;
  /** As asked for; what a vector costs is measured. */
  readonly bits: number;
  readonly options: Pick<IndexOptions, 'bits' | 'singleSegment' | 'quantizerOptions'>;
}

/** Lists everything that exists at `bits` for n training vectors of d dimensions. */
export function candidatesAt(bits: number, n: number, d: number): Candidate[] {
  const out: Candidate[] = [];
  const add = (label: Kind, quantizer: CodeName, options: Candidate['options'] = { bits }): void => {
    out.push({ label, quantizer, bits, options });
  };
  const isInteger = Number.isInteger(bits);
  if (bits <= 12 && Number.isInteger(4 * bits)) add('saq', 'saq');
  if (isInteger && bits <= 8) add('caq', 'saq', { bits, singleSegment: true });
  if (isInteger && bits <= 9) add('rabitq', 'rabitq');
  if (n >= PQ_ROWS && bits <= 8) {
    add('pq', 'pq');
    if (bits <= 4) add('pq 4-bit', 'pq', { bits, quantizerOptions: { nbits: 4 } });
    if (d <= OPQ_DIMS) add('opq', 'opq');
    // from 4 bits on runs are of two dims, and there is no rank to choose
    if (bits <= 2) add('low-rank pq', 'low-rank-pq');
  }
  if (isInteger && bits >= 2) {
    add('lvq', 'lvq');
    add('lvq rotated', 'lvq', { bits, quantizerOptions: { rotate: true, ratio: true } });
  }
  if (bits === 4 || bits === 8) add(bits === 4 ? 'int4' : 'int8', 'scalar');
  if (bits === 4) add('leanvec', 'leanvec', { bits: 8 });
  if (bits === 1) add('sign', 'sign');
  if (isInteger && bits <= 4) add('turboquant', 'turboquant');
  if (isInteger && bits >= 2 && bits <= 4) {
    add('turboquant sketch', 'turboquant', { bits, quantizerOptions: { sketch: true } });
  }
  if (isInteger && bits <= 8) add('latent', 'latent');
  if (bits >= 16 / d) add('pca', 'pca');
  if (bits === 16) add('float16', 'float16');
  return out;
}
