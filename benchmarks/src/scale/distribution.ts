/** Measured times as a distribution: quantiles that fit in a file, and draws from them. */
import type { RandomStream } from '@sagitta/core-wasm';

/** Steps between the quantiles that are kept. */
const STEPS = 1000;

/** The least, the quantiles at each thousandth and the greatest: 1,001 numbers that ascend. */
export function quantilesOf(values: Iterable<number>): number[] {
  const sorted = Float64Array.from(values).sort();
  return Array.from({ length: STEPS + 1 }, (_, i) => quantile(sorted, i / STEPS));
}

/** The value below which a share of them lies; between two of them linearly. sorted — ascending, at least one. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] as number;
  const high = sorted[Math.ceil(at)] as number;
  return low + (at - Math.floor(at)) * (high - low);
}

/** The mean of what `draw` gives. */
export function meanOf(quantiles: readonly number[]): number {
  // between two quantiles values are drawn evenly
  const ends = ((quantiles[0] as number) + (quantiles.at(-1) as number)) / 2;
  return (quantiles.slice(1, -1).reduce((sum, value) => sum + value, 0) + ends) / (quantiles.length - 1);
}

/** A value as the measured ones: any of them as likely as it was. */
export function draw(quantiles: readonly number[], random: RandomStream): number {
  return quantile(quantiles, random.nextUnit());
}

/** Quantiles whose mean is another, of the same shape. */
export function scaledTo(quantiles: readonly number[], mean: number): number[] {
  const factor = mean / meanOf(quantiles);
  return quantiles.map((value) => value * factor);
}
