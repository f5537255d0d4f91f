/** How a graph is built, and how wide it is searched. */
import { checkInteger, type OptionTable } from '@sagitta/core-wasm';

/** Says how many edges a neighbour graph has, and how they are chosen. */
export interface GraphOptions {
  /** Edges of a vector, 8 to 128. Default 32; 4 bytes each. */
  readonly degree?: number;
  /** Width of the search that finds neighbours for a new vector. Default 100; wider is slower and finds more. */
  readonly efConstruction?: number;
}

export const GRAPH_OPTIONS: OptionTable<GraphOptions> = { degree: 'number', efConstruction: 'number' };

const DEFAULT_DEGREE = 32;
const DEFAULT_EF_CONSTRUCTION = 100;
export const MIN_DEGREE = 8;
export const MAX_DEGREE = 128;
export const MAX_EF: number = 1_048_576;
const DEFAULT_EF = 40;
/** Most vertices that searches begin with. */
export const MAX_ENTRIES = 4096;

export interface GraphPlan {
  readonly degree: number;
  readonly efConstruction: number;
  readonly seed: number;
}

/** What a file says of a graph besides its rows. */
export interface GraphState {
  readonly plan: GraphPlan;
  readonly entries: Uint32Array;
  /** Vectors there were when entries were chosen, and added since paths to all were made sure of. */
  readonly chosenAt: number;
  readonly unchecked: number;
  /** M² of VertexCoordinates. */
  readonly longest: number;
}

/** @throws RangeError naming the option */
export function graphPlan(options: GraphOptions, seed: number): GraphPlan {
  return {
    degree: checkInteger('degree', options.degree ?? DEFAULT_DEGREE, MIN_DEGREE, MAX_DEGREE),
    efConstruction: checkInteger(
      'efConstruction',
      options.efConstruction ?? DEFAULT_EF_CONSTRUCTION,
      8,
      MAX_EF,
    ),
    seed,
  };
}

/** Width of a search: never below the results that are wanted, else some of them could not be kept. */
export function widthFor(ef: number | undefined, count: number): number {
  return Math.max(count, ef ?? Math.max(DEFAULT_EF, 2 * count));
}
