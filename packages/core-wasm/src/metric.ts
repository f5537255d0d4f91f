/** Metrics and their order. `l2` is the squared Euclidean distance; `cosine` normalises at the door, then is `ip`. */
import { checkOneOf } from './checks.ts';

export type Metric = 'l2' | 'ip' | 'cosine';

/** All metrics; the position is the number that files store. */
export const METRICS: readonly Metric[] = ['l2', 'ip', 'cosine'];

export function isSmallerBetter(metric: Metric): boolean {
  return metric === 'l2';
}

export function checkMetric(value: string): Metric {
  return checkOneOf('metric', value, METRICS);
}
