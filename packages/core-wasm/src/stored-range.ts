/**
 * Ranges of numbers in files. Lengths of vectors are at most MAX_MAGNITUDE at every door, so the files of an index that was
 * built hold no more; a file that holds more could give scores that leave float32, and is refused.
 */
import { MAX_MAGNITUDE } from './checks.ts';
import type { Metric } from './metric.ts';

/** What rounding adds to a length. */
const ROUNDING = 1.001;

/**
 * The most that a part of a score may come to for a query of length MAX_MAGNITUDE, 2^120: the few parts of a score stay in
 * float32 together.
 */
export const MAX_SCORE_PART: number = 2 ** 120;

/** The longest vector that a file of an index holds: for cosine vectors have length 1. */
export function longestStored(metric: Metric): number {
  return metric === 'cosine' ? 1 : MAX_MAGNITUDE;
}

/**
 * What is wrong with rows of d values that were read from a file, or undefined: each is finite and at most `longest` long, up
 * to rounding.
 */
export function rowsDefect(
  label: string,
  rows: Float32Array,
  d: number,
  longest: number = MAX_MAGNITUDE,
): string | undefined {
  const most = (longest * ROUNDING) ** 2;
  for (let start = 0; start < rows.length; start += d) {
    let energy = 0;
    for (let j = start; j < start + d; j++) energy += (rows[j] as number) * (rows[j] as number);
    // NaN fails the comparison too
    if (energy <= most) continue;
    return `"${label}" expected rows of finite values, at most ${longest} long, got a length of ${Math.sqrt(energy)} in row ${start / d}`;
  }
  return undefined;
}

/** The greatest amount among values; NaN where one is. */
export function largestAmount(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const amount = Math.abs(values[i] as number);
    if (amount <= most) continue;
    if (Number.isNaN(amount)) return amount;
    most = amount;
  }
  return most;
}
