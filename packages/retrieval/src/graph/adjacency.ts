/**
 * The edges of a neighbour graph: a row of `degree` slots for every vertex. A place that is not used holds the row's own
 * slot; the last place is the vertex's link in a chain that keeps others reachable (assembly/graph.ts of the core).
 */
import { type Core, FormatError, Owner } from '@sagitta/core-wasm';
import type { InvertedLists } from '../columns/inverted-lists.ts';
import { createColumn, rowOf } from './column.ts';

const NONE = 0xffffffff;

export class Adjacency extends Owner {
  readonly degree: number;
  readonly rows: InvertedLists;

  constructor(core: Core, degree: number) {
    super(core);
    this.degree = degree;
    this.rows = this.own(() => createColumn(core, 4 * degree));
  }

  /** A view of a row. */
  edges(slot: number): Uint32Array {
    const { block, offset } = rowOf(this.rows, slot);
    return block.u32(offset, this.degree);
  }

  /** Lets saves keep what they hold before edges change. @throws BusyError where there is no memory for a copy */
  beforeWrite(): void {
    for (const { blocks } of this.rows.pieces(0)) blocks.beforeWrite();
  }

  /** Gives edges the new numbers of their slots, none of which left. */
  renumber(n: number, numbers: Uint32Array): void {
    for (let slot = 0; slot < n; slot++) {
      const edges = this.edges(slot);
      for (const [i, other] of edges.entries()) edges[i] = numbers[other] as number;
    }
  }

  /**
   * Links every vertex that no path leads to from the entries behind the nearest one that has a path. nearest — the nearest of
   * those, or undefined where there is none. Returns how many there were.
   */
  connect(n: number, entries: Uint32Array, nearest: (slot: number) => number | undefined): number {
    const isReached = new Uint8Array(n);
    const queue = new Uint32Array(n);
    let reached = this.#reach(entries, isReached, queue);
    if (reached === n) return 0;
    const before = this.#chains(n);
    let linked = 0;
    for (let slot = 0; slot < n && reached < n; slot++) {
      if (isReached[slot]) continue;
      const to = nearest(slot);
      if (to === undefined) continue;
      this.#move(slot, to, before);
      reached += this.#reach(Uint32Array.of(slot), isReached, queue);
      linked++;
    }
    return linked;
  }

  /** Marks what paths from `starts` lead to that was not marked; returns how many. */
  #reach(starts: Uint32Array, isReached: Uint8Array, queue: Uint32Array): number {
    let end = 0;
    const meet = (slot: number): void => {
      if (isReached[slot]) return;
      isReached[slot] = 1;
      queue[end++] = slot;
    };
    for (const slot of starts) meet(slot);
    for (let next = 0; next < end; next++) {
      for (const other of this.edges(queue[next] as number)) meet(other);
    }
    return end;
  }

  /** By slot, the one before it in its chain, or NONE. */
  #chains(n: number): Uint32Array {
    const before = new Uint32Array(n).fill(NONE);
    for (let slot = 0; slot < n; slot++) {
      const next = this.#next(slot);
      if (next !== slot) before[next] = slot;
    }
    return before;
  }

  #next(slot: number): number {
    return this.edges(slot)[this.degree - 1] as number;
  }

  #setNext(slot: number, next: number, before: Uint32Array): void {
    this.edges(slot)[this.degree - 1] = next;
    if (next !== slot) before[next] = slot;
  }

  /** Takes a vertex out of its chain and puts it behind another. */
  #move(slot: number, to: number, before: Uint32Array): void {
    const previous = before[slot] as number;
    const next = this.#next(slot);
    if (next !== slot) before[next] = NONE;
    if (previous !== NONE) this.#setNext(previous, next === slot ? previous : next, before);
    const after = this.#next(to);
    this.#setNext(slot, after === to ? slot : after, before);
    this.#setNext(to, slot, before);
  }

  /** @throws FormatError on slots that are not below n, on chains that meet or do not end */
  check(n: number): void {
    for (let slot = 0; slot < n; slot++) {
      for (const other of this.edges(slot)) {
        if (other >= n) throw new FormatError(`edges of ${slot} expected slots below ${n}, got ${other}`);
      }
    }
    const before = this.#chains(n);
    for (let slot = 0; slot < n; slot++) {
      const next = this.#next(slot);
      if (next === slot || before[next] === slot) continue;
      throw new FormatError(`the last edge of ${slot} expected to lead where no other does, got ${next}`);
    }
    let inChains = 0;
    for (let slot = 0; slot < n; slot++) {
      // where chains begin
      if (before[slot] !== NONE) continue;
      inChains++;
      for (let at = slot; this.#next(at) !== at; at = this.#next(at)) inChains++;
    }
    if (inChains !== n) throw new FormatError('last edges expected chains that end, got a circle');
  }
}
