/**
 * All parts of a collection as one: an id lives in at most one of them, in the one that was written last. The last part is
 * the tail, which takes what is new; before it stand segments and tails that are being made into segments, the oldest first.
 */
import {
  type Core,
  checkInteger,
  checkLength,
  type Metric,
  metricQuery,
  type Numbers,
  toFloat32,
  type Vectors,
  vectorSet,
} from '@sagitta/core-wasm';
import { AllowedRecords } from '../records/filter.ts';
import { printId, type RecordId } from '../records/ids.ts';
import type { HitOf } from '../search/hits.ts';
import { mergeResults } from '../search/merge-results.ts';
import { rowScores } from '../search/row-scores.ts';
import { MAX_K } from '../search/search-result.ts';
import type { VectorPlan } from '../vector-index/options.ts';
import type { VectorRecord, VectorSearchOptions } from '../vector-index/types.ts';
import type { Operation } from './format.ts';
import { Part } from './part.ts';

/** Says how a collection is searched: as a VectorIndex is, with what can be said of parts. */
export interface CollectionSearchOptions<M> extends Omit<VectorSearchOptions<M>, 'rerank' | 'statistics'> {
  /** Scores so many candidates again with the float32 vectors that the files keep. */
  readonly rerank?: { readonly candidates: number } | false;
}

/** Records with their vectors, in one order. */
export interface Rows<M> {
  readonly ids: RecordId[];
  /** ids.length × d */
  readonly vectors: Float32Array;
  readonly metadata: (M | undefined)[];
}

export class Parts<M, S extends Metric> {
  readonly core: Core;
  readonly plan: VectorPlan;
  /** The last one is the tail. */
  list: Part<M>[];
  /** The next row number. */
  next = 0;

  constructor(core: Core, plan: VectorPlan) {
    this.core = core;
    this.plan = plan;
    this.list = [Part.tail<M>(core, plan)];
  }

  get n(): number {
    return this.list.reduce((sum, { n }) => sum + n, 0);
  }
  get tail(): Part<M> {
    return this.list[this.list.length - 1] as Part<M>;
  }

  partOf(id: RecordId): Part<M> | undefined {
    return this.list.find(({ index }) => index.has(id));
  }
  get(id: RecordId): VectorRecord<M> | undefined {
    return this.partOf(id)?.index.get(id);
  }
  *ids(): Generator<RecordId> {
    for (const { index } of this.list) yield* index.ids();
  }

  /** Takes the memory that a write needs; nothing finds it until publish. @throws CapacityError, then nothing of it is staged */
  stage(operation: Operation<M>): void {
    if (operation.kind === 'put') this.tail.index.stage(operation.vectors);
  }

  /** Drops what was staged. */
  withdraw(): void {
    this.tail.index.withdraw();
  }

  /** Makes writes that were staged, all of them and in this order, part of what is found. */
  publish(operations: readonly Operation<M>[]): void {
    const tail = this.tail.index;
    tail.publish();
    for (const operation of operations) {
      const { kind, ids } = operation;
      if (kind === 'put') {
        tail.record(operation.vectors, operation);
        for (const id of ids) if (typeof id === 'number') this.next = Math.max(this.next, id + 1);
      }
      for (const { index } of kind === 'put' ? this.list.slice(0, -1) : this.list) index.delete(ids);
    }
    tail.settle();
  }

  /** Writes that are in the log. @throws CapacityError, then none of them is done */
  apply(operations: readonly Operation<M>[]): void {
    try {
      for (const operation of operations) this.stage(operation);
    } catch (error) {
      this.withdraw();
      throw error;
    }
    this.publish(operations);
  }

  /** A new tail takes what is new; the old one only loses records. */
  freeze(): Part<M> {
    const frozen = this.tail;
    this.list.push(Part.tail<M>(this.core, this.plan, frozen));
    return frozen;
  }

  /** Records as they are now, with their vectors; those that are not in these parts are passed over. */
  async rows(ids: Iterable<RecordId>, among: readonly Part<M>[] = this.list): Promise<Rows<M>> {
    const { d } = this.plan;
    const found: RecordId[] = [];
    const metadata: (M | undefined)[] = [];
    const wanted = new Map<Part<M>, { readonly slots: number[]; readonly places: number[] }>();
    for (const id of ids) {
      for (const part of among) {
        const slot = part.index.records.slotOf(id);
        if (slot === undefined) continue;
        const of = wanted.get(part) ?? { slots: [], places: [] };
        wanted.set(part, of);
        of.slots.push(slot);
        of.places.push(found.length);
        found.push(id);
        metadata.push(part.index.records.metadataAt(slot));
        break;
      }
    }
    const vectors = new Float32Array(found.length * d);
    // asked for in one turn, before any of them can change
    const reads = Array.from(wanted, async ([part, { slots, places }]) => {
      const read = await part.vectors(Uint32Array.from(slots));
      for (const [i, place] of places.entries()) vectors.set(read.subarray(i * d, (i + 1) * d), place * d);
    });
    await Promise.all(reads);
    return { ids: found, vectors, metadata };
  }

  /** @throws as VectorIndex.search does, naming the argument */
  async search(
    queries: Vectors | readonly Numbers[],
    k: number,
    options: CollectionSearchOptions<M>,
  ): Promise<HitOf<M, S>[][]> {
    const { d } = this.plan;
    checkInteger('k', k, 1, MAX_K);
    const { data, n } = vectorSet(queries as Vectors, d, 'queries');
    const { rerank, filter, ...rest } = options;
    if (filter instanceof AllowedRecords) {
      throw new TypeError('"filter" expected an expression, a predicate or ids, got one made by an index');
    }
    // ids are asked for by part, and an iterator gives them once
    const isIds = typeof filter === 'object' && filter !== null && Symbol.iterator in filter;
    const allowed = isIds ? [...(filter as Iterable<RecordId>)] : filter;
    const candidates = rerank ? checkInteger('candidates', rerank.candidates, 1, MAX_K) : 0;
    const how = { ...rest, ...(allowed !== undefined && { filter: allowed }) };
    const wanted = Math.min(MAX_K, Math.max(k, candidates));
    const answers = this.list.map(({ index }) => index.searchBatch(data, wanted, how) as HitOf<M, S>[][]);
    const merged = Array.from({ length: n }, (_, q) =>
      this.#merge(
        answers.map((answer) => answer[q] as HitOf<M, S>[]),
        wanted,
      ),
    );
    if (!rerank) return merged;
    return Promise.all(merged.map((hits, q) => this.#rerank(data.subarray(q * d, (q + 1) * d), hits, k)));
  }

  /** The best k of what the parts answered; ties in the order of parts. */
  #merge(answers: readonly HitOf<M, S>[][], k: number): HitOf<M, S>[] {
    const some = answers.filter(({ length }) => length > 0);
    if (some.length === 1) return some[0] as HitOf<M, S>[];
    const starts = [0];
    for (const { length } of some) starts.push((starts.at(-1) as number) + length);
    const all = some.flat();
    const shards = some.map((hits, part) => ({
      ids: Uint32Array.from(hits.keys()),
      scores: Float32Array.from(hits, scoreOf),
      globalId: (i: number) => (starts[part] as number) + i,
    }));
    return Array.from(mergeResults(shards, k, this.plan.metric).ids, (i) => all[i] as HitOf<M, S>);
  }

  /** Scores candidates by their vectors. One that was deleted meanwhile is scored by what it was estimated. */
  async #rerank(query: Float32Array, hits: readonly HitOf<M, S>[], k: number): Promise<HitOf<M, S>[]> {
    const { metric, d } = this.plan;
    const { ids, vectors } = await this.rows(hits.map(({ id }) => id));
    const scores = new Map<RecordId, number>();
    this.core.scope((scope) => {
      const given = scope.reserve(4 * d);
      const rows = scope.reserve(4 * Math.max(1, vectors.length));
      const out = scope.reserve(4 * Math.max(1, ids.length));
      const { values, scale } = metricQuery(metric, query, d);
      given.f32(0, d).set(values);
      rows.f32(0, vectors.length).set(vectors);
      rowScores(this.core, metric, given.at(), rows.at(), ids.length, d, out);
      for (const [i, score] of out.f32(0, ids.length).entries())
        scores.set(ids[i] as RecordId, scale * score);
    });
    const sign = metric === 'l2' ? 1 : -1;
    const scored = hits.map((hit) => ({ hit, score: scores.get(hit.id) ?? sign * scoreOf(hit) }));
    return scored
      .sort((a, b) => a.score - b.score)
      .slice(0, k)
      .map(({ hit, score }) => ({ ...hit, [metric === 'l2' ? 'distance' : 'similarity']: sign * score }));
  }

  /** @throws RangeError where there is no such record */
  async vector(id: RecordId): Promise<Float32Array> {
    const { ids, vectors } = await this.rows([id]);
    if (ids.length === 1) return vectors;
    throw new RangeError(`"id" expected a record's id, got ${printId(id)}`);
  }

  async dispose(): Promise<void> {
    for (const part of this.list.splice(0)) await part.dispose();
  }
}

function scoreOf(hit: { readonly distance?: number } | { readonly similarity?: number }): number {
  const { distance, similarity } = hit as { readonly distance?: number; readonly similarity?: number };
  return distance ?? (similarity as number);
}

/** One query as a set of one. @throws TypeError, RangeError naming the query */
export function oneQuery(query: Numbers, d: number): Float32Array {
  const values = toFloat32('query', query);
  checkLength('query', values.length, d, 'd');
  return values;
}
