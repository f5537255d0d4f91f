/** What a LearnedFde is made of. */
import {
  checkInteger,
  checkNumber,
  checkOneOf,
  checkOptions,
  MAX_DIMENSION,
  type OptionTable,
} from '@sagitta/core-wasm';
import { type FdeEncoder, MAX_FDE_LENGTH } from './fde-encoder.ts';

/** Lists what a document's block may hold in the learned encoding. */
export const LEARNED_BLOCKS = ['votes', 'mean'] as const;
/**
 * What a document's block holds. mean: the mean of the document's tokens in the cell, or the token nearest to its centroid.
 * votes: the mean of the tokens that pseudo-queries of the cell choose, and of their inner products with them, blended with
 * the former.
 */
export type LearnedBlocks = (typeof LEARNED_BLOCKS)[number];

/** Little is lost where votes are enough, and all is gained where they are not: measured in docs/algorithms/learned-fde.md. */
const DEFAULT_OWN_SHARE = 0.2;

/** Is the largest number of cells of the learned encoding. */
export const MAX_CELLS = 4096;
/** Is the largest number of pseudo-queries of the learned encoding. */
export const MAX_VOTERS = 65_536;
/** Share of a query token that goes to its nearest cell, the next, … */
export const CELL_SHARES: readonly (readonly number[])[] = [[1], [0.6, 0.4], [0.5, 0.3, 0.2]];

/** Says what the learned encoding is made of. */
export interface LearnedOptions {
  /** Cells of k-means on the sample, 1 to 4096. */
  readonly numCells: number;
  /** Principal directions of the tokens that are kept, 1 to d. */
  readonly projectionDimension: number;
  /** Default 'votes'. */
  readonly blocks?: LearnedBlocks;
  /** votes: pseudo-queries in all, 1 to 65,536, each an inner product a document token. Default 1,024. */
  readonly numVoters?: number;
  /**
   * votes: share of the cell's own tokens in the blend, 0 to 1. Default 0.2. With none, tokens that no pseudo-query asks for are
   * lost: fatal where the sample's tokens do not cover what queries ask.
   */
  readonly ownShare?: number;
  /** mean: blocks hold x - μ and one more number, <x - μ, μ> for documents and the count for queries. */
  readonly meanSplit?: boolean;
  /** Cells that a query token goes to, 1 (default) to 3. More reads more blocks. */
  readonly queryCells?: number;
  readonly seed?: number;
}

const LEARNED_OPTIONS: OptionTable<LearnedOptions> = {
  numCells: 'number',
  projectionDimension: 'number',
  blocks: 'string',
  numVoters: 'number',
  ownShare: 'number',
  meanSplit: 'boolean',
  queryCells: 'number',
  seed: 'number',
};

/** Holds what the learned encoding has learned. */
export interface LearnedParameters {
  readonly d: number;
  readonly numCells: number;
  readonly p: number;
  readonly blocks: LearnedBlocks;
  /** 0 with blocks "mean". */
  readonly ownShare: number;
  readonly meanSplit: boolean;
  readonly queryCells: number;
  readonly blockLength: number;
  readonly length: number;
}

/** @throws RangeError on anything out of range or a length above 2^20 */
export function checkLearnedOptions(d: number, options: LearnedOptions): LearnedParameters {
  checkOptions('options', options, LEARNED_OPTIONS);
  checkInteger('d', d, 1, MAX_DIMENSION);
  const numCells = checkInteger('numCells', options.numCells, 1, MAX_CELLS);
  const p = checkInteger('projectionDimension', options.projectionDimension, 1, d);
  const blocks = checkOneOf('blocks', options.blocks ?? 'votes', LEARNED_BLOCKS);
  const meanSplit = options.meanSplit ?? false;
  if (meanSplit && blocks !== 'mean') {
    throw new RangeError(`"meanSplit" expected blocks "mean" beside it, got "${blocks}"`);
  }
  const ownShare = checkNumber('ownShare', options.ownShare ?? DEFAULT_OWN_SHARE, 0, 1);
  const queryCells = checkInteger('queryCells', options.queryCells ?? 1, 1, CELL_SHARES.length);
  const blockLength = p + (blocks === 'votes' || meanSplit ? 1 : 0);
  const length = numCells * blockLength;
  if (length > MAX_FDE_LENGTH) {
    throw new RangeError(
      `"numCells" expected numCells * block length of at most ${MAX_FDE_LENGTH}, got ${numCells} * ${blockLength} = ${length}`,
    );
  }
  const share = blocks === 'votes' ? ownShare : 0;
  return { d, numCells, p, blocks, ownShare: share, meanSplit, queryCells, blockLength, length };
}

/** What is learned. */
export interface LearnedParts {
  /** numCells × d. */
  readonly centroids: Float32Array;
  /** p × d: principal directions. */
  readonly directions: Float32Array;
  /** d values, used by the mean-split; zeros otherwise. */
  readonly mean: Float32Array;
  /** votes: voters × d, those of cell 0 first; else empty. */
  readonly voters: Float32Array;
  /** votes: numCells + 1 ascending numbers of voters, at least one a cell; else empty. */
  readonly starts: Uint32Array;
}

/** Is an encoder as its session sees it. */
export interface LearnedEncoder extends FdeEncoder {
  readonly parameters: LearnedParameters;
  readonly parts: LearnedParts;
  /** Pseudo-queries. */
  readonly numVoters: number;
}
