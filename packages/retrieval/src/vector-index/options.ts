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
import { fewestVectors, type QuantizerChoice } from '@sagitta/quantizers';
import { checkChoice, quantizerNamed } from '@sagitta/quantizers/internal';
import { GRAPH_OPTIONS, type GraphOptions, graphPlan } from '../graph/graph-options.ts';
import {
  checkCompression,
  FLAT_OPTIONS,
  type IndexOptions,
  LIST_OPTIONS,
  type SecondaryOptions,
} from '../ivf/build.ts';

export const INDEX_KINDS = ['auto', 'flat', 'ivf', 'graph'] as const;

/** Says what a vector index holds and what it is to become when it is trained. */
export interface VectorIndexOptions<S extends Metric = Metric>
  extends Omit<IndexOptions, 'metric' | 'quantizer'>,
    GraphOptions {
  /** 'saq' (default), 'float32' for vectors as they are, any other name, or a method with its options: lvq({ bits: 4 }). */
  readonly quantizer?: IndexOptions['quantizer'] | QuantizerChoice;
  /** Dimensions of a vector. */
  readonly d: number;
  readonly metric: S;
  /**
   * 'flat': every vector is scanned. 'ivf': lists by centroid. 'graph': a neighbour graph, the fastest where there are many.
   * 'auto' (default) takes what chooseIndex(n, d) says when training: flat, or lists of many. A graph has to be asked for: only
   * many searches and few changes pay for it.
   */
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
export const VECTOR_OPTIONS: OptionTable<VectorIndexOptions> = {
  ...FLAT_OPTIONS,
  ...LIST_OPTIONS,
  ...GRAPH_OPTIONS,
  ...OWN,
  quantizer: 'any',
};

const LEAST_TRAINED = 4096;
const COMPACT_AT = 0.25;

type NamedOptions = Omit<VectorIndexOptions, 'quantizer'> & Pick<IndexOptions, 'quantizer'>;

/** Checked options with their defaults, quantizers by name. */
export interface VectorPlan extends NamedOptions {
  readonly index: (typeof INDEX_KINDS)[number];
  readonly trainAt: number;
  readonly compactAt: number;
  readonly indexed: readonly string[];
}

/**
 * Checks options and fills in the defaults. isSaved — of a file: then indexed stands elsewhere.
 * @throws TypeError, RangeError naming the option
 */
export function planOf(given: VectorIndexOptions): VectorPlan {
  const options = namedOptions(given);
  const d = checkInteger('d', options.d, 1, MAX_DIMENSION);
  const metric = checkMetric(options.metric);
  const index = checkOneOf('index', options.index ?? 'auto', INDEX_KINDS);
  checkCompression({ ...options, metric });
  for (const own of [options.quantizerOptions, options.secondary?.quantizerOptions]) {
    if (own?.queries === undefined) continue;
    throw new RangeError('"quantizerOptions" expected options that a file can hold, got "queries"');
  }
  if (options.nlist !== undefined) {
    checkInteger('nlist', options.nlist, 1, 2 ** 20);
    if (index !== 'ivf') throw new RangeError(`"nlist" expected index: 'ivf' beside it, got ${index}`);
  }
  for (const name of ['degree', 'efConstruction'] as const) {
    if (options[name] === undefined || index === 'graph') continue;
    throw new RangeError(`"${name}" expected index: 'graph' beside it, got ${index}`);
  }
  graphPlan(options, 1);
  const compactAt = checkNumber('compactAt', options.compactAt ?? COMPACT_AT, 0.01, 1);
  const { trainAt = defaultTrainAt({ ...options, d, index }) } = options;
  if (trainAt !== Number.POSITIVE_INFINITY) checkInteger('trainAt', trainAt, 1, 2 ** 32 - 1);
  return { ...options, d, metric, index, trainAt, compactAt, indexed: options.indexed ?? [] };
}

function defaultTrainAt(options: NamedOptions): number {
  const { d, quantizer = 'saq', bits, quantizerOptions, nlist, index } = options;
  const { name } = quantizerNamed('quantizer', quantizer);
  if (name === 'float32' && nlist === undefined && index !== 'graph') return Number.POSITIVE_INFINITY;
  const own = { ...quantizerOptions, ...(bits !== undefined && { bits }) };
  const needs = name === 'saq' ? 4 * d : fewestVectors(quantizer, d, own);
  return Math.max(LEAST_TRAINED, needs, 32 * (nlist ?? 0));
}

/** Options of SAQ that stand beside its name; those of all others lie in quantizerOptions. */
const SAQ_OWN = ['blockSize', 'objective', 'singleSegment'] as const;

/** A quantizer by value as one by name: what a file can hold. */
function namedQuantizer({ method, options }: QuantizerChoice): Partial<NamedOptions> {
  const { primary, ...outer }: Record<string, unknown> = { ...options };
  const isValue = typeof primary === 'object' && primary !== null && 'method' in primary;
  const inner = isValue ? (primary as QuantizerChoice) : undefined;
  // by name the options of LeanVec's primary stand among its own
  const all: Record<string, unknown> = {
    ...outer,
    ...inner?.options,
    ...(inner && { primary: inner.method.name }),
  };
  const { bits, ...own } = all;
  const quantizer = { quantizer: method.name, ...(typeof bits === 'number' && { bits }) };
  if (method.name !== 'saq') return { ...quantizer, quantizerOptions: own } as Partial<NamedOptions>;
  const known = Object.fromEntries(SAQ_OWN.filter((name) => name in own).map((name) => [name, own[name]]));
  return { ...quantizer, ...known } as Partial<NamedOptions>;
}

/**
 * Options with the quantizer by name: what can be saved, or posted to a worker.
 * @throws TypeError, RangeError on names that are none, and on options beside a value that has them itself
 */
export function namedOptions(options: VectorIndexOptions): NamedOptions {
  checkOptions('options', options, VECTOR_OPTIONS);
  const { secondary } = options;
  const isNamed = secondary === undefined || secondary === null || !('method' in secondary);
  return namedPrimary(isNamed ? options : { ...options, secondary: namedSecondary(secondary) });
}

/** The same of a secondary quantizer that is a value, which no type asks for. */
function namedSecondary(secondary: object): SecondaryOptions {
  const choice = secondary as QuantizerChoice;
  checkChoice('secondary', choice);
  const { quantizer = 'saq', ...rest } = namedQuantizer(choice);
  for (const name of SAQ_OWN) {
    if (rest[name] === undefined) continue;
    throw new RangeError(`"secondary" expected saq with bits alone, got "${name}"`);
  }
  return { quantizer, ...rest };
}

function namedPrimary(options: VectorIndexOptions): NamedOptions {
  const { quantizer, ...rest } = options;
  // in the caller's order, which files keep: options that were named once are what they are
  if (typeof quantizer !== 'object' || quantizer === null) return options as NamedOptions;
  checkChoice('quantizer', quantizer);
  for (const name of ['bits', 'quantizerOptions', ...SAQ_OWN] as const) {
    if (rest[name] === undefined) continue;
    throw new RangeError(`"${name}" expected none beside a quantizer that is a value, got one`);
  }
  return { ...rest, ...namedQuantizer(quantizer) };
}
