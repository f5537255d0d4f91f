/** What a search in an index holds from its beginning to its end. */

import type { Prepared } from '../columns/slot-index.ts';
import type { SearchOptions } from './search-options.ts';

/** A search between its parts. */
export interface Pass<P extends Prepared = Prepared> {
  readonly k: number;
  readonly options: SearchOptions;
  readonly rerank: SearchOptions['rerank'];
  /** Where a rerank has its scores from. */
  readonly source: RerankSource | undefined;
  readonly prepared: P;
  /** What scores are multiplied with, see MetricQuery. */
  readonly scale: number;
}

export type RerankSource = 'vectors' | 'secondary' | 'levels';
