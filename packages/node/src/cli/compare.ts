/** sagitta compare: every quantizer on your data, at nearly equal bytes. */
import { cpus } from 'node:os';
import { createCore, type Metric } from '@sagitta/core-wasm';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { writeFileAtomic } from '../atomic-file.ts';
import { adviceOf } from '../compare/advice.ts';
import { candidatesOf, compareQuantizers } from '../compare/compare.ts';
import { COLUMNS, comparisonChart, comparisonHtml } from '../compare/report.ts';
import { readAll } from '../readers/vector-source.ts';
import {
  addOutputOptions,
  addVectorOptions,
  integer,
  number,
  outputPath,
  VECTOR_FILE,
  type VectorOptions,
} from './arguments.ts';
import { blame, CommandFailure } from './failure.ts';
import { checkOutputs, readQueries, withVectors } from './inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from './io.ts';
import { count, percent, tableLines } from './text.ts';

interface CompareCommandOptions extends VectorOptions, OutputOptions {
  readonly queries: string;
  readonly bits: readonly number[];
  readonly metric: Metric;
  readonly seed: number;
  readonly only?: readonly string[];
  readonly limit: number;
  readonly queryLimit: number;
  readonly plot?: string;
  readonly html?: string;
}

function bitsList(text: string): readonly number[] {
  const one = number(1 / 16, 16);
  return text.split(',').map((part) => one(part.trim()));
}

function labelList(text: string): readonly string[] {
  const labels = text.split(',').map((part) => part.trim());
  if (labels.some((label) => label === '')) throw new InvalidArgumentError('Expected names between commas.');
  return labels;
}

export function addCompareCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('compare')
    .summary('compare every quantizer on your vectors')
    .description(
      'Trains, codes and searches BASE with every quantizer that applies, at nearly equal bytes a vector, beside the ' +
        'rate–distortion bound. BASE is held in memory.',
    )
    .argument('<BASE>', VECTOR_FILE)
    .requiredOption('--queries <Q>', 'vectors to search for')
    .option('--bits <B,...>', 'bits a dimension', bitsList, [1, 2, 4, 8])
    .addOption(new Option('--metric <NAME>', 'what is near').choices(['l2', 'ip', 'cosine']).default('l2'))
    .option('--only <NAME,...>', 'these quantizers only, by the names of the table', labelList)
    .option('--seed <S>', 'seed of everything random', integer(0), 1)
    .option('--limit <N>', 'only the first N vectors of BASE', integer(1), 20_000)
    .option('--query-limit <N>', 'only the first N queries', integer(1), 200)
    .option('--plot <SVG>', 'draw error against bytes to a file', outputPath)
    .option('--html <PAGE>', 'write chart and table as a page of its own', outputPath);
  addVectorOptions(command, true);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta compare base.fvecs --queries queries.fvecs --bits 1,2,4 --plot compare.svg --html compare.html
JSON: rows [{quantizer, bits, bytesPerVector, fileBytes, memoryBytes, averageRelativeError, p99RelativeError, recall10, recall100,
recall10Reranked, encodePerSecond, scanNsPerVector, trainSeconds}], bound [{bits, averageRelativeError}]; fractions;
advice [3 sentences].`,
    )
    .action((base: string, options: CompareCommandOptions) => compare(base, options, reporter(io, options)));
}

async function compare(base: string, options: CompareCommandOptions, report: Reporter): Promise<void> {
  const { plot, html, metric } = options;
  await checkOutputs(
    [
      ['--plot', plot],
      ['--html', html],
    ],
    [base, options.queries],
    report,
  );
  await withVectors('BASE', base, options, async (source) => {
    const rows = await readAll(source, options.limit);
    if (rows.n === 0) throw new CommandFailure('BASE', `${source.path} holds no vectors`);
    const queries = await readQueries(options.queries, options, source.d, base, options.queryLimit);
    if (queries.n === 0) throw new CommandFailure('--queries', `${options.queries} holds no vectors`);
    const total = candidatesOf(rows, options).length;
    using core = createCore();
    const comparison = await report.progress('compare', total, 'quantizers', (progress) =>
      blame('BASE', () =>
        compareQuantizers(core, rows, queries, {
          metric,
          bits: options.bits,
          seed: options.seed,
          only: options.only,
          onCandidate: (candidate, done, total) => {
            progress.update(done);
            report.note(`${done + 1} of ${total}: ${candidate.label}, ${candidate.bits} bits`);
          },
        }),
      ),
    );
    if (comparison.rows.length === 0) {
      throw new CommandFailure('--only', 'expected names of quantizers that apply here, got none of them');
    }
    const head = {
      title: `${count(rows.n)} × ${rows.d}, ${metric}: error by bytes a vector`,
      machine: `${cpus()[0]?.model.trim()}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}, ${count(queries.n)} queries`,
      d: rows.d,
    };
    const write = async (argument: string, path: string | undefined, text: string): Promise<void> => {
      if (path === undefined) return;
      await blame(argument, () => writeFileAtomic(path, [new TextEncoder().encode(text)]));
    };
    await write('--plot', plot, comparisonChart(comparison, head));
    await write('--html', html, comparisonHtml(comparison, head));
    const { d } = rows;
    const { bound } = comparison;
    const advice = adviceOf(comparison, d);
    report.result({ rows: comparison.rows, bound, advice }, [
      ...tableLines(
        COLUMNS.map(({ name }) => name),
        comparison.rows.map((row) => COLUMNS.map(({ show }) => show(row, comparison, d))),
      ),
      `rate–distortion bound: ${comparison.bound.map(({ bits, averageRelativeError }) => `${bits} bits ${percent(averageRelativeError)}`).join(', ')}`,
      ...advice,
    ]);
  });
}
