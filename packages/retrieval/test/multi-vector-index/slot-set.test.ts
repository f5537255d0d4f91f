import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bestPositions } from '../../src/search/best-positions.ts';
import { addSlot, countSlots, hasSlot, listSlots, removeSlot, wordsFor } from '../../src/search/slot-set.ts';

it('is the set of what was added and not removed', () => {
  const change = fc.record({ slot: fc.nat(99), isAdded: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const words = new Uint32Array(wordsFor(100));
      const twin = new Set<number>();
      for (const { slot, isAdded } of changes) {
        if (isAdded) addSlot(words, slot);
        else removeSlot(words, slot);
        if (isAdded) twin.add(slot);
        else twin.delete(slot);
      }
      expect(countSlots(words)).toBe(twin.size);
      expect([...listSlots(words)]).toEqual([...twin].sort((a, b) => a - b));
      for (let slot = 0; slot < 100; slot++) expect(hasSlot(words, slot)).toBe(twin.has(slot));
    }),
    { seed: 1 },
  );
});

it('selects what sorting selects, ties in the order asked for', () => {
  const scores = fc.array(fc.constantFrom(-Infinity, -1, 0, 0.5, 0.5, 2, 3), { maxLength: 40 });
  fc.assert(
    fc.property(scores, fc.nat(45), fc.boolean(), (values, count, isReversed) => {
      const tie = (a: number, b: number): number => (isReversed ? b - a : a - b);
      const sorted = [...values.keys()].sort((a, b) => {
        const [x, y] = [values[a] as number, values[b] as number];
        return x === y ? tie(a, b) : y - x;
      });
      const best = bestPositions(Float32Array.from(values), count, tie);
      expect([...best]).toEqual(sorted.slice(0, count));
    }),
    { seed: 1 },
  );
});
