/** Which FDEs the documents of an index get: options of mv build, and the encoder, measured for, or trained where it learns. */
import { type Core, normalizeRows, type TokenSet } from '@sagitta/core-wasm';
import type { TokenMetric } from '@sagitta/retrieval/maxsim';
import {
  type FdeEncoder,
  MUVERA_PRESETS,
  MuveraFde,
  type MuveraPreset,
  muveraPreset,
  trainLearnedFde,
  trainRegressionFdeFrom,
  trainSplitFde,
} from '@sagitta/retrieval/muvera';
import { type Command, Option } from 'commander';
import { integer } from '../arguments.ts';
import type { Reporter } from '../io.ts';
import { type ChooseFdeOptions, type ChosenFde, chooseFde } from './choose-fde.ts';

const PRESETS = Object.keys(MUVERA_PRESETS);
/** Principal directions of a learned FDE, unless told. */
const DIRECTIONS = 64;
/** Directions that a split FDE encodes apart; the cells of the rest are a quarter as many. */
const SPLIT_DIRECTIONS = 7;
const REST_SHARE = 4;

export interface EncoderOptions {
  readonly fde: string;
  readonly meanSplit?: boolean;
  readonly documentScale?: 'none' | 'unit';
  readonly cells: number;
  readonly voters?: number;
  readonly directions?: number;
  readonly features: number;
  readonly trained?: boolean;
  readonly metric: TokenMetric;
  readonly seed: number;
}

export function addEncoderOptions(command: Command): void {
  command
    .addOption(
      new Option(
        '--fde <NAME>',
        "auto measures on a sample of the documents and takes the best; numbers of the paper's encoding; learned, split or regression learn from the sample",
      )
        .choices(['auto', ...PRESETS, 'learned', 'split', 'regression'])
        .default('auto'),
    )
    .option('--mean-split', "take the tokens' common direction out of the paper's encoding")
    .addOption(
      new Option(
        '--document-scale <NAME>',
        "unit: divide documents' FDEs by their lengths (the paper's encoding; default: none)",
      ).choices(['none', 'unit']),
    )
    .option(
      '--cells <N>',
      'cells of k-means (learned; split: of the strongest directions)',
      integer(1, 4096),
      128,
    )
    .option(
      '--voters <N>',
      'query tokens that say which cells a token goes to (learned, split)',
      integer(1, 2 ** 20),
    )
    .option(
      '--directions <N>',
      'principal directions kept (learned, split; default: 64, or d if less)',
      integer(1, 65_536),
    )
    .option('--features <N>', 'numbers of an FDE (regression)', integer(1, 16_384), 512)
    .option('--trained', 'train the features (regression): half as many do as well, after minutes');
}

/** Is an encoder, and what was chosen with it. */
export type BuiltEncoder = Pick<ChosenFde, 'encoder'> & Partial<ChosenFde>;

/** sample — as it came: unit tokens are made of it where the metric is cosine. */
export async function makeEncoder(
  core: Core,
  sample: TokenSet,
  options: EncoderOptions & ChooseFdeOptions,
  report: Reporter,
): Promise<BuiltEncoder> {
  const { fde, metric } = options;
  // what the index encodes are unit tokens where the metric is cosine
  const tokens = metric === 'cosine' ? { ...sample, data: normalizeRows(sample.data, sample.d) } : sample;
  if (fde === 'auto') return await chooseFde(core, tokens, options, report);
  if (fde === 'regression') return { encoder: await makeRegression(core, tokens, options, report) };
  if (fde === 'learned') return { encoder: makeLearned(core, tokens, options) };
  return { encoder: fde === 'split' ? makeSplit(core, tokens, options) : makeMuvera(tokens, options) };
}

function makeLearned(core: Core, tokens: TokenSet, options: EncoderOptions): FdeEncoder {
  const { meanSplit = false, cells: numCells, seed } = options;
  const projectionDimension = options.directions ?? Math.min(DIRECTIONS, tokens.d);
  return trainLearnedFde(core, tokens, {
    numCells,
    projectionDimension,
    meanSplit,
    seed,
    ...votersOf(options),
  });
}

function makeSplit(core: Core, tokens: TokenSet, options: EncoderOptions): FdeEncoder {
  const { cells: numCells, seed } = options;
  const projectionDimension = options.directions ?? Math.min(DIRECTIONS, tokens.d);
  return trainSplitFde(core, tokens, {
    numDirections: Math.min(SPLIT_DIRECTIONS, tokens.d),
    near: { numCells, ...votersOf(options) },
    rest: { numCells: Math.max(1, Math.floor(numCells / REST_SHARE)), projectionDimension, blocks: 'mean' },
    seed,
  });
}

function votersOf({ voters }: EncoderOptions): { numVoters?: number } {
  return voters === undefined ? {} : { numVoters: voters };
}

function makeMuvera(tokens: TokenSet, options: EncoderOptions): FdeEncoder {
  const { fde, meanSplit = false, documentScale = 'none', seed } = options;
  const { d } = tokens;
  const preset = { ...muveraPreset(Number(fde) as MuveraPreset, d), documentScale };
  const p = preset.projectionDimension as number;
  if (!meanSplit) return new MuveraFde({ ...preset, projectionDimension: Math.min(p, d), seed });
  // the common direction takes one of the numbers of a cell
  const projectionDimension = Math.min(Math.max(1, p - 1), d);
  return new MuveraFde({ ...preset, projectionDimension, seed, center: meanOf(tokens), meanSplit });
}

async function makeRegression(
  core: Core,
  tokens: TokenSet,
  { features, trained = false, seed }: EncoderOptions,
  report: Reporter,
): Promise<FdeEncoder> {
  if (!trained) return await trainRegressionFdeFrom(core, [tokens], { features, seed });
  // two halves that take about as long: similarities, then steps
  return await report.progress('features', 100, '% of training', (progress) =>
    trainRegressionFdeFrom(core, [tokens], {
      features,
      trained,
      seed,
      onProgress: ({ phase, done, total = 1 }) => {
        const before = phase === 'read' ? 0 : phase === 'similarities' ? 0 : phase === 'features' ? 50 : 100;
        const share = phase === 'similarities' || phase === 'features' ? (50 * done) / total : 0;
        progress.update(Math.floor(before + share));
      },
    }),
  );
}

function meanOf({ data, d }: TokenSet): Float32Array {
  const sums = new Float64Array(d);
  for (let at = 0; at < data.length; at++) sums[at % d] = (sums[at % d] as number) + (data[at] as number);
  return Float32Array.from(sums, (sum) => sum / Math.max(1, data.length / d));
}
