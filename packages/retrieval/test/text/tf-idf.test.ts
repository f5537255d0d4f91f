import { expect, test } from 'vitest';
import { trainTfIdf, weighTexts } from '../../src/text/tf-idf.ts';

const TEXTS = [
  'apple banana',
  'apple cherry cherry',
  'banana cherry',
  'apple rare',
  'plain filler',
  'filler filler',
];

test('keeps terms within the limits of document frequency, the frequent first', () => {
  const model = trainTfIdf(TEXTS, { minimumTexts: 2, maximumShare: 0.4 });
  expect([...model.columnOf.keys()]).toEqual(['banana', 'cherry', 'filler']);
  expect(trainTfIdf(TEXTS, { maximumShare: 1, maximumTerms: 1 }).columnOf.size).toBe(1);
});

test('weighs by (1 + ln tf) · idf and scales rows to unit length', () => {
  const model = trainTfIdf(TEXTS, { minimumTexts: 2, maximumShare: 1 });
  const rows = weighTexts(model, ['cherry cherry apple', 'unknown', 'filler']);
  expect([...rows.starts]).toEqual([0, 2, 2, 3]);
  const apple = Math.log(7 / 4);
  const cherry = (1 + Math.log(2)) * Math.log(7 / 3);
  const norm = Math.sqrt(apple ** 2 + cherry ** 2);
  expect(rows.columns[0]).toBe(model.columnOf.get('appl') ?? model.columnOf.get('apple'));
  expect(rows.values[0]).toBeCloseTo(apple / norm, 6);
  expect(rows.values[1]).toBeCloseTo(cherry / norm, 6);
  expect(rows.values[2]).toBe(1);
});

test('says so when no term is shared', () => {
  expect(() => trainTfIdf(['one', 'two'])).toThrow(/expected terms that 2 texts share/);
});
