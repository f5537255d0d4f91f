/** Relative representations: rows as their cosines with anchors, the same in every space that is a rotation of another. */
import {
  type Core,
  checkCore,
  checkOneOf,
  checkOptions,
  type OptionTable,
  type VectorSetInput,
  type Vectors,
  vectorSet,
} from '@sagitta/core-wasm';
import { transpose } from '@sagitta/quantizers/internal';
import { floatProduct } from '../search/float-product.ts';
import { rowMean, shifted, unitRows } from './dense.ts';

const SCALES = ['length', 'column', 'rank'] as const;

/** Says how relative vectors are made. */
export interface RelativeVectorOptions {
  /** Takes the mean of the anchors from rows and anchors first; default true. */
  readonly center?: boolean;
  /**
   * 'length' scales each row to length 1; 'column' gives each column of the result mean 0 and variance 1; 'rank' puts the
   * ranks of a row in place of its values, evenly from -1 to 1. Default 'length'.
   */
  readonly scale?: (typeof SCALES)[number];
}

const RELATIVE_OPTIONS: OptionTable<RelativeVectorOptions> = { center: 'boolean', scale: 'string' };

/**
 * Computes the cosines of rows (n × d of the anchors) with each anchor: n × anchors.n, fresh.
 * @throws RangeError on rows of another dimension, no anchors, values that are not finite or options out of range
 */
export function relativeVectors(
  core: Core,
  rows: Vectors,
  anchors: VectorSetInput,
  options: RelativeVectorOptions = {},
): Float32Array {
  checkCore(core);
  checkOptions('options', options, RELATIVE_OPTIONS);
  const scale = checkOneOf('scale', options.scale ?? 'length', SCALES);
  const { data, n: m, d } = vectorSet(anchors.data, anchors.d, 'anchors');
  if (m === 0) throw new RangeError('"anchors" expected at least 1 row, got 0');
  const { data: given, n } = vectorSet(rows, d, 'rows');
  const mean = options.center === false ? new Float64Array(d) : rowMean(Float64Array.from(data), m, d);
  const [left, right] = [given, data].map((set) =>
    Float32Array.from(unitRows(shifted(Float64Array.from(set), mean), d)),
  ) as [Float32Array, Float32Array];
  const cosines = floatProduct(core, left, transpose(right, m, d), n, m, d);
  if (scale === 'length') return Float32Array.from(unitRows(Float64Array.from(cosines), m));
  return scale === 'column' ? standardised(cosines, n, m) : ranked(cosines, n, m);
}

function standardised(values: Float32Array, n: number, m: number): Float32Array {
  const mean = rowMean(Float64Array.from(values), n, m);
  const squares = new Float64Array(m);
  for (let at = 0; at < values.length; at++) {
    squares[at % m] = (squares[at % m] as number) + ((values[at] as number) - (mean[at % m] as number)) ** 2;
  }
  return values.map((value, at) => {
    const variance = (squares[at % m] as number) / n;
    return variance > 0 ? (value - (mean[at % m] as number)) / Math.sqrt(variance) : 0;
  });
}

function ranked(values: Float32Array, n: number, m: number): Float32Array {
  const out = new Float32Array(n * m);
  for (let start = 0; start < out.length; start += m) {
    const order = Uint32Array.from({ length: m }, (_, j) => j);
    order.sort((a, b) => (values[start + a] as number) - (values[start + b] as number) || a - b);
    order.forEach((j, rank) => {
      out[start + j] = m > 1 ? (2 * rank) / (m - 1) - 1 : 0;
    });
  }
  return out;
}
