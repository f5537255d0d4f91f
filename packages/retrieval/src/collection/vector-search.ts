/** Searches a collection of vectors: every part for itself, then the best of all. */
import { checkInteger, type Metric, metricQuery, type Vectors, vectorSet } from '@sagitta/core-wasm';
import type { RecordId } from '../records/ids.ts';
import type { HitOf } from '../search/hits.ts';
import { rowScores } from '../search/row-scores.ts';
import { MAX_K } from '../search/search-result.ts';
import type { VectorSearchOptions } from '../vector-index/types.ts';
import { filterOfParts, type Parts, scoreOf } from './parts.ts';
import { VectorPart } from './vector-kind.ts';

/** Says how a collection is searched: as a VectorIndex is, with what can be said of parts. */
export interface CollectionSearchOptions<M> extends Omit<VectorSearchOptions<M>, 'rerank' | 'statistics'> {
  /** Scores so many candidates again with the float32 vectors that the files keep. */
  readonly rerank?: { readonly candidates: number } | false;
}

/** @throws as VectorIndex.search does, naming the argument */
export async function searchVectors<M, S extends Metric>(
  parts: Parts<M, Float32Array>,
  queries: Vectors,
  k: number,
  options: CollectionSearchOptions<M>,
): Promise<HitOf<M, S>[][]> {
  const { d } = parts.kind;
  checkInteger('k', k, 1, MAX_K);
  const { data, n } = vectorSet(queries, d, 'queries');
  const { rerank, filter, ...rest } = options;
  const how = { ...rest, ...filterOfParts(filter) };
  const candidates = rerank ? checkInteger('candidates', rerank.candidates, 1, MAX_K) : 0;
  const wanted = Math.min(MAX_K, Math.max(k, candidates));
  const list = parts.list.filter((part): part is VectorPart<M> => part instanceof VectorPart);
  const answers = list.map(({ index }) => index.searchBatch(data, wanted, how) as HitOf<M, S>[][]);
  const merged = Array.from({ length: n }, (_, q) =>
    parts.merge(
      answers.map((answer) => answer[q] as HitOf<M, S>[]),
      wanted,
    ),
  );
  if (!rerank) return merged;
  return Promise.all(merged.map((hits, q) => reranked(parts, data.subarray(q * d, (q + 1) * d), hits, k)));
}

/** Scores candidates by their vectors. One that was deleted meanwhile is scored by what it was estimated. */
async function reranked<M, S extends Metric>(
  parts: Parts<M, Float32Array>,
  query: Float32Array,
  hits: readonly HitOf<M, S>[],
  k: number,
): Promise<HitOf<M, S>[]> {
  const { core, kind } = parts;
  const { metric, d } = kind;
  const { ids, values } = await parts.rows(hits.map(({ id }) => id));
  const vectors = kind.join(values);
  const scores = new Map<RecordId, number>();
  core.scope((scope) => {
    const given = scope.reserve(4 * d);
    const rows = scope.reserve(4 * Math.max(1, vectors.length));
    const out = scope.reserve(4 * Math.max(1, ids.length));
    const prepared = metricQuery(metric, query, d);
    given.f32(0, d).set(prepared.values);
    rows.f32(0, vectors.length).set(vectors);
    rowScores(core, metric, given.at(), rows.at(), ids.length, d, out);
    for (const [i, score] of out.f32(0, ids.length).entries())
      scores.set(ids[i] as RecordId, prepared.scale * score);
  });
  const sign = metric === 'l2' ? 1 : -1;
  const scored = hits.map((hit) => ({ hit, score: scores.get(hit.id) ?? sign * scoreOf(hit) }));
  return scored
    .sort((a, b) => a.score - b.score)
    .slice(0, k)
    .map(({ hit, score }) => ({ ...hit, [metric === 'l2' ? 'distance' : 'similarity']: sign * score }));
}
