/** sagitta truth: exact neighbours, for measuring recall. */
import { createCore, type Metric } from '@sagitta/core-wasm';
import { type Command, Option } from 'commander';
import { exactNeighbors } from '../exact-neighbors.ts';
import {
  addOutputOptions,
  addVectorOptions,
  integer,
  MAX_COUNT,
  outputPath,
  VECTOR_FILE,
  type VectorOptions,
} from './arguments.ts';
import { blame } from './failure.ts';
import { checkOutputs, readQueries, withVectors } from './inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from './io.ts';
import { count, fieldLines, seconds } from './text.ts';
import { writeIds, writeScores } from './write-results.ts';

interface TruthOptions extends VectorOptions, OutputOptions {
  readonly queries: string;
  readonly k: number;
  readonly out: string;
  readonly scores?: string;
  readonly metric: Metric;
  readonly limit?: number;
  readonly queryLimit?: number;
}

export function addTruthCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('truth')
    .summary('find the exact nearest vectors of queries')
    .description(
      'Finds the exact K nearest vectors of each query by reading all of BASE. Ties go to the lower row.',
    )
    .argument('<BASE>', VECTOR_FILE)
    .requiredOption('--queries <Q>', 'vectors to search for')
    .requiredOption('--out <T>', 'write row numbers to T.ivecs or T.npy', outputPath)
    .option('-k <K>', 'neighbours a query', integer(1, MAX_COUNT), 100)
    .addOption(new Option('--metric <NAME>', 'what is near').choices(['l2', 'ip', 'cosine']).default('l2'))
    .option('--scores <S>', 'write scores to S.npy as float32', outputPath)
    .option('--limit <N>', 'only the first N vectors of BASE', integer(1))
    .option('--query-limit <N>', 'only the first N queries', integer(1));
  addVectorOptions(command, true);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta truth base.fvecs --queries queries.fvecs -k 100 --out truth.ivecs
JSON: n, d, queries, k, metric, seconds, out.`,
    )
    .action((base: string, options: TruthOptions) => truth(base, options, reporter(io, options)));
}

async function truth(base: string, options: TruthOptions, report: Reporter): Promise<void> {
  const { k, metric, limit, out } = options;
  await checkOutputs(
    [
      ['--out', out],
      ['--scores', options.scores],
    ],
    [base, options.queries],
    report,
  );
  await withVectors('BASE', base, options, async (source) => {
    const { d } = source;
    const queries = await readQueries(options.queries, options, d, base, options.queryLimit);
    const core = createCore();
    try {
      const start = performance.now();
      const total = source.n === undefined ? undefined : Math.min(source.n, limit ?? Infinity);
      const found = await report.progress('search', total, 'vectors', (progress) =>
        blame('BASE', () =>
          exactNeighbors(core, source, queries, {
            k,
            metric,
            limit,
            onProgress: (rows) => progress.update(rows),
          }),
        ),
      );
      const spent = (performance.now() - start) / 1000;
      await blame('--out', () => writeIds(out, found.ids, k));
      const scoresOut = options.scores;
      if (scoresOut !== undefined) {
        await blame('--scores', () => writeScores(scoresOut, Float32Array.from(found.scores), k));
      }
      const { n } = found;
      report.result(
        {
          n,
          d,
          queries: queries.n,
          k,
          metric,
          seconds: spent,
          out,
          ...(scoresOut !== undefined && { scores: scoresOut }),
        },
        fieldLines([
          ['vectors', `${count(n)} × ${d}, ${metric}`],
          ['queries', `${count(queries.n)}, ${k} neighbours each`],
          ['time', seconds(spent)],
          ['file', out],
        ]),
      );
    } finally {
      core.dispose();
    }
  });
}
