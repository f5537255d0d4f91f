/**
 * Inverted lists over documents' FDEs: each document belongs to the nearest of nlist centroids, and a search scores
 * those of the lists whose centroids have the largest dot with the query's FDE. A centroid is the mean of its
 * documents, so its dot is their mean score.
 */
import { type Block, type Core, checkFinite, checkLength, Owner } from '@sagitta/core-wasm';
import { assignToNearest, trainKmeans } from '@sagitta/quantizers';
import type { Compaction } from '../columns/compaction.ts';
import type { FdeStore } from '../muvera/index.ts';
import { bestPositions } from '../search/best-positions.ts';
import type { Budgets } from '../search/budgets.ts';
import { hasSlot } from '../search/slot-set.ts';

export interface FdeListsOptions {
  readonly nlist: number;
  readonly iterations?: number;
  readonly seed?: number;
}

/** nlist × length centroids of a sample of FDEs (n × length). @throws RangeError on fewer FDEs than lists */
export function trainFdeCentroids(
  core: Core,
  sample: Float32Array,
  length: number,
  { nlist, iterations = 10, seed = 1 }: FdeListsOptions,
): Float32Array {
  const rows = { data: sample, n: sample.length / length, d: length };
  return trainKmeans(core, rows, { nlist, iterations, seed }).centroids;
}

/** Lists slots by the nearest centroid of their FDEs, so that a search looks at some of them only. */
export class FdeLists extends Owner {
  readonly nlist: number;
  readonly length: number;
  /** nlist × length, the same for the life of the index. */
  readonly centroids: Float32Array;
  readonly #centroids: Block;
  /** List of each slot. */
  #listOf: number[] = [];
  /** Slots of each list, ascending. */
  #slots: number[][];

  /** centroids — nlist × length, finite; the lists' from now on. */
  constructor(core: Core, centroids: Float32Array, length: number) {
    super(core);
    checkFinite('centroids', centroids, length);
    this.nlist = centroids.length / length;
    checkLength('centroids', centroids.length, Math.floor(this.nlist) * length, 'nlist*length');
    this.length = length;
    this.centroids = centroids;
    this.#slots = Array.from({ length: this.nlist }, () => []);
    this.#centroids = this.allocate(centroids.length * 4);
    this.#centroids.f32().set(centroids);
  }

  /** Slots. */
  get n(): number {
    return this.#listOf.length;
  }
  bytesUsed(): number {
    this.checkLive('lists');
    return this.#centroids.byteLength;
  }
  /** Lists of the slots named, in that order. */
  assignments(slots: Uint32Array): Uint32Array {
    this.checkLive('lists');
    return slots.map((slot) => this.#listOf[slot] as number);
  }

  /** The next slots, by their FDEs (m × length). */
  append(fdes: Float32Array): void {
    this.checkLive('lists');
    const rows = { data: fdes, n: fdes.length / this.length, d: this.length };
    this.restore(assignToNearest(this.core, rows, this.centroids).ids);
  }
  /** The next slots, by the lists they belong to, each below nlist. */
  restore(lists: Uint32Array): void {
    this.checkLive('lists');
    for (const list of lists) {
      (this.#slots[list] as number[]).push(this.#listOf.length);
      this.#listOf.push(list);
    }
  }
  /** Slot i is, once that is committed, what slot keep[i] was. */
  compaction(keep: Uint32Array): Compaction {
    const lists = this.assignments(keep);
    return {
      commit: () => {
        this.#listOf = [];
        this.#slots = this.#slots.map(() => []);
        this.restore(lists);
      },
      [Symbol.dispose]: () => {},
    };
  }
  /** Takes slots n … of the last ones away again. */
  truncate(n: number): void {
    this.checkLive('lists');
    // slots of a list ascend
    for (const list of this.#listOf.splice(n)) (this.#slots[list] as number[]).pop();
  }

  /**
   * The best budgets.candidates allowed slots of the first nprobe lists; further lists are visited while fewer than
   * budgets.rerank allowed slots were met, so that a filter starves no search.
   */
  search(
    store: FdeStore,
    query: Float32Array,
    nprobe: number,
    budgets: Budgets,
    allowed: Uint32Array,
  ): { slots: Uint32Array; lists: number; scanned: number } {
    this.checkLive('lists');
    const met: number[] = [];
    let lists = 0;
    for (const list of bestPositions(this.#centroidScores(query), this.nlist)) {
      if (lists >= nprobe && met.length >= budgets.rerank) break;
      lists++;
      for (const slot of this.#slots[list] as number[]) if (hasSlot(allowed, slot)) met.push(slot);
    }
    const slots = Uint32Array.from(met).sort();
    const best = bestPositions(store.scoreSlots(query, slots), budgets.candidates);
    return { slots: Uint32Array.from(best, (at) => slots[at] as number), lists, scanned: slots.length };
  }

  #centroidScores(query: Float32Array): Float32Array {
    return this.core.scope((scope) => {
      const input = scope.reserve(query.length * 4);
      const out = scope.reserve(this.nlist * 4);
      input.f32().set(query);
      this.core.kernels.dotF32Rows(input.at(), this.#centroids.at(), this.nlist, this.length, out.at());
      return out.f32(0, this.nlist).slice();
    });
  }
}
