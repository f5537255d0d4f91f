/**
 * Training an index on a sample of a file and coding the file with it: what build, train and encode have in common.
 *
 * The base is read twice, once to draw the training sample and once to encode, so that memory is the index, the sample
 * and one batch whatever the size of the base. Batches have one size for all formats, and the sample is drawn by row:
 * the same vectors and seed give the same file from any format.
 */
import { type Core, normalizeRows, RandomStream, type VectorSet } from '@sagitta/core-wasm';
import { RowReservoir, reservoirRows } from '@sagitta/quantizers';
import { type IvfIndex, trainGraph, trainIndex } from '@sagitta/retrieval';
import { type Command, Option } from 'commander';
import { inFlight } from '../cluster/in-flight.ts';
import { readBatches, rowsWithin } from '../readers/batches.ts';
import { isRandomAccess, type RandomVectorSource, type VectorSource } from '../readers/vector-source.ts';
import { integer, MAX_COUNT, type VectorOptions } from './arguments.ts';
import { blame, CommandFailure } from './failure.ts';
import { readQueries } from './inputs.ts';
import type { Reporter } from './io.ts';
import type { QuantizerFlags, quantizerOptions } from './quantizer-arguments.ts';
import { count } from './text.ts';

/** Flags of what is trained. */
export interface TrainFlags extends VectorOptions, QuantizerFlags {
  readonly index: 'flat' | 'ivf' | 'graph';
  readonly metric: 'l2' | 'ip' | 'cosine';
  readonly nlist?: number;
  readonly degree?: number;
  readonly efConstruction?: number;
  readonly seed: number;
  readonly keepVectors?: boolean;
  readonly trainSize?: number;
  readonly iterations: number;
  readonly trainingQueries?: string;
}

/** Training rows of the quantizer, unless the lists need more. */
const TRAIN_ROWS = 20_000;
/** Training rows a list that k-means can use. */
const TRAIN_ROWS_PER_LIST = 80;
const READ_BYTES = 1 << 24;
/** Rows a row of the sample from which on it pays to read those of the sample alone, one by one. */
const SPARSE = 64;
/** Rows of the sample that are asked for at a time. */
const ROWS_AT_ONCE = 32;
/** Lists take codes in blocks of 32, so a batch should bring each list many vectors, within these bounds. */
const BATCH_ROWS_PER_LIST = 64;
const BATCH_BYTES: readonly [least: number, most: number] = [1 << 26, 1 << 28];

export function addTrainFlags(command: Command): Command {
  return command
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
    .option('--keep-vectors', 'keep the float32 vectors in the index, for --rerank')
    .option(
      '--train-size <N>',
      'vectors to train on (default: 20,000 or 80 a list, whichever is more)',
      integer(1, 0xffff_ffff),
    )
    .option('--iterations <N>', 'k-means rounds (ivf)', integer(0, 1000), 10);
}

/** @throws CommanderError on flags that another kind of index has */
export function checkKind(command: Command, { index }: TrainFlags): void {
  const isGraph = index === 'graph';
  const others = isGraph ? ['nlist', 'iterations'] : ['degree', 'efConstruction'];
  for (const option of command.options) {
    const name = option.attributeName();
    if (!others.includes(name) || command.getOptionValueSource(name) !== 'cli') continue;
    const wanted = isGraph ? 'ivf' : 'graph';
    command.error(`error: option '${option.flags}' expected --index ${wanted} beside it, got ${index}.`);
  }
}

export type Compression = ReturnType<typeof quantizerOptions>;

/** Vectors to train on or to code. */
export interface Input {
  /** The argument that names them, for errors. */
  readonly argument: string;
  readonly source: VectorSource;
}

/**
 * Trains an empty index on a sample of the input, or of its first `limit` rows. shards — indexes that the input will be dealt to, for
 * the default of lists.
 * @returns the index, which the caller disposes, and n, the vectors of the input
 */
export async function trainOn(
  core: Core,
  input: Input,
  options: TrainFlags,
  compression: Compression,
  report: Reporter,
  {
    shards = 1,
    limit = Number.POSITIVE_INFINITY,
  }: { readonly shards?: number; readonly limit?: number } = {},
): Promise<{ readonly index: IvfIndex; readonly n: number; readonly trainSeconds: number }> {
  const { d, path } = input.source;
  const sample = await drawSample(input, options, { shards, limit }, report);
  const suited = await withTrainingQueries(compression, options, d, path);
  const trained = await train(core, sample, input.argument, options, suited, report);
  return { ...trained, n: sample.seen };
}

/** The queries that a projection is suited to, read from their file. */
async function withTrainingQueries(
  compression: Compression,
  options: TrainFlags,
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

async function drawSample(
  { argument, source }: Input,
  options: TrainFlags,
  { shards, limit }: { readonly shards: number; readonly limit: number },
  report: Reporter,
): Promise<Sample> {
  const { seed } = options;
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
    nlist = options.nlist ?? Math.max(1, Math.round(Math.sqrt(n / shards)));
  }
  const wanted = options.trainSize ?? Math.max(TRAIN_ROWS, (nlist ?? 0) * TRAIN_ROWS_PER_LIST);
  const random = new RandomStream(seed, 'build/sample');
  if (isRandomAccess(source) && expected !== undefined && expected > SPARSE * wanted) {
    const rows = await readSample(source, reservoirRows(expected, wanted, random), report);
    return { rows, seen: expected, nlist };
  }
  const reservoir = new RowReservoir(wanted, random);
  const seen = await pass('sample', (rows) => reservoir.add(rows));
  if (seen === 0) throw new CommandFailure(argument, `${source.path} holds no vectors`);
  return { rows: reservoir.rows(source.d), seen, nlist };
}

/** Rows of a source by their numbers, in that order; they are read in the order of the file. */
async function readSample(
  source: RandomVectorSource,
  numbers: Uint32Array,
  report: Reporter,
): Promise<VectorSet> {
  const { d } = source;
  const data = new Float32Array(numbers.length * d);
  const places = Uint32Array.from(numbers, (_, i) => i).sort(
    (a, b) => (numbers[a] as number) - (numbers[b] as number),
  );
  await report.progress('sample', numbers.length, 'vectors', async (progress) => {
    let done = 0;
    // several at a time: of an object each is a request
    await inFlight(ROWS_AT_ONCE, [...places], async (place) => {
      data.set(await source.readRows(numbers[place] as number, 1), place * d);
      progress.update(++done);
    });
  });
  return { data, n: numbers.length, d };
}

async function train(
  core: Core,
  sample: Sample,
  argument: string,
  options: TrainFlags,
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
  const index = await blame(argument, () =>
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

/**
 * Codes the first n rows of a source into an index.
 * @returns seconds of encoding and of assigning or building the graph, reading left out
 */
export async function encodeRows(
  index: IvfIndex,
  { argument, source }: Input,
  n: number,
  report: Reporter,
): Promise<number> {
  const [least, most] = BATCH_BYTES.map((bytes) => rowsWithin(bytes, index.d)) as [number, number];
  const rows = Math.min(most, Math.max(least, index.nlist * BATCH_ROWS_PER_LIST));
  let ms = 0;
  let staged = 0;
  await report.progress('encode', n, 'vectors', async (progress) => {
    for await (const batch of readBatches(source, rows, n)) {
      const start = performance.now();
      await blame(argument, () => index.stage(batch.data));
      ms += performance.now() - start;
      staged += batch.n;
      progress.update(staged);
    }
  });
  if (staged !== n) {
    throw new CommandFailure(argument, `${source.path} changed: ${n} vectors at first, ${staged} later`);
  }
  if (index.degree !== undefined) report.note(`building the graph, ${index.degree} edges a vector`);
  const start = performance.now();
  // all at once: a graph takes vectors in an order of its own
  index.publish();
  index.releaseEncoders();
  return (ms + performance.now() - start) / 1000;
}
