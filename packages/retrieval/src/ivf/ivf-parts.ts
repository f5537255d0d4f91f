/** What an index is made of. */
import type { Core, Metric } from '@sagitta/core-wasm';
import type { InvertedLists } from './inverted-lists.ts';
import type { ListScan } from './list-scan.ts';
import type { SecondaryCodes } from './secondary-codes.ts';

export interface IvfParts {
  readonly core: Core;
  readonly metric: Metric;
  readonly d: number;
  readonly kind: 'flat' | 'ivf';
  /** nlist × d. */
  readonly centroids: Float32Array;
  /** The index's from now on: disposed with it, and if its making fails. */
  readonly codec: ListScan;
  /** Keep float32 vectors (row = id) for rerank. */
  readonly keepVectors: boolean;
  /** As the codec. */
  readonly secondary?: SecondaryCodes;
  /** Lists of n vectors that are filled already, the index's from now on, and kept vectors where vectors are kept. */
  readonly filled?: {
    readonly lists: InvertedLists;
    readonly n: number;
    readonly kept: readonly Float32Array[];
  };
  /** Vectors of lists that stay outside and come in through searchSteps. */
  readonly pagedVectors?: number;
}
