/** From a sample of tokens to a SplitFde: the directions, then both of its encoders on what they will see. */
import {
  boundedTokenSet,
  type Core,
  checkCore,
  checkInteger,
  checkOptions,
  type OptionTable,
  RandomStream,
  type TokenSet,
  type TokenSetInput,
  tokenSet,
} from '@sagitta/core-wasm';
import { principalDirections, sampleRows } from '@sagitta/quantizers';
import type { LearnedOptions } from './learned-options.ts';
import { trainLearnedFde } from './learned-train.ts';
import { SplitFde, splitTokens } from './split-fde.ts';

/** Tokens of the sample that directions are taken from. */
const MAX_TRAINING_TOKENS = 65_536;
/** With y blocks of 8 numbers. */
const DEFAULT_DIRECTIONS = 7;

/** Says how many directions are encoded apart, and how. */
export interface SplitOptions {
  /** r: directions of most energy, about 0, that are encoded apart; 1 to d. Default 7. */
  readonly numDirections?: number;
  /** Votes of the r directions, all of them kept. */
  readonly near: Pick<LearnedOptions, 'numCells' | 'numVoters' | 'ownShare' | 'queryCells'>;
  readonly rest: Omit<LearnedOptions, 'seed'>;
  readonly seed?: number;
}

const SPLIT_OPTIONS: OptionTable<SplitOptions> = {
  numDirections: 'number',
  near: 'any',
  rest: 'any',
  seed: 'number',
};

/**
 * Trains as trainLearnedFde; deterministic in the seed, on every engine.
 * @throws RangeError on options out of range, a sample of fewer tokens than cells, queries without tokens
 */
export function trainSplitFde(
  core: Core,
  sample: TokenSetInput,
  options: SplitOptions,
  queries?: TokenSetInput,
): SplitFde {
  checkCore(core);
  checkOptions('options', options, SPLIT_OPTIONS);
  const { d } = sample;
  const set = boundedTokenSet(sample.data, sample.offsets, d, 'sample', { isSample: true });
  const r = checkInteger('numDirections', options.numDirections ?? DEFAULT_DIRECTIONS, 1, d);
  const seed = checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER);
  const n = set.data.length / d;
  if (n === 0) throw new RangeError('"sample" expected at least 1 token, got 0');
  const random = new RandomStream(seed, 'fde/split');
  const tokens = sampleRows({ data: set.data, n, d }, MAX_TRAINING_TOKENS, random.fork('tokens'));
  const directions = principalDirections(core, tokens, { center: false, dims: r, seed }).components;
  const own = splitSet(set, directions);
  const asked = queries
    ? splitSet(boundedTokenSet(queries.data, queries.offsets, d, 'queries'), directions)
    : undefined;
  const nearOptions = { ...options.near, projectionDimension: r, seed };
  const near = trainLearnedFde(core, own.near, nearOptions, asked?.near);
  const rest = trainLearnedFde(core, own.rest, { ...options.rest, seed }, asked?.rest);
  return new SplitFde({ directions, near, rest });
}

function splitSet(
  { data, offsets, d }: TokenSet,
  directions: Float32Array,
): { readonly near: TokenSet; readonly rest: TokenSet } {
  const { near, rest } = splitTokens(data, directions, d);
  return { near: tokenSet(near, offsets, directions.length / d), rest: tokenSet(rest, offsets, d) };
}
