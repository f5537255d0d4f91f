import { expect, it } from 'vitest';
import { recallAtK } from '../src/index.ts';

const found = Uint32Array.of(1, 2, 3, 9, 8, 7);
const truth = Uint32Array.of(3, 1, 5, 0, 7, 8, 9, 0);

it('counts the true first k among the k found, in any order', () => {
  // k = 3: {1,2,3} of {3,1,5} and {9,8,7} of {7,8,9}
  expect(recallAtK(found, 3, truth, 4, 3)).toBe(5 / 6);
  // k = 1: 1 is not 3, and 9 is not 7
  expect(recallAtK(found, 3, truth, 4, 1)).toBe(0);
  // k = 2: 1 of {3,1}; 8 of {7,8}
  expect(recallAtK(found, 3, truth, 4, 2)).toBe(0.5);
});

it('counts an id once, however often it was found', () => {
  expect(recallAtK(Uint32Array.of(4, 4), 2, Uint32Array.of(4, 5), 2, 2)).toBe(0.5);
});

it('refuses tables that do not fit', () => {
  expect(() => recallAtK(found, 3, truth, 4, 4)).toThrow(/"k"/);
  expect(() => recallAtK(found, 3, truth, 4, 0)).toThrow(/"k"/);
  expect(() => recallAtK(found, 3, truth.subarray(4), 4, 3)).toThrow(/"truth" expected 2 rows, got 1/);
});
