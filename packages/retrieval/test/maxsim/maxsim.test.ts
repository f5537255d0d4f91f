import { createCore, joinTokenSets, normalizeRows, tokenSet } from '@sagitta/core-wasm';
import { F32_EPSILON, gaussianRows } from '@sagitta/testing';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { maxsim, maxsimRerank, queryTokens } from '../../src/maxsim/index.ts';
import { documentsOf, LENGTHS, queryOf } from './token-data.ts';

const core = createCore();
afterAll(() => core.dispose());

describe('maxsim', () => {
  it('sums, over query tokens, the weight times the best inner product', () => {
    const documents = joinTokenSets(
      [Float32Array.of(1, 0, 0, 2), new Float32Array(0), Float32Array.of(-1, -1)],
      2,
    );
    const query = queryTokens(Float32Array.of(1, 0, 3, 1), 2, Float32Array.of(1, 0.5));
    // tokens (1, 0): max(1, 0); (3, 1): max(3, 2)
    expect([...maxsim(query, documents)]).toEqual([2.5, Number.NEGATIVE_INFINITY, -3]);
  });

  it('takes no maximum with 0 where all similarities are negative', () => {
    const documents = joinTokenSets([Float32Array.of(-1, -2)], 1);
    expect([...maxsim(queryTokens(Float32Array.of(1), 1), documents)]).toEqual([-1]);
  });

  it('refuses documents of another d', () => {
    expect(() => maxsim(queryOf(1, 3, 1), documentsOf([1], 4, 1))).toThrow(/d = 3, got 4/);
  });
});

describe('maxsimRerank', () => {
  it('ranks as the exact sum does, ties to the lower position, no tokens last', () => {
    const d = 20;
    const set = documentsOf([...LENGTHS, ...LENGTHS], d, 1);
    // the second half repeats the first: every similarity twice
    set.data.copyWithin(set.data.length / 2, 0, set.data.length / 2);
    const query = queryOf(5, d, 2, true);
    const exact = maxsim(query, set);
    const { positions, similarities, explanations } = maxsimRerank(core, query, set);
    const order = [...exact.keys()].sort((a, b) =>
      exact[a] === exact[b] ? a - b : exact[b] > exact[a] ? 1 : -1,
    );
    expect([...positions]).toEqual(order);
    for (const [i, position] of positions.entries()) {
      if (exact[position] === Number.NEGATIVE_INFINITY) expect(similarities[i]).toBe(exact[position]);
      else expect(Math.abs(similarities[i] - exact[position])).toBeLessThan(1e4 * F32_EPSILON);
    }
    expect(explanations).toEqual([]);
  });

  it('takes one array a candidate, and gives the best k', () => {
    const d = 8;
    const set = documentsOf(LENGTHS, d, 3);
    const arrays = LENGTHS.map((_, i) => set.data.slice(set.offsets[i] * d, set.offsets[i + 1] * d));
    const query = queryOf(3, d, 4);
    const all = maxsimRerank(core, query, set);
    expect(maxsimRerank(core, query, arrays)).toEqual(all);
    const best = maxsimRerank(core, query, arrays, { k: 3 });
    expect([...best.positions]).toEqual([...all.positions.subarray(0, 3)]);
    expect(maxsimRerank(core, query, arrays, { k: 100 }).positions.length).toBe(LENGTHS.length);
    expect(maxsimRerank(core, query, []).positions.length).toBe(0);
  });

  it('explains each result by the tokens that matched', () => {
    const d = 6;
    const set = documentsOf(LENGTHS, d, 5);
    const query = queryOf(4, d, 6);
    const { positions, similarities, explanations } = maxsimRerank(core, query, set, {
      k: 11,
      explain: true,
    });
    for (const [i, position] of positions.entries()) {
      const { similarity, tokens } = explanations[i];
      expect(similarity).toBe(similarities[i]);
      for (const [a, token] of tokens.entries()) {
        const row = (set.offsets[position] + token) * d;
        let dot = 0;
        for (let j = 0; j < d; j++) dot += query.data[a * d + j] * set.data[row + j];
        expect(explanations[i].similarities[a]).toBeCloseTo(dot, 4);
      }
    }
  });

  it('scales both sides for cosine', () => {
    const d = 10;
    const set = documentsOf(LENGTHS, d, 7);
    const query = queryOf(3, d, 8);
    const unit = tokenSet(normalizeRows(set.data, d), set.offsets, d);
    expect(maxsimRerank(core, query, set, { metric: 'cosine' })).toEqual(
      maxsimRerank(core, queryTokens(normalizeRows(query.data, d), d), unit),
    );
  });

  it('copies candidates of any amount in pieces, and keeps nothing', () => {
    const d = 256;
    const used = core.bytesUsed();
    // 6,000 tokens of 1 KiB in one document, and some more than fit in one piece beside it
    const set = documentsOf([10, 6000, 2500, 2500, 1], d, 9);
    const query = queryOf(1, d, 10);
    const exact = maxsim(query, set);
    const { positions, similarities } = maxsimRerank(core, query, set);
    for (const [i, position] of positions.entries()) expect(similarities[i]).toBeCloseTo(exact[position], 3);
    expect(core.bytesUsed()).toBe(used);
  });

  it('refuses ragged, foreign and non-finite candidates, and odd options', () => {
    const query = queryOf(2, 4, 11);
    const refused = (candidates: Float32Array[]) => () => maxsimRerank(core, query, candidates);
    expect(refused([new Float32Array(6)])).toThrow(/"candidates\[0\]" expected a length/);
    expect(refused([new Float32Array(4).fill(Number.NaN)])).toThrow(/finite/);
    expect(refused([new Float32Array(4).fill(2e19)])).toThrow(/"candidates" expected vectors of lengths/);
    expect(() => maxsimRerank(core, query, documentsOf([1], 5, 1))).toThrow(/d = 4, got 5/);
    const bad = { ...documentsOf([1], 4, 1), offsets: Uint32Array.of(0, 9) };
    expect(() => maxsimRerank(core, query, bad)).toThrow(/end at 1 tokens, got 9/);
    expect(() => maxsimRerank(core, query, [], { k: -1 })).toThrow(/"k"/);
    const metric: string = 'l2';
    expect(() => maxsimRerank(core, query, [], { metric: metric as 'ip' })).toThrow(/"metric"/);
  });

  it('does not depend on the order of document tokens, nor, but for rounding, of query tokens', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 30 }),
        fc.nat(1000),
        (d, m, seed) => {
          const rows = gaussianRows(m, d, seed);
          const reversed = new Float32Array(rows.length);
          for (let i = 0; i < m; i++) reversed.set(rows.subarray(i * d, (i + 1) * d), (m - 1 - i) * d);
          const query = queryOf(1, d, seed + 1);
          const one = maxsimRerank(core, query, [rows, reversed]);
          expect(one.similarities[0]).toBe(one.similarities[1]);
          expect([...one.positions]).toEqual([0, 1]);
        },
      ),
      { numRuns: 40 },
    );
  });
});
