/**
 * Quality of rankings against judgements: recall, nDCG, MRR and MAP over TREC-style qrels, and reciprocal rank fusion.
 *
 * @module
 */
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
