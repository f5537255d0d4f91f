import { expect, it } from 'vitest';
import { qpsAt } from '../src/graph-contest.ts';

it('reads queries a second at a recall between the points of a graph', () => {
  const rows = [
    { recall: 0.98, qps: 2000 },
    { recall: 0.9, qps: 6000 },
    { recall: 0.94, qps: 4000 },
  ];
  expect(qpsAt(rows, 0.91)).toBeCloseTo(5500, 9);
  expect(qpsAt(rows, 0.94)).toBe(4000);
  expect(qpsAt(rows, 0.97)).toBeCloseTo(2500, 9);
  // the narrowest search finds more than is wanted; none finds so much
  expect(qpsAt(rows, 0.8)).toBe(6000);
  expect(qpsAt(rows, 0.99)).toBeUndefined();
  expect(qpsAt([], 0.9)).toBeUndefined();
});
