/** A bridge between two views of real texts: `SAGITTA_DATA=… npx vitest run --config vitest.slow.config.ts kin/bridge`. */
import { createCore, RandomStream, type VectorSet } from '@sagitta/core-wasm';
import { gatherRows, sampleIndices } from '@sagitta/quantizers/training';
import { buildFlat } from '@sagitta/retrieval';
import { BRIDGE_METHODS, selectAnchors, trainBridge } from '@sagitta/retrieval/bridge';
import { evaluateRankings } from '@sagitta/retrieval/evaluation';
import { describe, expect, it } from 'vitest';
import { loadTexts } from '../../src/quality/text-collection.ts';
import { fourGrams, textView } from '../../src/quality/views.ts';

const root = process.env['SAGITTA_DATA'];

describe.skipIf(!root)('word LSA queries on a 4-gram LSA base of 11,429 abstracts', () => {
  it('keeps 78 % of the nDCG with 300 prototypes and 90 % with 1,000 random pairs', async () => {
    const { texts, questions, documentIds, queryIds, qrels } = await loadTexts(root as string, 'ir-vaswani');
    const words = textView(texts, questions, 256);
    const letters = textView(texts, questions, 192, fourGrams);
    using core = createCore();
    const search = (base: Float32Array, queries: Float32Array, d: number): Uint32Array[] => {
      using index = buildFlat(core, base, d, { metric: 'cosine', quantizer: 'float32' });
      const { ids } = index.searchBatch(queries, 10);
      return queryIds.map((_, q) => ids.slice(q * 10, (q + 1) * 10));
    };
    const ndcg = (found: Uint32Array[]): number => {
      const rankings = new Map(
        queryIds.map((id, q) => [
          id,
          [...(found[q] as Uint32Array)].map((row) => documentIds[row] as string),
        ]),
      );
      return evaluateRankings(rankings, qrels, ['ndcg@10']).means['ndcg@10'] as number;
    };
    const overlap = (found: Uint32Array[], truth: Uint32Array[]): number =>
      found.reduce((sum, ids, q) => sum + ids.filter((id) => truth[q]?.includes(id)).length, 0) /
      (10 * found.length);
    const own = search(letters.base, letters.queries, letters.d);
    const native = ndcg(own);
    const base: VectorSet = { data: letters.base, n: texts.length, d: letters.d };
    const query: VectorSet = { data: words.base, n: texts.length, d: words.d };
    const other = search(words.base, words.queries, words.d);
    process.stdout.write(
      `own nDCG ${native.toFixed(4)}, of the query model ${ndcg(other).toFixed(4)}, agreement ${overlap(other, own).toFixed(3)}\n`,
    );
    const share = (
      rows: Uint32Array,
      method: 'auto' | (typeof BRIDGE_METHODS)[number],
      name: string,
    ): number => {
      // a text without a known term has no direction
      const known = rows.filter((row) =>
        [base, query].every(({ data, d }) =>
          data.subarray(row * d, (row + 1) * d).some((value) => value !== 0),
        ),
      );
      const start = performance.now();
      const bridge = trainBridge(
        core,
        { query: gatherRows(query, known), base: gatherRows(base, known) },
        { method },
      );
      const spent = performance.now() - start;
      const searched = bridge.changesBase ? bridge.base(base.data) : base.data;
      const found = search(searched, bridge.queries(words.queries), bridge.d);
      const kept = ndcg(found) / native;
      process.stdout.write(
        `${name}, ${method} → ${bridge.method} ${bridge.regularization}: recall ${overlap(found, own).toFixed(3)}, ` +
          `nDCG ${(100 * kept).toFixed(1)} %, ${spent.toFixed(0)} ms, ${bridge.report.advice}: ${bridge.report.reason}\n`,
      );
      return kept;
    };
    const prototypes = selectAnchors(core, base, 300);
    const random = (count: number, seed: number): Uint32Array =>
      sampleIndices(texts.length, count, new RandomStream(seed, 'pairs'));
    for (const method of BRIDGE_METHODS) {
      share(prototypes, method, '300 prototypes');
      share(random(300, 1), method, '300 random');
    }
    for (const method of ['procrustes', 'linear', 'reverse-linear'] as const) {
      share(random(1000, 1), method, '1,000 random');
    }
    expect(share(prototypes, 'auto', '300 prototypes')).toBeGreaterThanOrEqual(0.78);
    const thousand = [1, 2].map((seed) => share(random(1000, seed), 'auto', '1,000 random'));
    expect((thousand[0] as number) / 2 + (thousand[1] as number) / 2).toBeGreaterThanOrEqual(0.9);
  });
});
