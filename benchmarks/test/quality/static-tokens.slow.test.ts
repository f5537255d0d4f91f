import { createCore } from '@sagitta/core-wasm';
import { evaluateRankings, type Rankings } from '@sagitta/retrieval/evaluation';
import { createTokenStore } from '@sagitta/retrieval/maxsim';
import { trainStaticTokens } from '@sagitta/retrieval/text';
import { describe, expect, it } from 'vitest';
import { rankByBm25 } from '../../src/quality/bm25.ts';
import { loadTexts, type TextCollection } from '../../src/quality/text-collection.ts';

const root = process.env['SAGITTA_DATA'] ?? '';

/** Above what any change of rounding moves, below what a mistake costs. */
const TOLERANCE = 0.01;

function ndcg(rankings: Rankings, { qrels }: TextCollection): number {
  return evaluateRankings(rankings, qrels, ['ndcg@10']).means['ndcg@10'] as number;
}

function rankByMaxsim(collection: TextCollection): Rankings {
  const encoder = trainStaticTokens(collection.texts);
  const tokens = encoder.encodeDocuments(collection.texts);
  using core = createCore();
  using store = createTokenStore(core, { encoding: 'float32', d: tokens.d, metric: 'ip' });
  store.append(tokens);
  const slots = Uint32Array.from({ length: tokens.n }, (_, i) => i);
  return new Map(
    collection.queryIds.map((id, q) => {
      const scores = store.scores(encoder.encodeQuery(collection.questions[q] as string), slots);
      const order = slots.slice().sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
      return [id, Array.from(order.subarray(0, 10), (slot) => collection.documentIds[slot] as string)];
    }),
  );
}

describe.skipIf(root === '')('tokens trained on the collection', () => {
  it('rank Cranfield above BM25', async () => {
    const cranfield = await loadTexts(root, 'ir-cranfield');
    const bm25 = ndcg(rankByBm25(cranfield, 'Porter'), cranfield);
    expect(Math.abs(bm25 - 0.313)).toBeLessThan(TOLERANCE);
    expect(Math.abs(ndcg(rankByMaxsim(cranfield), cranfield) - 0.355)).toBeLessThan(TOLERANCE);
  });

  it('rank Vaswani above BM25 of Porter stems', async () => {
    const vaswani = await loadTexts(root, 'ir-vaswani');
    const bm25 = ndcg(rankByBm25(vaswani, 'Porter'), vaswani);
    expect(Math.abs(bm25 - 0.398)).toBeLessThan(TOLERANCE);
    expect(Math.abs(ndcg(rankByMaxsim(vaswani), vaswani) - 0.423)).toBeLessThan(TOLERANCE);
  });
});
