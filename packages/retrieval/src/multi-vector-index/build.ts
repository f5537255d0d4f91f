/** Making an index: stores of the encodings asked for, trained on a sample where they learn, then documents added. */
import {
  boundedTokenSet,
  type Core,
  checkCore,
  checkInteger,
  checkOneOf,
  checkOptions,
  MAX_DIMENSION,
  making,
  normalizeRows,
  type OptionTable,
  RandomStream,
  type TokenSet,
  type TokenSetInput,
  tokenSet,
} from '@sagitta/core-wasm';
import { sampleIndices } from '@sagitta/quantizers/training';
import { createTokenStore, TOKEN_METRICS, type TokenEncoding, type TokenMetric } from '../maxsim/index.ts';
import {
  createFdeStore,
  type FdeEncoder,
  type FdeEncoding,
  MuveraFde,
  muveraPreset,
} from '../muvera/index.ts';
import type { JsonValue } from '../records/json.ts';
import { Records } from '../records/records.ts';
import type { Clock } from '../search/statistics.ts';
import type { MultiVectorDocuments } from './documents.ts';
import { FdeIndex, type FdeIndexKind } from './fde-index.ts';
import { checkFdeIndex, type FdeIndexMethod, needsIndexes } from './fde-index-options.ts';
import { MultiVectorIndex } from './multi-vector-index.ts';

/** How an index holds FDEs, tokens and metadata. */
export interface MultiVectorOptions {
  /** Makes the FDEs: a MuveraFde or a LearnedFde. Default: the paper's encoding at 2,560 numbers (320·d for d up to 8). */
  readonly encoder?: FdeEncoder;
  /** 'cosine' (default) scales tokens of documents and queries to length 1; 'ip' takes them as they are. */
  readonly metric?: TokenMetric;
  /** How FDEs are held for the scan. Default 'int8'. */
  readonly fdeEncoding?: FdeEncoding;
  /** A second copy of the FDEs, finer, for a rescoring between the scan and MaxSim. Default: none. */
  readonly finerFdeEncoding?: FdeEncoding;
  /** How tokens are held for MaxSim. Default 'int8'. */
  readonly tokenEncoding?: TokenEncoding;
  /** A second copy of the tokens, finer, from which the last few are scored. Default: none. */
  readonly finerTokenEncoding?: TokenEncoding;
  /** Code bits a number of 'saq' FDEs, and a dimension of 'saq' and 'rabitq' tokens. Default 4. */
  readonly fdeBits?: number;
  readonly tokenBits?: number;
  /**
   * What finds documents by their FDEs: 'scan' reads every code (default); 'lists' and 'graph' hold 'saq' codes in an index of
   * their own, for collections of tens of thousands and more: they read few of the codes and find a little less. They want
   * `indexes: fdeIndexes`.
   */
  readonly fdeIndex?: FdeIndexKind;
  /** How many lists, of which a search visits some; says fdeIndex: 'lists' too. Default none. */
  readonly nlist?: number;
  /** Edges of a document in the graph, and width of the search that finds them. Defaults 32 and 100. */
  readonly degree?: number;
  readonly efConstruction?: number;
  /** What makes lists and graphs of FDEs: fdeIndexes, so that only an app that imports it carries them. */
  readonly indexes?: FdeIndexMethod;
  /** Documents whose FDEs train lists and codes, at most. Default 2,048 and 16 a list, or 64 MiB of FDEs if that is less. */
  readonly trainSize?: number;
  readonly seed?: number;
  /** Share of dead slots at which the index compacts itself, put off where there is no memory for it. Default ¼; 1: never. */
  readonly compactAt?: number;
  /** Paths of metadata that filters name often, e.g. ['folder', 'mtime']: equality and ranges of these scan nothing. */
  readonly indexed?: readonly string[];
  /** Times stages for statistics, e.g. () => performance.now(). */
  readonly clock?: Clock;
}

/** Options of an index that starts empty. */
export interface CreateMultiVectorOptions extends MultiVectorOptions {
  /** Dimensions of a token. */
  readonly d: number;
}

export const MULTI_VECTOR_OPTIONS: OptionTable<MultiVectorOptions> = {
  encoder: 'any',
  metric: 'string',
  fdeEncoding: 'string',
  finerFdeEncoding: 'string',
  tokenEncoding: 'string',
  finerTokenEncoding: 'string',
  fdeBits: 'number',
  tokenBits: 'number',
  nlist: 'number',
  fdeIndex: 'string',
  indexes: 'any',
  degree: 'number',
  efConstruction: 'number',
  trainSize: 'number',
  seed: 'number',
  compactAt: 'number',
  indexed: 'any',
  clock: 'function',
};

const DEFAULT_FDE_LENGTH = 2560;
const DEFAULT_TRAIN_SIZE = 2048;
const ROWS_PER_LIST = 16;
const TRAIN_BYTES = 64 << 20;

/**
 * Makes an empty index. sample — documents like those to come: lists and 'pq256x8' codes are trained on their FDEs,
 * other codes take the mean of them out. The encoder is made, and trained where it learns, by the caller.
 * @throws TypeError, RangeError on options out of range or fewer sample documents than lists
 */
export function trainMultiVectorIndex<M = JsonValue>(
  core: Core,
  sample: TokenSetInput,
  options: MultiVectorOptions = {},
): MultiVectorIndex<M> {
  checkCore(core);
  checkOptions('options', options, MULTI_VECTOR_OPTIONS);
  return trainWith<M>(core, sample, options, 'sample');
}

/** label — what the caller calls the sample. */
function trainWith<M>(
  core: Core,
  sample: TokenSetInput,
  options: MultiVectorOptions,
  label: string,
): MultiVectorIndex<M> {
  const records = new Records<M>(options.indexed && { indexed: options.indexed });
  const metric = checkOneOf('metric', options.metric ?? 'cosine', TOKEN_METRICS);
  const given =
    metric === 'cosine'
      ? tokenSet(sample.data, sample.offsets, sample.d, label)
      : boundedTokenSet(sample.data, sample.offsets, sample.d, label, { isSample: true });
  const encoder = options.encoder ?? defaultEncoder(given.d);
  if (encoder.d !== given.d) throw new RangeError(`"${label}" expected d = ${encoder.d}, got ${given.d}`);
  const nlist = checkInteger('nlist', options.nlist ?? 0, 0, 2 ** 20);
  const seed = checkInteger('seed', options.seed ?? 1, 0, 2 ** 32 - 1);
  const fdeIndex = checkFdeIndex(options, nlist);
  const method =
    fdeIndex && needsIndexes(options.fdeIndex === undefined ? 'nlist' : 'fdeIndex', options.indexes);
  const { fdeEncoding = 'int8', finerFdeEncoding, tokenEncoding = 'int8', finerTokenEncoding } = options;
  const learns = fdeIndex || fdeEncoding !== 'float32' || (finerFdeEncoding ?? 'float32') !== 'float32';
  const usual = Math.max(DEFAULT_TRAIN_SIZE, ROWS_PER_LIST * nlist);
  const trainSize = checkInteger('trainSize', options.trainSize ?? usual, 1, 2 ** 24);
  const fdes = learns ? sampleFdes(core, given, encoder, metric, trainSize, seed) : undefined;
  return making((own) => {
    const fdeStore = (encoding: FdeEncoding) =>
      own(
        createFdeStore(core, {
          encoding,
          length: encoder.length,
          blockLength: encoder.blockLength,
          seed,
          ...(options.fdeBits !== undefined && encoding === 'saq' && { bits: options.fdeBits }),
          ...(fdes && fdes.length > 0 && encoding !== 'float32' && { sample: fdes }),
        }),
      );
    const tokenStore = (encoding: TokenEncoding) =>
      own(
        createTokenStore(core, {
          encoding,
          d: encoder.d,
          metric,
          seed,
          ...(options.tokenBits !== undefined &&
            (encoding === 'saq' || encoding === 'rabitq') && { bits: options.tokenBits }),
        }),
      );
    const { length } = encoder;
    const stores = {
      fdes:
        fdeIndex && method
          ? own(method.train(core, fdes ?? new Float32Array(0), length, { ...fdeIndex, seed }))
          : fdeStore(fdeEncoding),
      ...(finerFdeEncoding && { finerFdes: fdeStore(finerFdeEncoding) }),
      tokens: tokenStore(tokenEncoding),
      ...(finerTokenEncoding && { finerTokens: tokenStore(finerTokenEncoding) }),
    };
    return new MultiVectorIndex<M>({
      core,
      metric,
      encoder,
      stores,
      records,
      ...(options.compactAt !== undefined && { compactAt: options.compactAt }),
      ...(options.clock && { clock: options.clock }),
    });
  });
}

/**
 * An empty index of d-dimensional tokens, to be filled and searched at once: nothing is learned, so it starts without a
 * sample. trainMultiVectorIndex, on a sample, makes codes that centre on it, lists, and 'pq256x8'; an encoder of one's own
 * may have learned before.
 * @throws TypeError, RangeError on options out of range, and on those that want a sample
 */
export function createMultiVectorIndex<M = JsonValue>(
  core: Core,
  options: CreateMultiVectorOptions,
): MultiVectorIndex<M> {
  checkCore(core);
  checkOptions('options', options, { ...MULTI_VECTOR_OPTIONS, d: 'number' });
  const { d, ...rest } = options;
  checkInteger('d', d, 1, MAX_DIMENSION);
  for (const name of ['fdeEncoding', 'finerFdeEncoding'] as const) {
    if (rest[name] !== 'pq256x8') continue;
    throw new RangeError(
      `"${name}" expected an encoding that learns nothing, got 'pq256x8': trainMultiVectorIndex learns it from a sample`,
    );
  }
  if (rest.fdeIndex !== undefined && rest.fdeIndex !== 'scan') {
    throw new RangeError(
      `"fdeIndex" expected 'scan', got '${rest.fdeIndex}': trainMultiVectorIndex learns an index from a sample`,
    );
  }
  if (rest.nlist !== undefined && rest.nlist !== 0) {
    throw new RangeError(
      `"nlist" expected 0, got ${rest.nlist}: trainMultiVectorIndex learns lists from a sample`,
    );
  }
  return trainWith<M>(core, { data: new Float32Array(0), offsets: Uint32Array.of(0), d }, rest, 'options');
}

/**
 * Makes an index of documents that are there: trainMultiVectorIndex on the documents themselves, then all of them
 * added.
 */
export function buildMultiVectorIndex<M = JsonValue>(
  core: Core,
  documents: MultiVectorDocuments<M>,
  options: MultiVectorOptions = {},
): MultiVectorIndex<M> {
  checkCore(core);
  checkOptions('options', options, MULTI_VECTOR_OPTIONS);
  const { data, offsets, d } = documents.tokens;
  const tokens = tokenSet(data, offsets, d);
  return making((own) => {
    const index = own(trainWith<M>(core, tokens, options, 'tokens'));
    index.add({ ...documents, tokens });
    const { fdes } = index.stores;
    if (fdes instanceof FdeIndex) fdes.releaseEncoders();
    return index;
  });
}

/** The preset as it is, with no inner projection where tokens have fewer dimensions than it projects to. */
export function defaultEncoder(d: number): MuveraFde {
  const { projectionDimension, ...preset } = muveraPreset(DEFAULT_FDE_LENGTH, d);
  return new MuveraFde(
    projectionDimension !== undefined && projectionDimension < d
      ? { ...preset, projectionDimension }
      : preset,
  );
}

/** FDEs of some documents with tokens, n × length. */
function sampleFdes(
  core: Core,
  sample: TokenSet,
  encoder: FdeEncoder,
  metric: TokenMetric,
  trainSize: number,
  seed: number,
): Float32Array {
  const { data, offsets, d } = sample;
  const filled = Uint32Array.from({ length: sample.n }, (_, i) => i).filter(
    (i) => (offsets[i + 1] as number) > (offsets[i] as number),
  );
  const most = Math.min(trainSize, Math.max(1, Math.floor(TRAIN_BYTES / (4 * encoder.length))));
  const chosen =
    filled.length <= most
      ? filled
      : sampleIndices(filled.length, most, new RandomStream(seed, 'multi-vector/sample')).map(
          (at) => filled[at] as number,
        );
  using session = encoder.createSession(core);
  const out = new Float32Array(chosen.length * encoder.length);
  for (const [i, document] of chosen.entries()) {
    const rows = data.subarray((offsets[document] as number) * d, (offsets[document + 1] as number) * d);
    const unit = metric === 'cosine' ? normalizeRows(rows, d) : rows;
    const one = { data: unit, offsets: Uint32Array.of(0, rows.length / d), n: 1, d };
    session.encodeDocuments(one, out.subarray(i * encoder.length, (i + 1) * encoder.length));
  }
  return out;
}
