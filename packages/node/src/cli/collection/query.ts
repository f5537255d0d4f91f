/** sagitta query: the best records of a collection. */
import type { Hit, JsonValue, RecordExpression, RecordId } from '@sagitta/retrieval';
import type {
  Collection,
  CollectionSearchOptions,
  TokenCollection,
  TokenSearchOptions,
} from '@sagitta/retrieval/collection';
import type { LexicalIndex } from '@sagitta/retrieval/text';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { addOutputOptions, addVectorOptions, integer, MAX_COUNT, type VectorOptions } from '../arguments.ts';
import { blame, CommandFailure } from '../failure.ts';
import { readQueries } from '../inputs.ts';
import { type CommandIo, isColoured, type OutputOptions, type Reporter, reporter, styled } from '../io.ts';
import { readQuerySets } from '../mv/token-inputs.ts';
import { type AnyCollection, FOLDER, idsOf, isOfTokens, printed, withKnown } from './with-collection.ts';

const WAYS = ['meaning', 'words', 'both'] as const;
/** Hits of each search that are fused. */
const FUSED = 100;

interface QueryOptions extends VectorOptions, OutputOptions {
  readonly queries?: string;
  readonly like?: string;
  readonly k: number;
  readonly filter?: RecordExpression;
  readonly by: (typeof WAYS)[number];
  readonly nprobe?: number;
  readonly ef?: number;
  readonly rerank?: number;
  readonly candidates?: number;
  readonly queryLengths?: string;
  readonly queryLimit?: number;
}

export function addQueryCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('query')
    .summary('find the best records of a collection')
    .description('Finds the K best records for each query, beside a writer that may be at work.')
    .argument('<FOLDER>', FOLDER)
    .argument('[WORDS...]', 'words to search for, of a collection with a text model')
    .option('--queries <Q>', 'vectors, or token sets, to search for; - is standard input')
    .option('--query-lengths <F>', 'tokens a query, raw int32: then --queries is a file of plain vectors')
    .option('--like <ID>', 'search for the vector of a record instead')
    .option('-k <K>', 'results a query', integer(1, MAX_COUNT), 10)
    .option(
      '--filter <JSON>',
      'an expression over metadata, e.g. {"folder":"x","mtime":{"gte":5}}',
      expression,
    )
    .addOption(
      new Option('--by <WAY>', 'what WORDS are compared by: vectors, the words themselves, or both, fused')
        .choices(WAYS)
        .default('meaning'),
    )
    .option('--nprobe <P>', 'lists to visit', integer(1, MAX_COUNT))
    .option('--ef <E>', 'width of a search in a graph', integer(1, MAX_COUNT))
    .option(
      '--rerank <N>',
      'candidates scored again: by float32 vectors, or by all tokens',
      integer(1, MAX_COUNT),
    )
    .option('--candidates <N>', 'of token sets: documents that FDEs find', integer(1, MAX_COUNT))
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
  sagitta query docs-index "what survives a power cut" --by both
JSON: folder, k, results [[{id, similarity, distance or fused, metadata, text}]].`,
    )
    .action((folder: string, words: readonly string[], options: QueryOptions) => {
      const given = [words.length > 0, options.queries !== undefined, options.like !== undefined];
      if (given.filter(Boolean).length !== 1) {
        command.error(
          "error: expected one of WORDS, option '--queries <Q>' and option '--like <ID>': what to search for.",
        );
      }
      if (options.by !== 'meaning' && words.length === 0) {
        command.error("error: option '--by <WAY>' is of WORDS.");
      }
      return query(folder, words.join(' '), options, io, reporter(io, options));
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

async function query(
  folder: string,
  words: string,
  options: QueryOptions,
  io: CommandIo,
  report: Reporter,
): Promise<void> {
  const { k, filter, by } = options;
  await withKnown(io, folder, { readOnly: true }, async (collection) => {
    const byWords = by === 'meaning' ? undefined : await wordsOf(collection, folder);
    const depth = by === 'both' ? Math.max(k, FUSED) : k;
    const search =
      by === 'words' ? undefined : await searchOf(collection, folder, words, { ...options, k: depth });
    const found = await blame(filter ? '--filter' : 'FOLDER', async (): Promise<Found[][]> => {
      try {
        const own = byWords?.search(words, depth, filter ? { filter } : {});
        if (!search) return [own ?? []];
        const results = await search();
        if (!own) return results;
        const { fuseHits } = await import('@sagitta/retrieval/text');
        return [fuseHits([own, results[0] ?? []], k)];
      } catch (error) {
        // of an expression of the wrong types: JSON is checked by nobody before
        throw filter && error instanceof TypeError ? new CommandFailure('--filter', error.message) : error;
      }
    });
    const texts = await blame('FOLDER', () =>
      Promise.all(found.map((hits) => collection.texts(hits.map(({ id }) => id)))),
    );
    const results = found.map((hits, q) =>
      hits.map((hit, i): PrintedHit => {
        const text = texts[q]?.[i];
        return { ...hit, id: printed(hit.id), ...(text !== undefined && { text }) };
      }),
    );
    const lines = results.flatMap((hits, q) => [
      ...(results.length > 1 ? [`query ${q}`] : []),
      ...hits.flatMap((hit, i) => linesOf(hit, i + 1, isColoured(io.stdout))),
    ]);
    report.result(
      { folder, k, results },
      lines.length > 0
        ? lines
        : ['nothing found: no known word in the query, or no record that the filter allows'],
    );
  });
}

/** A hit with its score by some name. */
interface Found {
  readonly id: RecordId;
  readonly metadata?: JsonValue | undefined;
}

type PrintedHit = Omit<Found, 'id'> & { readonly id: string | number; readonly text?: string };

async function wordsOf(collection: AnyCollection, folder: string): Promise<LexicalIndex> {
  if (!collection.keepsTexts) {
    throw new CommandFailure(
      '--by',
      `expected a collection that keeps texts, as sagitta text build makes one; ${folder} keeps none`,
    );
  }
  const { wordIndexOf } = await import('../../texts/word-index.ts');
  return blame('FOLDER', () => wordIndexOf(collection));
}

type Search = () => Promise<Hit<JsonValue>[][]>;

function searchOf(
  collection: AnyCollection,
  folder: string,
  words: string,
  options: QueryOptions,
): Promise<Search> {
  return isOfTokens(collection)
    ? tokenSearch(collection, folder, words, options)
    : vectorSearch(collection, folder, words, options);
}

async function vectorSearch(
  collection: Collection,
  folder: string,
  words: string,
  options: QueryOptions,
): Promise<Search> {
  const { k, filter, rerank, candidates, queryLengths } = options;
  refuse('--candidates', candidates, folder);
  refuse('--query-lengths', queryLengths, folder);
  const settings: CollectionSearchOptions<JsonValue> = {
    ...widthOf(options),
    ...(filter && { filter }),
    ...(rerank !== undefined && { rerank: { candidates: rerank } }),
  };
  const { like, queries: path, queryLimit } = options;
  const queries =
    path !== undefined
      ? (await readQueries(path, options, collection.d, folder, queryLimit)).data
      : like !== undefined
        ? await blame('--like', async () => collection.vector(await idOf(collection, like)))
        : wordsFor(collection, folder, words);
  return () => collection.searchBatch(queries, k, settings);
}

async function tokenSearch(
  collection: TokenCollection,
  folder: string,
  words: string,
  options: QueryOptions,
): Promise<Search> {
  const { k, filter, rerank, candidates, like, queries: path } = options;
  const settings: TokenSearchOptions = {
    ...widthOf(options),
    ...(filter && { filter }),
    ...(rerank !== undefined && { rerank }),
    ...(candidates !== undefined && { candidates }),
  };
  if (like !== undefined) {
    const tokens = await blame('--like', async () => collection.tokens(await idOf(collection, like)));
    return async () => [await collection.search(tokens, k, settings)];
  }
  const queries =
    path === undefined
      ? wordsFor(collection, folder, words)
      : (await readQuerySets({ ...options, queries: path }, collection.d, folder)).tokens;
  return () => collection.searchBatch(queries, k, settings);
}

function widthOf({ nprobe, ef }: QueryOptions): { readonly nprobe?: number; readonly ef?: number } {
  return { ...(nprobe !== undefined && { nprobe }), ...(ef !== undefined && { ef }) };
}

function refuse(name: string, value: unknown, folder: string): void {
  if (value === undefined) return;
  throw new CommandFailure(name, `expected none, since ${folder} is no collection of token sets`);
}

async function idOf(collection: AnyCollection, word: string): Promise<RecordId> {
  return (await idsOf(collection, [word]))[0] as RecordId;
}

function wordsFor(collection: AnyCollection, folder: string, words: string): readonly string[] {
  if (collection.textModel) return [words];
  const what = `expected a collection with a text model, as sagitta text build makes one; ${folder} has none`;
  throw new CommandFailure(
    'WORDS',
    `${what} (--queries takes ${isOfTokens(collection) ? 'token sets' : 'vectors'})`,
  );
}

/** A passage of a file with its place, as editors and terminals know it; of other records id and metadata. */
function linesOf({ id, metadata, text, ...score }: PrintedHit, rank: number, hasColours: boolean): string[] {
  const [value] = Object.values(score) as number[];
  const shown = `  ${String(rank).padStart(3)}  ${Number((value as number).toPrecision(6))}`;
  const body = text === undefined ? [] : text.split('\n').map((line) => `       ${line}`);
  if (isPlace(metadata)) {
    const { file, line, title } = metadata;
    const place = styled('cyan', `${file}:${line}`, hasColours);
    return [`${shown}  ${place}${title ? `  ${styled('bold', title, hasColours)}` : ''}`, ...body];
  }
  return [`${shown}  ${id}${metadata === undefined ? '' : `  ${JSON.stringify(metadata)}`}`, ...body];
}

function isPlace(
  metadata: JsonValue | undefined,
): metadata is { readonly file: string; readonly line: number; readonly title?: string } {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return false;
  const { file, line } = metadata as Readonly<Record<string, JsonValue>>;
  return typeof file === 'string' && typeof line === 'number';
}
