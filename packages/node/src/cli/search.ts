/** sagitta search: the nearest vectors of each query. */
import type { Core, VectorSet } from '@sagitta/core-wasm';
import { paddedBatch, putAnswers, widthFor } from '@sagitta/retrieval/internal';
import type { Command } from 'commander';
import {
  addOutputOptions,
  addScanOptions,
  addVectorOptions,
  checkWidths,
  integer,
  MAX_COUNT,
  outputPath,
  type ScanOptions,
  searchOptions,
  type VectorOptions,
  type WidthOptions,
} from './arguments.ts';
import { openBridge } from './bridge/read-bridge.ts';
import { blame, CommandFailure } from './failure.ts';
import { checkOutputs, readQueries, withIndex } from './inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from './io.ts';
import { count, fieldLines, seconds } from './text.ts';
import { writeIds, writeScores } from './write-results.ts';

interface SearchCommandOptions extends VectorOptions, ScanOptions, WidthOptions<number>, OutputOptions {
  readonly queries: string;
  readonly k: number;
  readonly out?: string;
  readonly scores?: string;
  readonly queryLimit?: number;
  readonly bridge?: string;
}

export function addSearchCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('search')
    .summary('find the nearest vectors of queries')
    .description('Finds the K nearest vectors of each query by the estimates of the codes.')
    .argument('<FILE>', 'an index file')
    .requiredOption('--queries <Q>', 'vectors to search for')
    .option('-k <K>', 'results a query', integer(1, MAX_COUNT), 10)
    .option('--nprobe <P>', 'lists to visit a query (default: 16)', integer(1, MAX_COUNT))
    .option('--ef <E>', 'width of a search in a graph (default: 2 k, at least 40)', integer(1, MAX_COUNT))
    .option('--out <R>', 'write ids to R.ivecs or R.npy; without it the answers are printed', outputPath)
    .option('--scores <S>', 'write scores to S.npy as float32', outputPath)
    .option('--query-limit <N>', 'only the first N queries', integer(1))
    .option('--bridge <B>', 'queries are of another embedding model: what `bridge fit` wrote');
  addScanOptions(command);
  addVectorOptions(command, false);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Rows with fewer than K answers end in id -1. Scores: squared distances for l2, similarities for ip and cosine.
Example:
  sagitta search base.sag --queries queries.fvecs -k 10 --nprobe 12 --out found.ivecs
JSON: queries, k, nprobe (ef of a graph), seconds, qps, and out or results [{ids, scores}].`,
    )
    .action((file: string, options: SearchCommandOptions) => search(file, options, reporter(io, options)));
}

async function search(file: string, options: SearchCommandOptions, report: Reporter): Promise<void> {
  const { k, nprobe = 16, ef = widthFor(undefined, k), out } = options;
  await checkOutputs(
    [
      ['--out', out],
      ['--scores', options.scores],
    ],
    [file, options.queries, ...(options.bridge === undefined ? [] : [options.bridge])],
    report,
  );
  await withIndex(file, async (index, core) => {
    checkWidths(index, options);
    const { d } = index;
    const width = index.kind === 'graph' ? { ef } : { nprobe };
    const queries = await readBridged(core, index.d, file, options);
    const batch = paddedBatch(index.metric, queries.n, k);
    const results: { readonly ids: number[]; readonly scores: number[] }[] = [];
    const settings = { ...searchOptions(options), ...width };
    const start = performance.now();
    await report.progress('search', queries.n, 'queries', (progress) =>
      blame(options.rerank === undefined ? 'FILE' : '--rerank', () => {
        for (let q = 0; q < queries.n; q++) {
          const found = index.search(queries.data.subarray(q * d, (q + 1) * d), k, settings);
          putAnswers(batch, q, found);
          if (out === undefined) results.push({ ids: [...found.ids], scores: [...found.scores] });
          progress.update(q + 1);
        }
      }),
    );
    const spent = (performance.now() - start) / 1000;
    if (out !== undefined) await blame('--out', () => writeIds(out, batch.ids, k));
    const scoresOut = options.scores;
    if (scoresOut !== undefined) await blame('--scores', () => writeScores(scoresOut, batch.scores, k));
    const qps = queries.n / Math.max(spent, 1e-9);
    const head = { queries: queries.n, k, ...width, seconds: spent, qps };
    if (out === undefined) {
      report.result({ ...head, results }, resultLines(results));
      return;
    }
    const lines = fieldLines([
      [
        'queries',
        `${count(queries.n)}, ${k} results each, ${index.kind === 'graph' ? `ef ${ef}` : `${nprobe} lists`}`,
      ],
      ['time', `${seconds(spent)}, ${count(Math.round(qps))} queries/s`],
      ['file', out],
    ]);
    report.result({ ...head, out, ...(scoresOut !== undefined && { scores: scoresOut }) }, lines);
  });
}

/** Queries, taken over the bridge where one is given. */
async function readBridged(
  core: Core,
  d: number,
  file: string,
  options: SearchCommandOptions,
): Promise<VectorSet> {
  const { queries: path, bridge: bridgePath, queryLimit } = options;
  if (bridgePath === undefined) return readQueries(path, options, d, file, queryLimit);
  const bridge = await openBridge(core, bridgePath, '--bridge');
  if (bridge.d !== d) {
    throw new CommandFailure('--bridge', `expected one to ${d} dimensions as ${file} has, got ${bridge.d}`);
  }
  const queries = await readQueries(path, options, bridge.dQuery, bridgePath, queryLimit);
  return { data: await blame('--queries', () => bridge.queries(queries.data)), n: queries.n, d };
}

/** "query: id score, id score". */
function resultLines(results: readonly { readonly ids: number[]; readonly scores: number[] }[]): string[] {
  return results.map(({ ids, scores }, q) => {
    const pairs = ids.map((id, i) => `${id} ${Number((scores[i] as number).toPrecision(6))}`);
    return `${q}: ${pairs.join(', ')}`;
  });
}
