/**
 * sagitta mv build: a file of token sets becomes an index file.
 *
 * The file is read twice: to draw documents to train on, and to encode all of them, so that memory is the index, the sample
 * and one batch.
 */
import { type Core, createCore, joinTokenSets, RandomStream, type TokenSet } from '@sagitta/core-wasm';
import {
  type FdeIndexKind,
  fdeIndexes,
  type JsonValue,
  type MultiVectorIndex,
  trainMultiVectorIndex,
} from '@sagitta/retrieval';
import { TOKEN_ENCODINGS, TOKEN_METRICS, type TokenEncoding } from '@sagitta/retrieval/maxsim';
import { FDE_INDEXES } from '@sagitta/retrieval/multi-vector-index';
import { FDE_ENCODINGS, type FdeEncoding } from '@sagitta/retrieval/muvera';
import { type Command, Option } from 'commander';
import { extensionsOf, TOKEN_SET_FORMATS } from '../../formats.ts';
import { saveMultiVectorIndexFile } from '../../index-file.ts';
import { firstSets, type TokenSetSource } from '../../token-sets/token-set-source.ts';
import { addOutputOptions, integer, MAX_COUNT, number, outputPath } from '../arguments.ts';
import { blame, CommandFailure } from '../failure.ts';
import { checkOutputs } from '../inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { readMetadata, readTextLines } from '../line-files.ts';
import { count, fieldLines, seconds } from '../text.ts';
import { addEncoderOptions, type BuiltEncoder, type EncoderOptions, makeEncoder } from './encoder.ts';
import { addTokenOptions, type TokenOptions, withTokenSets } from './token-inputs.ts';

interface MvBuildOptions extends TokenOptions, OutputOptions, EncoderOptions {
  readonly out: string;
  readonly lengths?: string;
  readonly fdeEncoding?: FdeEncoding;
  readonly fdeBits?: number;
  readonly fdeIndex: FdeIndexKind;
  readonly degree?: number;
  readonly efConstruction?: number;
  readonly finerFdeEncoding?: FdeEncoding;
  readonly tokens: TokenEncoding;
  readonly nlist: number;
  readonly ids?: string;
  readonly metadata?: string;
  readonly limit?: number;
}

/** Documents to train on: enough for the cells of a learned FDE at a few tokens each. */
const SAMPLE_DOCUMENTS = 4096;
/** Tokens read at a time. */
const BATCH_TOKENS = 1 << 16;

export function addMvBuildCommand(group: Command, io: CommandIo): void {
  const command = group
    .command('build')
    .summary('build an index of a file of token sets')
    .description(
      'Builds an index of the documents of TOKENS, a set of vectors each. Row numbers become ids unless there are others.',
    )
    .argument(
      '<TOKENS>',
      `token sets: ${extensionsOf(TOKEN_SET_FORMATS)}, or plain vectors with --lengths; - is standard input`,
    )
    .requiredOption('--out <FILE>', 'the index file to write', outputPath)
    .option('--lengths <F>', 'tokens a document, raw int32: then TOKENS is a file of plain vectors');
  addEncoderOptions(command);
  command
    .addOption(
      new Option(
        '--fde-encoding <NAME>',
        'how FDEs are held for the scan (default: what auto chose; else int8, saq in an index)',
      ).choices(FDE_ENCODINGS),
    )
    .option('--fde-bits <B>', 'code bits a number of saq FDEs (default: 4)', number(0.25, 12))
    .addOption(
      new Option('--fde-index <NAME>', 'what finds documents: a scan of all FDEs, lists of them or a graph')
        .choices(FDE_INDEXES)
        .default('scan'),
    )
    .option('--degree <R>', 'edges of a document in the graph (default: 32)', integer(8, 128))
    .option('--ef-construction <L>', 'width of the search for these (default: 100)', integer(8, MAX_COUNT))
    .addOption(
      new Option(
        '--finer-fde-encoding <NAME>',
        'a second copy of the FDEs, to score candidates again',
      ).choices(FDE_ENCODINGS),
    )
    .addOption(
      new Option('--tokens <NAME>', 'how tokens are held for MaxSim')
        .choices(TOKEN_ENCODINGS)
        .default('int8'),
    )
    .addOption(
      new Option('--metric <NAME>', 'similarity of two tokens').choices(TOKEN_METRICS).default('cosine'),
    )
    .option('--nlist <N>', 'inverted lists of FDEs; 0 scans them all', integer(0, 2 ** 20), 0)
    .option('--ids <F>', "documents' ids, one a line (default: those of the file, or row numbers)")
    .option('--metadata <F>', 'a JSON value a line, one a document (default: those of the file)')
    .option('--limit <N>', 'only the first N documents', integer(1))
    .option('--seed <S>', 'seed of everything random', integer(0, 2 ** 32 - 1), 1);
  addTokenOptions(command);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta mv build tokens.npz --out base.smv --fde learned --tokens int8 --ids ids.txt
Without --fde encoders and codes are measured on up to 1,500 documents, and the fewest bytes taken that find .95 of the exact ten among
100 candidates; --fde and --fde-encoding override that.
JSON: n, d, tokens, fde, fdeLength, fdeEncoding, fdeIndex, bytesPerDocument {fdes, finerFdes, tokens, file, memory}, trainSeconds,
encodeSeconds, fileBytes, memoryBytes, chosen {reason, isEnough} of auto.`,
    )
    .action((path: string, options: MvBuildOptions) => build(path, options, reporter(io, options)));
}

async function build(path: string, options: MvBuildOptions, report: Reporter): Promise<void> {
  const { out, limit = Infinity } = options;
  const inputs = [path, options.lengths, options.ids, options.metadata].filter((one) => one !== undefined);
  await checkOutputs([['--out', out]], inputs, report);
  const own = {
    ids: options.ids === undefined ? undefined : await readTextLines('--ids', options.ids),
    metadata: options.metadata === undefined ? undefined : await readMetadata(options.metadata),
  };
  await withTokenSets('TOKENS', path, options, options.lengths, async (source) => {
    const { sample, documents } = await drawSample(source, options, report);
    checkCounts(own, documents, limit);
    using core = createCore();
    report.note(
      `training on ${count(sample.n)} documents, ${count(sample.data.length / sample.d)} tokens of ${sample.d} dimensions`,
    );
    const start = performance.now();
    const made = await blame('TOKENS', () => makeEncoder(core, sample, { ...options, documents }, report));
    const before = core.bytesUsed();
    using index = await blame('TOKENS', () => train(core, sample, made, options));
    const trainSeconds = (performance.now() - start) / 1000;
    const encodeSeconds = await encode(index, source, documents, own, report);
    report.note(`writing ${out}`);
    const fileBytes = await blame('--out', () => saveMultiVectorIndexFile(out, index));
    const memoryBytes = core.bytesUsed() - before;
    printResult(index, options, made, { trainSeconds, encodeSeconds, fileBytes, memoryBytes }, report);
  });
}

interface OwnDocuments {
  readonly ids: readonly string[] | undefined;
  readonly metadata: readonly (JsonValue | undefined)[] | undefined;
}

function checkCounts({ ids, metadata }: OwnDocuments, documents: number, limit: number): void {
  for (const [name, lines] of [
    ['--ids', ids],
    ['--metadata', metadata],
  ] as const) {
    if (
      lines === undefined ||
      lines.length === documents ||
      (lines.length > documents && documents === limit)
    )
      continue;
    throw new CommandFailure(name, `expected a line for each of ${documents} documents, got ${lines.length}`);
  }
}

/** Documents drawn at random (algorithm R of Vitter 1985), and how many there are. */
async function drawSample(
  source: TokenSetSource,
  { limit = Infinity, seed }: MvBuildOptions,
  report: Reporter,
): Promise<{ sample: TokenSet; documents: number }> {
  const random = new RandomStream(seed, 'mv build/sample');
  const kept: Float32Array[] = [];
  const total = source.n === undefined ? undefined : Math.min(source.n, limit);
  const documents = await report.progress('sample', total, 'documents', async (progress) => {
    let seen = 0;
    for await (const { tokens } of source.batches(BATCH_TOKENS)) {
      const { data, offsets, n, d } = tokens;
      for (let i = 0; i < n && seen < limit; i++, seen++) {
        const at = seen < SAMPLE_DOCUMENTS ? seen : random.nextBelow(seen + 1);
        if (at >= SAMPLE_DOCUMENTS) continue;
        kept[at] = data.slice((offsets[i] as number) * d, (offsets[i + 1] as number) * d);
      }
      progress.update(seen);
      if (seen >= limit) break;
    }
    return seen;
  });
  if (documents === 0) throw new CommandFailure('TOKENS', `${source.path} holds no documents`);
  return { sample: joinTokenSets(kept, source.d), documents };
}

/** What the flags say, else what was measured. */
function fdeCodeOf(
  options: MvBuildOptions,
  { store }: BuiltEncoder,
): { encoding?: FdeEncoding; bits?: number } {
  const encoding = options.fdeEncoding ?? store?.encoding;
  const bits = options.fdeBits ?? (encoding === store?.encoding ? store?.bits : undefined);
  return { ...(encoding !== undefined && { encoding }), ...(bits !== undefined && { bits }) };
}

function train(core: Core, sample: TokenSet, made: BuiltEncoder, options: MvBuildOptions): MultiVectorIndex {
  const { finerFdeEncoding, fdeIndex, tokens, metric, nlist, seed } = options;
  const { degree, efConstruction } = options;
  const { encoder } = made;
  const { encoding: fdeEncoding, bits: fdeBits } = fdeCodeOf(options, made);
  return trainMultiVectorIndex(core, sample, {
    encoder,
    metric,
    fdeIndex,
    indexes: fdeIndexes,
    ...(fdeEncoding !== undefined && { fdeEncoding }),
    ...(fdeBits !== undefined && { fdeBits }),
    ...(degree !== undefined && { degree }),
    ...(efConstruction !== undefined && { efConstruction }),
    ...(finerFdeEncoding !== undefined && { finerFdeEncoding }),
    tokenEncoding: tokens,
    nlist,
    seed,
  });
}

/** @returns seconds of encoding, reading left out */
async function encode(
  index: MultiVectorIndex,
  source: TokenSetSource,
  documents: number,
  own: OwnDocuments,
  report: Reporter,
): Promise<number> {
  let ms = 0;
  await report.progress('encode', documents, 'documents', async (progress) => {
    for await (const { tokens, start, ids, metadata } of source.batches(BATCH_TOKENS)) {
      const n = Math.min(tokens.n, documents - start);
      if (n <= 0) break;
      const set = firstSets(tokens, n);
      const before = performance.now();
      const ownMetadata = own.metadata?.slice(start, start + n) ?? metadata?.slice(0, n);
      const ownIds = own.ids?.slice(start, start + n) ?? ids?.slice(0, n);
      await blame(own.ids === undefined ? 'TOKENS' : '--ids', () =>
        index.add({
          ...(ownIds && { ids: ownIds }),
          tokens: set,
          ...(ownMetadata && { metadata: ownMetadata }),
        }),
      );
      ms += performance.now() - before;
      progress.update(start + n);
    }
  });
  if (index.n !== documents) {
    throw new CommandFailure(
      'TOKENS',
      `${source.path} changed: ${documents} documents at first, ${index.n} later`,
    );
  }
  return ms / 1000;
}

interface Costs {
  readonly trainSeconds: number;
  readonly encodeSeconds: number;
  readonly fileBytes: number;
  /** Of WebAssembly. */
  readonly memoryBytes: number;
}

function printResult(
  index: MultiVectorIndex,
  options: MvBuildOptions,
  made: BuiltEncoder,
  costs: Costs,
  report: Reporter,
): void {
  const { n, d, metric, encoder, stores } = index;
  const tokens = stores.tokens.tokenCount;
  const bytesPerDocument = {
    fdes: stores.fdes.bytesPerDocument,
    finerFdes: stores.finerFdes?.bytesPerDocument ?? 0,
    tokens: (tokens * stores.tokens.bytesPerToken) / n,
    file: costs.fileBytes / n,
    memory: costs.memoryBytes / n,
  };
  const { fdeIndex, tokens: tokenEncoding, seed, out } = options;
  const fdeEncoding = fdeCodeOf(options, made).encoding ?? (fdeIndex === 'scan' ? 'int8' : 'saq');
  const { reason, isEnough } = made;
  report.result(
    {
      file: out,
      n,
      d,
      tokens,
      metric,
      fde: encoder.kind,
      fdeLength: encoder.length,
      fdeEncoding,
      fdeIndex,
      tokenEncoding,
      parameterHash: encoder.parameterHash,
      bytesPerDocument,
      seed,
      ...costs,
      ...(reason !== undefined && { chosen: { reason, isEnough } }),
    },
    fieldLines([
      ['documents', `${count(n)}, ${count(tokens)} tokens of ${d} dimensions, ${metric}`],
      [
        'FDE',
        `${encoder.kind}, ${count(encoder.length)} numbers, ${fdeEncoding}${fdeIndex === 'scan' ? '' : ` in ${fdeIndex === 'graph' ? 'a graph' : 'lists'}`}`,
      ],
      ...(reason === undefined
        ? []
        : [['because', `${reason}; --fde and --fde-encoding override it`] as const]),
      ['tokens', tokenEncoding],
      [
        'bytes a document',
        `${count(Math.round(bytesPerDocument.fdes + bytesPerDocument.finerFdes))} of FDE, ${count(Math.round(bytesPerDocument.tokens))} of tokens (float32: ${count(Math.round((4 * d * tokens) / n))}), ${count(Math.round(bytesPerDocument.file))} of file, ${count(Math.round(bytesPerDocument.memory))} of memory`,
      ],
      ['training', seconds(costs.trainSeconds)],
      [
        'encoding',
        `${seconds(costs.encodeSeconds)}, ${count(Math.round(n / Math.max(costs.encodeSeconds, 1e-9)))} documents/s`,
      ],
      ['file', `${out}, ${count(costs.fileBytes)} bytes, encoder, ids and metadata included`],
    ]),
  );
}
