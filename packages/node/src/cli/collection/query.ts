/** sagitta query: the best records of a collection. */
import type { JsonValue, RecordExpression } from '@sagitta/retrieval';
import type { CollectionSearchOptions } from '@sagitta/retrieval/collection';
import { type Command, InvalidArgumentError } from 'commander';
import { addOutputOptions, addVectorOptions, integer, MAX_COUNT, type VectorOptions } from '../arguments.ts';
import { blame, CommandFailure } from '../failure.ts';
import { readQueries } from '../inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { FOLDER, idsOf, printed, withKnown } from './with-collection.ts';

interface QueryOptions extends VectorOptions, OutputOptions {
  readonly queries?: string;
  readonly like?: string;
  readonly k: number;
  readonly filter?: RecordExpression;
  readonly nprobe?: number;
  readonly ef?: number;
  readonly rerank?: number;
  readonly queryLimit?: number;
}

export function addQueryCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('query')
    .summary('find the best records of a collection')
    .description('Finds the K best records for each query, beside a writer that may be at work.')
    .argument('<FOLDER>', FOLDER)
    .option('--queries <Q>', 'vectors to search for; - is standard input')
    .option('--like <ID>', 'search for the vector of a record instead')
    .option('-k <K>', 'results a query', integer(1, MAX_COUNT), 10)
    .option(
      '--filter <JSON>',
      'an expression over metadata, e.g. {"folder":"x","mtime":{"gte":5}}',
      expression,
    )
    .option('--nprobe <P>', 'lists to visit', integer(1, MAX_COUNT))
    .option('--ef <E>', 'width of a search in a graph', integer(1, MAX_COUNT))
    .option('--rerank <N>', 'candidates scored again by float32 vectors', integer(1, MAX_COUNT))
    .option('--query-limit <N>', 'only the first N queries', integer(1));
  addVectorOptions(command, false);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta query notes --queries questions.npy -k 5 --filter '{"folder":"x"}'
  sagitta query notes --like a -k 5
JSON: folder, k, results [[{id, similarity or distance, metadata}]].`,
    )
    .action((folder: string, options: QueryOptions) => {
      if ((options.queries === undefined) === (options.like === undefined)) {
        command.error("error: expected either option '--queries <Q>' or option '--like <ID>'.");
      }
      return query(folder, options, io, reporter(io, options));
    });
}

function expression(text: string): RecordExpression {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`Expected JSON: ${error instanceof Error ? error.message : error}.`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as RecordExpression;
  throw new InvalidArgumentError('Expected a JSON object.');
}

async function query(folder: string, options: QueryOptions, io: CommandIo, report: Reporter): Promise<void> {
  const { k, filter, nprobe, ef, rerank } = options;
  const settings: CollectionSearchOptions<JsonValue> = {
    ...(filter && { filter }),
    ...(nprobe !== undefined && { nprobe }),
    ...(ef !== undefined && { ef }),
    ...(rerank !== undefined && { rerank: { candidates: rerank } }),
  };
  await withKnown(io, folder, { readOnly: true }, async (collection) => {
    const { d } = collection;
    const { like, queries: path = '', queryLimit } = options;
    const data =
      like === undefined
        ? (await readQueries(path, options, d, folder, queryLimit)).data
        : await blame('--like', async () => {
            const [id] = await idsOf(collection, [like]);
            return collection.vector(id as string);
          });
    const found = await blame(filter ? '--filter' : 'FOLDER', async () => {
      try {
        return await collection.searchBatch(data, k, settings);
      } catch (error) {
        // of an expression of the wrong types: JSON is checked by nobody before
        throw filter && error instanceof TypeError ? new CommandFailure('--filter', error.message) : error;
      }
    });
    const results = found.map((hits) => hits.map((hit) => ({ ...hit, id: printed(hit.id) })));
    const lines = results.flatMap((hits, q) => [
      ...(results.length > 1 ? [`query ${q}`] : []),
      ...hits.map((hit, i) => {
        const { id, metadata, ...score } = hit;
        const [value] = Object.values(score) as number[];
        const text = metadata === undefined ? '' : `  ${JSON.stringify(metadata)}`;
        return `  ${String(i + 1).padStart(3)}  ${Number((value as number).toPrecision(6))}  ${id}${text}`;
      }),
    ]);
    report.result({ folder, k, results }, lines);
  });
}
