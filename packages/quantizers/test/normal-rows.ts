/** Normal data of tests; Math.log and Math.cos may differ in the last bit between engines, tolerances are far above. */
import { RandomStream } from '@sagitta/core-wasm';

/** N(0, 1) by Box and Muller, tails and all. */
export function normalRows(n: number, d: number, seed: number): Float32Array {
  const random = new RandomStream(seed, 'normal-rows');
  const rows = new Float32Array(n * d);
  for (let i = 0; i < rows.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - random.nextUnit()));
    const angle = 2 * Math.PI * random.nextUnit();
    rows[i] = radius * Math.cos(angle);
    if (i + 1 < rows.length) rows[i + 1] = radius * Math.sin(angle);
  }
  return rows;
}

export interface ClassSet {
  readonly data: Float32Array;
  readonly n: number;
  readonly d: number;
  /** Class means, classes × d. */
  readonly means: Float32Array;
  /** Class of each row. */
  readonly classes: Uint32Array;
}

/**
 * The synthetic sets of the specification, section 5.6: variance of principal direction i ∝ (i + 1)^-exponent, half of
 * it between the normal classes and half within, a basis that is not the axes, a small offset. Row i is of class
 * i mod classes.
 */
export function classRows(
  n: number,
  d: number,
  options: {
    readonly exponent: number;
    readonly classes: number;
    readonly seed: number;
    readonly stream?: number;
  },
): ClassSet {
  const { exponent, classes, seed, stream = 1 } = options;
  const deviation = Float64Array.from({ length: d }, (_, i) => Math.sqrt(0.5 * (i + 1) ** -exponent));
  const mirrors = normalRows(3, d, seed);
  const means = shaped(normalRows(classes, d, seed + 1_000_003), deviation, mirrors, 0.1);
  const data = shaped(normalRows(n, d, seed + 2_000_003 * stream), deviation, mirrors, 0);
  const ids = Uint32Array.from({ length: n }, (_, i) => i % classes);
  for (let i = 0; i < n; i++) {
    const mean = (ids[i] as number) * d;
    for (let j = 0; j < d; j++) data[i * d + j] = (data[i * d + j] as number) + (means[mean + j] as number);
  }
  return { data, n, d, means, classes: ids };
}

/** Scales each coordinate, mirrors three times, adds an offset. */
function shaped(
  rows: Float32Array,
  deviation: Float64Array,
  mirrors: Float32Array,
  offset: number,
): Float32Array {
  const d = deviation.length;
  for (let at = 0; at < rows.length; at += d) {
    for (let j = 0; j < d; j++) rows[at + j] = (rows[at + j] as number) * (deviation[j] as number);
    for (let m = 0; m < mirrors.length; m += d) {
      let dot = 0;
      let norm = 0;
      for (let j = 0; j < d; j++) {
        dot += (rows[at + j] as number) * (mirrors[m + j] as number);
        norm += (mirrors[m + j] as number) * (mirrors[m + j] as number);
      }
      for (let j = 0; j < d; j++) {
        rows[at + j] = (rows[at + j] as number) - ((2 * dot) / norm) * (mirrors[m + j] as number);
      }
    }
    for (let j = 0; j < d; j++) rows[at + j] = (rows[at + j] as number) + offset / Math.sqrt(d);
  }
  return rows;
}
