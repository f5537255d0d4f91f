/**
 * All parts of a collection as one: an id lives in at most one of them, in the one that was written last. The last part is
 * the tail, which takes what is new; before it stand segments and tails that are being made into segments, the oldest first.
 */
import type { Core } from '@sagitta/core-wasm';
import { AllowedRecords, type RecordFilter } from '../records/filter.ts';
import { printId, type RecordId } from '../records/ids.ts';
import { mergeResults } from '../search/merge-results.ts';
import type { VectorRecord } from '../vector-index/types.ts';
import type { Operation } from './format.ts';
import type { Part, Tail } from './part.ts';
import type { RecordKind, Rows } from './record-kind.ts';

export class Parts<M, V> {
  readonly core: Core;
  readonly kind: RecordKind<V>;
  /** The last one is the tail. */
  list: Part<M>[];
  /** The next row number. */
  next = 0;

  constructor(core: Core, kind: RecordKind<V>) {
    this.core = core;
    this.kind = kind;
    this.list = [kind.tail<M>(core)];
  }

  get n(): number {
    return this.list.reduce((sum, { n }) => sum + n, 0);
  }
  get tail(): Tail<M, V> {
    return this.list[this.list.length - 1] as Tail<M, V>;
  }

  partOf(id: RecordId): Part<M> | undefined {
    return this.list.find((part) => part.has(id));
  }
  get(id: RecordId): VectorRecord<M> | undefined {
    const records = this.partOf(id)?.index.records;
    const slot = records?.slotOf(id);
    return slot === undefined ? undefined : records?.recordAt(slot);
  }
  *ids(): Generator<RecordId> {
    for (const part of this.list) yield* part.ids();
  }

  /** Takes the memory that a write needs; nothing finds it until publish. @throws CapacityError, then nothing of it is staged */
  stage(operation: Operation<M, V>): void {
    if (operation.kind === 'put') this.tail.index.stage(operation.values);
  }

  /** Drops what was staged. */
  withdraw(): void {
    this.tail.index.withdraw();
  }

  /** Makes writes that were staged, all of them and in this order, part of what is found. */
  publish(operations: readonly Operation<M, V>[]): void {
    const tail = this.tail.index;
    tail.publish();
    for (const operation of operations) {
      const { kind, ids } = operation;
      if (kind === 'put') {
        tail.record(operation.values, operation);
        for (const id of ids) if (typeof id === 'number') this.next = Math.max(this.next, id + 1);
      }
      for (const { index } of kind === 'put' ? this.list.slice(0, -1) : this.list) index.delete(ids);
    }
    tail.settle();
  }

  /** Writes that are in the log. @throws CapacityError, then none of them is done */
  apply(operations: readonly Operation<M, V>[]): void {
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
    this.list.push(this.kind.tail<M>(this.core, frozen));
    return frozen;
  }

  /** Records as they are now, with their values; those that are not in these parts are passed over. */
  async rows(ids: Iterable<RecordId>, among: readonly Part<M>[] = this.list): Promise<Rows<M>> {
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
    const values = new Array<Float32Array>(found.length);
    // asked for in one turn, before any of them can change
    const reads = Array.from(wanted, async ([part, { slots, places }]) => {
      const read = await part.values(Uint32Array.from(slots));
      for (const [i, place] of places.entries()) values[place] = read[i] as Float32Array;
    });
    await Promise.all(reads);
    return { ids: found, values, metadata };
  }

  /** The values of one record. @throws RangeError where there is no such record */
  async valuesOf(id: RecordId): Promise<Float32Array> {
    const { values } = await this.rows([id]);
    if (values[0]) return values[0];
    throw new RangeError(`"id" expected a record's id, got ${printId(id)}`);
  }

  /** The best k of what the parts answered; ties in the order of parts. */
  merge<H extends object>(answers: readonly H[][], k: number): H[] {
    const some = answers.filter(({ length }) => length > 0);
    if (some.length === 1) return some[0] as H[];
    const starts = [0];
    for (const { length } of some) starts.push((starts.at(-1) as number) + length);
    const all = some.flat();
    const shards = some.map((hits, part) => ({
      ids: Uint32Array.from(hits.keys()),
      scores: Float32Array.from(hits, scoreOf),
      globalId: (i: number) => (starts[part] as number) + i,
    }));
    return Array.from(mergeResults(shards, k, this.kind.metric).ids, (i) => all[i] as H);
  }

  async dispose(): Promise<void> {
    for (const part of this.list.splice(0)) await part.dispose();
  }
}

/** The distance or similarity of a hit. */
export function scoreOf(hit: object): number {
  const { distance, similarity } = hit as { readonly distance?: number; readonly similarity?: number };
  return distance ?? (similarity as number);
}

/** A filter that each part can be asked with. @throws TypeError on one that an index made */
export function filterOfParts<M>(filter: RecordFilter<M> | undefined): {
  readonly filter?: Exclude<RecordFilter<M>, AllowedRecords>;
} {
  if (filter instanceof AllowedRecords) {
    throw new TypeError('"filter" expected an expression, a predicate or ids, got one made by an index');
  }
  // ids are asked for by part, and an iterator gives them once
  const isIds = typeof filter === 'object' && filter !== null && Symbol.iterator in filter;
  if (isIds) return { filter: [...(filter as Iterable<RecordId>)] };
  return filter === undefined ? {} : { filter: filter as Exclude<RecordFilter<M>, AllowedRecords> };
}
