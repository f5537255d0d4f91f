/** sagitta recommend: which index to build of a file of vectors, by measuring on it. */
import { createCore, type Metric, RandomStream } from '@sagitta/core-wasm';
import { RowReservoir } from '@sagitta/quantizers';
import { type IndexRecommendation, recommendIndex } from '@sagitta/retrieval';
import { type Command, Option } from 'commander';
import { readBatches, rowsWithin } from '../readers/batches.ts';
import type { VectorSource } from '../readers/vector-source.ts';
import {
  addOutputOptions,
  addVectorOptions,
  integer,
  number,
  VECTOR_FILE,
  type VectorOptions,
} from './arguments.ts';
import { blame, CommandFailure } from './failure.ts';
import { withVectors } from './inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from './io.ts';

export interface AdviceFlags {
  readonly recall?: number;
  /** Of codes, a vector. */
  readonly bytes?: number;
}

interface RecommendOptions extends VectorOptions, OutputOptions, AdviceFlags {
  readonly metric: Metric;
  readonly k: number;
  readonly seed: number;
  readonly limit?: number;
}

/** Vectors that are measured on. */
const MEASURED = 100_000;
const READ_BYTES = 1 << 24;

/** The two ways to ask; `when` — where they count. */
export function addAdviceOptions(command: Command, when = ''): void {
  command
    .addOption(
      new Option('--recall <R>', `the least recall@k that is enough (default: 0.95)${when}`)
        .argParser(number(0, 1))
        .conflicts('bytes'),
    )
    .addOption(
      new Option('--bytes <B>', `the most bytes of codes a vector, instead of a recall${when}`).argParser(
        number(1, 2 ** 20),
      ),
    );
}

export function addRecommendCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('recommend')
    .summary('say which index to build, and why')
    .description(
      `Measures on the vectors of BASE, at most ${MEASURED.toLocaleString('en')} of them, which index reaches the recall that is wanted: how many bits, ` +
        'whether lists or a graph are faster than scanning all, and how wide to search them.',
    )
    .argument('<BASE>', VECTOR_FILE)
    .addOption(new Option('--metric <NAME>', 'what is near').choices(['l2', 'ip', 'cosine']).default('l2'))
    .option('-k <K>', 'neighbours that recall counts', integer(1, 1000), 10)
    .option('--seed <S>', 'seed of what is held out', integer(0), 1)
    .option('--limit <N>', 'only the first N vectors of BASE', integer(1));
  addAdviceOptions(command);
  addVectorOptions(command, true);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta recommend embeddings.npy --metric cosine --recall 0.97
JSON: index, nlist and nprobe (degree and ef of a graph), quantizer, bits, bytesPerVector, recall, milliseconds, isEnough,
reasons [3 sentences].
sagitta build BASE --auto builds what it says.`,
    )
    .action((base: string, options: RecommendOptions) => recommend(base, options, reporter(io, options)));
}

async function recommend(path: string, options: RecommendOptions, report: Reporter): Promise<void> {
  await withVectors('BASE', path, options, async (source) => {
    const choice = await adviceFor(source, options, report);
    report.result(choice, [...choice.reasons, `Build with ${flagsFor(choice)}.`]);
  });
}

function flagsFor(choice: IndexRecommendation): string {
  const bits = `--bits ${choice.bits}`;
  if (choice.index === 'flat') return `--index flat ${bits}`;
  return choice.index === 'graph'
    ? `--index graph --degree ${choice.degree} ${bits}, and search it with --ef ${choice.ef}`
    : `--nlist ${choice.nlist} ${bits}, and search it with --nprobe ${choice.nprobe}`;
}

/** Measures on a sample of the source; reads it once. */
export async function adviceFor(
  source: VectorSource,
  options: AdviceFlags & {
    readonly metric: Metric;
    readonly seed: number;
    readonly limit?: number;
    readonly k?: number;
  },
  report: Reporter,
): Promise<IndexRecommendation> {
  const { limit = Infinity, metric, seed, k, recall, bytes } = options;
  const expected = source.n === undefined ? undefined : Math.min(source.n, limit);
  const reservoir = new RowReservoir(MEASURED, new RandomStream(seed, 'recommend/sample'));
  const total = await report.progress('read', expected, 'vectors', async (progress) => {
    let seen = 0;
    for await (const { data, n } of readBatches(source, rowsWithin(READ_BYTES, source.d), limit)) {
      reservoir.add({ data, n, d: source.d });
      seen += n;
      progress.update(seen);
    }
    return seen;
  });
  if (total === 0) throw new CommandFailure('BASE', `${source.path} holds no vectors`);
  report.note('measuring indexes');
  using core = createCore();
  return blame('BASE', () =>
    recommendIndex(core, reservoir.rows(source.d), {
      metric,
      seed,
      total,
      clock: () => performance.now(),
      ...(k !== undefined && { k }),
      ...(recall !== undefined && { recall }),
      ...(bytes !== undefined && { bytes }),
    }),
  );
}
