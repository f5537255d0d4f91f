/**
 * Means over the queries of a collection. Every query that has a relevant document counts, with 0 where the rankings have
 * no row for it (trec_eval's -c); rankings of queries without judgements are left out, since nothing can be said of them.
 */
import { checkInteger, checkOneOf, checkOptions, type OptionTable } from '@sagitta/core-wasm';
import {
  averagePrecisionOf,
  type Gain,
  hasRelevant,
  type Judgements,
  MAX_CUTOFF,
  ndcgOf,
  recallOf,
  reciprocalRankOf,
} from './measures.ts';
import type { Qrels, Rankings } from './qrels.ts';

/** `recall@100`, `ndcg@10`, `mrr`, `mrr@10`, `map`, `map@1000`: recall and nDCG need a cut-off, the others may have one. */
export type Measure =
  | `recall@${number}`
  | `ndcg@${number}`
  | 'mrr'
  | `mrr@${number}`
  | 'map'
  | `map@${number}`;

/** Says how rankings are judged. */
export interface EvaluationOptions {
  /** What a grade is worth to nDCG; default linear. */
  readonly gain?: Gain;
}

const EVALUATION_OPTIONS: OptionTable<EvaluationOptions> = {
  gain: 'string',
};

/** Holds the mean of each measure over the queries that counted. */
export interface Evaluation {
  /** Queries that counted: those with a relevant document. */
  readonly queries: number;
  /** The mean of each measure asked for, 0 to 1. */
  readonly means: Readonly<Record<string, number>>;
  /** Measure → query → value, in the order of the judgements; for tests of significance and for finding what failed. */
  readonly byQuery: ReadonlyMap<Measure, ReadonlyMap<string, number>>;
}

const MEASURE_NAMES = ['recall', 'ndcg', 'mrr', 'map'] as const;

/** The measure that a text such as "ndcg@10" names. @throws RangeError if it names none */
export function parseMeasure(text: string): Measure {
  const [name, cutoff] = splitMeasure(text);
  return (cutoff === undefined ? name : `${name}@${cutoff}`) as Measure;
}

/**
 * Means of the measures over all queries with a relevant document.
 * @throws RangeError if no query has one, on a measure that is none, or on a document ranked twice
 */
export function evaluateRankings(
  rankings: Rankings,
  qrels: Qrels,
  measures: readonly Measure[],
  options: EvaluationOptions = {},
): Evaluation {
  checkOptions('options', options, EVALUATION_OPTIONS);
  const queries = [...qrels].filter(([, judgements]) => hasRelevant(judgements));
  if (queries.length === 0) {
    throw new RangeError(
      `"qrels" expected a query with a relevant document, got none in ${qrels.size} queries`,
    );
  }
  const byQuery = new Map<Measure, ReadonlyMap<string, number>>();
  const means: Record<string, number> = {};
  for (const measure of measures) {
    const measureOne = measureFunction(measure, options);
    const values = new Map<string, number>();
    let sum = 0;
    for (const [query, judgements] of queries) {
      const value = measureOne(rankings.get(query) ?? [], judgements);
      values.set(query, value);
      sum += value;
    }
    byQuery.set(measure, values);
    means[measure] = sum / queries.length;
  }
  return { queries: queries.length, means, byQuery };
}

/** The function that a measure names, of one ranking. @throws RangeError if it names none */
export function measureFunction(
  measure: Measure,
  { gain }: EvaluationOptions,
): (ranking: readonly string[], judgements: Judgements) => number {
  const [name, cutoff] = splitMeasure(measure);
  const k = cutoff ?? MAX_CUTOFF;
  switch (name) {
    case 'recall':
      return (ranking, judgements) => recallOf(ranking, judgements, k);
    case 'ndcg':
      return (ranking, judgements) => ndcgOf(ranking, judgements, k, gain);
    case 'mrr':
      return (ranking, judgements) => reciprocalRankOf(ranking, judgements, k);
    case 'map':
      return (ranking, judgements) => averagePrecisionOf(ranking, judgements, k);
  }
}

/** Name and cut-off of a measure. @throws RangeError on what is none */
export function splitMeasure(
  text: string,
): [name: (typeof MEASURE_NAMES)[number], cutoff: number | undefined] {
  const parts = /^([a-z]+)(?:@(\d{1,10}))?$/.exec(text);
  if (parts === null) {
    throw new RangeError(`"measure" expected one such as ndcg@10, recall@100, mrr or map, got ${text}`);
  }
  const name = checkOneOf('measure', parts[1] as string, MEASURE_NAMES);
  if (parts[2] !== undefined) return [name, checkInteger('measure cut-off', Number(parts[2]), 1, MAX_CUTOFF)];
  if (name === 'mrr' || name === 'map') return [name, undefined];
  throw new RangeError(`"measure" expected ${name} with a cut-off such as ${name}@10, got ${text}`);
}
