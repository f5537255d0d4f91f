/** Files that the multi-vector commands read: token sets, ids, metadata. */
import { type Core, createCore, type TokenSet } from '@sagitta/core-wasm';
import type { JsonValue, MultiVectorIndex } from '@sagitta/retrieval';
import { type Command, Option } from 'commander';
import { extensionsOf, FORMAT_NAMES, type FormatName, TOKEN_SET_FORMATS } from '../../formats.ts';
import { loadMultiVectorIndexFile } from '../../index-file.ts';
import { openTokenSets } from '../../token-sets/open-token-sets.ts';
import { readAllTokenSets, type TokenSetSource } from '../../token-sets/token-set-source.ts';
import { integer } from '../arguments.ts';
import { asFailure, blame, CommandFailure } from '../failure.ts';
import { readTextLines } from '../line-files.ts';

export interface TokenOptions {
  readonly column?: string;
  readonly format?: FormatName;
  readonly d?: number;
}

/** How files of token sets are read. */
export function addTokenOptions(command: Command): Command {
  return command
    .option('--column <NAME>', 'what holds the tokens: a column or array, or a path such as data[0].tokens')
    .addOption(
      new Option('--format <NAME>', 'the format of files whose extension does not tell it').choices(
        FORMAT_NAMES,
      ),
    )
    .option('--d <N>', 'dimensions, for raw vectors (.i8 .f32) beside a file of lengths', integer(1, 65_536));
}

/** Opens a file of token sets for body and closes it; errors while it is read name the argument too. */
export async function withTokenSets<T>(
  argument: string,
  path: string,
  options: TokenOptions,
  lengths: string | undefined,
  body: (source: TokenSetSource) => Promise<T>,
): Promise<T> {
  const { column, format, d } = options;
  const source = await blame(argument, () => openTokenSets(path, { column, format, d, lengths }));
  try {
    return await body({
      ...source,
      async *batches(maximumTokens) {
        try {
          yield* source.batches(maximumTokens);
        } catch (error) {
          throw asFailure(argument, error);
        }
      },
    });
  } finally {
    await source.close();
  }
}

export interface QuerySets {
  readonly tokens: TokenSet;
  /** Their names: of --query-ids, else of the file, else their numbers. */
  readonly names: readonly string[];
}

export interface QueryOptions extends TokenOptions {
  readonly queries: string;
  readonly queryLengths?: string;
  readonly queryIds?: string;
  readonly queryLimit?: number;
}

export function addQueryOptions(command: Command): Command {
  command
    .requiredOption(
      '--queries <Q>',
      `token sets to search for: ${extensionsOf(TOKEN_SET_FORMATS)}, or - for standard input`,
    )
    .option('--query-lengths <F>', 'tokens a query, raw int32: then --queries is a file of plain vectors')
    .option('--query-ids <F>', "queries' names, one a line (default: those of the file, or their numbers)")
    .option('--query-limit <N>', 'only the first N queries', integer(1));
  return addTokenOptions(command);
}

/** Refuses other dimensions than those of the index. */
export async function readQuerySets(options: QueryOptions, d: number, owner: string): Promise<QuerySets> {
  const { queries: path, queryIds, queryLimit } = options;
  const { tokens, ids } = await withTokenSets('--queries', path, options, options.queryLengths, (source) => {
    if (source.d !== d) {
      throw new CommandFailure(
        '--queries',
        `expected ${d} dimensions as ${owner} has, ${path} has ${source.d}`,
      );
    }
    return readAllTokenSets(source, queryLimit);
  });
  if (queryIds === undefined) return { tokens, names: (ids ?? [...Array(tokens.n).keys()]).map(String) };
  const names = await readTextLines('--query-ids', queryIds);
  if (queryLimit === undefined ? names.length !== tokens.n : names.length < tokens.n) {
    throw new CommandFailure(
      '--query-ids',
      `expected a line for each of ${tokens.n} queries, ${queryIds} has ${names.length}`,
    );
  }
  return { tokens, names: names.slice(0, tokens.n) };
}

/** "key=value" pairs, all of which a document's metadata must have. */
export function filterOf(pairs: readonly string[]): ((metadata: JsonValue) => boolean) | undefined {
  if (pairs.length === 0) return undefined;
  const wanted = pairs.map((pair) => {
    const at = pair.indexOf('=');
    if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)] as const;
    throw new CommandFailure('--filter', `expected key=value, got ${pair}`);
  });
  return (metadata) =>
    wanted.every(([key, value]) => {
      if (typeof metadata !== 'object' || metadata === null || !Object.hasOwn(metadata, key)) return false;
      const own: unknown = Reflect.get(metadata, key);
      return Array.isArray(own) ? own.some((one) => String(one) === value) : String(own) === value;
    });
}

/** Runs body with a core and the index of a file, and frees both. */
export async function withMultiVectorIndex<T>(
  path: string,
  body: (index: MultiVectorIndex, core: Core) => Promise<T>,
): Promise<T> {
  using core = createCore();
  using index = await blame('FILE', () => loadMultiVectorIndexFile(core, path));
  return await body(index, core);
}
