/**
 * Building an index with quantizers that are given as values: train on a sample, then add everything. Nothing here knows a
 * quantizer by name, so an app carries those that it imports.
 */
import {
  type Core,
  checkCore,
  checkInteger,
  checkMetric,
  checkOptions,
  type Metric,
  making,
  metricSet,
  type OptionTable,
  RandomStream,
  toFloat32Rows,
  type VectorSet,
  type VectorSetInput,
  type Vectors,
} from '@sagitta/core-wasm';
import {
  assignToNearest,
  type Quantizer,
  type QuantizerChoice,
  sampleRows,
  trainKmeans,
} from '@sagitta/quantizers';
import { checkChoice, checkTrainingSample, type TrainingContext } from '@sagitta/quantizers/internal';
import { ListScan } from '../columns/list-scan.ts';
import { SecondaryCodes } from '../columns/secondary-codes.ts';
import type { GraphChoice } from '../graph/graph-method.ts';
import { CodeLists } from '../lists/code-lists.ts';
import { IvfIndex } from './ivf-index.ts';

/** Options that have nothing to do with the quantizer. */
export interface CommonIndexOptions {
  readonly metric: Metric;
  readonly seed?: number;
  /** Keep float32 vectors for rerank. Default false. */
  readonly keepVectors?: boolean;
  /** Most vectors to train on. Default 20,000. */
  readonly trainSize?: number;
}

/** Options of lists. */
export interface ListOptions {
  /** Lists; √n to 4√n is usual. */
  readonly nlist?: number;
  /** k-means rounds. Default 10. */
  readonly iterations?: number;
}

/** Says how an index is built, with quantizers as values. */
export interface MethodIndexOptions extends CommonIndexOptions, ListOptions {
  /** A method with its options, such as `saq({ bits: 4 })`. */
  readonly quantizer: QuantizerChoice;
  /** A second code of every vector, of all its dimensions, with which candidates are scored again. Default none. */
  readonly secondary?: QuantizerChoice;
  /** A neighbour graph instead of lists, such as `graph({ degree: 32 })`. */
  readonly graph?: GraphChoice;
}

export const COMMON_OPTIONS: OptionTable<CommonIndexOptions> = {
  metric: 'string',
  seed: 'number',
  keepVectors: 'boolean',
  trainSize: 'number',
};
export const LIST_OPTIONS: OptionTable<ListOptions> = { nlist: 'number', iterations: 'number' };
const METHOD_OPTIONS: OptionTable<MethodIndexOptions> = {
  ...COMMON_OPTIONS,
  ...LIST_OPTIONS,
  quantizer: 'any',
  secondary: 'any',
  graph: 'any',
};
/** What a method has among its own options, where it is given as a value. */
const BELONGS_TO_METHOD = ['bits', 'quantizerOptions', 'blockSize', 'objective', 'singleSegment'];

/**
 * Checks options with quantizers as values. hasLists — nlist and iterations are among them.
 * @throws TypeError, RangeError
 */
export function checkMethodOptions(options: MethodIndexOptions, hasLists = true): MethodIndexOptions {
  for (const name of BELONGS_TO_METHOD) {
    if (typeof options === 'object' && options !== null && name in options) {
      throw new RangeError(
        `"options" expected "${name}" among the options of the method, as in saq({ bits: 4 }), got it beside`,
      );
    }
  }
  const { nlist: _nlist, iterations: _iterations, graph: _graph, ...flat } = METHOD_OPTIONS;
  checkOptions('options', options, (hasLists ? METHOD_OPTIONS : flat) as OptionTable<MethodIndexOptions>);
  checkMetric(options.metric);
  checkGraph(options);
  checkChoice('quantizer', options.quantizer);
  if (options.secondary !== undefined) checkChoice('secondary', options.secondary);
  return options;
}

/** Lists or a graph. @throws TypeError, RangeError */
export function checkGraph({ graph, nlist, iterations }: MethodIndexOptions): void {
  if (graph === undefined) return;
  if (graph?.method?.name !== 'graph' || typeof graph.options !== 'object') {
    throw new TypeError(`"graph" expected what graph() gives, got ${typeof graph}`);
  }
  for (const [name, value] of Object.entries({ nlist, iterations })) {
    if (value !== undefined) {
      throw new RangeError(`"${name}" expected none beside a graph, which has no lists, got ${value}`);
    }
  }
}

/**
 * Builds an index of `data` (n × d numbers or n arrays of d): lists where nlist is given, a neighbour
 * graph where graph is, otherwise flat. What is imported
 * is what an app carries: with `saq({ bits: 4 })` no other quantizer. The caller disposes the index.
 * @example
 * import { saq } from '@sagitta/quantizers';
 * const index = buildIndex(core, vectors, 384, { metric: 'cosine', quantizer: saq({ bits: 4 }) });
 * @throws as trainIndex and IvfIndex.add do
 */
export function buildIndex(core: Core, data: Vectors, d: number, options: MethodIndexOptions): IvfIndex {
  checkCore(core);
  return buildChecked(core, data, d, checkMethodOptions(options));
}

/** Trains on everything and adds it; the index is disposed where that fails. options — checked; isIvf — √n lists by default. */
export function buildChecked(
  core: Core,
  given: Vectors,
  d: number,
  options: MethodIndexOptions,
  isIvf = false,
): IvfIndex {
  const data = toFloat32Rows('data', given, d);
  const isListed = isIvf && options.graph === undefined;
  const nlist = options.nlist ?? (isListed ? Math.max(1, Math.round(Math.sqrt(data.length / d))) : undefined);
  const lists = nlist === undefined ? options : { ...options, nlist };
  return making((own) => {
    const index = own(trainChecked(core, { data, d }, lists, 'data'));
    index.add(data);
    index.releaseEncoders();
    return index;
  });
}

/** Trains an empty index. options — checked; label — what the caller calls the sample. */
export function trainChecked(
  core: Core,
  sample: VectorSetInput,
  options: MethodIndexOptions,
  label: string,
): IvfIndex {
  const { metric, secondary: second } = options;
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
  const kind = options.graph ? 'graph' : nlist === 0 ? 'flat' : 'ivf';
  const common = { core, metric, d, kind, keepVectors } as const;
  const train = ({ method, options: own }: QuantizerChoice, context: TrainingContext): Quantizer =>
    method.train(core, training, own, context);
  return making((own) => {
    const secondary = second && own(secondaryOf(core, train(second, { metric, seed })));
    const primary = train(options.quantizer, {
      metric,
      seed,
      ...(nlist > 0 && { residuals: (most) => residualsOf(core, training, centroids, seed, most) }),
    });
    const codec = own(new ListScan(core, primary));
    const origins = nlist === 0 ? primary.origin : centroids;
    const codes = own(
      options.graph
        ? options.graph.method.create(core, { metric, origin: origins, codec }, options.graph.options, seed)
        : new CodeLists(core, { metric, centroids: origins, codec }),
    );
    const parts = { ...common, codes, centroids: origins };
    return new IvfIndex(secondary ? { ...parts, secondary } : parts);
  });
}

/** What is learned needs vectors; a flat index of float32 learns nothing. */
function checkSample(label: string, sample: VectorSet, options: MethodIndexOptions): void {
  const { quantizer, secondary, nlist } = options;
  const fewest = quantizer.method.fewestVectors(sample.d, quantizer.options);
  if (sample.n === 0 && (fewest > 0 || nlist !== undefined)) {
    throw new RangeError(
      `"${label}" expected at least 1 vector to train on, got 0: train on a sample, then add`,
    );
  }
  checkTrainingSample(label, sample, quantizer);
  if (secondary) checkTrainingSample(label, sample, secondary);
}

/** Empty secondary codes of a quantizer. */
export function secondaryOf(core: Core, quantizer: Quantizer): SecondaryCodes {
  const { metric, origin } = quantizer;
  return making((own) => new SecondaryCodes(core, metric, own(new ListScan(core, quantizer)), origin));
}

/** Residuals of the vectors, or of `most` of them. */
function residualsOf(
  core: Core,
  training: VectorSet,
  centroids: Float32Array,
  seed: number,
  most = training.n,
): Float32Array {
  const some = sampleRows(training, most, new RandomStream(seed, 'index/residuals'));
  const { data, n, d } = some;
  const { ids: lists } = assignToNearest(core, some, centroids);
  const out = new Float32Array(n * d);
  for (let i = 0; i < n; i++) {
    const at = (lists[i] as number) * d;
    for (let j = 0; j < d; j++) out[i * d + j] = (data[i * d + j] as number) - (centroids[at + j] as number);
  }
  return out;
}
