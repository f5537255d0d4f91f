/** What a search in an index holds from its beginning to its end. */
import type { Block } from '@sagitta/core-wasm';
import type { ResultHeap } from '../search/result-heap.ts';
import type { Probe } from './list-codec.ts';
import type { SearchOptions } from './search-options.ts';

/** A search between its parts. */
export interface Pass {
  readonly k: number;
  readonly options: SearchOptions;
  readonly rerank: SearchOptions['rerank'];
  /** Where a rerank has its scores from. */
  readonly source: RerankSource | undefined;
  readonly found: ResultHeap;
  readonly probe: Prepared;
  /** What scores are multiplied with, see MetricQuery. */
  readonly scale: number;
}

/** With the query, d values, of length 1 for cosine. */
export interface Prepared extends Probe {
  readonly query: Block;
}

export type RerankSource = 'vectors' | 'secondary' | 'levels';
