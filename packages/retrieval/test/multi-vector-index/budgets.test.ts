import fc from 'fast-check';
import { expect, it } from 'vitest';
import { budgetsOf } from '../../src/search/budgets.ts';

const PLAIN = { hasFinerFdes: false, hasRefine: false, factor: 1 };

it('has the defaults that it says', () => {
  expect(budgetsOf(10, {}, PLAIN)).toEqual({ candidates: 200, fdeRescore: 0, rerank: 100, refine: 0 });
  expect(budgetsOf(100, {}, PLAIN)).toEqual({ candidates: 1000, fdeRescore: 0, rerank: 400, refine: 0 });
  expect(budgetsOf(10, {}, { hasFinerFdes: true, hasRefine: true, factor: 1 })).toEqual({
    candidates: 1024,
    fdeRescore: 1024,
    rerank: 100,
    refine: 32,
  });
  expect(budgetsOf(10, {}, { ...PLAIN, factor: 8 })).toMatchObject({ candidates: 1600, rerank: 800 });
  expect(budgetsOf(10, { rerank: 30 }, { ...PLAIN, factor: 8 })).toMatchObject({
    candidates: 1600,
    rerank: 30,
  });
});

it('never goes below k, and no stage takes more than the one before it gives', () => {
  const budget = fc.option(fc.integer({ min: 1, max: 2000 }), { nil: undefined });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.record({ candidates: budget, fdeRescore: budget, rerank: budget, refine: budget }),
      fc.record({ hasFinerFdes: fc.boolean(), hasRefine: fc.boolean(), factor: fc.constantFrom(1, 3, 8) }),
      (k, asked, stages) => {
        const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
        const { candidates, fdeRescore, rerank, refine } = budgetsOf(k, given, stages);
        expect(rerank).toBeGreaterThanOrEqual(k);
        expect(candidates).toBeGreaterThanOrEqual(rerank);
        if (stages.hasFinerFdes) {
          expect(fdeRescore).toBeGreaterThanOrEqual(rerank);
          expect(candidates).toBeGreaterThanOrEqual(fdeRescore);
        } else expect(fdeRescore).toBe(0);
        if (stages.hasRefine) {
          expect(refine).toBeGreaterThanOrEqual(k);
          expect(refine).toBeLessThanOrEqual(rerank);
        } else expect(refine).toBe(0);
      },
    ),
    { seed: 5, numRuns: 300 },
  );
});
