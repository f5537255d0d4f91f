/** sagitta compact, verify and export: a collection looked after, and taken out. */
import type { Command } from 'commander';
import { writeFileAtomic } from '../../atomic-file.ts';
import { addOutputOptions, outputPath } from '../arguments.ts';
import { blame, CommandFailure } from '../failure.ts';
import { checkOutputs } from '../inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { count, fieldLines, seconds } from '../text.ts';
import { FOLDER, isOfTokens, printed, withKnown } from './with-collection.ts';

export function addCompactCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('compact')
    .summary('put a collection into as few segments as can be')
    .description('Folds what is in no segment yet and merges all segments, without deleted records.')
    .argument('<FOLDER>', FOLDER);
  addOutputOptions(command);
  command
    .addHelpText('after', '\nExample:\n  sagitta compact notes\nJSON: folder, n, segments, bytes, seconds.')
    .action((folder: string, options: OutputOptions) => compact(folder, io, reporter(io, options)));
}

async function compact(folder: string, io: CommandIo, report: Reporter): Promise<void> {
  await withKnown(io, folder, {}, async (collection) => {
    const start = performance.now();
    report.note(`compacting ${count(collection.n)} records`);
    await blame('FOLDER', () => collection.compact());
    const spent = (performance.now() - start) / 1000;
    const { n, segments } = await collection.report();
    const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
    report.result(
      { folder, n, segments: segments.length, bytes, seconds: spent },
      fieldLines([
        ['records', `${count(n)} in ${segments.length} segments, ${count(bytes)} bytes`],
        ['time', seconds(spent)],
      ]),
    );
  });
}

interface VerifyOptions extends OutputOptions {
  readonly repair?: boolean;
}

export function addVerifyCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('verify')
    .summary('check every checksum of a collection')
    .description(
      'Reads all of a collection and says which records damaged segments have lost. Ends with status 1 where it is not whole.',
    )
    .argument('<FOLDER>', FOLDER)
    .option('--repair', 'save what damaged segments hold whole; their files stay, under another name');
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      '\nExample:\n  sagitta verify notes --repair\nJSON: folder, isWhole, isRepaired, bytes, defect, damage [{segment, reason, lost, withoutMetadata}], damagedTexts.',
    )
    .action((folder: string, options: VerifyOptions) => verify(folder, options, io, reporter(io, options)));
}

async function verify(
  folder: string,
  options: VerifyOptions,
  io: CommandIo,
  report: Reporter,
): Promise<void> {
  const { repair = false } = options;
  const found = await withKnown(io, folder, { damaged: 'leave out', readOnly: !repair }, (collection) =>
    blame('FOLDER', () => collection.verify({ repair })),
  );
  const { isWhole, isRepaired, bytes, defect } = found;
  const damagedTexts = found.damagedTexts.map(printed);
  const damage = found.damage.map(({ segment, reason, lost, withoutMetadata }) => ({
    segment,
    reason,
    lost: lost.map(printed),
    withoutMetadata: withoutMetadata.map(printed),
  }));
  report.result({ folder, isWhole, isRepaired, bytes, defect, damage, damagedTexts }, [
    `${folder}: ${isWhole ? 'whole' : 'damaged'}, ${count(bytes)} bytes of segments read`,
    ...(defect === undefined ? [] : [`  ${defect}`]),
    ...damage.flatMap(({ segment, reason, lost, withoutMetadata }) => [
      `  ${segment}: ${reason}`,
      `    ${count(lost.length)} records are lost${lost.length === 0 ? '' : `: ${some(lost)}`}`,
      ...(withoutMetadata.length === 0
        ? []
        : [`    ${count(withoutMetadata.length)} have lost their metadata: ${some(withoutMetadata)}`]),
    ]),
    ...(damagedTexts.length === 0
      ? []
      : [`  ${count(damagedTexts.length)} texts are damaged, of ${some(damagedTexts)}`]),
    ...(isRepaired ? ['repaired: what was whole is in new segments'] : []),
  ]);
  if (!isWhole && !isRepaired) {
    const fix = repair ? 'it cannot be repaired' : '--repair saves what is whole';
    throw new CommandFailure('FOLDER', `${folder} is damaged; ${fix}`);
  }
}

const SHOWN = 10;

function some(ids: readonly (string | number)[]): string {
  const rest = ids.length - SHOWN;
  return `${ids.slice(0, SHOWN).join(', ')}${rest > 0 ? ` and ${count(rest)} more (--json has all)` : ''}`;
}

interface ExportOptions extends OutputOptions {
  readonly out: string;
}

export function addExportCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('export')
    .summary('write all records of a collection to a file')
    .description(
      'Writes all records: id, metadata, text, vector or tokens. A .parquet file has vectors as columns, which sagitta add takes back; any other a line of ' +
        'JSON a record, which other commands read as .jsonl.',
    )
    .argument('<FOLDER>', FOLDER)
    .requiredOption(
      '--out <FILE>',
      'the .parquet or .jsonl file to write; - is standard output, lines of JSON',
      outputPath,
    );
  addOutputOptions(command);
  command
    .addHelpText('after', '\nExample:\n  sagitta export notes --out notes.parquet\nJSON: folder, n, out.')
    .action((folder: string, options: ExportOptions) =>
      exportAll(folder, options, io, reporter(io, options)),
    );
}

async function exportAll(
  folder: string,
  { out }: ExportOptions,
  io: CommandIo,
  report: Reporter,
): Promise<void> {
  await checkOutputs([['--out', out]], [folder], report);
  await withKnown(io, folder, { readOnly: true }, async (collection) => {
    const { n } = collection;
    const isParquet = /\.parquet$/i.test(out);
    if (isParquet && isOfTokens(collection)) {
      throw new CommandFailure('--out', `expected lines of JSON for token sets, as in ${folder}, got ${out}`);
    }
    const pieces =
      isParquet && !isOfTokens(collection)
        ? (await import('../../collection/export-parquet.ts')).exportParquet(collection)
        : collection.export();
    await report.progress('export', n, 'records', () => blame('--out', () => writeFileAtomic(out, pieces)));
    report.result({ folder, n, out }, [`${count(n)} records in ${out}`]);
  });
}
