/**
 * Is for the packages of Sagitta itself, and may change in any version: what they need of this one and no user should.
 *
 * @module
 */
export { type Candidate, candidatesAt } from './advice/candidates.ts';
export { emptyIndexBytes, type IndexBytes, indexBytes } from './advice/index-bytes.ts';
export { checkRange } from './files/byte-source.ts';
export { widthFor } from './graph/graph-options.ts';
export { bestOfRows, candidatesNeeded, exactMaxSim, ranksOfTruth, shareFound } from './muvera/measure-fde.ts';
export { AnswerTimes } from './remote/answer-times.ts';
export { gatherPieces } from './remote/gather-pieces.ts';
export { type Asking, type Reply, ShardAsker, type ShardWay } from './remote/shard-asker.ts';
export { paddedBatch, putAnswers } from './search/batch.ts';
export { mergeResults, type ShardAnswer } from './search/merge-results.ts';
export { MAX_K } from './search/search-result.ts';
