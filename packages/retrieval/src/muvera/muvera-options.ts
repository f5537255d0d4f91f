/**
 * What a MuveraFde is made of, checked once. The paper's letters: k hyperplanes, 2^k cells, R repetitions, p inner and F
 * final dimensions.
 */
import {
  checkFloat32,
  checkInteger,
  checkLength,
  checkNumber,
  checkOneOf,
  checkOptions,
  MAX_DIMENSION,
  type OptionTable,
  rowsDefect,
} from '@sagitta/core-wasm';
import { MAX_FDE_LENGTH } from './fde-encoder.ts';

/** Is the largest number of hyperplanes of a repetition. */
export const MAX_SIMHASH_PROJECTIONS = 10;
/** Is the largest number of repetitions. */
export const MAX_REPETITIONS = 256;
/** Of hyperplanes and dense projections together, 64 MiB: a file can ask for them by its header alone. */
const MAX_MATRIX_ENTRIES = 1 << 24;

/** Lists how tokens may be projected within a cell. */
export const INNER_PROJECTIONS = ['count-sketch', 'dense'] as const;
/** Names how tokens are projected within a cell: by a count sketch, or by a dense matrix of signs. */
export type InnerProjection = (typeof INNER_PROJECTIONS)[number];
/** Lists how cells may be numbered. */
export const CELL_ORDERS = ['binary', 'gray'] as const;
/** Names how cells are numbered: by the bits of their signs, or by the Gray code of these. */
export type CellOrder = (typeof CELL_ORDERS)[number];

/** Lists how documents' FDEs may be scaled. */
export const DOCUMENT_SCALES = ['none', 'unit'] as const;
/** none: an FDE is what the sums give, as in the paper. unit: documents' FDEs are divided by their lengths. */
export type DocumentScale = (typeof DOCUMENT_SCALES)[number];

/** Says how long MUVERA's encoding is and what it is made of. */
export interface MuveraOptions {
  /** Dimension of a token. */
  readonly d: number;
  /** k, 0 to 10: 2^k cells. 0 is one cell. */
  readonly numSimhashProjections: number;
  /** R, 1 to 256. */
  readonly numRepetitions: number;
  /** p, 1 to d; left out: tokens stay as they are. */
  readonly projectionDimension?: number;
  /**
   * How d becomes p. dense (default): ±1/√p, the paper's; count-sketch: each coordinate to one place, fewer operations. The
   * variance of an inner product is the same; on real tokens dense ranked better (docs/algorithms/muvera.md).
   */
  readonly projection?: InnerProjection;
  /** F: a count-sketch of the whole; left out: none. */
  readonly finalProjectionDimension?: number;
  /** Empty document cells take the token whose pattern is nearest. Default true. */
  readonly fillEmpty?: boolean;
  /** Number of a cell from its pattern: plain binary (default), or the Gray code of Google's program. */
  readonly order?: CellOrder;
  readonly seed?: number;
  /** μ, d values: tokens are hashed as x - μ. The mean of a sample of document tokens. */
  readonly center?: Float32Array;
  /** With center: cells hold x - μ and one more number, <x - μ, μ> for documents and the count for queries. */
  readonly meanSplit?: boolean;
  /**
   * β of the length correction: scores gain R·β·ln(tokens of the document) a query token (spec of fitLengthBeta). Default 0: no
   * such number in the FDE.
   */
  readonly lengthBeta?: number;
  /**
   * Default 'none', the paper's. With 'unit' documents of long FDEs, which are those of few or alike tokens, no longer stand before
   * the others for every query; measured in docs/algorithms/muvera.md. Not together with lengthBeta.
   */
  readonly documentScale?: DocumentScale;
}

const MUVERA_OPTIONS: OptionTable<MuveraOptions> = {
  d: 'number',
  numSimhashProjections: 'number',
  numRepetitions: 'number',
  projectionDimension: 'number',
  projection: 'string',
  finalProjectionDimension: 'number',
  fillEmpty: 'boolean',
  order: 'string',
  seed: 'number',
  center: 'any',
  meanSplit: 'boolean',
  lengthBeta: 'number',
  documentScale: 'string',
};

/** Holds the options with every default filled in. */
export interface MuveraParameters {
  readonly d: number;
  readonly k: number;
  readonly numRepetitions: number;
  /** d where there is no inner projection. */
  readonly p: number;
  readonly projection: InnerProjection | 'none';
  /** 0: none. */
  readonly final: number;
  readonly fillEmpty: boolean;
  readonly order: CellOrder;
  readonly seed: number;
  readonly center: Float32Array | undefined;
  readonly meanSplit: boolean;
  readonly lengthBeta: number;
  readonly documentScale: DocumentScale;
  /** Cells of a repetition. */
  readonly numCells: number;
  /** Numbers of a cell: p, and one with meanSplit. */
  readonly width: number;
  /** Numbers before a final projection, the length correction left out. */
  readonly innerLength: number;
  readonly length: number;
  readonly blockLength: number;
}

/** @throws RangeError on anything out of range, above the cap of 2^20 numbers, or options that exclude each other */
export function checkMuveraOptions(options: MuveraOptions): MuveraParameters {
  checkOptions('options', options, MUVERA_OPTIONS);
  const d = checkInteger('d', options.d, 1, MAX_DIMENSION);
  const k = checkInteger('numSimhashProjections', options.numSimhashProjections, 0, MAX_SIMHASH_PROJECTIONS);
  const numRepetitions = checkInteger('numRepetitions', options.numRepetitions, 1, MAX_REPETITIONS);
  const hasInner = options.projectionDimension !== undefined;
  const p = checkInteger('projectionDimension', options.projectionDimension ?? d, 1, d);
  const projection = hasInner
    ? checkOneOf('projection', options.projection ?? 'dense', INNER_PROJECTIONS)
    : 'none';
  const hasFinal = options.finalProjectionDimension !== undefined;
  const final = hasFinal
    ? checkInteger('finalProjectionDimension', options.finalProjectionDimension as number, 1, MAX_FDE_LENGTH)
    : 0;
  const order = checkOneOf('order', options.order ?? 'binary', CELL_ORDERS);
  const seed = checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER);
  const { center } = options;
  if (center) {
    checkLength('center', checkFloat32('center', center).length, d, 'd');
    const defect = rowsDefect('center', center, d);
    if (defect !== undefined) throw new RangeError(defect);
  }
  const meanSplit = options.meanSplit ?? false;
  if (meanSplit && !center) throw new RangeError('"meanSplit" expected a center beside it, got none');
  const lengthBeta = checkNumber('lengthBeta', options.lengthBeta ?? 0, -1e6, 1e6);
  const documentScale = checkOneOf('documentScale', options.documentScale ?? 'none', DOCUMENT_SCALES);
  if (documentScale === 'unit' && lengthBeta !== 0) {
    throw new RangeError(`"lengthBeta" expected 0 beside documentScale "unit", got ${lengthBeta}`);
  }
  const entries = numRepetitions * d * (k + (projection === 'dense' ? p : 0));
  if (entries > MAX_MATRIX_ENTRIES) {
    throw new RangeError(
      `"numRepetitions" expected matrices of at most ${MAX_MATRIX_ENTRIES} entries, got ${numRepetitions} of d = ${d} make ${entries}`,
    );
  }
  const numCells = 1 << k;
  const width = p + (meanSplit ? 1 : 0);
  const innerLength = numRepetitions * numCells * width;
  if (innerLength > MAX_FDE_LENGTH) {
    throw new RangeError(
      `"numRepetitions" expected numRepetitions * 2^k * p of at most ${MAX_FDE_LENGTH}, got ${numRepetitions} * ${numCells} * ${width} = ${innerLength}`,
    );
  }
  // the correction is a block of its own, so that blocks stay of one length
  const base = hasFinal ? final : innerLength;
  const extra = lengthBeta === 0 ? 0 : hasFinal ? 1 : width;
  const length = base + extra;
  if (length > MAX_FDE_LENGTH) {
    throw new RangeError(`"lengthBeta" expected a length of at most ${MAX_FDE_LENGTH}, got ${length}`);
  }
  return {
    d,
    k,
    numRepetitions,
    p,
    projection,
    final,
    fillEmpty: options.fillEmpty ?? true,
    order,
    seed,
    center: center?.slice(),
    meanSplit,
    lengthBeta,
    documentScale,
    numCells,
    width,
    innerLength,
    length,
    blockLength: hasFinal ? length : width,
  };
}

/** Names lengths with settings on or near the paper's Pareto set (spec of benchmarks/results/fde.md). */
export const MUVERA_PRESETS = {
  1536: { numRepetitions: 24, numSimhashProjections: 3, projectionDimension: 8 },
  1920: { numRepetitions: 30, numSimhashProjections: 3, projectionDimension: 8 },
  2560: { numRepetitions: 20, numSimhashProjections: 4, projectionDimension: 8 },
  5120: { numRepetitions: 20, numSimhashProjections: 5, projectionDimension: 8 },
  10240: { numRepetitions: 20, numSimhashProjections: 5, projectionDimension: 16 },
} as const;
/** Names a length with settings that go well together. */
export type MuveraPreset = keyof typeof MUVERA_PRESETS;

/** Gives the options of a preset for tokens of d dimensions. @throws RangeError on a length that is none */
export function muveraPreset(length: MuveraPreset, d: number): MuveraOptions {
  const preset = MUVERA_PRESETS[length];
  if (preset === undefined) {
    throw new RangeError(`"length" expected one of ${Object.keys(MUVERA_PRESETS).join(', ')}, got ${length}`);
  }
  return { d, ...preset };
}
