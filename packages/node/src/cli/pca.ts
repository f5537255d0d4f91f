/** sagitta pca: how few principal dimensions will do, measured. */
import { createCore, type Metric } from '@sagitta/core-wasm';
import { pcaReport } from '@sagitta/retrieval';
import { type Command, Option } from 'commander';
import { readAll } from '../readers/vector-source.ts';
import {
  addOutputOptions,
  addVectorOptions,
  integer,
  integerList,
  VECTOR_FILE,
  type VectorOptions,
} from './arguments.ts';
import { blame, CommandFailure } from './failure.ts';
import { withVectors } from './inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from './io.ts';
import { count, percent, tableLines } from './text.ts';

interface PcaCommandOptions extends VectorOptions, OutputOptions {
  readonly dims?: readonly number[];
  readonly metric: Metric;
  readonly k: number;
  readonly seed: number;
  readonly limit: number;
  readonly queryLimit: number;
}

export function addPcaCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('pca')
    .summary('tell how few principal dimensions will do')
    .description(
      'Reduces the vectors of BASE to fewer principal dimensions and says what share of the variance these explain and ' +
        'what recall is lost, on vectors held out of BASE. BASE is held in memory.',
    )
    .argument('<BASE>', VECTOR_FILE)
    .option(
      '--dims <N,...>',
      'dimensions to report (default: all, and halves down to 8)',
      integerList(1, 65_536),
    )
    .addOption(new Option('--metric <NAME>', 'what is near').choices(['l2', 'ip', 'cosine']).default('l2'))
    .option('-k <K>', 'neighbours that recall counts', integer(1, 1000), 10)
    .option('--seed <S>', 'seed of what is held out', integer(0), 1)
    .option('--limit <N>', 'only the first N vectors of BASE', integer(1), 20_000)
    .option('--query-limit <N>', 'vectors that are held out, at most a fifth', integer(1), 200);
  addVectorOptions(command, true);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta pca embeddings.npy --metric cosine --dims 64,110,256,768
JSON: rows [{dims, explainedVariance, recall, recallLost, bytesPerVector}], n, d, k, queries,
relevantDims, metric; fractions.
Build with the dimensions that will do: --quantizer pca --dims N, or --quantizer leanvec --dims N.`,
    )
    .action((base: string, options: PcaCommandOptions) => pca(base, options, reporter(io, options)));
}

async function pca(path: string, options: PcaCommandOptions, report: Reporter): Promise<void> {
  const { metric, k, seed, dims } = options;
  await withVectors('BASE', path, options, async (source) => {
    const rows = await readAll(source, options.limit);
    if (rows.n === 0) throw new CommandFailure('BASE', `${source.path} holds no vectors`);
    const most = dims && Math.max(...dims);
    if (most !== undefined && most > rows.d) {
      throw new CommandFailure('--dims', `expected at most ${rows.d} dimensions, got ${most}`);
    }
    report.note(`components of ${count(rows.n)} vectors of ${rows.d} dimensions`);
    using core = createCore();
    const result = await blame('BASE', () =>
      pcaReport(core, rows, { metric, k, seed, queries: options.queryLimit, ...(dims && { dims }) }),
    );
    report.result({ ...result, metric }, [
      ...tableLines(
        ['dims', 'variance', `recall@${k}`, 'lost', 'bytes'],
        result.rows.map((row) => [
          count(row.dims),
          percent(row.explainedVariance),
          row.recall.toFixed(4),
          row.recallLost.toFixed(4),
          count(row.bytesPerVector),
        ]),
      ),
      `${count(result.relevantDims)} directions stand out from white noise: a hint only, the recall decides`,
      `${count(result.queries)} vectors held out of ${count(result.n + result.queries)} × ${result.d}, ${metric}`,
    ]);
  });
}
