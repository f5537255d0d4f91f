/**
 * A learned Fixed Dimensional Encoding: what MUVERA (arXiv 2405.19504) draws at random is taken from a sample of tokens.
 *
 * MaxSim is Σ_q f(q) with f(q) = max_p <q, p>, a convex function of the query token, one for each document. An FDE is a
 * table of approximations of f, one for each cell of token space, linear in q along p principal directions U:
 *
 *   votes  f(q) ≈ y + <Uᵀ(q - s̄), v>,  y = mean_s max_p <s, p>,  v = mean_s Uᵀp*(s),  p*(s) = argmax_p <s, p>
 *          over the pseudo-queries s of the cell (tokens of the sample), s̄ their mean. Where f is differentiable its gradient
 *          is p*(q), so v is the mean gradient of f in the cell and y its mean value: no system is solved, and a few
 *          pseudo-queries a cell give as much as many would by least squares.
 *          Document block { y, v }, query block Σ_q { 1, Uᵀ(q - s̄) }. A share of 0.2 of { <Uᵀs̄, m>, m } of the means
 *          below is blended in: what no pseudo-query asks for would be lost otherwise.
 *   mean   f(q) ≈ <Uᵀq, v>, v the mean of Uᵀp over the document's tokens in the cell, or, in an empty cell, the token
 *          nearest to its centroid. Document block { v }, query block Σ_q { Uᵀq }. With the mean-split as in MuveraFde.
 *
 * A query token goes to its nearest cell (or the nearest few, with shares), so a query leaves most blocks zero.
 * Why votes: the mean of a cell counts every token alike and knows nothing of the maximum; a token that answers many
 * questions of the collection weighs as many votes, a token that none asks for weighs nothing, longer documents get
 * their due (y grows with them), and directions that all tokens share cancel in the ranking instead of adding noise.
 * Measured in docs/algorithms/learned-fde.md.
 *
 * Symbols: d token dimension · numCells · p directions · U d × p · s pseudo-query, "voter".
 * Learned parts are frozen parameters: saved, hashed, the same bytes on every engine.
 * Memory: numCells·(p + 1) floats a document; the encoder (voters + numCells + p)·d floats. Time: (voters + p)·d
 * multiply-adds a document token (numCells·d more for the blend) and voters·p additions a document.
 */
import { type Core, checkLength, MAX_MAGNITUDE, rowsDefect } from '@sagitta/core-wasm';
import type { FdeEncoder } from './fde-encoder.ts';
import { writeLearned } from './learned-format.ts';
import {
  checkLearnedOptions,
  type LearnedOptions,
  type LearnedParameters,
  type LearnedParts,
  MAX_VOTERS,
} from './learned-options.ts';
import { LearnedSession } from './learned-session.ts';
import { hashBytes } from './parameter-hash.ts';

/** Trained ones have length 1. */
const LONGEST_DIRECTION = 16;

/** Made by trainLearnedFde or read from a file. */
export class LearnedFde implements FdeEncoder {
  readonly kind = 'learned';
  readonly d: number;
  readonly length: number;
  readonly blockLength: number;
  readonly parameterHash: string;
  readonly parameters: LearnedParameters;
  readonly parts: LearnedParts;

  /** @throws RangeError on parts whose lengths do not fit the options */
  constructor(d: number, options: LearnedOptions, parts: LearnedParts) {
    const parameters = checkLearnedOptions(d, options);
    checkParts(parameters, parts);
    this.parameters = parameters;
    this.parts = parts;
    this.d = d;
    this.length = parameters.length;
    this.blockLength = parameters.blockLength;
    this.parameterHash = hashBytes(writeLearned(this));
  }

  /** Pseudo-queries. */
  get numVoters(): number {
    return this.parts.voters.length / this.d;
  }

  createSession(core: Core): LearnedSession {
    return new LearnedSession(core, this);
  }
}

function checkRows(label: string, rows: Float32Array, d: number, longest: number): void {
  const defect = rowsDefect(label, rows, d, longest);
  if (defect !== undefined) throw new RangeError(defect);
}

function checkParts({ d, numCells, p, blocks }: LearnedParameters, parts: LearnedParts): void {
  const { centroids, directions, mean, voters, starts } = parts;
  checkLength('centroids', centroids.length, numCells * d, 'numCells*d');
  checkLength('directions', directions.length, p * d, 'p*d');
  checkLength('mean', mean.length, d, 'd');
  for (const [label, rows] of Object.entries({ centroids, mean, voters })) {
    checkRows(label, rows, d, MAX_MAGNITUDE);
  }
  checkRows('directions', directions, d, LONGEST_DIRECTION);
  checkLength('starts', starts.length, blocks === 'votes' ? numCells + 1 : 0, 'numCells+1');
  const count = blocks === 'votes' ? (starts[numCells] as number) : 0;
  if (count > MAX_VOTERS) throw new RangeError(`"voters" expected at most ${MAX_VOTERS}, got ${count}`);
  checkLength('voters', voters.length, count * d, 'voters*d');
  for (let cell = 0; cell + 1 < starts.length; cell++) {
    if ((starts[0] as number) !== 0 || (starts[cell + 1] as number) <= (starts[cell] as number)) {
      throw new RangeError(
        `"starts" expected ascending numbers from 0 on, got ${starts[cell + 1]} after ${starts[cell]}`,
      );
    }
  }
}
