/** sagitta add and sagitta delete: records come into a collection and go. */
import type { JsonValue, RecordId } from '@sagitta/retrieval';
import type { Command } from 'commander';
import { readBatches } from '../../readers/batches.ts';
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
import { count, fieldLines, seconds } from '../text.ts';
import { FOLDER, idsOf, withKnown } from './with-collection.ts';

interface AddOptions extends VectorOptions, OutputOptions {
  readonly ids?: string;
  readonly metadata?: string;
  readonly upsert?: boolean;
  readonly limit?: number;
}

/** Vectors that are written, and synchronised, together. */
const BATCH = 1000;

export function addAddCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('add')
    .summary('add the vectors of a file to a collection')
    .description(
      'Adds the vectors of VECTORS to the collection, a thousand at a time: those that were added when it is interrupted stay.',
    )
    .argument('<FOLDER>', FOLDER)
    .argument('<VECTORS>', VECTOR_FILE)
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
  const { limit = Infinity, upsert = false } = options;
  const ids = options.ids === undefined ? undefined : await readTextLines('--ids', options.ids);
  const metadata = options.metadata === undefined ? undefined : await readMetadata(options.metadata);
  await withKnown(io, folder, {}, (collection) =>
    withVectors('VECTORS', path, options, async (source) => {
      if (source.d !== collection.d) {
        const what = `expected ${collection.d} dimensions as ${folder} has, ${path} has ${source.d}`;
        throw new CommandFailure('VECTORS', what);
      }
      const start = performance.now();
      const total = source.n === undefined ? undefined : Math.min(source.n, limit);
      let added = 0;
      // flags come first
      const columns = source.records?.();
      await report.progress('add', total, 'vectors', async (progress) => {
        for await (const { data, start: first, n } of readBatches(source, BATCH, limit)) {
          const said = columns ? await blame('VECTORS', () => columns.take(n)) : {};
          const { texts, ...others } = said;
          const rows = {
            vectors: data,
            ...others,
            ...(texts && collection.keepsTexts && { texts }),
            ...(ids && { ids: linesFor('--ids', ids, first, n) }),
            ...(metadata && { metadata: linesFor<JsonValue | undefined>('--metadata', metadata, first, n) }),
          };
          await blame(ids ? '--ids' : 'VECTORS', () =>
            upsert ? collection.upsert(rows) : collection.add(rows),
          );
          added += n;
          progress.update(added);
        }
      });
      const spent = (performance.now() - start) / 1000;
      report.result(
        { folder, added, n: collection.n, seconds: spent },
        fieldLines([
          ['added', `${count(added)} in ${seconds(spent)}`],
          ['records', count(collection.n)],
        ]),
      );
    }),
  );
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
