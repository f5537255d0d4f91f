/** Building flat and IVF indexes: train on a sample, then add everything. */
import {
  type Core,
  checkCore,
  checkInteger,
  checkMetric,
  checkOneOf,
  checkOptions,
  type Metric,
  making,
  metricSet,
  type OptionTable,
  RandomStream,
  toFloat32Rows,
  UnsupportedError,
  type VectorSet,
  type VectorSetInput,
  type Vectors,
} from '@sagitta/core-wasm';
import {
  assignToNearest,
  CODE_NAMES,
  type CodeName,
  checkQuantizerOptions,
  checkTrainingSample,
  Float32Quantizer,
  type Quantizer,
  type QuantizerOptions,
  SaqQuantizer,
  sampleRows,
  trainKmeans,
  trainQuantizer,
  trainSaq,
} from '@sagitta/quantizers';
import { IvfIndex } from './ivf-index.ts';
import { ListScan } from './list-scan.ts';
import { SecondaryCodes } from './secondary-codes.ts';

export interface IndexOptions {
  readonly metric: Metric;
  /** 'saq' (default), 'none' for plain float32, or any name of the quantizer family. */
  readonly quantizer?: CodeName;
  /** Average code bits a dimension. For 'saq' a multiple of 1/4 from 0.25 to 12, default 4; see QuantizerOptions for others. */
  readonly bits?: number;
  /** What a quantizer other than SAQ has besides: mode, nbits, secondBits, rotate, ratio, clip. */
  readonly quantizerOptions?: Omit<QuantizerOptions, 'name' | 'metric' | 'bits' | 'seed'>;
  /** A second code of every vector, of all its dimensions, with which candidates are scored again. Default none. */
  readonly secondary?: SecondaryOptions;
  /** Segments are multiples of this many dims. Default 16. */
  readonly blockSize?: 16 | 32 | 64;
  readonly objective?: 'absolute' | 'variance';
  /** CAQ: one segment. */
  readonly singleSegment?: boolean;
  readonly seed?: number;
  /** Keep float32 vectors for rerank. Default false. */
  readonly keepVectors?: boolean;
  /** Most vectors to train on. Default 20,000. */
  readonly trainSize?: number;
}

/** Any quantizer, also 'none': float32. For 'saq' bits default to 8. */
export interface SecondaryOptions {
  readonly quantizer: CodeName;
  readonly bits?: number;
  readonly quantizerOptions?: IndexOptions['quantizerOptions'];
}

export interface IvfOptions extends IndexOptions {
  /** Lists; √n, the default, to 4√n is usual. */
  readonly nlist?: number;
  /** k-means rounds. Default 10. */
  readonly iterations?: number;
}

/** Options of an index that is of SAQ codes: flat, or IVF where nlist is given. */
export interface SaqIndexOptions
  extends Omit<IndexOptions, 'quantizer' | 'quantizerOptions' | 'secondary'>,
    Partial<Pick<IvfOptions, 'nlist' | 'iterations'>> {}

/** Trains codes of a quantizer other than SAQ. An argument, so that an app of SAQ alone does not carry the others. */
type FamilyTrainer = (
  core: Core,
  training: VectorSet,
  options: QuantizerOptions,
  residuals: Float32Array | undefined,
) => Quantizer;

const SAQ_TABLE: OptionTable<Pick<IndexOptions, 'blockSize' | 'objective' | 'singleSegment'>> = {
  blockSize: 'number',
  objective: 'string',
  singleSegment: 'boolean',
};
const ANY_TABLE = {
  metric: 'string',
  bits: 'number',
  seed: 'number',
  keepVectors: 'boolean',
  trainSize: 'number',
} as const;
/** Options of every index of rows. */
export const FLAT_OPTIONS: OptionTable<IndexOptions> = {
  ...ANY_TABLE,
  ...SAQ_TABLE,
  quantizer: 'string',
  quantizerOptions: 'any',
  secondary: 'any',
};
/** Options of lists. */
export const LIST_OPTIONS = { nlist: 'number', iterations: 'number' } as const;
const IVF_TABLE: OptionTable<IvfOptions> = { ...FLAT_OPTIONS, ...LIST_OPTIONS };
const SAQ_INDEX_TABLE: OptionTable<SaqIndexOptions> = { ...ANY_TABLE, ...SAQ_TABLE, ...LIST_OPTIONS };
const SECONDARY_TABLE: OptionTable<SecondaryOptions> = {
  quantizer: 'string',
  bits: 'number',
  quantizerOptions: 'any',
};

const SECONDARY_BITS = 8;
/** Residuals whose mean squares decide how bits are shared out: enough for 2 % of each. */
const RESIDUAL_ROWS = 4096;

/**
 * Trains an empty index on a sample (n × d). Add vectors with index.add.
 * @throws RangeError on options out of range, fewer sample rows than lists or, for 'l2' and 'ip', vectors longer than 2^56 or
 * all shorter than 2^-56; TypeError on a sample that holds no numbers
 */
export function trainIndex(
  core: Core,
  sample: VectorSetInput,
  options: IndexOptions & Partial<IvfOptions>,
): IvfIndex {
  checkCore(core);
  checkOptions('options', options, IVF_TABLE);
  return trainWith(trainQuantizer, core, sample, options, 'sample');
}

/** label — what the caller calls the sample. */
function trainWith(
  family: FamilyTrainer,
  core: Core,
  sample: VectorSetInput,
  options: IndexOptions & Partial<IvfOptions>,
  label: string,
): IvfIndex {
  const metric = checkMetric(options.metric);
  checkCompression(options);
  const rows = metricSet(metric, sample.data, sample.d, label, { isSample: true });
  checkSample(label, rows, options);
  const nlist = options.nlist === undefined ? 0 : checkInteger('nlist', options.nlist, 1, 2 ** 20);
  const seed = options.seed ?? 1;
  const { d } = rows;
  const centroids =
    nlist === 0
      ? new Float32Array(d)
      : trainKmeans(core, rows, { nlist, seed, iterations: options.iterations ?? 10 }).centroids;
  const trainSize = checkInteger('trainSize', options.trainSize ?? 20_000, 1, 2 ** 32 - 1);
  const training = sampleRows(rows, trainSize, new RandomStream(seed, 'index/sample'));
  const keepVectors = options.keepVectors ?? false;
  const common = { core, metric, d, kind: nlist === 0 ? 'flat' : 'ivf', keepVectors } as const;
  return making((own) => {
    const secondary =
      options.secondary && own(trainSecondary(family, core, training, metric, options.secondary, seed));
    const primary = trainPrimary(family, core, training, nlist === 0 ? undefined : centroids, options);
    const codec = own(new ListScan(core, primary));
    const parts = { ...common, codec, centroids: nlist === 0 ? primary.origin : centroids };
    return new IvfIndex(secondary ? { ...parts, secondary } : parts);
  });
}

/** An option that the quantizer does not have is as unknown as any other. @throws TypeError, RangeError */
export function checkCompression(options: IndexOptions): void {
  const quantizer = checkOneOf('quantizer', options.quantizer ?? 'saq', CODE_NAMES);
  checkOwnOptions('quantizerOptions', quantizer, options.bits, options.quantizerOptions);
  for (const name of Object.keys(SAQ_TABLE)) {
    if (quantizer !== 'saq' && name in options) {
      throw new RangeError(
        `"options" expected "${name}" with the quantizer saq alone, got it with ${quantizer}`,
      );
    }
  }
  const { secondary } = options;
  if (secondary === undefined) return;
  checkOptions('secondary', secondary, SECONDARY_TABLE);
  const second = checkOneOf('secondary.quantizer', secondary.quantizer, CODE_NAMES);
  checkOwnOptions('secondary.quantizerOptions', second, secondary.bits, secondary.quantizerOptions);
}

function checkOwnOptions(
  label: string,
  quantizer: CodeName,
  bits: number | undefined,
  own: IndexOptions['quantizerOptions'] = {},
): void {
  if (quantizer !== 'none' && quantizer !== 'saq') {
    checkQuantizerOptions(label, quantizer, own);
    return;
  }
  checkOptions(label, own, {} as OptionTable<typeof own>);
  if (quantizer === 'none' && bits !== undefined && bits !== 32) {
    throw new RangeError(`"bits" expected 32 with the quantizer none, which is float32, got ${bits}`);
  }
}

/** What is learned needs vectors; a flat index of float32 learns nothing. */
function checkSample(label: string, sample: VectorSet, options: IndexOptions & Partial<IvfOptions>): void {
  const { quantizer = 'saq', bits, quantizerOptions, secondary, nlist } = options;
  if (sample.n === 0 && (quantizer !== 'none' || nlist !== undefined)) {
    throw new RangeError(
      `"${label}" expected at least 1 vector to train on, got 0: train on a sample, then add`,
    );
  }
  for (const coded of [{ quantizer, bits, quantizerOptions }, secondary]) {
    if (coded === undefined || coded.quantizer === 'none' || coded.quantizer === 'saq') continue;
    const asked = { ...coded.quantizerOptions, ...(coded.bits !== undefined && { bits: coded.bits }) };
    checkTrainingSample(label, sample, coded.quantizer, asked);
  }
}

/** The codes of the lists. centroids — undefined for a flat index. */
function trainPrimary(
  family: FamilyTrainer,
  core: Core,
  training: VectorSet,
  centroids: Float32Array | undefined,
  options: IndexOptions,
): Quantizer {
  const { metric, seed = 1, quantizer = 'saq' } = options;
  if (quantizer === 'none') return new Float32Quantizer(training.d, metric);
  if (quantizer !== 'saq') {
    const { bits, quantizerOptions } = options;
    const wanted = {
      ...quantizerOptions,
      name: quantizer,
      metric,
      seed,
      ...(bits !== undefined && { bits }),
    };
    return family(core, training, wanted, centroids && residualsOf(core, training, centroids));
  }
  const { bits = 4, blockSize = 16, objective = 'variance', singleSegment = false } = options;
  const saq = { metric, bits, blockSize, objective, singleSegment, seed };
  if (!centroids) return new SaqQuantizer(trainSaq(core, training, saq));
  const some = sampleRows(training, RESIDUAL_ROWS, new RandomStream(seed, 'index/residuals'));
  const residuals = residualsOf(core, some, centroids);
  return new SaqQuantizer(trainSaq(core, training, { ...saq, residuals }));
}

function trainSecondary(
  family: FamilyTrainer,
  core: Core,
  training: VectorSet,
  metric: Metric,
  options: SecondaryOptions,
  seed: number,
): SecondaryCodes {
  const { quantizer: name, bits, quantizerOptions } = options;
  const make = (): Quantizer => {
    if (name === 'none') return new Float32Quantizer(training.d, metric);
    if (name === 'saq') {
      return new SaqQuantizer(trainSaq(core, training, { metric, bits: bits ?? SECONDARY_BITS, seed }));
    }
    const wanted = { ...quantizerOptions, name, metric, seed, ...(bits !== undefined && { bits }) };
    return family(core, training, wanted, undefined);
  };
  const quantizer = make();
  return making(
    (own) => new SecondaryCodes(core, metric, own(new ListScan(core, quantizer)), quantizer.origin),
  );
}

function residualsOf(core: Core, x: VectorSet, centroids: Float32Array): Float32Array {
  const { data, n, d } = x;
  const { ids: lists } = assignToNearest(core, x, centroids);
  const out = new Float32Array(n * d);
  for (let i = 0; i < n; i++) {
    const at = (lists[i] as number) * d;
    for (let j = 0; j < d; j++) out[i * d + j] = (data[i * d + j] as number) - (centroids[at + j] as number);
  }
  return out;
}

/**
 * trainIndex on `data` (n × d numbers or n arrays of d), in √n lists unless told otherwise, then adds all of it.
 * @throws as trainIndex and IvfIndex.add do
 */
export function buildIvf(core: Core, data: Vectors, d: number, options: IvfOptions): IvfIndex {
  checkCore(core);
  checkOptions('options', options, IVF_TABLE);
  return buildWith(trainQuantizer, core, data, d, options, true);
}

/** One list, every vector scanned; data, d and errors as for buildIvf. */
export function buildFlat(core: Core, data: Vectors, d: number, options: IndexOptions): IvfIndex {
  checkCore(core);
  checkOptions('options', options, FLAT_OPTIONS);
  return buildWith(trainQuantizer, core, data, d, options);
}

/**
 * buildFlat, or buildIvf where nlist is given, of SAQ codes: the same index in 11 kB less of a bundle, since the other
 * quantizers are not in reach.
 */
export function buildSaqIndex(core: Core, data: Vectors, d: number, options: SaqIndexOptions): IvfIndex {
  checkCore(core);
  checkOptions('options', options, SAQ_INDEX_TABLE);
  return buildWith(refuse, core, data, d, { ...options, quantizer: 'saq' });
}

function refuse(...[, , { name }]: Parameters<FamilyTrainer>): never {
  throw new UnsupportedError(`"quantizer" expected saq, got ${name}`);
}

/** Trains on everything and adds it; the index is disposed where that fails. inLists — √n lists where nlist is not given. */
function buildWith(
  family: FamilyTrainer,
  core: Core,
  given: Vectors,
  d: number,
  options: IndexOptions & Partial<IvfOptions>,
  inLists = false,
): IvfIndex {
  const data = toFloat32Rows('data', given, d);
  const nlist = options.nlist ?? (inLists ? Math.max(1, Math.round(Math.sqrt(data.length / d))) : undefined);
  return making((own) => {
    const index = own(
      trainWith(family, core, { data, d }, nlist === undefined ? options : { ...options, nlist }, 'data'),
    );
    index.add(data);
    index.releaseEncoders();
    return index;
  });
}
