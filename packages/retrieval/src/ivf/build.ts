/** Flat and IVF indexes of quantizers that may be chosen by name: every quantizer is in reach. */
import {
  type Core,
  checkCore,
  checkMetric,
  checkOptions,
  type OptionTable,
  type VectorSetInput,
  type Vectors,
} from '@sagitta/core-wasm';
import type { CodeName, OwnQuantizerOptions, QuantizerChoice } from '@sagitta/quantizers';
import { checkChoice, quantizerChoice, quantizerNamed } from '@sagitta/quantizers/internal';
import { graph } from '../graph/graph-method.ts';
import { GRAPH_OPTIONS, type GraphOptions } from '../graph/graph-options.ts';
import {
  buildChecked,
  COMMON_OPTIONS,
  type CommonIndexOptions,
  checkMethodOptions,
  LIST_OPTIONS,
  type ListOptions,
  type MethodIndexOptions,
  trainChecked,
} from './build-index.ts';
import type { IvfIndex } from './ivf-index.ts';

export { LIST_OPTIONS } from './build-index.ts';

/** Options with quantizers by name: what JSON can hold. */
export interface IndexOptions extends CommonIndexOptions {
  /** 'saq' (default), 'float32' for vectors as they are, or any other name. */
  readonly quantizer?: CodeName;
  /** Average code bits a dimension. For 'saq' a multiple of 1/4 from 0.25 to 12, default 4; others: docs/quantizer-options.md. */
  readonly bits?: number;
  /** What the quantizer has besides: mode, nbits, secondBits, rotate, ratio, clip. */
  readonly quantizerOptions?: OwnQuantizerOptions;
  /** A second code of every vector, of all its dimensions, with which candidates are scored again. Default none. */
  readonly secondary?: SecondaryOptions;
  /** Segments are multiples of this many dims. Default 16. */
  readonly blockSize?: 16 | 32 | 64;
  readonly objective?: 'absolute' | 'variance';
  /** CAQ: one segment. */
  readonly singleSegment?: boolean;
}

/** Names any quantizer, also float32. For 'saq' bits default to 8. */
export interface SecondaryOptions {
  readonly quantizer: CodeName;
  readonly bits?: number;
  readonly quantizerOptions?: OwnQuantizerOptions;
}

/** Says how an index in lists is built, with quantizers by name. */
export interface IvfOptions extends IndexOptions, ListOptions {}

/** Says how an index in a neighbour graph is built. */
export interface GraphIndexOptions extends IndexOptions, GraphOptions {}

/** Options with quantizers as values; what is the quantizer's own stands among its options. */
export type IvfMethodOptions = MethodIndexOptions & {
  readonly [K in Exclude<keyof IndexOptions, keyof MethodIndexOptions>]?: never;
};
/** The same without lists. */
export type FlatMethodOptions = Omit<IvfMethodOptions, keyof ListOptions>;

const SAQ_OPTIONS = ['blockSize', 'objective', 'singleSegment'] as const;
/** Options of every index of rows. */
export const FLAT_OPTIONS: OptionTable<IndexOptions> = {
  ...COMMON_OPTIONS,
  bits: 'number',
  blockSize: 'number',
  objective: 'string',
  singleSegment: 'boolean',
  quantizer: 'string',
  quantizerOptions: 'any',
  secondary: 'any',
};
const IVF_TABLE: OptionTable<IvfOptions> = { ...FLAT_OPTIONS, ...LIST_OPTIONS };
const GRAPH_TABLE: OptionTable<GraphIndexOptions> = { ...FLAT_OPTIONS, ...GRAPH_OPTIONS };
const SECONDARY_TABLE: OptionTable<SecondaryOptions> = {
  quantizer: 'string',
  bits: 'number',
  quantizerOptions: 'any',
};

const SAQ_SECONDARY_BITS = 8;

/**
 * Trains an empty index on a sample (n × d). Add vectors with index.add.
 * @throws RangeError on options out of range, fewer sample rows than lists or, for 'l2' and 'ip', vectors longer than 2^56 or
 * all shorter than 2^-56; TypeError on a sample that holds no numbers
 */
export function trainIndex(
  core: Core,
  sample: VectorSetInput,
  options: IvfOptions | IvfMethodOptions,
): IvfIndex {
  checkCore(core);
  return trainChecked(core, sample, checked(options, IVF_TABLE), 'sample');
}

/**
 * trainIndex on `data` (n × d numbers or n arrays of d), in √n lists unless told otherwise, then adds all of it.
 * @throws as trainIndex and IvfIndex.add do
 */
export function buildIvf(
  core: Core,
  data: Vectors,
  d: number,
  options: IvfOptions | IvfMethodOptions,
): IvfIndex {
  checkCore(core);
  return buildChecked(core, data, d, checked(options, IVF_TABLE), true);
}

/** One list, every vector scanned; data, d and errors as for buildIvf. */
export function buildFlat(
  core: Core,
  data: Vectors,
  d: number,
  options: IndexOptions | FlatMethodOptions,
): IvfIndex {
  checkCore(core);
  return buildChecked(core, data, d, checked(options, FLAT_OPTIONS));
}

/**
 * A neighbour graph over codes: searches walk from vector to near vector and read few of them. Takes what buildFlat takes, and
 * `degree` and `efConstruction`; data, d and errors as for buildIvf.
 */
export function buildGraph(
  core: Core,
  data: Vectors,
  d: number,
  options: GraphIndexOptions | (FlatMethodOptions & GraphOptions),
): IvfIndex {
  checkCore(core);
  return buildChecked(core, data, d, checkedGraph(options));
}

/**
 * Trains an empty graph as trainIndex does an index in lists.
 * @throws as trainIndex
 */
export function trainGraph(
  core: Core,
  sample: VectorSetInput,
  options: GraphIndexOptions | (FlatMethodOptions & GraphOptions),
): IvfIndex {
  checkCore(core);
  return trainChecked(core, sample, checkedGraph(options), 'sample');
}

function checkedGraph(options: GraphIndexOptions | (FlatMethodOptions & GraphOptions)): MethodIndexOptions {
  if (!hasMethod(options)) checkOptions('options', options, GRAPH_TABLE);
  const { degree, efConstruction, ...rest } = options;
  const own = {
    ...(degree !== undefined && { degree }),
    ...(efConstruction !== undefined && { efConstruction }),
  };
  return { ...checked(rest as IndexOptions, FLAT_OPTIONS), graph: graph(own) };
}

/** Checked options with quantizers as values, whichever way they were given. */
function checked(
  options: IvfOptions | IvfMethodOptions,
  table: OptionTable<IndexOptions> & Partial<OptionTable<ListOptions>>,
): MethodIndexOptions {
  if (hasMethod(options)) return checkMethodOptions(options, 'nlist' in table);
  checkOptions('options', options, table as OptionTable<IvfOptions>);
  checkMetric(options.metric);
  const { quantizer: _q, bits: _b, quantizerOptions: _o, secondary, ...rest } = options;
  const { blockSize: _s, objective: _j, singleSegment: _g, ...common } = rest;
  const chosen = { ...common, quantizer: primaryChoice(options) };
  return secondary === undefined ? chosen : { ...chosen, secondary: secondaryChoice(secondary) };
}

function hasMethod(options: IvfOptions | IvfMethodOptions): options is IvfMethodOptions {
  return typeof options?.quantizer === 'object' && options.quantizer !== null;
}

/** An option that the quantizer does not have is as unknown as any other. @throws TypeError, RangeError */
export function checkCompression(options: IndexOptions): void {
  primaryChoice(options);
  if (options.secondary !== undefined) secondaryChoice(options.secondary);
}

function primaryChoice(options: IndexOptions): QuantizerChoice {
  const { quantizer = 'saq', bits, quantizerOptions = {} } = options;
  const { name } = quantizerNamed('quantizer', quantizer);
  const given = SAQ_OPTIONS.filter((option) => option in options);
  if (given.length > 0 && name !== 'saq') {
    throw new RangeError(
      `"options" expected "${given[0]}" with the quantizer saq alone, got it with ${name}`,
    );
  }
  const own: Record<string, unknown> = { ...quantizerOptions };
  for (const option of given) own[option] = options[option];
  const labels = { name: 'quantizer', own: 'quantizerOptions' };
  return quantizerChoice({ name: quantizer, bits, own }, labels);
}

/** A secondary that is a value stays one. */
function secondaryChoice(secondary: SecondaryOptions | QuantizerChoice): QuantizerChoice {
  if (typeof secondary === 'object' && secondary !== null && 'method' in secondary) {
    checkChoice('secondary', secondary);
    return secondary;
  }
  checkOptions('secondary', secondary, SECONDARY_TABLE);
  const { quantizer, bits, quantizerOptions: own } = secondary;
  const { name } = quantizerNamed('secondary.quantizer', quantizer);
  const labels = { name: 'secondary.quantizer', own: 'secondary.quantizerOptions' };
  return quantizerChoice(
    { name: quantizer, bits: bits ?? (name === 'saq' ? SAQ_SECONDARY_BITS : undefined), own },
    labels,
  );
}
