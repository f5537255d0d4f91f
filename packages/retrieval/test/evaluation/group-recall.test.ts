import { recallAtK } from '@sagitta/retrieval';
import { describe, expect, it } from 'vitest';
import { groupRecall } from '../../src/evaluation/index.ts';

// three results a query, of which two count
const FOUND = Uint32Array.of(1, 2, 9, 3, 9, 4, 8, 7, 5, 6, 5, 0);
const TRUTH = Uint32Array.of(2, 1, 3, 4, 5, 6, 5, 9);

describe('recall by group', () => {
  it('gives each group its recall and its count, and the worst', () => {
    const { groups, worst } = groupRecall(FOUND, 3, TRUTH, 2, 2, ['a', 'b', 'b', 'a']);
    expect(groups).toEqual([
      { group: 'a', count: 2, recall: 0.75 },
      { group: 'b', count: 2, recall: 0.25 },
    ]);
    expect(worst).toEqual({ group: 'b', count: 2, recall: 0.25 });
  });

  it('is the recall of all where there is one group, and its mean by counts elsewhere', () => {
    const all = recallAtK(FOUND, 3, TRUTH, 2, 2);
    expect(groupRecall(FOUND, 3, TRUTH, 2, 2, ['x', 'x', 'x', 'x']).worst.recall).toBe(all);
    const { groups } = groupRecall(FOUND, 3, TRUTH, 2, 2, ['x', 'y', 'x', 'x']);
    expect(groups.reduce((sum, { count, recall }) => sum + count * recall, 0) / 4).toBe(all);
  });

  it('takes the first of equal ones as the worst', () => {
    const { worst } = groupRecall(FOUND, 3, FOUND, 3, 3, ['z', 'y', 'x', 'z']);
    expect(worst).toEqual({ group: 'z', count: 2, recall: 1 });
  });

  it('refuses labels that are not one a query, and no queries', () => {
    expect(() => groupRecall(FOUND, 3, TRUTH, 2, 2, ['a'])).toThrow(/"groups"/);
    expect(() => groupRecall(new Uint32Array(0), 3, new Uint32Array(0), 2, 2, [])).toThrow(/"groups"/);
  });
});
