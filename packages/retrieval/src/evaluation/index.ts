/**
 * Quality of rankings against judgements: recall, nDCG, MRR and MAP over TREC-style qrels, reciprocal rank fusion, and recall
 * from few ground truths.
 *
 * @module
 */
export {
  estimateRecall,
  estimateRecallFrom,
  type RecallEstimate,
  type RecallEstimateFromOptions,
  type RecallEstimateOptions,
} from './estimate-recall.ts';
export {
  type Evaluation,
  type EvaluationOptions,
  evaluateRankings,
  type Measure,
  parseMeasure,
} from './evaluate.ts';
export type { Judgements } from './measures.ts';
export { parseQrels, type Qrels, type Rankings } from './qrels.ts';
export { type FusedDocument, fuseRankings, type RankFusionOptions } from './rank-fusion.ts';
export type { Confidence } from './student-quantile.ts';
