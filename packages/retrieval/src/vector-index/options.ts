/** What a vector index is asked to become: codes and lists, and when. */
import {
  checkInteger,
  checkMetric,
  checkNumber,
  checkOneOf,
  checkOptions,
  MAX_DIMENSION,
  type Metric,
  type OptionTable,
} from '@sagitta/core-wasm';
import { fewestVectors } from '@sagitta/quantizers';
import { checkCompression, FLAT_OPTIONS, type IndexOptions, LIST_OPTIONS } from '../ivf/build.ts';

export const INDEX_KINDS = ['auto', 'flat', 'ivf'] as const;

/** Says what a vector index holds and what it is to become when it is trained. */
export interface VectorIndexOptions<S extends Metric = Metric> extends Omit<IndexOptions, 'metric'> {
  /** Dimensions of a vector. */
  readonly d: number;
  readonly metric: S;
  /** 'flat': every vector is scanned. 'ivf': lists by centroid. 'auto' (default) takes what chooseIndex says when training. */
  readonly index?: (typeof INDEX_KINDS)[number];
  /** Lists of 'ivf'. Default: √n when training. */
  readonly nlist?: number;
  /** k-means rounds. Default 10. */
  readonly iterations?: number;
  /**
   * Vectors at which the index trains its codes by itself; until then vectors are float32 and searched exactly. Default:
   * 4,096, and more where the codes need more (4·d dimensions for 'saq', 32 a list). Infinity: when train() is called.
   */
  readonly trainAt?: number;
  /** Share of dead rows that starts a compaction. Default 0.25; 1: never by itself. */
  readonly compactAt?: number;
  /** Dotted paths of metadata that filters name often: a structure beside each makes them fast. */
  readonly indexed?: readonly string[];
}

const OWN = {
  d: 'number',
  index: 'string',
  trainAt: 'number',
  compactAt: 'number',
  indexed: 'any',
} as const;
const OPTIONS: OptionTable<VectorIndexOptions> = { ...FLAT_OPTIONS, ...LIST_OPTIONS, ...OWN };

const LEAST_TRAINED = 4096;
const COMPACT_AT = 0.25;

/** Checked options with their defaults. */
export interface VectorPlan extends VectorIndexOptions {
  readonly index: (typeof INDEX_KINDS)[number];
  readonly trainAt: number;
  readonly compactAt: number;
  readonly indexed: readonly string[];
}

/**
 * Checks options and fills in the defaults. isSaved — of a file: then indexed stands elsewhere.
 * @throws TypeError, RangeError naming the option
 */
export function planOf(options: VectorIndexOptions): VectorPlan {
  checkOptions('options', options, OPTIONS);
  const d = checkInteger('d', options.d, 1, MAX_DIMENSION);
  const metric = checkMetric(options.metric);
  const index = checkOneOf('index', options.index ?? 'auto', INDEX_KINDS);
  checkCompression({ ...options, metric });
  if (options.quantizerOptions?.queries !== undefined) {
    throw new RangeError('"quantizerOptions" expected options that a file can hold, got "queries"');
  }
  if (options.nlist !== undefined) {
    checkInteger('nlist', options.nlist, 1, 2 ** 20);
    if (index !== 'ivf') throw new RangeError(`"nlist" expected index: 'ivf' beside it, got ${index}`);
  }
  const compactAt = checkNumber('compactAt', options.compactAt ?? COMPACT_AT, 0.01, 1);
  const { trainAt = defaultTrainAt({ ...options, d }) } = options;
  if (trainAt !== Number.POSITIVE_INFINITY) checkInteger('trainAt', trainAt, 1, 2 ** 32 - 1);
  return { ...options, d, metric, index, trainAt, compactAt, indexed: options.indexed ?? [] };
}

function defaultTrainAt({ d, quantizer = 'saq', bits, quantizerOptions, nlist }: VectorIndexOptions): number {
  if (quantizer === 'none' && nlist === undefined) return Number.POSITIVE_INFINITY;
  const needs =
    quantizer === 'none'
      ? 1
      : quantizer === 'saq'
        ? 4 * d
        : fewestVectors(quantizer, d, { ...quantizerOptions, ...(bits !== undefined && { bits }) });
  return Math.max(LEAST_TRAINED, needs, 32 * (nlist ?? 0));
}
