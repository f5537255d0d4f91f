/** sagitta build: a file of vectors becomes an index file. */
import { createCore } from '@sagitta/core-wasm';
import type { IndexRecommendation, IvfIndex } from '@sagitta/retrieval';
import { type Command, Option } from 'commander';
import { saveIndexFile } from '../index-file.ts';
import { addOutputOptions, addVectorOptions, integer, outputPath, VECTOR_FILE } from './arguments.ts';
import { blame, CommandFailure } from './failure.ts';
import { checkOutputs, withVectors } from './inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from './io.ts';
import { addQuantizerOptions, quantizerOptions } from './quantizer-arguments.ts';
import { type AdviceFlags, addAdviceOptions, adviceFor } from './recommend.ts';
import { bytesOf, count, fieldLines, kindText, planText, quantizerText, seconds } from './text.ts';
import {
  addTrainFlags,
  type Compression,
  checkKind,
  encodeRows,
  type TrainFlags,
  trainOn,
} from './train-index.ts';

interface BuildOptions extends TrainFlags, OutputOptions, AdviceFlags {
  readonly out: string;
  readonly limit?: number;
  readonly auto?: boolean;
}

export function addBuildCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('build')
    .summary('build an index of a file of vectors')
    .description('Builds an index of the vectors of BASE. Row numbers become ids.')
    .argument('<BASE>', VECTOR_FILE)
    .requiredOption('--out <FILE>', 'the index file to write', outputPath);
  addTrainFlags(command).option('--limit <N>', 'only the first N vectors of BASE', integer(1));
  addQuantizerOptions(command);
  command.addOption(
    new Option('--auto', 'build what `sagitta recommend` says: bits, and flat, lists or graph').conflicts([
      'index',
      'nlist',
      'degree',
      'efConstruction',
      'quantizer',
      'bits',
      'secondary',
    ]),
  );
  addAdviceOptions(command, ', with --auto');
  addVectorOptions(command, true);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta build base.fvecs --out base.sag --bits 2 --nlist 256
  sagitta build base.fvecs --out base.sag --index graph --bits 4 --degree 24
  sagitta build base.fvecs --out base.sag --auto --recall 0.97
  sagitta build base.fvecs --out base.sag --quantizer leanvec --primary rabitq --bits 4 --secondary lvq
JSON: n, d, bytesPerVector, plan [{start, dims, bits}], trainSeconds, encodeSeconds, fileBytes, and the parameters.
bytesPerVector is code and factors; a 4-byte id comes on top, or edges are in it, and 4·d bytes where vectors are kept.`,
    )
    .action((base: string, options: BuildOptions) => {
      checkAdvice(options);
      checkKind(command, options);
      return build(base, options, quantizerOptions(command, options), reporter(io, options));
    });
}

/** @throws CommandFailure on what counts with --auto alone */
function checkAdvice({ auto, recall, bytes }: BuildOptions): void {
  const name = recall === undefined ? '--bytes' : '--recall';
  if (auto || (recall === undefined && bytes === undefined)) return;
  throw new CommandFailure(name, 'expected --auto beside it, got it alone');
}

async function build(
  base: string,
  given: BuildOptions,
  chosen: Compression,
  report: Reporter,
): Promise<void> {
  const started = performance.now();
  const { trainingQueries } = given;
  await checkOutputs(
    [['--out', given.out]],
    trainingQueries === undefined ? [base] : [base, trainingQueries],
    report,
  );
  await withVectors('BASE', base, given, async (source) => {
    const core = createCore();
    try {
      const choice = given.auto ? await adviceFor(source, given, report) : undefined;
      for (const reason of choice?.reasons ?? []) report.note(reason);
      const options = choice ? { ...given, ...structureFlags(choice) } : given;
      const compression = choice ? { ...chosen, quantizer: choice.quantizer, bits: choice.bits } : chosen;
      const input = { argument: 'BASE', source };
      const limited = given.limit === undefined ? {} : { limit: given.limit };
      const { index, n, trainSeconds } = await trainOn(core, input, options, compression, report, limited);
      try {
        const encodeSeconds = await encodeRows(index, input, n, report);
        report.note(`writing ${options.out}`);
        const fileBytes = await blame('--out', () => saveIndexFile(options.out, index));
        const totalSeconds = (performance.now() - started) / 1000;
        const costs = { trainSeconds, encodeSeconds, totalSeconds, fileBytes };
        printResult(index, options, costs, choice, report);
      } finally {
        index.dispose();
      }
    } finally {
      core.dispose();
    }
  });
}

function structureFlags(choice: IndexRecommendation): Pick<BuildOptions, 'index' | 'nlist' | 'degree'> {
  const { index } = choice;
  return index === 'graph' ? { index, degree: choice.degree } : { index, nlist: choice.nlist };
}

interface Costs {
  readonly trainSeconds: number;
  readonly encodeSeconds: number;
  readonly totalSeconds: number;
  readonly fileBytes: number;
}

function printResult(
  index: IvfIndex,
  options: BuildOptions,
  costs: Costs,
  choice: IndexRecommendation | undefined,
  report: Reporter,
): void {
  const { n, d, kind, metric, nlist, quantizer } = index;
  const plan = index.plan.map(({ start, dims, bits }) => ({ start, dims, bits }));
  const { secondary, degree } = index;
  const bytesPerVector = bytesOf(index);
  const isSaq = quantizer === 'saq';
  report.result(
    {
      file: options.out,
      n,
      d,
      index: kind,
      metric,
      nlist,
      ...(degree !== undefined && { degree }),
      quantizer,
      bits: index.bits,
      seed: options.seed,
      ...(secondary && { secondary: secondary.quantizer, secondaryBits: secondary.codec.bits }),
      bytesPerVector,
      plan,
      ...costs,
      ...(choice && { choice }),
    },
    fieldLines([
      ['vectors', `${count(n)} × ${d}, ${metric}`],
      ['index', kind === 'ivf' ? `ivf, ${count(nlist)} lists` : kindText(index)],
      ['quantizer', quantizerText(index)],
      ...(secondary ? ([['secondary', quantizerText(secondary.codec)]] as const) : []),
      ...(isSaq ? ([['plan', planText(plan)]] as const) : []),
      ['bytes a vector', `${count(bytesPerVector)} (float32: ${count(4 * d)})`],
      ['training', seconds(costs.trainSeconds)],
      [
        degree === undefined ? 'encoding' : 'encoding, graph',
        `${seconds(costs.encodeSeconds)}, ${count(Math.round(n / Math.max(costs.encodeSeconds, 1e-9)))} vectors/s`,
      ],
      ['file', `${options.out}, ${count(costs.fileBytes)} bytes`],
    ]),
  );
}
