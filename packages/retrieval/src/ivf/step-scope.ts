/** A search in steps: what an index offers whose lists are elsewhere, and its scratch. */
import { type Block, Owner, type Scope } from '@sagitta/core-wasm';
import type { ListPiece } from '../columns/inverted-lists.ts';
import type { SearchResult } from '../search/search-result.ts';

/**
 * A search whose lists are handed in one after the other, for lists that are not all in memory. The next search of
 * the index ends it, as finish and dispose do; its functions throw RangeError from then on.
 */
export interface SearchSteps extends Disposable {
  /** Numbers of the lists to scan next, best first; none when it is enough. */
  next(): Uint32Array;
  /** Scans a list, or a run of its blocks; list after list, in order, the result is that of search. */
  scan(list: number, content: ListPiece): void;
  /** Ids that rerank.fetch will be asked for, in that order; nothing is scanned after it. */
  candidates(): Uint32Array;
  /** Where candidates are scored again from, if they are. */
  readonly rescoring: 'vectors' | 'secondary' | undefined;
  /**
   * The result; the search is over then, and its memory is given back. Disposing it gives it up. gather — where candidates are
   * scored again from secondary codes: puts those of the candidates, in their order, into the places 0… of blocks.
   */
  finish(gather?: (blocks: Block) => void): SearchResult;
}

/** Scratch like that of Core.scope, but for as long as the steps go on. */
export class StepScope extends Owner implements Scope {
  reserve(byteLength: number): Block {
    return this.allocate(byteLength);
  }

  /** @throws RangeError once the search is over */
  check(): void {
    this.checkLive('search');
  }
}
