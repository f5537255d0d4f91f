/**
 * Measures of one ranking against graded judgements, as trec_eval defines them. g(i) is the grade of the document at rank
 * i (from 1), 0 where it is not judged or judged below 0; R is the number of relevant documents, those graded above 0.
 *
 *   recall@k  relevant among the first k / R
 *   nDCG@k    Σ_{i ≤ k} g(i) / log2(i + 1), divided by the same sum over the grades in falling order
 *             (Järvelin and Kekäläinen 2002; with exponential gain 2^g − 1 takes the place of g, Burges et al. 2005)
 *   MRR@k     1 / rank of the first relevant document, 0 if it is not among the first k
 *   MAP@k     Σ over relevant ranks i ≤ k of (relevant among the first i) / i, divided by R
 *
 * All are from 0 to 1, larger is better. Measured for people: Math.log2 may differ in the last bit between engines.
 */
import { checkInteger, checkOneOf } from '@sagitta/core-wasm';

/** Document → grade, of one query. */
export type Judgements = ReadonlyMap<string, number>;

/** Lists what a grade may be worth to nDCG. */
export const GAINS = ['linear', 'exponential'] as const;
/** Names what a grade is worth to nDCG: the grade itself, or 2^grade - 1. */
export type Gain = (typeof GAINS)[number];

/** Ranks that any measure looks at. */
export const MAX_CUTOFF: number = 2 ** 31;

/**
 * Computes the share of the relevant documents among the first k.
 * @throws RangeError on k, a document ranked twice, or no relevant document
 */
export function recallOf(ranking: readonly string[], judgements: Judgements, k: number): number {
  const relevant = countRelevant(judgements);
  let found = 0;
  for (const grade of firstGrades(ranking, judgements, k)) if (grade > 0) found++;
  return found / relevant;
}

/**
 * Computes the normalised discounted cumulative gain of the first k.
 * @throws RangeError as recallOf, or on an unknown gain
 */
export function ndcgOf(
  ranking: readonly string[],
  judgements: Judgements,
  k: number,
  gain: Gain = 'linear',
): number {
  checkOneOf('gain', gain, GAINS);
  countRelevant(judgements);
  const ideal = [...judgements.values()].filter((grade) => grade > 0).sort((a, b) => b - a);
  return discounted(firstGrades(ranking, judgements, k), gain) / discounted(ideal.slice(0, k), gain);
}

/**
 * 1 / rank of the first relevant document among the first k.
 * @throws RangeError as recallOf
 */
export function reciprocalRankOf(
  ranking: readonly string[],
  judgements: Judgements,
  k: number = MAX_CUTOFF,
): number {
  countRelevant(judgements);
  const at = firstGrades(ranking, judgements, k).findIndex((grade) => grade > 0);
  return at < 0 ? 0 : 1 / (at + 1);
}

/**
 * Mean, over the relevant documents, of the precision at their ranks; 0 for those not among the first k.
 * @throws RangeError as recallOf
 */
export function averagePrecisionOf(
  ranking: readonly string[],
  judgements: Judgements,
  k: number = MAX_CUTOFF,
): number {
  const relevant = countRelevant(judgements);
  let found = 0;
  let sum = 0;
  firstGrades(ranking, judgements, k).forEach((grade, i) => {
    if (grade > 0) sum += ++found / (i + 1);
  });
  return sum / relevant;
}

export function hasRelevant(judgements: Judgements): boolean {
  for (const grade of judgements.values()) if (grade > 0) return true;
  return false;
}

function countRelevant(judgements: Judgements): number {
  let relevant = 0;
  for (const grade of judgements.values()) if (grade > 0) relevant++;
  if (relevant > 0) return relevant;
  throw new RangeError('"judgements" expected at least one document graded above 0, got none');
}

/** Grades of the first k, those below 0 as 0. */
function firstGrades(ranking: readonly string[], judgements: Judgements, k: number): number[] {
  checkInteger('k', k, 1, MAX_CUTOFF);
  const first = ranking.slice(0, k);
  if (new Set(first).size !== first.length) {
    const twice = first.find((id, i) => first.indexOf(id) !== i);
    throw new RangeError(`"ranking" expected each document once, got ${twice} twice`);
  }
  return first.map((id) => Math.max(0, judgements.get(id) ?? 0));
}

function discounted(grades: readonly number[], gain: Gain): number {
  let sum = 0;
  grades.forEach((grade, i) => {
    sum += (gain === 'linear' ? grade : 2 ** grade - 1) / Math.log2(i + 2);
  });
  return sum;
}
