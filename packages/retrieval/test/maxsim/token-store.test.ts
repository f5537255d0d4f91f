import { CapacityError, createCore, normalizeRows, tokenSet } from '@sagitta/core-wasm';
import { bytesOfPieces, F32_EPSILON } from '@sagitta/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { createTokenStore, maxsim, type QueryTokens, queryTokens } from '../../src/maxsim/index.ts';
import {
  allSlots,
  decoded,
  documentsOf,
  ENCODED,
  type Encoded,
  LENGTHS,
  nameOf,
  queryOf,
  reread,
  storeOf,
} from './token-data.ts';

const core = createCore();
afterAll(() => core.dispose());

/**
 * How far a score may be from MaxSim with the decoded tokens, |q||p| = 1 a query token of weight 1: rounding of float sums,
 * (2d − 1)·ε; with codes the query's own grid as well, half a step a dimension: √d/2 · 2/32,767 in 16 bits. The step of a
 * sign query is a 61st of the largest four neighbours' amounts together, at most 2·|q|/61; decoding rounds the rotation.
 */
function relativeBound({ encoding, bits }: Encoded, d: number): number {
  const floats = (4 * d + 100) * F32_EPSILON;
  if (encoding === 'float32' || encoding === 'float16') return floats;
  const dims = 16 * Math.ceil(d / 16);
  const isTable = encoding === 'bit1' || bits === 1;
  return floats + (isTable ? (Math.sqrt(dims) * 0.5 * 2) / 61 : Math.sqrt(dims) / 32_767);
}

function slackOf(query: QueryTokens, longest: number, encoded: Encoded): number {
  let sum = 0;
  for (let a = 0; a < query.n; a++) {
    const norm = Math.hypot(...query.data.subarray(a * query.d, (a + 1) * query.d));
    sum += (query.weights?.[a] ?? 1) * norm;
  }
  return sum * longest * relativeBound(encoded, query.d);
}

function longestToken(data: Float32Array, d: number): number {
  let longest = 0;
  for (let i = 0; i < data.length; i += d)
    longest = Math.max(longest, Math.hypot(...data.subarray(i, i + d)));
  return longest;
}

describe.each(ENCODED.map((encoded) => [nameOf(encoded), encoded] as const))(
  'a store of %s',
  (_, encoded) => {
    it.each([1, 3, 16, 50, 128])('scores as MaxSim with its decoded tokens does, d = %i', (d) => {
      using store = storeOf(core, encoded, documentsOf(LENGTHS, d, 1));
      const tokens = decoded(store);
      for (const [nq, isWeighted] of [
        [1, false],
        [6, true],
        [8, false],
      ] as const) {
        const query = queryOf(nq, d, 2, isWeighted);
        const expected = maxsim(query, tokens);
        const slack = slackOf(query, longestToken(tokens.data, d), encoded);
        const scores = store.scores(query, allSlots(store));
        for (const [slot, score] of scores.entries()) {
          if (LENGTHS[slot] === 0) expect(score).toBe(Number.NEGATIVE_INFINITY);
          else expect(Math.abs(score - expected[slot])).toBeLessThanOrEqual(slack);
        }
      }
    });

    it('scores slots in any order, one twice, as one by one', () => {
      using store = storeOf(core, encoded, documentsOf(LENGTHS, 48, 3));
      const query = queryOf(5, 48, 4);
      const slots = Uint32Array.of(7, 0, 1, 7, 3);
      const scores = store.scores(query, slots);
      expect([...scores]).toEqual([...slots].map((slot) => store.scores(query, Uint32Array.of(slot))[0]));
      expect(store.scores(query, new Uint32Array(0)).length).toBe(0);
    });

    it('explains a score: its tokens are the best ones, ties to the lower', () => {
      const d = 32;
      const set = documentsOf(LENGTHS, d, 5);
      // slot 5 gets its third token once more at the end
      set.data.copyWithin((set.offsets[6] - 1) * d, (set.offsets[5] + 2) * d, (set.offsets[5] + 3) * d);
      using store = storeOf(core, encoded, set);
      const query = queryOf(7, d, 6, true);
      for (const slot of [0, 2, 5, 7]) {
        const { similarity, tokens, similarities } = store.explain(query, slot);
        expect(similarity).toBe(store.scores(query, Uint32Array.of(slot))[0]);
        let sum = 0;
        const own = decoded(store);
        const singles = tokenSet(
          own.data,
          Uint32Array.from({ length: own.data.length / d + 1 }, (_, i) => i),
          d,
        );
        const slack = slackOf(query, longestToken(own.data, d), encoded);
        for (let a = 0; a < query.n; a++) {
          sum += (query.weights?.[a] ?? 1) * similarities[a];
          const alone = queryTokens(query.data.slice(a * d, (a + 1) * d), d);
          const all = maxsim(alone, singles).subarray(own.offsets[slot], own.offsets[slot + 1]);
          expect(all[tokens[a]]).toBeGreaterThanOrEqual(Math.max(...all) - 2 * slack);
          expect(Math.abs(similarities[a] - all[tokens[a]])).toBeLessThanOrEqual(slack);
          if (slot === 5) expect(tokens[a]).not.toBe(16);
        }
        expect(Math.abs(sum - similarity)).toBeLessThanOrEqual(
          20 * F32_EPSILON * (Math.abs(sum) + slack + 10),
        );
      }
      const empty = store.explain(query, 1);
      expect([empty.similarity, empty.tokens.length, empty.similarities.length]).toEqual([
        Number.NEGATIVE_INFINITY,
        0,
        0,
      ]);
    });

    it('is the same however documents were added', () => {
      const d = 20;
      const set = documentsOf(LENGTHS, d, 7);
      using whole = storeOf(core, encoded, set);
      using oneByOne = createTokenStore(core, { ...encoded, d, metric: 'ip', seed: 7 });
      for (const [i, length] of LENGTHS.entries()) {
        const data = set.data.slice(set.offsets[i] * d, set.offsets[i + 1] * d);
        oneByOne.append(tokenSet(data, Uint32Array.of(0, length), d));
      }
      expect(oneByOne.n).toBe(LENGTHS.length);
      expect(bytesOfPieces(oneByOne.codePieces())).toEqual(bytesOfPieces(whole.codePieces()));
      expect(oneByOne.parameters()).toEqual(whole.parameters());
      expect(LENGTHS.map((_, slot) => oneByOne.lengthOf(slot))).toEqual(LENGTHS);
      expect(whole.tokenCount).toBe(LENGTHS.reduce((sum, length) => sum + length));
      expect(whole.bytesUsed()).toBe(whole.tokenCount * whole.bytesPerToken);
    });

    it('is the same after saving and loading, and can grow on', () => {
      const d = 24;
      using store = storeOf(core, encoded, documentsOf(LENGTHS, d, 8), 'cosine');
      using loaded = reread(core, store);
      expect([loaded.encoding, loaded.metric, loaded.d, loaded.n]).toEqual([
        store.encoding,
        'cosine',
        d,
        store.n,
      ]);
      const query = queryOf(3, d, 9);
      for (const each of [store, loaded]) each.append(documentsOf([3, 0, 9], d, 10));
      expect(loaded.scores(query, allSlots(loaded))).toEqual(store.scores(query, allSlots(store)));
      expect(bytesOfPieces(loaded.codePieces())).toEqual(bytesOfPieces(store.codePieces()));
    });

    it('keeps what compaction names, in that order, and frees the rest', () => {
      const d = 16;
      using store = storeOf(core, encoded, documentsOf(LENGTHS, d, 11));
      const query = queryOf(4, d, 12);
      const keep = Uint32Array.of(7, 0, 8, 3);
      const before = store.scores(query, keep);
      const parts = [...keep].map((slot) => store.decode(slot));
      store.compact(keep);
      expect(store.scores(query, allSlots(store))).toEqual(before);
      expect([0, 1, 2, 3].map((slot) => store.decode(slot))).toEqual(parts);
      expect(store.bytesUsed()).toBe((33 + 5 + 0 + 16) * store.bytesPerToken);
      for (const bad of [Uint32Array.of(1, 1), Uint32Array.of(4)]) {
        expect(() => store.compact(bad)).toThrow(RangeError);
      }
      expect(store.n).toBe(4);
      store.compact(new Uint32Array(0));
      expect([store.n, store.tokenCount, store.bytesUsed()]).toEqual([0, 0, 0]);
      store.append(documentsOf([2], d, 13));
      expect(store.lengthOf(0)).toBe(2);
    });

    it('has a result for tokens of zeros: similarity 0', () => {
      const d = 16;
      const zeros = tokenSet(new Float32Array(2 * d), Uint32Array.of(0, 2), d);
      using store = storeOf(core, encoded, zeros);
      expect(Math.abs(store.scores(queryOf(3, d, 14), Uint32Array.of(0))[0])).toBe(0);
      using cosine = storeOf(core, encoded, documentsOf([3], d, 15), 'cosine');
      const query = queryTokens(new Float32Array(2 * d), d);
      expect(Math.abs(cosine.scores(query, Uint32Array.of(0))[0])).toBe(0);
    });

    it('gives back everything it took', () => {
      const used = core.bytesUsed();
      for (let i = 0; i < 50; i++) {
        const store = storeOf(core, encoded, documentsOf([3, 5], 16, i));
        store.scores(queryOf(2, 16, 1), Uint32Array.of(0, 1));
        store.explain(queryOf(2, 16, 1), 1);
        store.dispose();
        store.dispose();
      }
      expect(core.bytesUsed()).toBe(used);
    });
  },
);

describe('token stores', () => {
  it('scale both sides to length 1 for cosine', () => {
    const d = 12;
    const set = documentsOf([4, 6], d, 16);
    const query = queryOf(3, d, 17);
    using cosine = storeOf(core, { encoding: 'float32' }, set, 'cosine');
    using ip = storeOf(core, { encoding: 'float32' }, tokenSet(normalizeRows(set.data, d), set.offsets, d));
    const unit = queryTokens(normalizeRows(query.data, d), d);
    expect(cosine.scores(query, allSlots(cosine))).toEqual(ip.scores(unit, allSlots(ip)));
  });

  it('are all or nothing where a value does not fit half precision', () => {
    using store = storeOf(core, { encoding: 'float16' }, documentsOf([3], 4, 18));
    const codes = bytesOfPieces(store.codePieces());
    const used = core.bytesUsed();
    const data = new Float32Array(4 * 50_000).fill(1);
    data[data.length - 1] = 70_000;
    const set = tokenSet(data, Uint32Array.of(0, 20_000, 50_000), 4);
    expect(() => store.append(set)).toThrow(/half precision/);
    expect([store.n, store.tokenCount, core.bytesUsed()]).toEqual([1, 3, used]);
    expect(bytesOfPieces(store.codePieces())).toEqual(codes);
  });

  it('are all or nothing where memory ends', () => {
    using small = createCore({ maximumBytes: 4 * 2 ** 20 });
    using store = createTokenStore(small, { encoding: 'float32', d: 64, metric: 'ip' });
    store.append(documentsOf([100, 50], 64, 19));
    const used = small.bytesUsed();
    const query = queryOf(2, 64, 20);
    const before = store.scores(query, allSlots(store));
    expect(() => store.append(documentsOf([10, 20_000, 20_000], 64, 21))).toThrow(CapacityError);
    expect([store.n, small.bytesUsed()]).toEqual([2, used]);
    expect(store.scores(query, allSlots(store))).toEqual(before);
    store.append(documentsOf([10], 64, 22));
    expect(store.n).toBe(3);
  });

  it('refuse tokens and queries that do not fit', () => {
    using store = storeOf(core, { encoding: 'int8' }, documentsOf([3, 0], 8, 23));
    expect(() => store.append(documentsOf([1], 7, 1))).toThrow(/expected d = 8, got 7/);
    expect(() => store.append(tokenSet(new Float32Array(8).fill(3e38), Uint32Array.of(0, 1), 8))).toThrow(
      /squared norms up to 1e\+38/,
    );
    const slots = Uint32Array.of(0);
    expect(() => store.scores(queryOf(2, 7, 1), slots)).toThrow(/d = 8, got d = 7/);
    expect(() => store.scores({ data: new Float32Array(0), n: 0, d: 8 }, slots)).toThrow(
      /"query tokens" expected an integer from 1/,
    );
    expect(() => store.scores({ data: new Float32Array(15), n: 2, d: 8 }, slots)).toThrow(
      /multiple of d = 8/,
    );
    expect(() => store.scores({ data: new Float32Array(16), n: 1, d: 8 }, slots)).toThrow(RangeError);
    const nan = new Float32Array(8).fill(Number.NaN);
    expect(() => store.scores({ data: nan, n: 1, d: 8 }, slots)).toThrow(/finite/);
    for (const weight of [-1, Number.NaN, 1e13]) {
      const query = { data: new Float32Array(8), n: 1, d: 8, weights: Float32Array.of(weight) };
      expect(() => store.scores(query, slots)).toThrow(/"weights"/);
    }
    expect(() => queryTokens(new Float32Array(16), 8, new Float32Array(3))).toThrow(/one a query token/);
    for (const slot of [2, 4_294_967_295]) {
      expect(() => store.scores(queryOf(1, 8, 1), Uint32Array.of(slot))).toThrow(/"slot"/);
      expect(() => store.explain(queryOf(1, 8, 1), slot)).toThrow(/"slot"/);
      expect(() => store.decode(slot)).toThrow(/"slot"/);
    }
    expect(() => store.lengthOf(0.5)).toThrow(/"slot"/);
  });

  it('refuse options out of range or of another encoding', () => {
    const make = (options: object) => () =>
      createTokenStore(core, { encoding: 'saq', d: 8, metric: 'ip', ...options });
    for (const options of [
      { bits: 1 },
      { bits: 9 },
      { encoding: 'rabitq', bits: 0 },
      { encoding: 'bit1', bits: 2 },
      { encoding: 'float32', bits: 8 },
      { encoding: 'pq' },
      { metric: 'l2' },
      { d: 0 },
      { d: 65_537 },
      { seed: -1 },
      { seed: 0.5 },
      { mode: 'fast' },
      { encoding: 'rabitq', mode: 'slow' },
    ]) {
      expect(make(options), JSON.stringify(options)).toThrow(RangeError);
    }
  });

  it('come nearer to the exact score with every bit', () => {
    const d = 64;
    const set = documentsOf(new Array(60).fill(20), d, 24);
    const query = queryOf(8, d, 25);
    const exact = maxsim(query, set);
    const rms = (encoded: Encoded): number => {
      using store = storeOf(core, encoded, set);
      const scores = store.scores(query, allSlots(store));
      return Math.sqrt(scores.reduce((sum, score, i) => sum + (score - exact[i]) ** 2, 0) / scores.length);
    };
    for (const encoding of ['saq', 'rabitq'] as const) {
      const errors = [2, 3, 4, 5, 6, 7].map((bits) => rms({ encoding, bits }));
      for (let i = 1; i < errors.length; i++) expect(errors[i]).toBeLessThan(0.75 * errors[i - 1]);
      expect(errors[0]).toBeLessThan(rms({ encoding: 'bit1' }));
    }
    expect(rms({ encoding: 'float16' })).toBeLessThan(rms({ encoding: 'int8' }) / 4);
    expect(rms({ encoding: 'bit1' })).toBeCloseTo(rms({ encoding: 'rabitq', bits: 1 }), 12);
  });
});
