/** Bit allocation against the golden plans and the reference programme, and what every plan must satisfy. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateBits, planError, singleSegmentPlan } from '../../src/saq/bit-allocation.ts';
import type { SaqSegment } from '../../src/saq/layout.ts';
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

  // d = 1536 takes two seconds: bit-allocation.slow.test.ts
  it('come out of the naive reference programme', () => {
    expect(golden.plans.length).toBe(50);
    for (const plan of golden.plans.filter(({ d }) => d < 1536)) {
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

/** Every plan of `blocks` blocks of 16 dims with bits up to `most`, a 0-bit tail included. */
function allPlans(blocks: number, most: number, start = 0): SaqSegment[][] {
  if (blocks === 0) return [[]];
  const plans: SaqSegment[][] = [[{ start, dims: 16 * blocks, bits: 0 }]];
  for (let j = 1; j <= blocks; j++) {
    for (let bits = 1; bits <= most; bits++) {
      const segment = { start, dims: 16 * j, bits };
      for (const rest of allPlans(blocks - j, most, start + 16 * j)) plans.push([segment, ...rest]);
    }
  }
  return plans;
}

describe('the programme', () => {
  it.each(['absolute', 'variance'] as const)(
    'finds the least error of all plans, objective %s',
    (objective) => {
      const plans = allPlans(4, 4);
      for (const exponent of [0.3, 1, 2]) {
        for (const quotaBits of [40, 100, 150, 220]) {
          const variances = powerLaw(64, exponent);
          const queryVariances = powerLaw(64, exponent / 2);
          const options = { variances, queryVariances, objective, quotaBits, blockSize: 16, factorBits: 16 };
          const ours = allocateBits({ ...options, tolerance: 0 });
          const cost = (plan: readonly SaqSegment[]): number =>
            plan.reduce((sum, { dims, bits }) => sum + (bits > 0 ? dims * bits + 16 : 0), 0);
          const fitting = plans.filter((plan) => cost(plan) <= quotaBits);
          const least = Math.min(...fitting.map((plan) => planError(plan, options)));
          // ours may use more bits than the 4 tried here
          expect(planError(ours, options)).toBeLessThanOrEqual(least * (1 + 1e-12));
          if (ours.every(({ bits }) => bits <= 4)) {
            expect(planError(ours, options)).toBeGreaterThanOrEqual(least * (1 - 1e-12));
          }
        }
      }
    },
  );

  it('takes the fewest segments within the tolerance', () => {
    const options = { variances: powerLaw(128, 1), blockSize: 16, quotaBits: 400, factorBits: 16 } as const;
    const exact = allocateBits({ ...options, objective: 'absolute', tolerance: 0 });
    const loose = allocateBits({ ...options, objective: 'absolute', tolerance: 0.2 });
    expect(loose.length).toBeLessThan(exact.length);
    const error = (plan: readonly SaqSegment[]): number =>
      planError(plan, { variances: options.variances, objective: 'absolute' });
    expect(error(loose)).toBeGreaterThan(error(exact));
    expect(error(loose)).toBeLessThanOrEqual(error(exact) * 1.2);
    const two = allocateBits({ ...options, objective: 'absolute', maximumSegments: 2 });
    expect(two.filter(({ bits }) => bits > 0).length).toBeLessThanOrEqual(2);
  });

  it('ends at the padded dimension where blocks are taken several at a time', () => {
    const plan = allocateBits({
      variances: powerLaw(1700, 0.5),
      blockSize: 16,
      quotaBits: 1000,
      factorBits: 16,
      objective: 'variance',
    });
    expect(plan.reduce((sum, { dims }) => sum + dims, 0)).toBe(1712);
  });

  it('refuses options out of range', () => {
    const options = { variances: powerLaw(64, 1), blockSize: 16, quotaBits: 64, factorBits: 16 };
    for (const bad of [
      { variances: new Float64Array(0) },
      { blockSize: 0 },
      { quotaBits: -1 },
      { factorBits: 0.5 },
      { maximumSegments: 0 },
    ]) {
      expect(() => allocateBits({ ...options, objective: 'absolute', ...bad })).toThrow(RangeError);
    }
  });
});

it('CAQ is one segment over the padded dims with whole bits', () => {
  expect(singleSegmentPlan(100, 2.75, 64)).toEqual([{ start: 0, dims: 128, bits: 2 }]);
  expect(singleSegmentPlan(1, 8, 16)).toEqual([{ start: 0, dims: 16, bits: 8 }]);
});
