/** sagitta add and sagitta delete: records come into a collection and go. */
import type { JsonValue, RecordId } from '@sagitta/retrieval';
import type { Collection, TokenCollection } from '@sagitta/retrieval/collection';
import type { Command } from 'commander';
import { extensionsOf, TOKEN_SET_FORMATS } from '../../formats.ts';
import { readBatches } from '../../readers/batches.ts';
import { firstSets } from '../../token-sets/token-set-source.ts';
import {
  addOutputOptions,
  addVectorOptions,
  integer,
  VECTOR_FILE,
  type VectorOptions,
} from '../arguments.ts';
import { blame, CommandFailure } from '../failure.ts';
import { withVectors } from '../inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { readMetadata, readTextLines } from '../line-files.ts';
import { withTokenSets } from '../mv/token-inputs.ts';
import { count, fieldLines, seconds } from '../text.ts';
import { type AnyCollection, FOLDER, idsOf, isOfTokens, withKnown } from './with-collection.ts';

interface AddOptions extends VectorOptions, OutputOptions {
  readonly ids?: string;
  readonly metadata?: string;
  readonly lengths?: string;
  readonly upsert?: boolean;
  readonly limit?: number;
}

/** Vectors, or tokens, that are written, and synchronised, together. */
const BATCH = 1000;
const BATCH_TOKENS = 8192;

export function addAddCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('add')
    .summary('add the vectors of a file to a collection')
    .description(
      'Adds the vectors of VECTORS to the collection, a thousand at a time: those that were added when it is interrupted stay. To a collection ' +
        'of token sets it adds those of a file of token sets.',
    )
    .argument('<FOLDER>', FOLDER)
    .argument('<VECTORS>', `${VECTOR_FILE}; of token sets: ${extensionsOf(TOKEN_SET_FORMATS)}`)
    .option('--lengths <F>', 'tokens a document, raw int32: then VECTORS is a file of plain vectors')
    .option(
      '--ids <F>',
      'ids, one a line (default: the column id of .parquet and .arrow, else row numbers of the collection)',
    )
    .option(
      '--metadata <F>',
      'a JSON value a line, one a vector (default: the other columns of .parquet and .arrow)',
    )
    .option('--upsert', 'records whose ids are there already are replaced (else they are an error)')
    .option('--limit <N>', 'only the first N vectors', integer(1));
  addVectorOptions(command, true);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta add notes notes.npy --ids ids.txt --metadata notes.jsonl --upsert
JSON: folder, added, n, seconds.`,
    )
    .action((folder: string, vectors: string, options: AddOptions) =>
      add(folder, vectors, options, io, reporter(io, options)),
    );
}

async function add(
  folder: string,
  path: string,
  options: AddOptions,
  io: CommandIo,
  report: Reporter,
): Promise<void> {
  const ids = options.ids === undefined ? undefined : await readTextLines('--ids', options.ids);
  const metadata = options.metadata === undefined ? undefined : await readMetadata(options.metadata);
  await withKnown(io, folder, {}, async (collection) => {
    const start = performance.now();
    const said = { folder, path, options, ids, metadata, report };
    const added = isOfTokens(collection)
      ? await addTokens(collection, said)
      : await addVectors(collection, said);
    const spent = (performance.now() - start) / 1000;
    report.result(
      { folder, added, n: collection.n, seconds: spent },
      fieldLines([
        ['added', `${count(added)} in ${seconds(spent)}`],
        ['records', count(collection.n)],
      ]),
    );
  });
}

interface Said {
  readonly folder: string;
  readonly path: string;
  readonly options: AddOptions;
  readonly ids: readonly string[] | undefined;
  readonly metadata: readonly (JsonValue | undefined)[] | undefined;
  readonly report: Reporter;
}

/** What the lines of files say of some records. */
function saidOf({ ids, metadata }: Said, first: number, n: number) {
  return {
    ...(ids && { ids: linesFor('--ids', ids, first, n) }),
    ...(metadata && { metadata: linesFor<JsonValue | undefined>('--metadata', metadata, first, n) }),
  };
}

async function addVectors(collection: Collection, said: Said): Promise<number> {
  const { path, options, folder, report } = said;
  const { limit = Infinity, upsert = false } = options;
  if (options.lengths !== undefined) {
    throw new CommandFailure('--lengths', `expected none, since ${folder} is no collection of token sets`);
  }
  return withVectors('VECTORS', path, options, async (source) => {
    checkDimensions(source, collection, said);
    const total = source.n === undefined ? undefined : Math.min(source.n, limit);
    let added = 0;
    // flags come first
    const columns = source.records?.();
    await report.progress('add', total, 'vectors', async (progress) => {
      for await (const { data, start: first, n } of readBatches(source, BATCH, limit)) {
        const { texts, ...others } = columns ? await blame('VECTORS', () => columns.take(n)) : {};
        const rows = {
          vectors: data,
          ...others,
          ...(texts && collection.keepsTexts && { texts }),
          ...saidOf(said, first, n),
        };
        await blame(said.ids ? '--ids' : 'VECTORS', () =>
          upsert ? collection.upsert(rows) : collection.add(rows),
        );
        added += n;
        progress.update(added);
      }
    });
    return added;
  });
}

async function addTokens(collection: TokenCollection, said: Said): Promise<number> {
  const { path, options, report } = said;
  const { limit = Infinity, upsert = false, lengths } = options;
  return withTokenSets('VECTORS', path, options, lengths, async (source) => {
    checkDimensions(source, collection, said);
    const total = source.n === undefined ? undefined : Math.min(source.n, limit);
    let added = 0;
    await report.progress('add', total, 'documents', async (progress) => {
      for await (const batch of source.batches(BATCH_TOKENS)) {
        const n = Math.min(batch.tokens.n, limit - added);
        const rows = {
          tokens: firstSets(batch.tokens, n),
          ...(batch.ids && { ids: batch.ids.slice(0, n) }),
          ...(batch.metadata && { metadata: batch.metadata.slice(0, n) }),
          ...saidOf(said, batch.start, n),
        };
        await blame(said.ids ? '--ids' : 'VECTORS', () =>
          upsert ? collection.upsert(rows) : collection.add(rows),
        );
        added += n;
        progress.update(added);
        if (added >= limit) break;
      }
    });
    return added;
  });
}

function checkDimensions(source: { readonly d: number }, { d }: AnyCollection, { folder, path }: Said): void {
  if (source.d === d) return;
  throw new CommandFailure('VECTORS', `expected ${d} dimensions as ${folder} has, ${path} has ${source.d}`);
}

/** @throws CommandFailure where there are fewer lines than vectors */
function linesFor<T>(argument: string, lines: readonly T[], first: number, n: number): T[] {
  if (lines.length >= first + n) return lines.slice(first, first + n);
  throw new CommandFailure(argument, `expected a line for each vector, got ${lines.length} lines`);
}

interface DeleteOptions extends OutputOptions {
  readonly ids?: string;
}

export function addDeleteCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('delete')
    .summary('take records out of a collection')
    .description(
      'Takes records out. A whole number names the record of that number, if there is one, else the one of that string; ids that are not there are passed over.',
    )
    .argument('<FOLDER>', FOLDER)
    .argument('[ID...]', 'ids')
    .option('--ids <F>', 'more of them, one a line');
  addOutputOptions(command);
  command
    .addHelpText('after', '\nExample:\n  sagitta delete notes a b\nJSON: folder, deleted, n.')
    .action((folder: string, words: readonly string[], options: DeleteOptions) =>
      remove(folder, words, options, io, reporter(io, options)),
    );
}

async function remove(
  folder: string,
  words: readonly string[],
  options: DeleteOptions,
  io: CommandIo,
  report: Reporter,
): Promise<void> {
  const lines = options.ids === undefined ? [] : await readTextLines('--ids', options.ids);
  if (words.length + lines.length === 0) throw new CommandFailure('ID', 'expected at least one, got none');
  await withKnown(io, folder, {}, async (collection) => {
    const ids: RecordId[] = await idsOf(collection, [...words, ...lines]);
    const deleted = await blame('ID', () => collection.delete(ids));
    report.result(
      { folder, deleted, n: collection.n },
      fieldLines([
        ['deleted', count(deleted)],
        ['records', count(collection.n)],
      ]),
    );
  });
}
