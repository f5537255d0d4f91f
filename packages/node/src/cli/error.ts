/** sagitta error: how far an index's estimates are from the true distances. */
import type { Command } from 'commander';
import { relativeError } from '../relative-error.ts';
import {
  addOutputOptions,
  addVectorOptions,
  checkWidths,
  integer,
  MAX_COUNT,
  type VectorOptions,
} from './arguments.ts';
import { blame, CommandFailure } from './failure.ts';
import { readQueries, withIndex, withVectors } from './inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from './io.ts';
import { count, fieldLines, percent, seconds } from './text.ts';

interface ErrorOptions extends VectorOptions, OutputOptions {
  readonly base: string;
  readonly queries: string;
  readonly nprobe?: number;
  readonly queryLimit?: number;
}

export function addErrorCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('error')
    .summary('measure the error of the estimated distances')
    .description(
      'Measures |estimated − true| / true squared distance over every vector of the probed lists, or of a graph, averaged over each ' +
        "query's vectors and then over queries, and its maximum. True distances of 0 are left out.",
    )
    .argument('<FILE>', 'an index file, metric l2 or cosine')
    .requiredOption('--base <BASE>', 'the vectors it was built of, in the same order')
    .requiredOption('--queries <Q>', 'vectors to compare with')
    .option('--nprobe <P>', 'lists to visit a query (default: 16)', integer(1, MAX_COUNT))
    .option('--query-limit <N>', 'only the first N queries', integer(1));
  addVectorOptions(command, false);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
For cosine the squared distance is that of the unit vectors, 2 − 2·similarity.
Example:
  sagitta error base.sag --base base.fvecs --queries queries.fvecs --nprobe 60
JSON: averageRelativeError, maxRelativeError (fractions), pairs, leftOut, queries, nprobe (not of a graph), seconds.`,
    )
    .action((file: string, options: ErrorOptions) => error(file, options, reporter(io, options)));
}

async function error(file: string, options: ErrorOptions, report: Reporter): Promise<void> {
  await withIndex(file, async (index) => {
    checkWidths(index, options);
    const { d, n } = index;
    if (index.metric === 'ip') {
      throw new CommandFailure('FILE', 'expected an l2 or cosine index, whose scores are distances, got ip');
    }
    const queries = await readQueries(options.queries, options, d, file, options.queryLimit);
    await withVectors('--base', options.base, { ...options, d }, async (source) => {
      if ((source.n ?? n) < n) {
        throw new CommandFailure('--base', `expected the ${n} vectors of the index, got ${source.n}`);
      }
      const { nprobe = 16 } = options;
      const isGraph = index.kind === 'graph';
      const start = performance.now();
      const result = await report.progress('compare', n, 'vectors', (progress) =>
        blame('--base', () =>
          relativeError(index, source, queries, {
            nprobe,
            onProgress: (_queries, rows) => progress.update(rows),
          }),
        ),
      );
      const spent = (performance.now() - start) / 1000;
      report.result(
        { ...result, queries: queries.n, ...(!isGraph && { nprobe }), seconds: spent },
        fieldLines([
          ['average relative error', percent(result.averageRelativeError)],
          ['largest relative error', percent(result.maxRelativeError)],
          [
            'compared',
            `${count(result.pairs)} vectors of ${count(queries.n)} queries, ${isGraph ? 'all of the graph' : `${nprobe} lists`}`,
          ],
          ['left out', `${count(result.leftOut)} at distance 0`],
          ['time', seconds(spent)],
        ]),
      );
    });
  });
}
