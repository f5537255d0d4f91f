/** The golden plans of 1,536 dimensions out of the naive reference programme (two seconds). */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { referencePlan } from '../reference/saq.ts';

interface GoldenPlan {
  readonly d: number;
  readonly varianceExponent: number;
  readonly averageBits: number;
  readonly segments: readonly (readonly [number, number])[];
}
const golden: { plans: GoldenPlan[] } = JSON.parse(
  readFileSync(new URL('../golden/saq-golden.json', import.meta.url), 'utf8'),
);

it.each(golden.plans.filter(({ d }) => d === 1536))(
  'exponent $varianceExponent, $averageBits bits at 1,536 dims',
  ({ d, varianceExponent, averageBits, segments }) => {
    const variances = Float64Array.from({ length: d }, (_, i) => (i + 1) ** -varianceExponent);
    expect(referencePlan(variances, averageBits).map((s) => [s.d, s.bits])).toEqual(segments);
  },
);
