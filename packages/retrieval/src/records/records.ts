/**
 * Everything that an index knows of its records besides vectors: ids, metadata, and which slots live. A record is one slot
 * of the index; one that is deleted or replaced leaves a dead slot behind, which a compaction takes away. Row numbers are
 * the ids where none are given, and then cost nothing.
 */
import { BusyError, CapacityError, checkLength } from '@sagitta/core-wasm';
import { addSlot, allSlots, hasSlot, listSlots, removeSlot, wordsFor } from '../search/slot-set.ts';
import { evaluate } from './evaluate.ts';
import { isExpression, parseExpression } from './expression.ts';
import { FieldIndex } from './field-index.ts';
import { AllowedRecords, type RecordFilter, type RecordPredicate } from './filter.ts';
import { checkRecordId, compareIds, type RecordId } from './ids.ts';
import { copyJson, type JsonValue, kindOf } from './json.ts';
import { JsonRows } from './json-rows.ts';
import { type NewIds, RecordIds } from './record-ids.ts';

export interface RecordsOptions {
  /** Paths of metadata that filters name often; each has a secondary structure beside it. Default: none. */
  readonly indexed?: readonly string[];
}

/** Ids and metadata of new rows, as a caller gives them. */
export interface RecordRows<M = JsonValue> {
  /** One a row, or none at all: then the numbers from one above the largest so far. */
  readonly ids?: readonly RecordId[] | undefined;
  /** One a row, copied; undefined where a row has none. */
  readonly metadata?: readonly (M | undefined)[] | undefined;
}

/** New rows that were checked and copied, for Records.commit. */
export interface PreparedRecords<M = JsonValue> {
  readonly ids: NewIds;
  readonly metadata: readonly (M | undefined)[] | undefined;
}

const MAX_INDEXED = 64;
/** Fewer dead slots than this are left alone. */
const LEAST_DEAD = 64;

/** @throws TypeError, RangeError on what are no paths, or too many */
export function checkIndexed(indexed: readonly string[]): readonly string[] {
  if (!Array.isArray(indexed))
    throw new TypeError(`"indexed" expected an array of paths, got ${kindOf(indexed)}`);
  if (indexed.length > MAX_INDEXED)
    throw new RangeError(`"indexed" expected at most ${MAX_INDEXED} paths, got ${indexed.length}`);
  for (const [i, path] of indexed.entries()) {
    // ids and paths are written alike
    if (typeof path !== 'string')
      throw new TypeError(`"indexed[${i}]" expected a string, got ${kindOf(path)}`);
    checkRecordId(`indexed[${i}]`, path);
  }
  return [...new Set<string>(indexed)];
}

/** Keeps ids, metadata and dead slots of an index, slot by slot, and says which slots a filter allows. */
export class Records<M = JsonValue> {
  /** Paths with a secondary structure. */
  readonly indexed: readonly string[];
  readonly #ids: RecordIds;
  readonly #metadata: JsonRows;
  readonly #fields: ReadonlyMap<string, FieldIndex>;
  #live: Uint32Array = new Uint32Array(0);
  #n = 0;
  #changes = 0;

  /** contents — what a file holds, as many of both: all of it lives. */
  constructor(
    options: RecordsOptions = {},
    contents?: { readonly ids: RecordIds; readonly metadata: JsonRows },
  ) {
    this.indexed = checkIndexed(options.indexed ?? []);
    this.#ids = contents?.ids ?? new RecordIds();
    this.#metadata = contents?.metadata ?? new JsonRows();
    this.#fields = new Map(this.indexed.map((path) => [path, new FieldIndex(this.#metadata, path)]));
    this.#live = allSlots(this.slots);
    this.#n = this.slots;
  }

  /** Live records. */
  get n(): number {
    return this.#n;
  }
  /** Slots, dead ones included. */
  get slots(): number {
    return this.#ids.length;
  }
  /** Slots of deleted records and of older versions. */
  get dead(): number {
    return this.slots - this.#n;
  }
  /** Grows with every change. */
  get changes(): number {
    return this.#changes;
  }
  /** Bit set of the live slots. Not to be kept across changes. */
  get live(): Uint32Array {
    return this.#live.subarray(0, wordsFor(this.slots));
  }
  /** Whether the id of every slot is its number and nothing else is known: then nothing has to be saved. */
  get isImplicit(): boolean {
    return this.#ids.isImplicit && this.#metadata.isEmpty && this.indexed.length === 0;
  }
  /** The ids themselves; for saving. */
  get ids(): RecordIds {
    return this.#ids;
  }
  /** The metadata as rows of words; for saving. */
  get rows(): JsonRows {
    return this.#metadata;
  }

  /** The id that a slot got; a dead slot's too. */
  idAt(slot: number): RecordId {
    return this.#ids.at(slot);
  }
  /** The live slot of an id. */
  slotOf(id: RecordId): number | undefined {
    const slot = this.#ids.slotOf(id);
    return slot !== undefined && hasSlot(this.#live, slot) ? slot : undefined;
  }
  /** A slot's metadata, made anew: the caller's. */
  metadataAt(slot: number): M | undefined {
    return this.#metadata.at(slot) as M | undefined;
  }
  /** A slot's id, with its metadata made anew. */
  recordAt(slot: number): { readonly id: RecordId; readonly metadata: M | undefined } {
    return { id: this.idAt(slot), metadata: this.metadataAt(slot) };
  }
  /** Live slots, ascending. */
  liveSlots(): Uint32Array {
    return listSlots(this.live);
  }
  /** Ids of the live slots, in their order. */
  liveIds(): RecordId[] {
    return Array.from(this.liveSlots(), (slot) => this.idAt(slot));
  }
  /** Orders slots by their ids: numbers ascending, then bigints, then strings. */
  compare = (a: number, b: number): number =>
    this.#ids.isImplicit ? a - b : compareIds(this.#ids.at(a), this.#ids.at(b));

  /**
   * Checks ids and metadata of `count` new rows and copies the metadata; nothing changes. Rows with ids are all new
   * ('add'), or take the place of what has their ids ('put'); no id comes twice.
   * @throws TypeError, RangeError naming ids[i] or metadata[i]
   */
  prepare(kind: 'add' | 'put', count: number, rows: RecordRows<M>): PreparedRecords<M> {
    const { ids, metadata } = rows;
    if (ids !== undefined) checkRows('ids', ids, count);
    if (metadata !== undefined) checkRows('metadata', metadata, count);
    // first of all: a toJSON of the caller's may use the index
    const values = metadata && Array.from(metadata, (value, i) => copyMetadata(`metadata[${i}]`, value));
    return {
      ids: this.#ids.check(
        count,
        ids && Array.from(ids),
        (id) => kind === 'add' && this.slotOf(id) !== undefined,
      ),
      metadata: values,
    };
  }

  /** Makes prepared rows the next slots; an older slot of the same id dies. Nothing changed since they were prepared. */
  commit(prepared: PreparedRecords<M>): void {
    const { ids, metadata } = prepared;
    const first = this.slots;
    for (const id of ids.ids ?? []) {
      const old = this.slotOf(id);
      if (old !== undefined) this.#kill(old);
    }
    this.#ids.push(ids, this.live);
    this.#grow(this.slots);
    for (let slot = first; slot < this.slots; slot++) addSlot(this.#live, slot);
    this.#n += ids.count;
    if (metadata) for (const value of metadata) this.#metadata.push(value as JsonValue | undefined);
    else this.#metadata.skip(ids.count);
    this.#changes++;
  }

  #grow(slots: number): void {
    const words = wordsFor(slots);
    if (words <= this.#live.length) return;
    const grown = new Uint32Array(Math.max(words, 64, 2 * this.#live.length));
    grown.set(this.#live);
    this.#live = grown;
  }

  #kill(slot: number): void {
    removeSlot(this.#live, slot);
    this.#n--;
    this.#metadata.set(slot, undefined);
  }

  /** Takes a record out; whether there was one. */
  delete(id: RecordId): boolean {
    const slot = this.slotOf(id);
    if (slot === undefined) return false;
    this.#kill(slot);
    this.#ids.delete(id);
    this.#changes++;
    return true;
  }

  /** Gives a live slot other metadata: a copy, made by copyMetadata. */
  setMetadata(slot: number, metadata: M | undefined): void {
    this.#metadata.set(slot, metadata as JsonValue | undefined);
    for (const field of this.#fields.values()) field.change(slot);
    this.#changes++;
  }

  /**
   * A bit set of the live slots that a filter allows, for many searches; good until the records next change.
   * @throws as allowed does
   */
  filter(filter: RecordFilter<M>): AllowedRecords {
    const words = this.allowed(filter);
    return new AllowedRecords(words, this, this.#changes);
  }

  /**
   * Bit-set words of the live slots that a filter allows. Ids that are not there are passed over.
   * @throws TypeError, RangeError on what is no filter, naming its part; on AllowedRecords of others, or from before the last
   * change; on a predicate, or ids, that change the records on the way
   */
  allowed(filter: RecordFilter<M>): Uint32Array {
    if (filter instanceof AllowedRecords) return filter.wordsFor(this, this.#changes);
    const changes = this.#changes;
    const words = this.#evaluate(filter);
    if (this.#changes !== changes) {
      throw new RangeError('"filter" expected one that leaves the index as it is, got one that changed it');
    }
    return words;
  }

  #evaluate(filter: RecordFilter<M>): Uint32Array {
    if (typeof filter === 'function') return this.#whereTrue(filter);
    const given: unknown = filter;
    if (typeof given !== 'object' || given === null) {
      throw new TypeError(`"filter" expected an expression, a predicate or ids, got ${kindOf(given)}`);
    }
    if (Symbol.iterator in given) return this.#withIds(given as Iterable<unknown>);
    if (!isExpression(given)) {
      throw new TypeError(`"filter" expected an expression, a predicate or ids, got ${kindOf(given)}`);
    }
    const expression = parseExpression('filter', given);
    return evaluate(
      expression,
      { rows: this.#metadata, indexOf: (path) => this.#fields.get(path) },
      this.live,
    );
  }

  #whereTrue(predicate: RecordPredicate<M>): Uint32Array {
    const words = new Uint32Array(this.live.length);
    for (const slot of this.liveSlots()) {
      const metadata = this.metadataAt(slot);
      if (metadata !== undefined && predicate(metadata, this.idAt(slot))) addSlot(words, slot);
    }
    return words;
  }

  #withIds(ids: Iterable<unknown>): Uint32Array {
    const words = new Uint32Array(this.live.length);
    for (const id of ids) {
      const slot = this.slotOf(checkRecordId('filter', id));
      // an iterator of the caller's may change the index; then all of this is refused
      if (slot !== undefined && slot >>> 5 < words.length) addSlot(words, slot);
    }
    return words;
  }

  /**
   * Calls `compact` where more than a share of the slots is dead: 1 is never, and so are a few. Where there is no memory for
   * it, nothing is thrown and the next change tries again: the one that asked for it is done.
   */
  compactIfDue(share: number, compact: () => void): void {
    const { dead, slots } = this;
    if (dead < LEAST_DEAD || dead <= share * slots || share === 1) return;
    try {
      compact();
    } catch (error) {
      if (!(error instanceof CapacityError || error instanceof BusyError)) throw error;
    }
  }

  /** Slot i is from now on what slot keep[i] was; all of keep are live, ascending. */
  compact(keep: Uint32Array): void {
    this.#ids.compact(keep);
    if (this.#metadata.isEmpty) this.#metadata.truncate(keep.length);
    else this.#metadata.compact(keep);
    for (const field of this.#fields.values()) field.clear();
    this.#live = allSlots(keep.length);
    this.#n = keep.length;
    this.#changes++;
  }

  /** Bytes of JavaScript's memory, about. */
  bytesUsed(): { readonly ids: number; readonly metadata: number; readonly indexed: number } {
    let indexed = 0;
    for (const field of this.#fields.values()) indexed += field.bytesUsed();
    return {
      ids: this.#ids.bytesUsed() + this.#live.byteLength,
      metadata: this.#metadata.bytesUsed(),
      indexed,
    };
  }
}

/** Copies metadata as they are kept. @throws TypeError, RangeError on what is no JSON */
export function copyMetadata<M>(label: string, value: M | undefined): M | undefined {
  return value === undefined ? undefined : (copyJson(label, value) as M);
}

function checkRows(label: string, rows: readonly unknown[], count: number): void {
  if (!Array.isArray(rows) && !ArrayBuffer.isView(rows)) {
    throw new TypeError(`"${label}" expected an array, got ${kindOf(rows)}`);
  }
  checkLength(label, rows.length, count, 'number of rows');
}
