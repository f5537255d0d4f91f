/** sagitta mv search: the best documents of each query. */
import type { JsonValue } from '@sagitta/retrieval';
import type { Command } from 'commander';
import { writeFileAtomic } from '../../atomic-file.ts';
import { addOutputOptions, integer, MAX_COUNT, outputPath } from '../arguments.ts';
import { blame } from '../failure.ts';
import { checkOutputs } from '../inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { count, fieldLines, seconds } from '../text.ts';
import { addFunnelOptions, type FunnelOptions, funnelSettings } from './search-arguments.ts';
import { addQueryOptions, type QueryOptions, readQuerySets, withMultiVectorIndex } from './token-inputs.ts';

interface MvSearchOptions extends QueryOptions, FunnelOptions, OutputOptions {
  readonly k: number;
  readonly candidates?: number;
  readonly exact?: boolean;
  readonly explain?: boolean;
  readonly out?: string;
}

interface Answer {
  readonly query: string;
  readonly hits: readonly {
    readonly id: number | string;
    readonly similarity: number;
    readonly metadata?: JsonValue;
    readonly matches?: readonly object[];
  }[];
}

export function addMvSearchCommand(group: Command, io: CommandIo): void {
  const command = group
    .command('search')
    .summary('find the best documents of queries')
    .description('Finds the K best documents of each query by MaxSim among the candidates that FDEs find.')
    .argument('<FILE>', 'an index file of sagitta mv build')
    .option('-k <K>', 'results a query', integer(1, MAX_COUNT), 10)
    .option(
      '--candidates <N>',
      'documents that FDEs find (default: 10·K, at least 200)',
      integer(1, MAX_COUNT),
    )
    .option('--exact', 'MaxSim with every document')
    .option('--explain', 'which token of the document matched each token of the query')
    .option('--out <R>', 'write a TREC run: query Q0 document rank similarity sagitta', outputPath);
  addQueryOptions(command);
  addFunnelOptions(command);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta mv search base.smv --queries queries.npz -k 10 --filter year=1999
JSON: queries, k, seconds, qps, and out or results [{query, hits [{id, similarity, metadata, matches}]}].`,
    )
    .action((file: string, options: MvSearchOptions) => search(file, options, reporter(io, options)));
}

async function search(file: string, options: MvSearchOptions, report: Reporter): Promise<void> {
  const { k, out, explain = false } = options;
  await checkOutputs([['--out', out]], [file, options.queries], report);
  const settings = { ...funnelSettings(options, options.candidates), exact: options.exact === true };
  await withMultiVectorIndex(file, async (index) => {
    const { tokens, names } = await readQuerySets(options, index.d, file);
    const answers: Answer[] = [];
    let ms = 0;
    await report.progress('search', tokens.n, 'queries', (progress) =>
      blame('--queries', () => {
        for (let q = 0; q < tokens.n; q++) {
          const query = tokens.data.subarray(
            (tokens.offsets[q] as number) * tokens.d,
            (tokens.offsets[q + 1] as number) * tokens.d,
          );
          const start = performance.now();
          const found = index.search(query, k, settings);
          ms += performance.now() - start;
          const hits = found.map(({ id, similarity, metadata }) => ({
            // JSON has no bigints
            id: typeof id === 'bigint' ? String(id) : id,
            similarity,
            ...(metadata !== undefined && { metadata }),
            ...(explain && { matches: index.explain(query, id).matches }),
          }));
          answers.push({ query: names[q] as string, hits });
          progress.update(q + 1);
        }
      }),
    );
    const spent = ms / 1000;
    const qps = tokens.n / Math.max(spent, 1e-9);
    if (out !== undefined)
      await blame('--out', () => writeFileAtomic(out, [new TextEncoder().encode(trecRun(answers))]));
    const head = { queries: tokens.n, k, seconds: spent, qps };
    report.result(
      out === undefined ? { ...head, results: answers } : { ...head, out },
      out === undefined
        ? answers.flatMap(answerLines)
        : fieldLines([
            ['queries', `${count(tokens.n)}, ${k} results each`],
            ['time', `${seconds(spent)}, ${count(Math.round(qps))} queries/s`],
            ['file', out],
          ]),
    );
  });
}

function trecRun(answers: readonly Answer[]): string {
  const lines = answers.flatMap(({ query, hits }) =>
    hits.map(({ id, similarity }, i) => `${query} Q0 ${id} ${i + 1} ${similarity} sagitta\n`),
  );
  return lines.join('');
}

function answerLines({ query, hits }: Answer): string[] {
  const lines = hits.map(
    ({ id, similarity }, i) => `  ${String(i + 1).padStart(3)}  ${similarity.toFixed(4)}  ${id}`,
  );
  return [`query ${query}`, ...lines];
}
