/** Building flat and IVF indexes: train on a sample, then add everything. */
import {
  type Core,
  checkInteger,
  checkMetric,
  checkOneOf,
  type Metric,
  normalizeRows,
  RandomStream,
  type VectorSet,
  vectorSet,
} from '@sagitta/core-wasm';
import {
  assignToNearest,
  type QuantizerName,
  type QuantizerOptions,
  sampleRows,
  trainKmeans,
  trainQuantizer,
  trainSaq,
} from '@sagitta/quantizers';
import { FloatCodec } from './float-codec.ts';
import { IvfIndex, type IvfParts } from './ivf-index.ts';
import { INDEX_QUANTIZERS, type IndexQuantizer } from './list-codec.ts';
import { QuantizerCodec } from './quantizer-codec.ts';
import { SaqCodec } from './saq-codec.ts';

export interface IndexOptions {
  readonly metric: Metric;
  /** 'saq' (default), 'none' for plain float32, or any name of the quantizer family. */
  readonly quantizer?: IndexQuantizer;
  /** Average code bits a dimension. For 'saq' a multiple of 1/4 from 0.25 to 12, default 4; see QuantizerOptions for others. */
  readonly bits?: number;
  /** What a quantizer other than SAQ has besides: mode, nbits, secondBits, rotate, ratio, clip. */
  readonly quantizerOptions?: Omit<QuantizerOptions, 'name' | 'metric' | 'bits' | 'seed'>;
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

export interface IvfOptions extends IndexOptions {
  /** Lists; √n to 4√n is usual. */
  readonly nlist: number;
  /** k-means rounds. Default 10. */
  readonly iterations?: number;
}

/** Residuals whose mean squares decide how bits are shared out: enough for 2 % of each. */
const RESIDUAL_ROWS = 4096;

/**
 * Trains an empty index on a sample (n × d). Add vectors with index.add.
 * @throws RangeError on options out of range or fewer sample rows than lists
 */
export function trainIndex(
  core: Core,
  sample: VectorSet,
  options: IndexOptions & Partial<IvfOptions>,
): IvfIndex {
  const metric = checkMetric(options.metric);
  const quantizer = checkOneOf('quantizer', options.quantizer ?? 'saq', INDEX_QUANTIZERS);
  const checked = vectorSet(sample.data, sample.d, 'sample');
  const nlist = options.nlist === undefined ? 0 : checkInteger('nlist', options.nlist, 1, 2 ** 20);
  const seed = options.seed ?? 1;
  const { d } = checked;
  const rows = metric === 'cosine' ? { ...checked, data: normalizeRows(checked.data, d) } : checked;
  const centroids =
    nlist === 0
      ? new Float32Array(d)
      : trainKmeans(core, rows, { nlist, seed, iterations: options.iterations ?? 10 }).centroids;
  const trainSize = checkInteger('trainSize', options.trainSize ?? 20_000, 1, 2 ** 32 - 1);
  const training = sampleRows(rows, trainSize, new RandomStream(seed, 'index/sample'));
  const parts = { core, metric, d, kind: nlist === 0 ? 'flat' : 'ivf', centroids } as const;
  const keepVectors = options.keepVectors ?? false;
  if (quantizer === 'none') {
    return new IvfIndex({ ...parts, codec: new FloatCodec(core, d, metric), keepVectors });
  }
  if (quantizer !== 'saq') return trainFamily(parts, training, quantizer, options);
  const { bits = 4, blockSize = 16, objective = 'variance', singleSegment = false } = options;
  const saq = { metric, bits, blockSize, objective, singleSegment, seed };
  if (nlist === 0) {
    const model = trainSaq(core, training, saq);
    // one list around the mean: for l2 that is the centre the model projects about
    return new IvfIndex({ ...parts, centroids: model.mean, codec: new SaqCodec(core, model), keepVectors });
  }
  const some = sampleRows(training, RESIDUAL_ROWS, new RandomStream(seed, 'index/residuals'));
  const model = trainSaq(core, training, { ...saq, residuals: residualsOf(core, some, centroids) });
  return new IvfIndex({ ...parts, codec: new SaqCodec(core, model), keepVectors });
}

/** An index of any quantizer but SAQ. */
function trainFamily(
  parts: Pick<IvfParts, 'core' | 'metric' | 'd' | 'kind' | 'centroids'>,
  training: VectorSet,
  name: QuantizerName,
  options: IndexOptions,
): IvfIndex {
  const { core, metric, kind, centroids } = parts;
  const quantizer = trainQuantizer(
    core,
    training,
    {
      ...options.quantizerOptions,
      name,
      metric,
      seed: options.seed ?? 1,
      ...(options.bits !== undefined && { bits: options.bits }),
    },
    kind === 'ivf' ? residualsOf(core, training, centroids) : undefined,
  );
  const codec = new QuantizerCodec(core, quantizer);
  const keepVectors = options.keepVectors ?? false;
  return new IvfIndex({
    ...parts,
    centroids: kind === 'flat' ? quantizer.origin : centroids,
    codec,
    keepVectors,
  });
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

/** trainIndex on `data` (n × d), then adds all of it. */
export function buildIvf(core: Core, data: Float32Array, d: number, options: IvfOptions): IvfIndex {
  return buildIndex(core, data, d, options);
}

/** One list, every vector scanned. */
export function buildFlat(core: Core, data: Float32Array, d: number, options: IndexOptions): IvfIndex {
  return buildIndex(core, data, d, options);
}

function buildIndex(
  core: Core,
  data: Float32Array,
  d: number,
  options: IndexOptions & Partial<IvfOptions>,
): IvfIndex {
  const index = trainIndex(core, vectorSet(data, d), options);
  try {
    index.add(data);
    index.codec.releaseEncoder();
  } catch (error) {
    index.dispose();
    throw error;
  }
  return index;
}
