/**
 * sagitta build: a file of vectors becomes an index file.
 *
 * The base is read twice, once to draw the training sample and once to encode, so that memory is the index, the sample
 * and one batch whatever the size of the base. Batches have one size for all formats, and the sample is drawn by row:
 * the same vectors and seed give the same file from any format.
 */
import { createCore, normalizeRows, RandomStream, type VectorSet } from '@sagitta/core-wasm';
import { RowReservoir } from '@sagitta/quantizers';
import { type IndexRecommendation, type IvfIndex, trainGraph, trainIndex } from '@sagitta/retrieval';
import { type Command, Option } from 'commander';
import { saveIndexFile } from '../index-file.ts';
import { readBatches, rowsWithin } from '../readers/batches.ts';
import type { VectorSource } from '../readers/vector-source.ts';
import {
  addOutputOptions,
  addVectorOptions,
  integer,
  MAX_COUNT,
  outputPath,
  VECTOR_FILE,
  type VectorOptions,
} from './arguments.ts';
import { blame, CommandFailure } from './failure.ts';
import { checkOutputs, readQueries, withVectors } from './inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from './io.ts';
import { addQuantizerOptions, type QuantizerFlags, quantizerOptions } from './quantizer-arguments.ts';
import { type AdviceFlags, addAdviceOptions, adviceFor } from './recommend.ts';
import { bytesOf, count, fieldLines, kindText, planText, quantizerText, seconds } from './text.ts';

interface BuildOptions extends VectorOptions, OutputOptions, QuantizerFlags, AdviceFlags {
  readonly out: string;
  readonly index: 'flat' | 'ivf' | 'graph';
  readonly metric: 'l2' | 'ip' | 'cosine';
  readonly nlist?: number;
  readonly degree?: number;
  readonly efConstruction?: number;
  readonly seed: number;
  readonly limit?: number;
  readonly keepVectors?: boolean;
  readonly trainSize?: number;
  readonly iterations: number;
  readonly trainingQueries?: string;
  readonly auto?: boolean;
}

/** Training rows of the quantizer, unless the lists need more. */
const TRAIN_ROWS = 20_000;
/** Training rows a list that k-means can use. */
const TRAIN_ROWS_PER_LIST = 80;
const READ_BYTES = 1 << 24;
/** Lists take codes in blocks of 32, so a batch should bring each list many vectors, within these bounds. */
const BATCH_ROWS_PER_LIST = 64;
const BATCH_BYTES: readonly [least: number, most: number] = [1 << 26, 1 << 28];

export function addBuildCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('build')
    .summary('build an index of a file of vectors')
    .description('Builds an index of the vectors of BASE. Row numbers become ids.')
    .argument('<BASE>', VECTOR_FILE)
    .requiredOption('--out <FILE>', 'the index file to write', outputPath)
    .addOption(new Option('--index <KIND>', 'the structure').choices(['flat', 'ivf', 'graph']).default('ivf'))
    .addOption(new Option('--metric <NAME>', 'what is near').choices(['l2', 'ip', 'cosine']).default('l2'))
    .option('--nlist <N>', 'number of lists (ivf; default: √n, rounded)', integer(1, 2 ** 20))
    .option('--degree <R>', 'edges of a vector (graph; default: 32)', integer(8, 128))
    .option(
      '--ef-construction <L>',
      'width of the search for neighbours of a new vector (graph; default: 100)',
      integer(8, MAX_COUNT),
    )
    .option('--seed <S>', 'seed of everything random', integer(0), 1)
    .option('--limit <N>', 'only the first N vectors of BASE', integer(1))
    .option('--keep-vectors', 'keep the float32 vectors in the index, for --rerank')
    .option(
      '--train-size <N>',
      'vectors to train on (default: 20,000 or 80 a list, whichever is more)',
      integer(1, 0xffff_ffff),
    )
    .option('--iterations <N>', 'k-means rounds (ivf)', integer(0, 1000), 10);
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

/** @throws CommanderError on flags that another kind of index has */
function checkKind(command: Command, { index }: BuildOptions): void {
  const isGraph = index === 'graph';
  const others = isGraph ? ['nlist', 'iterations'] : ['degree', 'efConstruction'];
  for (const option of command.options) {
    const name = option.attributeName();
    if (!others.includes(name) || command.getOptionValueSource(name) !== 'cli') continue;
    const wanted = isGraph ? 'ivf' : 'graph';
    command.error(`error: option '${option.flags}' expected --index ${wanted} beside it, got ${index}.`);
  }
}

type Compression = ReturnType<typeof quantizerOptions>;

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
      const sample = await drawSample(source, options, report);
      const suited = await withTrainingQueries(compression, options, source.d, base);
      const n = sample.seen;
      const { index, trainSeconds } = await train(core, sample, options, suited, report);
      try {
        const encodeSeconds = await encode(index, source, n, options, report);
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

/** The queries that a projection is suited to, read from their file. */
async function withTrainingQueries(
  compression: Compression,
  options: BuildOptions,
  d: number,
  base: string,
): Promise<Compression> {
  const { trainingQueries, metric } = options;
  if (trainingQueries === undefined) return compression;
  const { data } = await readQueries(trainingQueries, options, d, base, undefined, '--training-queries');
  const queries = metric === 'cosine' ? normalizeRows(data, d) : data;
  return { ...compression, quantizerOptions: { ...compression.quantizerOptions, queries } };
}

interface Sample {
  readonly rows: VectorSet;
  /** Vectors of the base. */
  readonly seen: number;
  /** undefined for flat. */
  readonly nlist: number | undefined;
}

async function drawSample(source: VectorSource, options: BuildOptions, report: Reporter): Promise<Sample> {
  const { limit = Infinity, seed } = options;
  const expected = source.n === undefined ? undefined : Math.min(source.n, limit);
  const readRows = rowsWithin(READ_BYTES, source.d);
  const pass = (label: string, visit: (rows: VectorSet) => void): Promise<number> =>
    report.progress(label, expected, 'vectors', async (progress) => {
      let seen = 0;
      for await (const { data, n } of readBatches(source, readRows, limit)) {
        visit({ data, n, d: source.d });
        seen += n;
        progress.update(seen);
      }
      return seen;
    });
  let nlist: number | undefined;
  if (options.index === 'ivf') {
    // only a default needs the number of vectors before the sample can be sized
    const n = options.nlist === undefined ? (expected ?? (await pass('count', () => undefined))) : 0;
    nlist = options.nlist ?? Math.max(1, Math.round(Math.sqrt(n)));
  }
  const wanted = options.trainSize ?? Math.max(TRAIN_ROWS, (nlist ?? 0) * TRAIN_ROWS_PER_LIST);
  const reservoir = new RowReservoir(wanted, new RandomStream(seed, 'build/sample'));
  const seen = await pass('sample', (rows) => reservoir.add(rows));
  if (seen === 0) throw new CommandFailure('BASE', `${source.path} holds no vectors`);
  return { rows: reservoir.rows(source.d), seen, nlist };
}

async function train(
  core: ReturnType<typeof createCore>,
  sample: Sample,
  options: BuildOptions,
  compression: Compression,
  report: Reporter,
): Promise<{ index: IvfIndex; trainSeconds: number }> {
  const { rows, nlist } = sample;
  if (nlist !== undefined && nlist > rows.n) {
    const name = rows.n < sample.seen ? '--train-size' : '--nlist';
    const what = `expected at most as many lists as training vectors, got ${nlist} lists and ${rows.n} vectors`;
    throw new CommandFailure(name, what);
  }
  const lists = nlist === undefined ? '' : `, ${count(nlist)} lists`;
  report.note(`training on ${count(rows.n)} vectors of ${rows.d} dimensions${lists}`);
  const start = performance.now();
  const { metric, seed, iterations, degree, efConstruction } = options;
  const common = {
    metric,
    ...compression,
    seed,
    keepVectors: options.keepVectors === true,
    trainSize: options.trainSize ?? TRAIN_ROWS,
  };
  const index = await blame('BASE', () =>
    options.index === 'graph'
      ? trainGraph(core, rows, {
          ...common,
          ...(degree !== undefined && { degree }),
          ...(efConstruction !== undefined && { efConstruction }),
        })
      : trainIndex(core, rows, { ...common, iterations, ...(nlist !== undefined && { nlist }) }),
  );
  return { index, trainSeconds: (performance.now() - start) / 1000 };
}

/** @returns seconds of encoding and of assigning or building the graph, reading left out */
async function encode(
  index: IvfIndex,
  source: VectorSource,
  n: number,
  options: BuildOptions,
  report: Reporter,
): Promise<number> {
  const [least, most] = BATCH_BYTES.map((bytes) => rowsWithin(bytes, index.d)) as [number, number];
  const rows = Math.min(most, Math.max(least, index.nlist * BATCH_ROWS_PER_LIST));
  const limit = Math.min(n, options.limit ?? Infinity);
  let ms = 0;
  let staged = 0;
  await report.progress('encode', n, 'vectors', async (progress) => {
    for await (const batch of readBatches(source, rows, limit)) {
      const start = performance.now();
      await blame('BASE', () => index.stage(batch.data));
      ms += performance.now() - start;
      staged += batch.n;
      progress.update(staged);
    }
  });
  if (staged !== n) {
    throw new CommandFailure('BASE', `${source.path} changed: ${n} vectors at first, ${staged} later`);
  }
  if (index.degree !== undefined) report.note(`building the graph, ${index.degree} edges a vector`);
  const start = performance.now();
  // all at once: a graph takes vectors in an order of its own
  index.publish();
  index.releaseEncoders();
  return (ms + performance.now() - start) / 1000;
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
