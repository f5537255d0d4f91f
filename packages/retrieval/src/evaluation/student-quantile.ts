/** Quantiles of Student's t, for intervals of people's reports. */

/** Is the share of intervals that hold what they are of. */
export type Confidence = 0.9 | 0.95 | 0.99;

/** Lists the confidences of intervals. */
export const CONFIDENCES: readonly Confidence[] = [0.9, 0.95, 0.99];

/** Two-sided quantiles of the normal distribution. */
const NORMAL: Readonly<Record<Confidence, number>> = {
  0.9: 1.6448536269514722,
  0.95: 1.959963984540054,
  0.99: 2.5758293035489004,
};

/**
 * Computes the number of standard errors on both sides of a mean that an interval of this confidence takes, by Fisher's
 * expansion of t about the normal distribution (Abramowitz & Stegun 26.7.5): within .002 from 8 degrees of freedom on.
 */
export function studentQuantile(confidence: Confidence, degrees: number): number {
  const z = NORMAL[confidence];
  const s = z * z;
  const terms = [
    (s + 1) / 4,
    ((5 * s + 16) * s + 3) / 96,
    (((3 * s + 19) * s + 17) * s - 15) / 384,
    ((((79 * s + 776) * s + 1482) * s - 1920) * s - 945) / 92_160,
  ];
  return z * (1 + terms.reduceRight((sum, term) => (sum + term) / degrees, 0));
}
