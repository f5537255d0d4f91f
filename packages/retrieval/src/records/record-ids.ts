/**
 * The caller's ids, each once, and the slots that indexes know them by. As long as ids are the numbers of rows nothing is
 * kept but their count.
 */
import { hasSlot } from '../search/slot-set.ts';
import { IdStore, MOST_ID_BYTES, RECORD_BYTES } from './id-store.ts';
import { checkRecordId, printId, type RecordId, takenId } from './ids.ts';

/** Ids of new rows; `ids` undefined: the row numbers from `first` on. */
export interface NewIds {
  readonly count: number;
  readonly first: number;
  readonly ids: readonly RecordId[] | undefined;
}

export class RecordIds {
  /** Slots, where ids are their numbers. */
  #length = 0;
  /** The next row number: above every number that was an id. */
  #next = 0;
  #store: IdStore | undefined;

  /** Slots. */
  get length(): number {
    return this.#store?.length ?? this.#length;
  }
  get next(): number {
    return this.#next;
  }
  /** Whether the id of every slot is its number, and nothing is kept. */
  get isImplicit(): boolean {
    return this.#store === undefined;
  }
  /** Ids that are kept; for saving. */
  get store(): IdStore | undefined {
    return this.#store;
  }
  /** The id that a slot got; a dead slot's too. */
  at(slot: number): RecordId {
    return this.#store ? this.#store.at(slot) : slot;
  }
  /** The slot that an id has, or had where ids are implicit. */
  slotOf(id: RecordId): number | undefined {
    if (this.#store) return this.#store.slotOf(id);
    return typeof id === 'number' && id >= 0 && id < this.#length && Number.isInteger(id) ? id : undefined;
  }

  /**
   * Checks that each is an id that comes once.
   * @throws TypeError, RangeError naming ids[i]
   */
  check(count: number, given: readonly unknown[] | undefined, isTaken: (id: RecordId) => boolean): NewIds {
    const first = this.#next;
    if (given === undefined) {
      if (Number.MAX_SAFE_INTEGER - first < count - 1) {
        throw new RangeError(`"ids" expected ids of one's own after ${first - 1}, got none`);
      }
      return { count, first, ids: undefined };
    }
    const isNext = this.isImplicit && given.every((id, i) => id === first + i);
    if (isNext && Number.MAX_SAFE_INTEGER - first >= count - 1) return { count, first, ids: undefined };
    const seen = new Set<RecordId>();
    let size = this.#store?.size ?? RECORD_BYTES * this.#length;
    const ids = given.map((one, i) => {
      const id = checkRecordId(`ids[${i}]`, one);
      if (isTaken(id)) {
        throw new RangeError(takenId(`ids[${i}]`, id));
      }
      if (seen.has(id)) throw new RangeError(`"ids[${i}]" expected each id once, got ${printId(id)} twice`);
      seen.add(id);
      size += RECORD_BYTES + (typeof id === 'string' ? 3 * id.length : 0);
      if (size > MOST_ID_BYTES) {
        throw new RangeError(`"ids" expected at most ${MOST_ID_BYTES} bytes in all, got more at ids[${i}]`);
      }
      return id;
    });
    return { count, first, ids };
  }

  /** The next slots. live — bit set of the slots so far. */
  push({ count, first, ids }: NewIds, live: Uint32Array): void {
    if (ids === undefined && this.isImplicit && first === this.#length) {
      this.#length += count;
      this.#next = first + count;
      return;
    }
    const store = this.#explicit(live);
    for (let i = 0; i < count; i++) {
      const id = ids ? (ids[i] as RecordId) : first + i;
      store.push(id);
      if (typeof id === 'number') this.#next = Math.max(this.#next, id + 1);
    }
  }

  /** Makes row numbers ids like any others. */
  #explicit(live: Uint32Array): IdStore {
    if (this.#store) return this.#store;
    this.#store = new IdStore(this.#length);
    for (let slot = 0; slot < this.#length; slot++) {
      this.#store.push(slot);
      if (!hasSlot(live, slot)) this.#store.delete(slot);
    }
    return this.#store;
  }

  delete(id: RecordId): void {
    this.#store?.delete(id);
  }

  /** Slot i is from now on what slot keep[i] was; all of keep are live. */
  compact(keep: Uint32Array): void {
    if (this.#store) {
      this.#store = this.#store.compacted(keep);
      return;
    }
    if (this.#next === keep.length && keep.every((slot, i) => slot === i)) {
      this.#length = keep.length;
      return;
    }
    this.#store = IdStore.from(keep);
  }

  /** Takes what a file holds; next is above every number of the ids. */
  restore(ids: number | IdStore, next: number): void {
    if (ids instanceof IdStore) this.#store = ids;
    else this.#length = ids;
    this.#next = next;
  }

  bytesUsed(): number {
    return this.#store?.bytesUsed() ?? 0;
  }
}
