/** Which FDEs the documents of an index get: options of mv build, and the encoder, trained where it learns. */
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
} from '@sagitta/retrieval/muvera';
import { type Command, Option } from 'commander';
import { integer } from '../arguments.ts';
import type { Reporter } from '../io.ts';

const PRESETS = Object.keys(MUVERA_PRESETS);
/** Principal directions of a learned FDE, unless told. */
const DIRECTIONS = 64;

export interface EncoderOptions {
  readonly fde: string;
  readonly meanSplit?: boolean;
  readonly cells: number;
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
        "numbers of the paper's encoding, or learned or regression, which learn from a sample of the documents",
      )
        .choices([...PRESETS, 'learned', 'regression'])
        .default('2560'),
    )
    .option('--mean-split', "take the tokens' common direction out of the paper's encoding")
    .option('--cells <N>', 'cells of k-means (learned)', integer(1, 4096), 128)
    .option(
      '--directions <N>',
      'principal directions kept (learned; default: 64, or d if less)',
      integer(1, 65_536),
    )
    .option('--features <N>', 'numbers of an FDE (regression)', integer(1, 16_384), 512)
    .option('--trained', 'train the features (regression): half as many do as well, after minutes');
}

/** sample — as it came: unit tokens are made of it where the metric is cosine. */
export async function makeEncoder(
  core: Core,
  sample: TokenSet,
  options: EncoderOptions,
  report: Reporter,
): Promise<FdeEncoder> {
  const { fde, meanSplit = false, seed, metric } = options;
  const { d } = sample;
  // what the index encodes are unit tokens where the metric is cosine
  const tokens = metric === 'cosine' ? { ...sample, data: normalizeRows(sample.data, d) } : sample;
  if (fde === 'regression') return await makeRegression(core, tokens, options, report);
  if (fde === 'learned') {
    const projectionDimension = options.directions ?? Math.min(DIRECTIONS, d);
    return trainLearnedFde(core, tokens, { numCells: options.cells, projectionDimension, meanSplit, seed });
  }
  const preset = muveraPreset(Number(fde) as MuveraPreset, d);
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
