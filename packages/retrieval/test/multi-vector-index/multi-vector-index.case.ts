/** What every MultiVectorIndex has to do, whatever its FDEs and tokens are made of. */
import {
  type Core,
  createCore,
  joinTokenSets,
  normalizeRows,
  type TokenSet,
  tokenSet,
} from '@sagitta/core-wasm';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonValue, MultiVectorIndex, RecordId, TokenMetric } from '../../src/index.ts';
import { badCalls } from './bad-calls.ts';
import { chamfer, rowsOf } from './chamfer.ts';
import { tokenDocuments } from './token-documents.ts';

export interface MultiVectorCase {
  readonly name: string;
  readonly metric: TokenMetric;
  /** An empty index of dimension d, trained where it must be on the sample. */
  make(core: Core, sample: TokenSet): MultiVectorIndex;
  /** Most that a similarity of unit tokens may be off. */
  readonly tolerance: number;
  /** Of 100 true neighbours, found with every document reranked: 100 for exact tokens. */
  readonly leastHits: number;
}

export const CASE_D = 16;
const D = CASE_D;
const N = 220;

/** The k best by exact MaxSim, ties to the lower id. */
export function exactHits(
  documents: readonly (readonly [RecordId, Float32Array])[],
  query: Float32Array,
  k: number,
): { id: RecordId; score: number }[] {
  return documents
    .filter(([, rows]) => rows.length > 0)
    .map(([id, rows]) => ({ id, score: chamfer(query, rows, D) }))
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .slice(0, k);
}

export function multiVectorCase(one: MultiVectorCase): void {
  const documents = tokenDocuments(N, D, { seed: 4 });
  const queries = tokenDocuments(10, D, { seed: 4, least: 4, most: 9, stream: 'queries' });
  const ids = Array.from({ length: N }, (_, i) => i);
  const named = ids.map((id) => [id, rowsOf(documents, id)] as const);
  const metadata: JsonValue[] = ids.map((id) => ({
    kind: id % 3 === 0 ? 'third' : 'other',
    year: 1990 + (id % 20),
  }));
  /** Every stage lets every document through. */
  const ALL = { candidates: N, fdeRescore: N, rerank: N, refine: N, nprobe: 1000 } as const;

  describe(one.name, () => {
    const core = createCore();
    let index: MultiVectorIndex;
    const built = (): MultiVectorIndex => {
      const made = one.make(core, documents);
      made.add({ ids, tokens: documents, metadata });
      return made;
    };
    beforeAll(() => {
      index = built();
    });
    afterAll(() => {
      index.dispose();
      expect(core.bytesUsed()).toBe(0);
    });

    it('says what it is', () => {
      expect(index.n).toBe(N);
      expect(index.d).toBe(D);
      expect(index.metric).toBe(one.metric);
      expect(index.dead).toBe(0);
      expect(index.ids()).toEqual(ids);
      expect(index.get(7)).toEqual({ tokens: rowsOf(documents, 7).length / D, metadata: metadata[7] });
      expect(index.get(N)).toBeUndefined();
      expect(index.has('7')).toBe(false);
      expect(index.bytes().tokens).toBeGreaterThan(0);
    });

    it('finds what exact MaxSim finds where every stage lets all through', () => {
      let hits = 0;
      for (let q = 0; q < 10; q++) {
        const query = rowsOf(queries, q);
        const truth = exactHits(named, query, 10);
        const found = index.searchIds(query, 10, ALL);
        expect(found.ids.length).toBe(10);
        for (const { id } of truth) if (found.ids.includes(id)) hits++;
        for (const [i, id] of found.ids.entries()) {
          const exact = chamfer(query, rowsOf(documents, id as number), D);
          const bound = one.tolerance * (query.length / D);
          expect(Math.abs((found.scores[i] as number) - exact)).toBeLessThanOrEqual(bound);
        }
        expect(index.searchIds(query, 10, { exact: true }).ids).toEqual(found.ids);
      }
      expect(hits).toBeGreaterThanOrEqual(one.leastHits);
    });

    it('orders results best first, each id once, and gives all there are where k is more', () => {
      const { ids: found, scores } = index.searchIds(rowsOf(queries, 0), N + 50, ALL);
      expect(new Set(found).size).toBe(N);
      for (let i = 1; i < N; i++) expect(scores[i - 1]).toBeGreaterThanOrEqual(scores[i] as number);
    });

    it('answers a batch as it answers each query, and a query encoded before as the query', () => {
      const batch = index.searchBatch(queries, 7);
      for (let q = 0; q < 10; q++) {
        const tokens = rowsOf(queries, q);
        expect(index.search(tokens, 7)).toEqual(batch[q]);
        expect(index.search({ tokens, encoded: index.encodeQuery(tokens) }, 7)).toEqual(batch[q]);
        const { ids: found, scores } = index.searchIds(tokens, 7);
        expect(batch[q]).toEqual(
          found.map((id, i) => ({ id, similarity: scores[i], metadata: metadata[id as number] })),
        );
      }
    });

    it('counts what each stage did', () => {
      const options = { candidates: 60, fdeRescore: 40, rerank: 20, nprobe: 1000, statistics: true } as const;
      const { statistics } = index.searchIds(rowsOf(queries, 1), 5, options);
      expect(statistics).toMatchObject({
        path: 'funnel',
        allowed: N,
        scanned: N,
        candidates: 60,
        rescored: index.stores.finerFdes ? 40 : 0,
        reranked: 20,
        refined: index.stores.finerTokens ? 20 : 0,
        milliseconds: undefined,
      });
      const exact = index.searchIds(rowsOf(queries, 1), 5, { exact: true, statistics: true }).statistics;
      expect(exact).toMatchObject({ path: 'exact', scanned: 0, candidates: 0, reranked: N });
      expect(index.searchIds(rowsOf(queries, 1), 5).statistics).toBeUndefined();
    });

    it('finds no less as budgets grow', () => {
      for (let q = 0; q < 10; q++) {
        const query = rowsOf(queries, q);
        let best = Number.NEGATIVE_INFINITY;
        for (const budget of [5, 20, 80, N]) {
          const options = { candidates: budget, fdeRescore: budget, rerank: budget, nprobe: 1000 };
          const { scores } = index.searchIds(query, 5, options);
          expect(scores[0]).toBeGreaterThanOrEqual(best);
          best = scores[0] as number;
        }
      }
    });

    it('keeps to a filter, on both paths', () => {
      const isThird = (id: number): boolean => id % 3 === 0;
      const query = rowsOf(queries, 2);
      const predicate = (value: JsonValue | undefined): boolean =>
        (value as { kind: string }).kind === 'third';
      const thirds = ids.filter(isThird);
      const compiled = index.filter(predicate);
      expect(compiled.size).toBe(thirds.length);
      const truth = index
        .searchIds(query, N, ALL)
        .ids.filter((id) => isThird(id as number))
        .slice(0, 8);
      for (const filter of [predicate, compiled, thirds, new Set<RecordId>(thirds), [...thirds, 'unknown']]) {
        const exact = index.searchIds(query, 8, { filter, statistics: true });
        expect(exact.statistics?.path).toBe('exact');
        expect(exact.ids).toEqual(truth);
        const funnel = index.searchIds(query, 8, { ...ALL, filter, exactBelow: 0, statistics: true });
        expect(funnel.statistics).toMatchObject({
          path: 'funnel',
          allowed: thirds.length,
          scanned: thirds.length,
        });
        expect(funnel.ids).toEqual(truth);
      }
      for (const exactBelow of [0, 5000]) {
        expect(index.searchIds(query, 8, { filter: [], exactBelow }).ids).toEqual([]);
        expect(index.searchIds(query, 8, { filter: [5], exactBelow }).ids).toEqual([5]);
      }
    });

    it('deletes, adds and updates by id', () => {
      using changing = built();
      const query = rowsOf(queries, 3);
      const before = changing.searchIds(query, 20, ALL);
      const [first, second] = before.ids as [RecordId, RecordId];
      expect(changing.delete(first)).toBe(1);
      expect(changing.delete(first)).toBe(0);
      expect(changing.n).toBe(N - 1);
      expect(changing.searchIds(query, 19, ALL).ids).toEqual(before.ids.slice(1));
      // the query itself is the nearest there can be
      const last = before.ids.at(-1) as RecordId;
      changing.update(last, { tokens: query });
      const updated = changing.searchIds(query, 5, ALL);
      expect(updated.ids[0]).toBe(last);
      expect(updated.ids[1]).toBe(second);
      expect(changing.get(last)?.metadata).toEqual(metadata[last as number]);
      changing.update(last, { metadata: { kind: 'changed' } });
      expect(changing.get(last)?.metadata).toEqual({ kind: 'changed' });
      changing.add({ ids: [first, 'new'], tokens: joinTokenSets([rowsOf(documents, 0), query], D) });
      expect(changing.searchIds(query, 2, ALL).ids).toEqual([last, 'new']);
      expect(changing.n).toBe(N + 1);
      expect(changing.dead).toBe(2);
      const all = changing.searchIds(query, N, ALL);
      changing.compact();
      expect(changing.dead).toBe(0);
      expect(changing.searchIds(query, N, ALL)).toEqual(all);
      expect(changing.get('new')?.tokens).toBe(query.length / D);
      changing.add({ ids: ['newer'], tokens: joinTokenSets([query], D) });
      expect(changing.searchIds(query, 3, ALL).ids).toEqual([last, 'new', 'newer']);
    });

    it('compacts by itself when enough is dead, and ids stay', () => {
      using changing = built();
      const query = rowsOf(queries, 4);
      const survivors = index.searchIds(query, N, ALL).ids.filter((id) => (id as number) >= 70);
      const used = changing.bytes().tokens;
      let most = 0;
      for (let id = 0; id < 70; id++) {
        changing.delete(id);
        most = Math.max(most, changing.dead);
      }
      // the 64th is more than a quarter of 220
      expect(most).toBe(63);
      expect(changing.dead).toBeLessThan(64);
      expect(changing.bytes().tokens).toBeLessThanOrEqual(used);
      expect(changing.searchIds(query, N, ALL).ids).toEqual(survivors);
    });

    it('keeps documents without tokens and never finds them', () => {
      using changing = built();
      const empty = new Float32Array(0);
      changing.add({ ids: ['empty'], tokens: joinTokenSets([empty], D), metadata: ['nothing'] });
      changing.update(3, { tokens: empty });
      expect(changing.get('empty')).toEqual({ tokens: 0, metadata: 'nothing' });
      const query = rowsOf(queries, 5);
      for (const options of [ALL, { exact: true }, { filter: ['empty', 3] }]) {
        const { ids: found } = changing.searchIds(query, N + 9, options);
        expect(found).not.toContain('empty');
        expect(found).not.toContain(3);
      }
      expect(changing.explain(query, 'empty')).toEqual({ id: 'empty', similarity: -Infinity, matches: [] });
      changing.update('empty', { tokens: query });
      expect(changing.searchIds(query, 1, ALL).ids).toEqual(['empty']);
    });

    it('gives ties to the lower id, whatever the order of adding', () => {
      using twins = one.make(core, documents);
      const rows = rowsOf(documents, 0);
      const names: RecordId[] = ['b', 9, 'a', 2, 10];
      twins.add({
        ids: names,
        tokens: joinTokenSets(
          names.map(() => rows),
          D,
        ),
      });
      expect(twins.searchIds(rows, 5).ids).toEqual([2, 9, 10, 'a', 'b']);
      expect(twins.searchIds(rows, 3).ids).toEqual([2, 9, 10]);
      twins.update(2, { tokens: rows });
      expect(twins.searchIds(rows, 2, { exact: true }).ids).toEqual([2, 9]);
    });

    it('explains a hit token by token', () => {
      const query = rowsOf(queries, 6);
      const weights = Float32Array.from({ length: query.length / D }, (_, i) => i % 3);
      const { ids: found, scores } = index.searchIds({ tokens: query, weights }, 3, ALL);
      const best = found[0] as number;
      const explained = index.explain({ tokens: query, weights }, best);
      expect(explained.similarity).toBeCloseTo(scores[0] as number, 4);
      const rows = rowsOf(documents, best);
      let sum = 0;
      for (const match of explained.matches) {
        const q = query.subarray(match.queryToken * D, (match.queryToken + 1) * D);
        const p = rows.subarray(match.documentToken * D, (match.documentToken + 1) * D);
        expect(Math.abs(match.similarity - chamfer(q, p, D))).toBeLessThanOrEqual(one.tolerance);
        sum += match.weight * match.similarity;
      }
      expect(explained.matches.map(({ queryToken }) => queryToken)).toEqual([...weights.keys()]);
      expect(sum).toBeCloseTo(explained.similarity, 4);
    });

    it('carves balls for the rerank and scores with every token', () => {
      const query = rowsOf(queries, 7);
      const doubled = new Float32Array(2 * query.length);
      doubled.set(query);
      doubled.set(query, query.length);
      const full = index.searchIds(doubled, 5, ALL);
      const carved = index.searchIds(doubled, 5, { ...ALL, ballCarving: 0.999, statistics: true });
      expect(carved.ids).toEqual(full.ids);
      expect(carved.scores).toEqual(full.scores);
      const tokens = query.length / D;
      expect(carved.statistics).toMatchObject({ queryTokens: 2 * tokens, refined: N });
      expect(carved.statistics?.rerankTokens).toBeLessThanOrEqual(tokens);
    });

    it('takes queries and documents of any length for cosine, as they are for ip', () => {
      using scaled = one.make(core, documents);
      const data = documents.data.map((value, at) => value * (1 + (Math.floor(at / D) % 5)));
      scaled.add({ ids, tokens: tokenSet(data, documents.offsets, D) });
      const query = rowsOf(queries, 8);
      const found = scaled.searchIds(
        query.map((value) => 3 * value),
        5,
        ALL,
      );
      const top = found.ids[0] as number;
      const rows = rowsOf({ ...documents, data }, top);
      const expected =
        one.metric === 'cosine'
          ? chamfer(query, normalizeRows(rows, D), D)
          : chamfer(
              query.map((value) => 3 * value),
              rows,
              D,
            );
      const scale = one.metric === 'cosine' ? 1 : 15;
      const bound = scale * one.tolerance * (query.length / D);
      expect(Math.abs((found.scores[0] as number) - expected)).toBeLessThanOrEqual(bound);
    });

    it('equals exact MaxSim among whatever documents there are', () => {
      using small = one.make(core, documents);
      fc.assert(
        fc.property(
          fc.integer({ min: 0, max: 1e6 }),
          fc.integer({ min: 1, max: 40 }),
          fc.integer({ min: 1, max: 50 }),
          fc.integer({ min: 1, max: 10 }),
          (seed, n, k, length) => {
            for (const id of small.ids()) small.delete(id);
            small.compact();
            const own = tokenDocuments(n, D, { seed, least: 0, most: 5 });
            small.add({ ids: Array.from({ length: n }, (_, i) => i), tokens: own });
            const { data } = tokenDocuments(1, D, { seed, least: length, most: length, stream: 'q' });
            const truth = exactHits(
              Array.from({ length: n }, (_, i) => [i, rowsOf(own, i)] as const),
              data,
              k,
            );
            const found = small.searchIds(data, k, { ...ALL, exactBelow: 0 });
            expect(found.ids.length).toBe(truth.length);
            for (const [i, { score }] of truth.entries()) {
              expect(Math.abs((found.scores[i] as number) - score)).toBeLessThanOrEqual(
                one.tolerance * length,
              );
            }
          },
        ),
        { numRuns: 15, seed: 8 },
      );
    });

    it('refuses bad arguments by name, and is as it was', () => {
      const query = rowsOf(queries, 9);
      const used = core.bytesUsed();
      const before = index.searchIds(query, 10, ALL);
      for (const [call, message] of badCalls(index, query)) expect(call).toThrow(message);
      if (one.metric === 'cosine') {
        const zero = joinTokenSets([new Float32Array(D)], D);
        expect(() => index.add({ ids: ['zero'], tokens: zero })).toThrow(/length above 0/);
      }
      expect(index.n).toBe(N);
      expect(core.bytesUsed()).toBe(used);
      expect(index.searchIds(query, 10, ALL)).toEqual(before);
    });

    it('refuses filters of another index and of before a change', () => {
      using changing = built();
      const filter = changing.filter([1, 2]);
      expect(() => index.searchIds(rowsOf(queries, 0), 1, { filter })).toThrow(/made by this index/);
      changing.delete(9);
      expect(() => changing.searchIds(rowsOf(queries, 0), 1, { filter })).toThrow(/after the last change/);
      expect(() => index.filter(() => true)).not.toThrow();
    });

    it('is of no use after dispose, which twice does nothing', () => {
      const gone = built();
      gone.dispose();
      gone.dispose();
      expect(() => gone.search(rowsOf(queries, 0), 1)).toThrow(/live index/);
      expect(() => gone.delete(1)).toThrow(/live index/);
    });
  });
}
