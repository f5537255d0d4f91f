/**
 * Reciprocal rank fusion: score(document) = Σ over rankings of weight / (offset + rank), ranks from 1 (Cormack, Clarke and
 * Büttcher, SIGIR 2009; offset is their k = 60). It needs no scores, so lists of any kind of score go together: BM25 with
 * MaxSim, dense with sparse.
 */
import { checkInteger, checkLength, checkNumber, checkOptions, type OptionTable } from '@sagitta/core-wasm';

/** Says how ranks are weighed when rankings are fused. */
export interface RankFusionOptions {
  /** Added to every rank: the larger, the less the first ranks count. Default 60. */
  readonly offset?: number;
  /** One a ranking, from 0; default 1 each. */
  readonly weights?: readonly number[];
  /** Ranks of each list that count; default all. */
  readonly depth?: number;
}

const RANK_FUSION_OPTIONS: OptionTable<RankFusionOptions> = {
  offset: 'number',
  weights: 'any',
  depth: 'number',
};

/** Is a document of a fused ranking with its score. */
export interface FusedDocument<Id> {
  readonly id: Id;
  /** Larger is better; comparable within one fusion only. */
  readonly score: number;
}

/**
 * One ranking of everything that stands in any of `rankings` (each best first), best first. Ties go to the document that
 * was seen first: in the first ranking, or else in the next.
 * @throws RangeError on a document that stands twice in one ranking, or options out of range
 */
export function fuseRankings<Id extends string | number | bigint>(
  rankings: readonly ArrayLike<Id>[],
  options: RankFusionOptions = {},
): FusedDocument<Id>[] {
  checkOptions('options', options, RANK_FUSION_OPTIONS);
  const offset = checkNumber('offset', options.offset ?? 60, 0, Number.MAX_SAFE_INTEGER);
  const depth = checkInteger('depth', options.depth ?? Number.MAX_SAFE_INTEGER, 1, Number.MAX_SAFE_INTEGER);
  const { weights } = options;
  if (weights !== undefined) checkLength('weights', weights.length, rankings.length, 'rankings');
  const scores = new Map<Id, number>();
  rankings.forEach((ranking, r) => {
    const weight = checkNumber('weight', weights?.[r] ?? 1, 0, Number.MAX_VALUE);
    const seen = new Set<Id>();
    const end = Math.min(depth, ranking.length);
    for (let i = 0; i < end; i++) {
      const id = ranking[i] as Id;
      if (seen.has(id))
        throw new RangeError(`"rankings" expected each document once a ranking, got ${id} twice`);
      seen.add(id);
      scores.set(id, (scores.get(id) ?? 0) + weight / (offset + i + 1));
    }
  });
  // a map keeps the order of first insertion, and sort is stable
  return [...scores].map(([id, score]) => ({ id, score })).sort((a, b) => b.score - a.score);
}
