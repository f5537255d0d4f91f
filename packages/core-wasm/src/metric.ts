/** Metrics and their order. `l2` is the squared Euclidean distance; `cosine` normalises at the door, then is `ip`. */
import { checkOneOf } from './checks.ts';

/**
 * Names how vectors are compared: 'l2' is the squared distance, 'ip' the inner product, 'cosine' that of vectors scaled
 * to length 1.
 */
export type Metric = 'l2' | 'ip' | 'cosine';

/** All metrics; the position is the number that files store. */
export const METRICS: readonly Metric[] = ['l2', 'ip', 'cosine'];

/** Tells whether smaller scores are better: distances are, similarities are not. */
export function isSmallerBetter(metric: Metric): boolean {
  return metric === 'l2';
}

/** Checks that a value is the name of a metric, and returns it. */
export function checkMetric(value: string): Metric {
  return checkOneOf('metric', value, METRICS);
}
