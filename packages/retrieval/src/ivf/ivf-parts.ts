/** What an index is made of. */
import type { Core, Metric } from '@sagitta/core-wasm';
import type { SecondaryCodes } from '../columns/secondary-codes.ts';
import type { SlotIndex } from '../columns/slot-index.ts';

/** Where rows lie: in one list, in lists by centroid, in a neighbour graph. */
export type IndexKind = 'flat' | 'ivf' | 'graph';

export interface IvfParts {
  readonly core: Core;
  readonly metric: Metric;
  readonly d: number;
  readonly kind: IndexKind;
  /** nlist × d. */
  readonly centroids: Float32Array;
  /** The index's from now on: disposed with it, and if its making fails. */
  readonly codes: SlotIndex;
  /** Keep float32 vectors (row = id) for rerank. */
  readonly keepVectors: boolean;
  /** As the codes. */
  readonly secondary?: SecondaryCodes;
  /** The codes are of n vectors already; kept vectors where vectors are kept. */
  readonly filled?: { readonly n: number; readonly kept: readonly Float32Array[] };
  /** Vectors of lists that stay outside and come in through searchSteps. */
  readonly pagedVectors?: number;
}
