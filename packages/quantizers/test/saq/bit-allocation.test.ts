/** Bit allocation against the golden plans and the reference programme, and what every plan must satisfy. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateBits } from '../../src/saq/bit-allocation.ts';
import { referenceError, referencePlan } from '../reference/saq.ts';

interface GoldenPlan {
  readonly d: number;
  readonly varianceExponent: number;
  readonly averageBits: number;
  readonly segments: readonly (readonly [number, number])[];
}
const golden: { plans: GoldenPlan[] } = JSON.parse(
  readFileSync(new URL('../golden/saq-golden.json', import.meta.url), 'utf8'),
);
const powerLaw = (d: number, a: number): Float64Array =>
  Float64Array.from({ length: d }, (_, i) => (i + 1) ** -a);

function referenceMode(variances: Float64Array, averageBits: number): ReturnType<typeof allocateBits> {
  return allocateBits({
    variances,
    blockSize: 64,
    quotaBits: Math.floor(averageBits * Math.ceil(variances.length / 64) * 64) + 64,
    factorBits: 64,
    objective: 'absolute',
    tolerance: 0.01,
  });
}

function asReference(plan: ReturnType<typeof allocateBits>): { start: number; d: number; bits: number }[] {
  return plan.map(({ start, dims, bits }) => ({ start, d: dims, bits }));
}

describe('golden plans', () => {
  it.each(golden.plans)('d $d, exponent $varianceExponent, $averageBits bits: at most 1 % worse', (plan) => {
    const variances = powerLaw(plan.d, plan.varianceExponent);
    let start = 0;
    const expected = plan.segments.map(([d, bits]) => {
      const segment = { start, d, bits };
      start += d;
      return segment;
    });
    const error = referenceError(variances, asReference(referenceMode(variances, plan.averageBits)));
    expect(error).toBeLessThanOrEqual(referenceError(variances, expected) * 1.01);
  });

  it('come out of the naive reference programme', () => {
    for (const plan of golden.plans.filter(({ d }) => d === 256)) {
      const segments = referencePlan(powerLaw(plan.d, plan.varianceExponent), plan.averageBits);
      expect(segments.map(({ d, bits }) => [d, bits])).toEqual(plan.segments);
    }
  });
});

describe('every plan', () => {
  const cases = fc.record({
    d: fc.integer({ min: 1, max: 300 }),
    exponent: fc.constantFrom(0, 0.5, 1, 2),
    averageBits: fc.constantFrom(0, 0.25, 0.5, 1, 2, 4, 8),
    blockSize: fc.constantFrom(16 as const, 32 as const, 64 as const),
    factorBits: fc.constantFrom(0, 16, 32, 64),
    objective: fc.constantFrom('absolute' as const, 'variance' as const),
  });

  it('covers the padded dimensions within the quota, bits from 0 to 13, 0 only at the end', () => {
    fc.assert(
      fc.property(cases, ({ d, exponent, averageBits, blockSize, factorBits, objective }) => {
        const quotaBits = Math.floor(averageBits * d);
        const variances = powerLaw(d, exponent);
        const plan = allocateBits({ variances, blockSize, quotaBits, factorBits, objective });
        let start = 0;
        let cost = 0;
        for (const [index, segment] of plan.entries()) {
          expect(segment.start).toBe(start);
          expect(segment.dims % blockSize).toBe(0);
          expect(segment.bits).toBeLessThanOrEqual(13);
          if (segment.bits === 0) expect(index).toBe(plan.length - 1);
          else cost += segment.dims * segment.bits + factorBits;
          start += segment.dims;
        }
        expect(start).toBe(Math.ceil(d / blockSize) * blockSize);
        expect(cost).toBeLessThanOrEqual(quotaBits);
      }),
      { numRuns: 60 },
    );
  });

  it('gives no dimension more bits than one before it where variances fall', () => {
    for (const exponent of [0.5, 1, 1.5]) {
      for (const averageBits of [0.5, 1, 2, 4]) {
        const bits = referenceMode(powerLaw(768, exponent), averageBits).map((segment) => segment.bits);
        expect(bits).toEqual([...bits].sort((a, b) => b - a));
      }
    }
  });
});
