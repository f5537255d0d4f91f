/** sagitta table: a table of vectors in so many bytes. */
import { createCore } from '@sagitta/core-wasm';
import {
  type CompressedTable,
  compressTable,
  TABLE_METHODS,
  type TableMethod,
  writeTable,
} from '@sagitta/quantizers/table';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { writeFileAtomic } from '../atomic-file.ts';
import { readNumbers } from '../readers/read-numbers.ts';
import { readAll } from '../readers/vector-source.ts';
import {
  addOutputOptions,
  addVectorOptions,
  integer,
  outputPath,
  VECTOR_FILE,
  type VectorOptions,
} from './arguments.ts';
import { blame, CommandFailure } from './failure.ts';
import { checkOutputs, withVectors } from './inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from './io.ts';
import { count, percent, tableLines } from './text.ts';

interface TableCommandOptions extends VectorOptions, OutputOptions {
  readonly bytes: number;
  readonly frequency?: string;
  readonly method: TableMethod | 'auto';
  readonly floorBits: number;
  readonly out?: string;
}

export function addTableCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('table')
    .summary('compress a table of embeddings by frequency')
    .description(
      'Compresses word, item or user vectors into so many bytes: bits go to rows that are read often and to dimensions that hold ' +
        'much. Tells what is lost, weighed by frequency and not.',
    )
    .argument('<VECTORS>', VECTOR_FILE)
    .requiredOption('--bytes <B>', 'bytes of the table at most, e.g. 500kB or 2MB', byteCount)
    .option(
      '--frequency <F>',
      'how often each row is read: numbers in a file of any vector format (default: alike)',
    )
    .addOption(
      new Option('--method <NAME>', 'bits by group and block, the same bits everywhere, or what loses less')
        .choices(['auto', ...TABLE_METHODS])
        .default('auto'),
    )
    .option(
      '--floor-bits <B>',
      'least bits of the first 64 dimensions, so that rare rows keep a direction',
      integer(0, 8),
      0,
    )
    .option('--out <T>', 'write the table to a file', outputPath);
  addVectorOptions(command, true);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta table vectors.npy --frequency counts.npy --bytes 2MB --out words.sgt
JSON: rows, d, bytes, method, isRotated, report {weightedError, error, lostRows, bitsByGroup [{from, rows, bits}]}, out.`,
    )
    .action((path: string, options: TableCommandOptions) => run(path, options, reporter(io, options)));
}

/** "2MB", "500kB", "1.5e6". */
function byteCount(text: string): number {
  const [, number = '', unit = ''] = /^(\d+\.?\d*(?:e\d+)?)(k|M|G)?B?$/.exec(text) ?? [];
  const value = Math.floor(Number(number) * { '': 1, k: 1e3, M: 1e6, G: 1e9 }[unit as '' | 'k' | 'M' | 'G']);
  if (number !== '' && value >= 1 && value <= 2 ** 40) return value;
  throw new InvalidArgumentError('Expected a number of bytes such as 2MB.');
}

async function run(path: string, options: TableCommandOptions, report: Reporter): Promise<void> {
  const { bytes: budgetBytes, frequency: frequencyPath, method, floorBits, out } = options;
  await checkOutputs(
    [['--out', out]],
    [path, ...(frequencyPath === undefined ? [] : [frequencyPath])],
    report,
  );
  const rows = await withVectors('VECTORS', path, options, (source) => readAll(source));
  if (rows.n === 0) throw new CommandFailure('VECTORS', `${path} holds no vectors`);
  const frequency =
    frequencyPath === undefined ? undefined : await blame('--frequency', () => readNumbers(frequencyPath));
  if (frequency !== undefined && frequency.length !== rows.n) {
    throw new CommandFailure(
      '--frequency',
      `expected ${rows.n} numbers, ${frequencyPath} has ${frequency.length}`,
    );
  }
  using core = createCore();
  report.note(`${count(rows.n)} × ${rows.d} into ${count(budgetBytes)} bytes`);
  const table = await blame(frequency === undefined ? '--bytes' : '--frequency', () =>
    compressTable(core, rows, { budgetBytes, method, floorBits, ...(frequency && { frequency }) }),
  );
  if (out !== undefined) await blame('--out', () => writeFileAtomic(out, [writeTable(table)]));
  report.result(resultOf(table, out), linesOf(table, out));
}

function resultOf(table: CompressedTable, out: string | undefined): object {
  const { rows, d, bytes, method, isRotated, report } = table;
  return { rows, d, bytes, method, isRotated, report, ...(out !== undefined && { out }) };
}

function linesOf(
  { rows, d, bytes, method, isRotated, report }: CompressedTable,
  out: string | undefined,
): string[] {
  return [
    ...tableLines(
      ['weight from', 'rows', 'bits a number'],
      report.bitsByGroup.map((group) => [
        String(Number(group.from.toPrecision(3))),
        count(group.rows),
        group.bits.toFixed(2),
      ]),
    ),
    `${count(rows)} × ${d} in ${count(bytes)} bytes, ${((4 * rows * d) / bytes).toFixed(1)} times smaller than float32 (${method}${isRotated ? ', rotated' : ''})`,
    `lost: ${percent(report.weightedError)} of the energy weighed by frequency, ${percent(report.error)} of all rows alike; ${percent(report.lostRows)} of the rows have no bits`,
    ...(out === undefined ? [] : [`file: ${out}`]),
  ];
}
