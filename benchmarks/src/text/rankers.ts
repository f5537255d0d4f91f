/** Every way to rank texts that needs no model of others, on one collection. */
import type { Core } from '@sagitta/core-wasm';
import type { Rankings } from '@sagitta/retrieval/evaluation';
import { maxsimRerank } from '@sagitta/retrieval/maxsim';
import {
  fuseHits,
  LexicalIndex,
  type LexicalIndexOptions,
  type TextModel,
  trainLsaEncoder,
  trainStaticTokens,
} from '@sagitta/retrieval/text';
import type { TextCollection } from '../quality/text-collection.ts';

/** Ranks that are judged, and those that a fusion takes. */
const DEPTH = 200;
export const FUSION_DEPTH = 100;

export interface NamedRankings {
  readonly method: string;
  readonly rankings: Rankings;
}

export function rankAll(core: Core, texts: TextCollection, log: (line: string) => void): NamedRankings[] {
  const classic = byWords(texts, { k1: 1.2, b: 0.75 });
  const plain = byWords(texts);
  log(`${texts.name}: ${texts.texts.length} texts, BM25 done`);
  const tokens = trainStaticTokens(texts.texts);
  const lsa = trainLsaEncoder(texts.texts);
  log(`${texts.name}: trained`);
  const weighed = byTokens(core, texts, tokens, true);
  const alike = byTokens(core, texts, tokens, false);
  log(`${texts.name}: MaxSim done`);
  const mean = byVectors(texts, tokens);
  const topics = byVectors(texts, lsa);
  return [
    { method: 'BM25', rankings: plain },
    { method: 'BM25, k1 1.2, b 0.75', rankings: classic },
    { method: 'MaxSim of static tokens, query weighted by idf', rankings: weighed },
    { method: 'MaxSim of static tokens, all alike', rankings: alike },
    { method: 'mean of static tokens', rankings: mean },
    { method: 'LSA', rankings: topics },
    { method: 'BM25 and MaxSim, fused', rankings: fuse(texts, plain, weighed) },
    { method: 'BM25 and mean, fused', rankings: fuse(texts, plain, mean) },
    { method: 'BM25 and LSA, fused', rankings: fuse(texts, plain, topics) },
  ];
}

function byWords(
  { documentIds, texts, queryIds, questions }: TextCollection,
  options?: LexicalIndexOptions,
): Rankings {
  const index = new LexicalIndex(options);
  index.add({ ids: documentIds, texts });
  return new Map(
    queryIds.map((id, q) => [id, index.search(questions[q] as string, DEPTH).map((hit) => String(hit.id))]),
  );
}

function byTokens(
  core: Core,
  { documentIds, texts, queryIds, questions }: TextCollection,
  model: ReturnType<typeof trainStaticTokens>,
  isWeighed: boolean,
): Rankings {
  const tokens = model.encodeDocuments(texts);
  return new Map(
    queryIds.map((id, q) => {
      const { weights, ...query } = model.encodeQuery(questions[q] as string);
      if (query.n === 0) return [id, []];
      const asked = isWeighed ? { ...query, weights } : query;
      const { positions } = maxsimRerank(core, asked, tokens, { k: DEPTH });
      return [id, Array.from(positions, (i) => documentIds[i] as string)];
    }),
  );
}

function byVectors({ documentIds, texts, queryIds, questions }: TextCollection, model: TextModel): Rankings {
  const { d } = model;
  const base = model.embed(texts);
  const queries = model.embed(questions);
  return new Map(
    queryIds.map((id, q) => {
      const query = queries.subarray(q * d, (q + 1) * d);
      if (query.every((value) => value === 0)) return [id, []];
      const scores = Float64Array.from(documentIds, (_, i) => {
        let sum = 0;
        for (let j = 0; j < d; j++) sum += (query[j] as number) * (base[i * d + j] as number);
        return sum;
      });
      const order = Array.from(scores.keys()).sort(
        (x, y) => (scores[y] as number) - (scores[x] as number) || x - y,
      );
      return [id, order.slice(0, DEPTH).map((i) => documentIds[i] as string)];
    }),
  );
}

function fuse({ queryIds }: TextCollection, ...all: readonly Rankings[]): Rankings {
  return new Map(
    queryIds.map((id) => {
      const lists = all.map((rankings) => (rankings.get(id) ?? []).map((one) => ({ id: String(one) })));
      return [id, fuseHits(lists, DEPTH, { depth: FUSION_DEPTH }).map((hit) => String(hit.id))];
    }),
  );
}
