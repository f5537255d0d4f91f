/**
 * Search in a graph of codes. Under a filter the walk gets wider by the share that is allowed, as far as that costs less than
 * scoring what is allowed; where it still meets too few, those are scored one by one. So a filter costs no recall, and no
 * search finds fewer than there are.
 */
import type { Block } from '@sagitta/core-wasm';
import type { GraphProbe } from '@sagitta/quantizers/internal';
import type { Prepared } from '../columns/slot-index.ts';
import type { ResultHeap } from '../search/result-heap.ts';
import { type AllowedRows, hasSlot, listSlots } from '../search/slot-set.ts';
import type { Adjacency } from './adjacency.ts';
import { type GraphRecord, poolBytes } from './graph-record.ts';
import { type GraphRows, RUN, slotsFrom } from './graph-rows.ts';
import { walk } from './walk.ts';

/** Vertices that a walk scores for each one it expands, about: measured at degree 32 on three sets. */
const SCORED_A_HOP = 14;

export interface GraphPrepared extends Prepared {
  readonly width: number;
  /** Results that are wanted. */
  readonly wanted: number;
  readonly isWhole: boolean;
  readonly allowed: AllowedRows | undefined;
}

export class GraphSearch {
  readonly #rows: GraphRows;
  readonly #adjacency: Adjacency;
  readonly #record: GraphRecord;

  constructor(rows: GraphRows, adjacency: Adjacency, record: GraphRecord) {
    this.#rows = rows;
    this.#adjacency = adjacency;
    this.#record = record;
  }

  /** Finds the best of n rows. */
  search(prepared: GraphPrepared, n: number): void {
    const { width, allowed, found } = prepared;
    const count = allowed?.count ?? n;
    if (count === 0) return;
    const wide = Math.min(n, Math.ceil((width * n) / count));
    // a walk scores about as many
    const isFew = count <= SCORED_A_HOP * wide;
    if (!isFew) {
      const met = this.#walk(prepared, n, wide);
      if (met >= width / 2 && found.size >= Math.min(prepared.wanted, count)) return;
      found.clear();
    }
    this.#scan(prepared, n, allowed ? listSlots(allowed.words) : slotsFrom(0, n));
  }

  #probe(graph: GraphProbe['graph'], { bases }: Prepared, allowed?: Block): GraphProbe {
    const base = bases.f32(0, 1)[0] as number;
    const { centroid } = this.#rows;
    return { graph, base, centroid, allowed: allowed?.at() ?? (0 as GraphProbe['allowed']) };
  }

  /** Returns how many of the vertices that the walk ended with may be found. */
  #walk(prepared: GraphPrepared, n: number, width: number): number {
    const { found, isWhole, allowed } = prepared;
    const { graph } = this.#rows.codec;
    if (!graph) return this.#walkPlainly(prepared, width);
    return this.#rows.core.scope((scope) => {
      const set = allowed && scope.reserve(4 * allowed.words.length);
      if (allowed) set?.u32(0, allowed.words.length).set(allowed.words);
      const pool = scope.reserve(poolBytes(width));
      const record = this.#record.point({ n, width, pool, isHeadOnly: !isWhole });
      return graph.search(this.#probe(record, prepared, set), found.heap);
    });
  }

  #walkPlainly({ bases, found, allowed }: GraphPrepared, width: number): number {
    const base = bases.f32(0, 1)[0] as number;
    const { entries } = this.#record;
    const most = Math.max(entries.length, this.#adjacency.degree);
    return this.#rows.core.scope((scope) => {
      const graph = {
        entries,
        edges: (slot: number) => this.#adjacency.edges(slot),
        meet: this.#record.meeting(most),
        score: this.#rows.scoring(scope, most, base),
      };
      const walked = walk(
        graph,
        width,
        allowed &&
          ((slots, scores) => {
            const isAllowed = (slot: number): boolean => hasSlot(allowed.words, slot);
            this.offer(
              found,
              slots.filter(isAllowed),
              scores.filter((_, i) => isAllowed(slots[i] as number)),
            );
          }),
      );
      this.#record.count(walked.expanded, walked.scored);
      if (allowed) return walked.slots.filter((slot) => hasSlot(allowed.words, slot)).length;
      this.offer(found, walked.slots, walked.scores);
      return walked.slots.length;
    });
  }

  /** Puts scored rows into a heap. */
  offer(found: ResultHeap, slots: ArrayLike<number>, scores: ArrayLike<number>): void {
    const { k, scores: heapScores, ids: heapIds, size } = found.heap;
    const { core } = this.#rows;
    core.scope((scope) => {
      const n = slots.length;
      const block = scope.reserve(8 * n);
      block.f32(0, n).set(scores);
      block.u32(4 * n, n).set(slots);
      core.kernels.topKPushF32(block.at(), block.at(4 * n), n, 0, k, heapScores, heapIds, size);
    });
  }

  /** Scores rows one by one. */
  #scan(prepared: GraphPrepared, n: number, slots: Uint32Array): void {
    const { found, bases } = prepared;
    const { core, codec } = this.#rows;
    const { graph } = codec;
    for (let first = 0; first < slots.length; first += RUN) {
      const run = slots.subarray(first, first + RUN);
      if (!graph) {
        this.offer(found, run, this.#rows.scores(run, bases.f32(0, 1)[0] as number));
        this.#record.count(0, run.length);
        continue;
      }
      core.scope((scope) => {
        const block = scope.reserve(4 * run.length);
        block.u32(0, run.length).set(run);
        // nothing is put into this pool
        const pool = scope.reserve(poolBytes(0));
        const record = this.#record.point({ n, width: 0, pool, isHeadOnly: !prepared.isWhole });
        graph.scan(this.#probe(record, prepared), block.at(), run.length, found.heap);
      });
    }
  }
}
