/** sagitta eval: recall and speed at several numbers of lists, or widths of a search in a graph, as a table, JSON and a picture. */
import type { VectorSet } from '@sagitta/core-wasm';
import { type IvfIndex, recallAtK } from '@sagitta/retrieval';
import { groupRecall, type RecallByGroup } from '@sagitta/retrieval/evaluation';
import { type Command, Option } from 'commander';
import { writeFileAtomic } from '../atomic-file.ts';
import { lineChartSvg } from '../charts/line-chart.ts';
import { type SearchMeasurement, timeSearch } from '../measure-search.ts';
import { type MatrixI32, readMatrixI32 } from '../readers/matrix-i32.ts';
import {
  addOutputOptions,
  addScanOptions,
  addVectorOptions,
  checkWidths,
  integer,
  integerList,
  MAX_COUNT,
  number,
  outputPath,
  type ScanOptions,
  searchOptions,
  type VectorOptions,
  type WidthOptions,
} from './arguments.ts';
import { type EstimatedRow, estimateAll } from './estimate.ts';
import { blame, CommandFailure } from './failure.ts';
import { checkOutputs, readQueries, withIndex } from './inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from './io.ts';
import { readTextLines } from './line-files.ts';
import { bytesOf, count, tableLines } from './text.ts';

/** What is measured of a setting: estimates with --estimate, groups with --by. */
type EvalRow = SearchMeasurement & Partial<EstimatedRow> & Partial<RecallByGroup>;

interface EvalOptions extends VectorOptions, ScanOptions, WidthOptions<readonly number[]>, OutputOptions {
  readonly queries: string;
  readonly truth?: string;
  /** Half of the interval that recall is estimated to, from truths found in `base`. */
  readonly estimate?: number;
  readonly base?: string;
  /** A file with a label for each query: recall by label too. */
  readonly by?: string;
  readonly k: number;
  readonly plot?: string;
  readonly repeat: number;
  readonly queryLimit?: number;
}

export function addEvalCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('eval')
    .summary('measure recall and speed of an index')
    .description(
      'Measures recall K@K against the true neighbours, and speed: one thread, one query at a time.',
    )
    .argument('<FILE>', 'an index file')
    .requiredOption('--queries <Q>', 'vectors to search for')
    .option('--truth <T>', 'true neighbours of each query, best first: .ivecs .npy .ibin .hdf5 ("neighbors")')
    .addOption(
      new Option(
        '--estimate <W>',
        'estimate recall to ± W (95 %) instead, from the truth of a few queries in --base',
      )
        .argParser(number(0, 1))
        .conflicts('truth'),
    )
    .addOption(
      new Option('--base <B>', 'the vectors of the index in their order, for --estimate').conflicts('truth'),
    )
    .addOption(
      new Option(
        '--by <FILE>',
        'a label for each query, one a line: recall of each group, and the worst',
      ).conflicts(['estimate', 'base']),
    )
    .option('-k <K>', 'results a query', integer(1, MAX_COUNT), 10)
    .option(
      '--nprobe <P,...>',
      'lists to visit a query: one or several numbers (default: 4,8,16,32)',
      integerList(1, MAX_COUNT),
    )
    .option(
      '--ef <E,...>',
      'widths of a search in a graph: one or several numbers (default: 16,32,64,128)',
      integerList(1, MAX_COUNT),
    )
    .option('--plot <SVG>', 'draw recall against queries/s to a file', outputPath)
    .option('--repeat <N>', 'timed passes over the queries', integer(1, 1_000_000), 1)
    .option('--query-limit <N>', 'only the first N queries', integer(1));
  addScanOptions(command);
  addVectorOptions(command, false);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta eval base.sag --queries queries.fvecs --truth truth.ivecs -k 10 --nprobe 4,8,16 --plot recall.svg
  sagitta eval base.sag --queries queries.fvecs --base base.fvecs --estimate .01
JSON: rows [{nprobe (ef of a graph), recall, qps, p50Ms, p99Ms}], and n, d, k, queries, bytesPerVector; with --estimate
rows have low, high, standardError, truths, worth and correlation too; with --by groups [{group, count, recall}] and worst.`,
    )
    .action((file: string, options: EvalOptions) => {
      if (options.truth === undefined && options.estimate === undefined) {
        command.error(
          "error: required option '--truth <T>' not specified (or --estimate <W> with --base <B>).",
        );
      }
      if ((options.estimate === undefined) !== (options.base === undefined)) {
        command.error("error: options '--estimate <W>' and '--base <B>' expected each other beside them.");
      }
      return evaluate(file, options, reporter(io, options));
    });
}

async function evaluate(file: string, options: EvalOptions, report: Reporter): Promise<void> {
  const { k, plot, truth, base, by } = options;
  const inputs = [file, options.queries, truth, base, by].filter((path) => path !== undefined);
  await checkOutputs([['--plot', plot]], inputs, report);
  await withIndex(file, async (index, core) => {
    checkWidths(index, options);
    const queries = await readQueries(options.queries, options, index.d, file, options.queryLimit);
    const rows: readonly EvalRow[] =
      truth === undefined
        ? await estimateAll(core, index, queries, widthsOf(index, options), options, report)
        : await measureAll(index, queries, truth, options, report);
    if (plot !== undefined) {
      const svg = chart(index, rows, k);
      await blame('--plot', () => writeFileAtomic(plot, [new TextEncoder().encode(svg)]));
    }
    const width = index.kind === 'graph' ? 'ef' : 'nprobe';
    const header = [
      width,
      `recall@${k}`,
      'queries/s',
      'p50 ms',
      'p99 ms',
      ...(truth === undefined ? ['95 %', 'truths', 'worth'] : []),
      ...(by === undefined ? [] : ['worst', 'of group']),
    ];
    const cells = rows.map((row) => [
      String(row.ef ?? row.nprobe),
      row.recall.toFixed(4),
      count(Math.round(row.qps)),
      row.p50Ms.toFixed(3),
      row.p99Ms.toFixed(3),
      ...(truth === undefined ? [spread(row), count(row.truths ?? 0), count(row.worth ?? 0)] : []),
      ...(row.worst === undefined ? [] : [row.worst.recall.toFixed(4), row.worst.group]),
    ]);
    const { n, d, metric, quantizer } = index;
    const bytesPerVector = bytesOf(index);
    report.result(
      {
        rows,
        n,
        d,
        metric,
        quantizer,
        bytesPerVector,
        k,
        queries: queries.n,
        ...(plot !== undefined && { plot }),
      },
      [
        ...tableLines(header, cells),
        ...groupLines(rows, width),
        `${count(n)} × ${d}, ${count(bytesPerVector)} bytes a vector`,
      ],
    );
  });
}

/** A table with a line for each group of queries and a column for each setting; none without groups. */
function groupLines(rows: readonly EvalRow[], width: string): string[] {
  const groups = rows[0]?.groups;
  if (groups === undefined) return [];
  const header = ['group', 'queries', ...rows.map((row) => `${width} ${row.ef ?? row.nprobe}`)];
  const cells = groups.map(({ group, count: size }, g) => [
    group,
    count(size),
    ...rows.map((row) => row.groups?.[g]?.recall.toFixed(4) ?? ''),
  ]);
  return ['', ...tableLines(header, cells), ''];
}

/** The labels of the queries; refuses an empty one, and too few. */
async function readGroups(path: string, options: EvalOptions, nq: number): Promise<string[]> {
  const labels = await readTextLines('--by', path);
  if (options.queryLimit === undefined ? labels.length !== nq : labels.length < nq) {
    throw new CommandFailure(
      '--by',
      `expected a line for each of ${nq} queries, ${path} has ${labels.length}`,
    );
  }
  const empty = labels.findIndex((label) => label.trim() === '');
  if (empty !== -1)
    throw new CommandFailure('--by', `${path}: line ${empty + 1}: expected a label, got none`);
  return labels.slice(0, nq);
}

/** The interval as text: what 95 of 100 of them hold. */
function spread({ low = 0, high = 0 }: Partial<EstimatedRow>): string {
  return `${low.toFixed(4)}–${high.toFixed(4)}`;
}

/** The truth of the queries as ids; refuses too few columns or rows, and ids that the index does not hold. */
function checkTruth(
  matrix: MatrixI32,
  path: string,
  options: EvalOptions,
  n: number,
  nq: number,
): Uint32Array {
  const { k, queryLimit } = options;
  const { data, d: width } = matrix;
  if (width < k) {
    throw new CommandFailure(
      '--truth',
      `expected at least k = ${k} neighbours a query, ${path} has ${width}`,
    );
  }
  if (queryLimit === undefined ? matrix.n !== nq : matrix.n < nq) {
    throw new CommandFailure('--truth', `expected a row for each of ${nq} queries, ${path} has ${matrix.n}`);
  }
  for (let q = 0; q < nq; q++) {
    for (let i = 0; i < k; i++) {
      const id = data[q * width + i] as number;
      if (id >= 0 && id < n) continue;
      throw new CommandFailure(
        '--truth',
        `${path}: row ${q}, neighbour ${i}: expected an id from 0 to ${n - 1}, got ${id}`,
      );
    }
  }
  return new Uint32Array(data.buffer, data.byteOffset, nq * width);
}

/** Settings that are measured: a list of nprobe, or of ef in a graph. */
function widthsOf(index: IvfIndex, options: EvalOptions): readonly { nprobe?: number; ef?: number }[] {
  const { nprobe = [4, 8, 16, 32], ef = [16, 32, 64, 128] } = options;
  return index.kind === 'graph' ? ef.map((one) => ({ ef: one })) : nprobe.map((one) => ({ nprobe: one }));
}

async function measureAll(
  index: IvfIndex,
  queries: VectorSet,
  path: string,
  options: EvalOptions,
  report: Reporter,
): Promise<EvalRow[]> {
  const { k, repeat, by } = options;
  const matrix = await blame('--truth', () => readMatrixI32(path));
  const truth = checkTruth(matrix, path, options, index.n, queries.n);
  const groups = by === undefined ? undefined : await readGroups(by, options, queries.n);
  const widths = widthsOf(index, options);
  return report.progress('eval', widths.length, 'settings', (progress) =>
    blame(options.rerank === undefined ? 'FILE' : '--rerank', () =>
      widths.map((width, i) => {
        const settings = { ...searchOptions(options), ...width, k, repeat };
        const { ids, ...times } = timeSearch(index, queries, settings);
        progress.update(i + 1);
        return {
          ...times,
          recall: recallAtK(ids, k, truth, matrix.d, k),
          ...(groups && groupRecall(ids, k, truth, matrix.d, k, groups)),
        };
      }),
    ),
  );
}

function chart(index: IvfIndex, rows: readonly SearchMeasurement[], k: number): string {
  const { n, d, metric, quantizer } = index;
  const points = rows
    .map(({ recall, qps, nprobe, ef }) => ({ x: recall, y: qps, label: String(ef ?? nprobe) }))
    .sort((a, b) => Number(a.label) - Number(b.label));
  const name = `${quantizer}, ${count(bytesOf(index))} bytes a vector`;
  return lineChartSvg({
    title: `${count(n)} × ${d}, ${metric}: recall and speed by ${index.kind === 'graph' ? 'ef' : 'lists visited'}`,
    xLabel: `recall@${k}`,
    yLabel: 'queries/s, one thread',
    yScale: 'log',
    series: [{ name, points }],
  });
}
