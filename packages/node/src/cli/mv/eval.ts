/**
 * sagitta mv eval: how much of exact MaxSim the funnel finds, at several numbers of candidates, how good rankings are by
 * judgements, and how fast: one thread, one query at a time.
 */
import { readFile } from 'node:fs/promises';
import type { MultiVectorIndex } from '@sagitta/retrieval';
import {
  evaluateRankings,
  type Measure,
  parseMeasure,
  parseQrels,
  type Qrels,
} from '@sagitta/retrieval/evaluation';
import { type Command, InvalidArgumentError } from 'commander';
import { writeFileAtomic } from '../../atomic-file.ts';
import { lineChartSvg } from '../../charts/line-chart.ts';
import { addOutputOptions, integer, integerList, MAX_COUNT, outputPath } from '../arguments.ts';
import { blame, CommandFailure } from '../failure.ts';
import { checkOutputs } from '../inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { count, tableLines } from '../text.ts';
import { addFunnelOptions, type FunnelOptions, funnelSettings } from './search-arguments.ts';
import {
  addQueryOptions,
  type QueryOptions,
  type QuerySets,
  readQuerySets,
  withMultiVectorIndex,
} from './token-inputs.ts';

interface MvEvalOptions extends QueryOptions, FunnelOptions, OutputOptions {
  readonly k: number;
  readonly candidates: readonly number[];
  readonly qrels?: string;
  readonly measures: readonly Measure[];
  readonly depth: number;
  readonly plot?: string;
}

interface EvalRow {
  /** undefined: exact MaxSim with every document. */
  readonly candidates: number | undefined;
  /** Share of the k best of exact MaxSim among the k found. */
  readonly recall: number;
  readonly measures?: Readonly<Record<string, number>>;
  readonly qps: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export function addMvEvalCommand(group: Command, io: CommandIo): void {
  const command = group
    .command('eval')
    .summary('measure quality and speed of an index')
    .description(
      'Measures recall K@K of exact MaxSim, quality by judgements where --qrels names them, and speed.',
    )
    .argument('<FILE>', 'an index file of sagitta mv build')
    .option('-k <K>', 'results that recall and speed are of', integer(1, MAX_COUNT), 10)
    .option(
      '--candidates <N,...>',
      'documents that FDEs find and MaxSim ranks',
      integerList(1, MAX_COUNT),
      [50, 100, 200, 500],
    )
    .option('--qrels <T>', 'judgements: query, document, grade (TREC, or tab-separated with a header)')
    .option('--measures <M,...>', 'of ndcg@K recall@K mrr map, with --qrels', measureList, [
      'ndcg@10',
      'recall@100',
    ] satisfies Measure[])
    .option('--depth <N>', 'length of the rankings that are judged', integer(1, MAX_COUNT), 100)
    .option('--plot <SVG>', 'draw recall against queries/s to a file', outputPath);
  addQueryOptions(command);
  addFunnelOptions(command);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta mv eval base.smv --queries queries.npz --qrels qrels.tsv --measures ndcg@10,recall@100 --plot mv.svg
JSON: rows [{candidates, recall, measures, qps, p50Ms, p99Ms}], the last one exact, and n, d, k, queries, judged.`,
    )
    .action((file: string, options: MvEvalOptions) => evaluate(file, options, reporter(io, options)));
}

function measureList(text: string): readonly Measure[] {
  try {
    return text.split(',').map((part) => parseMeasure(part.trim()));
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

async function evaluate(file: string, options: MvEvalOptions, report: Reporter): Promise<void> {
  const { k, plot, qrels: path } = options;
  const inputs = [file, options.queries, path].filter((one) => one !== undefined);
  await checkOutputs([['--plot', plot]], inputs, report);
  const qrels =
    path === undefined
      ? undefined
      : await blame('--qrels', async () => parseQrels(await readFile(path, 'utf8')));
  await withMultiVectorIndex(file, async (index) => {
    const queries = await readQuerySets(options, index.d, file);
    checkQuerySets(queries, qrels, options);
    const rows = await measureAll(index, queries, qrels, options, report);
    if (plot !== undefined) {
      const svg = chart(index, rows, k);
      await blame('--plot', () => writeFileAtomic(plot, [new TextEncoder().encode(svg)]));
    }
    const measures = qrels === undefined ? [] : options.measures;
    const header = ['candidates', `recall@${k}`, ...measures, 'queries/s', 'p50 ms', 'p99 ms'];
    const cells = rows.map((row) => [
      row.candidates === undefined ? 'all' : String(row.candidates),
      row.recall.toFixed(4),
      ...measures.map((measure) => (row.measures?.[measure] ?? 0).toFixed(4)),
      count(Math.round(row.qps)),
      row.p50Ms.toFixed(3),
      row.p99Ms.toFixed(3),
    ]);
    const { n, d } = index;
    report.result(
      {
        rows,
        n,
        d,
        k,
        queries: queries.tokens.n,
        ...(qrels && { judged: qrels.size }),
        ...(plot !== undefined && { plot }),
      },
      [...tableLines(header, cells), `${count(n)} documents, recall of the ${k} best by exact MaxSim`],
    );
  });
}

function checkQuerySets(
  { tokens, names }: QuerySets,
  qrels: Qrels | undefined,
  options: MvEvalOptions,
): void {
  const empty = names.findIndex((_, q) => tokens.offsets[q] === tokens.offsets[q + 1]);
  if (empty >= 0)
    throw new CommandFailure('--queries', `expected tokens in every query, query ${names[empty]} has none`);
  if (tokens.n === 0) throw new CommandFailure('--queries', `${options.queries} holds no queries`);
  if (qrels === undefined || names.some((name) => qrels.has(name))) return;
  throw new CommandFailure(
    '--qrels',
    `expected judgements of the queries ${names.slice(0, 3).join(', ')}, …, ${options.qrels} has none of them`,
  );
}

async function measureAll(
  index: MultiVectorIndex,
  queries: QuerySets,
  qrels: Qrels | undefined,
  options: MvEvalOptions,
  report: Reporter,
): Promise<EvalRow[]> {
  const { k, candidates, depth } = options;
  const budgets: readonly (number | undefined)[] = [undefined, ...candidates];
  const judgedOnly = qrels && new Map([...qrels].filter(([name]) => queries.names.includes(name)));
  const steps = budgets.length * queries.tokens.n;
  const rows = await report.progress('eval', steps, 'searches', (progress) =>
    blame('--queries', () => {
      let truth: readonly string[][] = [];
      return budgets.map((budget, step) => {
        const settings =
          budget === undefined
            ? { ...funnelSettings(options, undefined), exact: true }
            : funnelSettings(options, budget);
        const times: number[] = [];
        const found = queries.names.map((_, q) => {
          const { data, offsets, d } = queries.tokens;
          const query = data.subarray((offsets[q] as number) * d, (offsets[q + 1] as number) * d);
          const start = performance.now();
          const short = index.searchIds(query, k, settings).ids;
          times.push(performance.now() - start);
          progress.update(step * queries.tokens.n + q + 1);
          // the ranking that is judged is longer than the one that is timed
          return (qrels === undefined ? short : index.searchIds(query, Math.max(k, depth), settings).ids).map(
            String,
          );
        });
        if (budget === undefined) truth = found;
        const { means } =
          judgedOnly === undefined
            ? { means: undefined }
            : evaluateRankings(
                new Map(queries.names.map((name, q) => [name, (found[q] as string[]).slice(0, depth)])),
                judgedOnly,
                options.measures,
              );
        return {
          candidates: budget,
          recall: overlap(found, truth, k),
          ...(means && { measures: means }),
          ...speed(times),
        };
      });
    }),
  );
  const [exact, ...others] = rows;
  return [...others, exact as EvalRow];
}

function overlap(
  found: readonly (readonly string[])[],
  truth: readonly (readonly string[])[],
  k: number,
): number {
  let hits = 0;
  let wanted = 0;
  found.forEach((ids, q) => {
    const best = new Set((truth[q] as readonly string[]).slice(0, k));
    wanted += best.size;
    for (const id of ids.slice(0, k)) if (best.has(id)) hits++;
  });
  return wanted === 0 ? 1 : hits / wanted;
}

function speed(times: number[]): { qps: number; p50Ms: number; p99Ms: number } {
  const total = times.reduce((sum, time) => sum + time, 0);
  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(share * times.length))] as number;
  return { qps: (1000 * times.length) / Math.max(total, 1e-6), p50Ms: at(0.5), p99Ms: at(0.99) };
}

function chart(index: MultiVectorIndex, rows: readonly EvalRow[], k: number): string {
  const { n, d, encoder } = index;
  const points = rows
    .map(({ candidates, recall, qps }) => ({
      x: recall,
      y: qps,
      label: candidates === undefined ? 'all' : String(candidates),
    }))
    .sort((a, b) => b.y - a.y);
  return lineChartSvg({
    title: `${count(n)} documents of ${d}-dimensional tokens: recall and speed by candidates`,
    xLabel: `recall@${k} of exact MaxSim`,
    yLabel: 'queries/s, one thread',
    yScale: 'log',
    series: [{ name: `${encoder.kind}, ${count(encoder.length)} numbers`, points }],
  });
}
