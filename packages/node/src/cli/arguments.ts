/** Flags: their parsers, which refuse bad values with exit status 2, and the groups that several commands share. */
import type { IvfIndex, Precision, SearchOptions } from '@sagitta/retrieval';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { extensionsOf, type FormatName, VECTOR_FORMATS } from '../formats.ts';
import { CommandFailure } from './failure.ts';
import type { OutputOptions } from './io.ts';

export function integer(
  minimum: number,
  maximum: number = Number.MAX_SAFE_INTEGER,
): (text: string) => number {
  return (text) => {
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= minimum && value <= maximum) return value;
    const range =
      maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
    throw new InvalidArgumentError(`Expected an integer ${range}.`);
  };
}

export function number(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
    if (value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`Expected a number from ${minimum} to ${maximum}.`);
  };
}

/** The path of a file to write; "-" is stdout. */
export function outputPath(text: string): string {
  return text === '-' ? '/dev/stdout' : text;
}

/** "4,8,16" as numbers. */
export function integerList(minimum: number, maximum: number): (text: string) => readonly number[] {
  const one = integer(minimum, maximum);
  return (text) => text.split(',').map((part) => one(part.trim()));
}

/** The largest k, nprobe and ef that an index takes. */
export const MAX_COUNT: number = 2 ** 20;

/** What help says of a file of vectors. */
export const VECTOR_FILE: string = `vectors: ${extensionsOf(VECTOR_FORMATS)}; texts also as .gz; - is standard input, s3://bucket/key an object`;

export interface VectorOptions {
  readonly column?: string;
  readonly format?: FormatName;
  /** Dimensions of raw values. */
  readonly d?: number;
}

/** How vector files are read. */
export function addVectorOptions(command: Command, hasBase: boolean): Command {
  command
    .option(
      '--column <NAME>',
      'what holds the vectors: a column, array, tensor or dataset, or a path such as data[0].embedding',
    )
    .addOption(
      new Option('--format <NAME>', 'the format of files whose extension does not tell it').choices(
        VECTOR_FORMATS,
      ),
    );
  if (!hasBase) return command;
  return command.option('--d <N>', 'dimensions, for raw values (.f32 .raw .bin .i8)', integer(1, 65_536));
}

export interface ScanOptions {
  readonly gamma?: number;
  /** false: --no-rerank. */
  readonly rerank?: number | false;
  readonly precision?: Precision;
}

/** How far a search goes, a number or several: the one in lists, the other in a graph. */
export interface WidthOptions<T> {
  readonly nprobe?: T;
  readonly ef?: T;
}

/** How an index is searched. */
export function addScanOptions(command: Command): Command {
  return command
    .option(
      '--gamma <G>',
      'pruning: smaller is faster and loses some, 1000 reads every code (default: 1)',
      number(0, 1000),
    )
    .option(
      '--rerank <C>',
      'score C candidates again: exactly where the index keeps its vectors, else by secondary codes (default there: 10 k)',
      integer(1, MAX_COUNT),
    )
    .option('--no-rerank', 'leave secondary codes unread')
    .addOption(
      new Option('--precision <NAME>', 'how much of codes is read (graph; default: full)').choices([
        'full',
        'head',
      ]),
    );
}

/** @throws CommandFailure on flags that mean nothing in the index */
export function checkWidths(
  index: IvfIndex,
  options: WidthOptions<unknown> & Pick<ScanOptions, 'precision'>,
): void {
  const isGraph = index.kind === 'graph';
  for (const name of isGraph ? (['nprobe'] as const) : (['ef', 'precision'] as const)) {
    if (options[name] === undefined) continue;
    const [wanted, got] = isGraph ? ['lists', 'a graph'] : ['a graph', 'lists'];
    throw new CommandFailure(`--${name}`, `expected an index in ${wanted}, got one in ${got}`);
  }
}

export function searchOptions(options: ScanOptions): SearchOptions {
  return {
    ...(options.gamma !== undefined && { gamma: options.gamma }),
    ...(options.rerank !== undefined && {
      rerank: options.rerank === false ? false : { candidates: options.rerank },
    }),
    ...(options.precision && { precision: options.precision }),
  };
}

/** What every command has; called last, so that these stand at the end of its help. */
export function addOutputOptions(command: Command): Command {
  return command
    .option('--json', 'print one JSON object on stdout')
    .option('--quiet', 'print no progress on stderr');
}

export type { OutputOptions };
