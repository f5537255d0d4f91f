/** A search in steps: what an index offers whose lists, or tails of codes, are elsewhere, and its scratch. */
import { type Block, Owner, type Scope } from '@sagitta/core-wasm';
import type { ListPiece } from '../columns/inverted-lists.ts';
import type { PagedGraph, Prepared } from '../columns/slot-index.ts';
import type { CodeLists, ListPrepared } from '../lists/code-lists.ts';
import type { SearchResult } from '../search/search-result.ts';
import { hasSlot } from '../search/slot-set.ts';
import type { Pass } from './search-pass.ts';

/**
 * A search whose lists are handed in one after the other, for lists that are not all in memory. The next search of
 * the index ends it, as finish and dispose do; its functions throw RangeError from then on.
 */
export interface SearchSteps extends Disposable {
  /** Numbers of the lists to scan next, best first; none when it is enough. */
  next(): Uint32Array;
  /** Scans a list, or a run of its blocks; list after list, in order, the result is that of search. */
  scan(list: number, content: ListPiece): void;
  /** Of a graph: rows whose tails are wanted next. */
  tails(): Uint32Array;
  /** Takes the tails of these rows, in that order. */
  take(tails: readonly Uint8Array[]): void;
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

/** What steps need of their index. */
interface StepContext {
  readonly steps: StepScope;
  readonly n: number;
  /** @throws RangeError once the search is over */
  check(): void;
  finish(pass: Pass, lists: number, sorted?: number, gather?: (blocks: Block) => void): SearchResult;
}

const NONE = new Uint32Array(0);

/** What steps through lists and graphs share. visited — lists so far. */
function common(
  { check, finish, steps }: StepContext,
  pass: Pass<Prepared>,
  visited: () => number,
): Pick<SearchSteps, 'candidates' | 'rescoring' | 'finish' | typeof Symbol.dispose> {
  const { found } = pass.prepared;
  // sorting a heap undoes it, so it is done once
  let sorted: number | undefined;
  return {
    candidates: () => {
      check();
      sorted ??= found.sort();
      return found.ids(sorted);
    },
    rescoring: pass.source === 'levels' ? undefined : pass.source,
    finish: (gather) => {
      check();
      return finish(pass, visited(), sorted, gather);
    },
    [Symbol.dispose]: () => steps.dispose(),
  };
}

export function listSteps(context: StepContext, lists: CodeLists, pass: Pass<ListPrepared>): SearchSteps {
  const { check, steps } = context;
  const { prepared, options } = pass;
  const { found, least, count, wanted } = prepared;
  const { allowed } = options;
  const order = steps.reserve(4);
  let visited = 0;
  let met = 0;
  let places = 0;
  return {
    ...common(context, pass, () => visited),
    next: () => {
      check();
      const first = visited;
      const isEnough = wanted > 0 ? met >= wanted : found.size >= Math.min(places, found.heap.k);
      if (first > 0 && isEnough) return NONE;
      visited = Math.min(count, first + least);
      return prepared.order.u32(4 * first, visited - first).slice();
    },
    scan: (list, content) => {
      check();
      if (visited <= least) places += content.n;
      if (allowed) for (const id of content.ids.u32(0, content.n)) if (hasSlot(allowed.words, id)) met++;
      lists.scanPiece(prepared, order, list, content);
    },
    tails: () => NONE,
    take: () => {},
  };
}

export function graphSteps(context: StepContext, graph: PagedGraph, pass: Pass<Prepared>): SearchSteps {
  const { check, steps, n } = context;
  const { prepared } = pass;
  let rows: Uint32Array | undefined;
  return {
    ...common(context, pass, () => 1),
    next: () => NONE,
    scan: () => {},
    tails: () => {
      check();
      rows ??= graph.byHeads(prepared, steps, n);
      return rows;
    },
    take: (tails) => {
      check();
      if (rows) graph.take(prepared, rows, tails);
    },
  };
}
