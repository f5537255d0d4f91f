/** sagitta init: a new collection in a folder. */
import { METRICS, type Metric } from '@sagitta/core-wasm';
import { QUANTIZER_NAMES, type QuantizerName } from '@sagitta/quantizers';
import { TOKEN_ENCODINGS, type TokenEncoding } from '@sagitta/retrieval/maxsim';
import { type Command, Option } from 'commander';
import { isCollection } from '../../collection/database-name.ts';
import { addOutputOptions, integer, number } from '../arguments.ts';
import { CommandFailure } from '../failure.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { fieldLines } from '../text.ts';
import { withCollection, withTokenCollection } from './with-collection.ts';

interface InitOptions extends OutputOptions {
  readonly d: number;
  readonly metric: Metric;
  readonly index?: 'auto' | 'flat' | 'ivf' | 'graph';
  readonly quantizer?: QuantizerName;
  readonly tokens?: boolean;
  readonly tokenEncoding?: TokenEncoding;
  readonly bits?: number;
  readonly indexed: readonly string[];
  /** false: --no-keep-vectors. */
  readonly keepVectors: boolean;
}

export function addInitCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('init')
    .summary('make a collection in a folder')
    .description('Makes a collection in FOLDER: vectors with ids and metadata that come, go and last.')
    .argument('<FOLDER>', 'a folder without a collection; made where there is none')
    .requiredOption('--d <N>', 'dimensions of a vector', integer(1, 65_536))
    .addOption(new Option('--metric <NAME>', 'what is near').choices(METRICS).default('cosine'))
    .addOption(
      new Option('--index <KIND>', 'the structure of segments (default: auto, of token sets a scan)').choices(
        ['auto', 'flat', 'ivf', 'graph'],
      ),
    )
    .addOption(new Option('--quantizer <NAME>', 'the compression (default: saq)').choices(QUANTIZER_NAMES))
    .option('--tokens', 'documents of many vectors, searched by MaxSim, instead of vectors')
    .addOption(
      new Option('--token-encoding <NAME>', 'how tokens are held, with --tokens (default: int8)').choices(
        TOKEN_ENCODINGS,
      ),
    )
    .option('--bits <B>', 'code bits a dimension (default: 4)', number(0.25, 16))
    .option(
      '--indexed <PATH>',
      'a path of metadata that filters name often; several are given one by one',
      (path: string, before: readonly string[]) => [...before, path],
      [],
    )
    .option('--no-keep-vectors', 'keep codes alone: files of a fraction, merges that add to the error');
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta init notes --d 384 --metric cosine --indexed folder
  sagitta add notes notes.npy --ids ids.txt --metadata notes.jsonl
  sagitta query notes --queries questions.npy -k 5 --filter '{"folder":"x"}'
  sagitta init passages --d 128 --tokens
JSON: folder, kind, d, metric, index, quantizer, bits, keepVectors, indexed; of token sets fdeIndex and tokenEncoding.`,
    )
    .action((folder: string, options: InitOptions) => init(folder, options, io, reporter(io, options)));
}

async function init(folder: string, options: InitOptions, io: CommandIo, report: Reporter): Promise<void> {
  if (await isCollection(folder)) {
    throw new CommandFailure('FOLDER', `${folder}: expected no collection yet, got one`);
  }
  if (options.tokens) return initTokens(folder, options, io, report);
  if (options.tokenEncoding) {
    throw new CommandFailure('--token-encoding', 'expected --tokens beside it, got none');
  }
  const { d, metric, index = 'auto', quantizer = 'saq', bits, indexed, keepVectors } = options;
  const made = { d, metric, index, quantizer, ...(bits !== undefined && { bits }), indexed, keepVectors };
  await withCollection(io, folder, made, async () => {
    report.result(
      { folder, kind: 'vectors', ...made },
      fieldLines([
        ['collection', folder],
        ['vectors', `${d} dimensions, ${metric}`],
        ['segments', `${index}, ${quantizer}${bits === undefined ? '' : ` of ${bits} bits`}`],
      ]),
    );
  });
}

async function initTokens(
  folder: string,
  options: InitOptions,
  io: CommandIo,
  report: Reporter,
): Promise<void> {
  const { d, metric, index, indexed, tokenEncoding = 'int8' } = options;
  for (const [name, isGiven] of [
    ['--quantizer', options.quantizer !== undefined],
    ['--bits', options.bits !== undefined],
    ['--no-keep-vectors', !options.keepVectors],
  ] as const) {
    if (isGiven) throw new CommandFailure(name, 'expected none beside --tokens, got one');
  }
  if (metric === 'l2') throw new CommandFailure('--metric', 'expected cosine or ip with --tokens, got l2');
  if (index !== undefined && index !== 'auto' && index !== 'graph') {
    throw new CommandFailure('--index', `expected graph or none with --tokens, got ${index}`);
  }
  const isGraph = index === 'graph';
  const made = { d, metric, fdeIndex: isGraph ? 'graph' : 'scan', tokenEncoding, indexed } as const;
  const { fdeIndexes } = await import('@sagitta/retrieval');
  await withTokenCollection(io, folder, { ...made, indexes: fdeIndexes }, async () => {
    report.result(
      { folder, kind: 'tokens', ...made },
      fieldLines([
        ['collection', folder],
        ['token sets', `${d} dimensions, ${metric}, ${tokenEncoding}`],
        ['segments', isGraph ? 'FDEs in a graph' : 'FDEs that are scanned'],
      ]),
    );
  });
}
