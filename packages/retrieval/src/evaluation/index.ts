/**
 * Quality of rankings against judgements: recall, nDCG, MRR and MAP over TREC-style qrels, reciprocal rank fusion, recall
 * from few ground truths, weights of concatenated embeddings, and concepts that explain a hit.
 *
 * @module
 */
export {
  type BlockWeightFold,
  type BlockWeightOptions,
  type BlockWeights,
  learnBlockWeights,
} from './block-weights.ts';
export {
  type ConceptExplanation,
  type ConceptOptions,
  type ConceptShare,
  ConceptSpace,
  type ConceptWeight,
} from './concepts.ts';
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
export { type GroupRecall, groupRecall, type RecallByGroup } from './group-recall.ts';
export type { Judgements } from './measures.ts';
export { parseQrels, type Qrels, type Rankings } from './qrels.ts';
export { type FusedDocument, fuseRankings, type RankFusionOptions } from './rank-fusion.ts';
export type { Confidence } from './student-quantile.ts';
