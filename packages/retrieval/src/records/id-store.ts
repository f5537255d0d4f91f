/**
 * Ids as the bytes that a file has of them, one behind the other, and a hash table from live ids to their slots. A million
 * of 11 characters take 35 MB and nothing that garbage collection has to walk; a Map of strings takes 100.
 *
 * A record: u8 0 and f64 · u8 1 and string (u16 byte count, UTF-8) · u8 2 and i64 · u8 3 and u64 of 2^63 or more.
 */
import { hashBytes, newHashKey } from './id-hash.ts';
import { isRecordId, MAX_ID_BYTES, type RecordId } from './ids.ts';

export const NUMBER = 0;
export const STRING = 1;
export const BIGINT = 2;
export const LARGE_BIGINT = 3;

/** Bytes of all ids of one store: places in them are of 32 bits. */
export const MOST_ID_BYTES: number = 2 ** 32 - 1;
/** Of a record without a string. */
export const RECORD_BYTES = 9;
/** Cells are pairs of slot + 1 and hash; slot + 1 is 0 where there was never one. */
const EMPTY = 0;
const GONE = 0xffffffff;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
/** The record of the id that is asked for. */
const scratch = new Uint8Array(3 + MAX_ID_BYTES);
const scratchView = new DataView(scratch.buffer);

export class IdStore {
  #bytes: Uint8Array<ArrayBuffer>;
  /** Where the record of each slot begins, and the last one ends. */
  #starts: Uint32Array<ArrayBuffer>;
  #length = 0;
  #cells: Uint32Array<ArrayBuffer>;
  /** Cells that are not empty. */
  #used = 0;
  #twice: number | undefined;
  readonly #key = newHashKey();

  constructor(room = 0) {
    this.#bytes = new Uint8Array(16 * room);
    this.#starts = new Uint32Array(room + 1);
    this.#cells = new Uint32Array(2 * cellsFor(room));
  }

  /** Slots. */
  get length(): number {
    return this.#length;
  }

  static from(ids: readonly RecordId[] | Uint32Array): IdStore {
    const store = new IdStore(ids.length);
    for (const id of ids) store.push(id);
    return store;
  }

  /** Takes n records, which are the store's from then on; starts — n + 1 offsets. */
  static of(bytes: Uint8Array<ArrayBuffer>, starts: Uint32Array<ArrayBuffer>): IdStore {
    const n = starts.length - 1;
    const store = new IdStore();
    store.#bytes = bytes;
    store.#starts = starts;
    store.#length = n;
    store.#cells = new Uint32Array(2 * cellsFor(n));
    for (let slot = 0; slot < n; slot++) {
      const from = starts[slot] as number;
      const to = starts[slot + 1] as number;
      const hash = hashBytes(store.#key, bytes, from, to);
      if (store.#find(hash, bytes, from, to) < 0) store.#insert(hash, slot);
      else store.#twice ??= slot;
    }
    return store;
  }

  /** The first slot of records that were taken whose id an earlier one has. */
  get twice(): number | undefined {
    return this.#twice;
  }

  /** Bytes of all records, those of dead slots too. */
  get size(): number {
    return this.#starts[this.#length] as number;
  }

  /** The id of a slot, also of a dead one. */
  at(slot: number): RecordId {
    const from = this.#starts[slot] as number;
    const bytes = this.#bytes;
    if (bytes[from] === STRING) return text(bytes, from + 3, this.#starts[slot + 1] as number);
    const view = new DataView(bytes.buffer, bytes.byteOffset + from + 1, 8);
    if (bytes[from] === NUMBER) return view.getFloat64(0, true);
    return bytes[from] === BIGINT ? view.getBigInt64(0, true) : view.getBigUint64(0, true);
  }

  /** The bytes of a slot's record: a view, until the store changes. */
  record(slot: number): Uint8Array {
    return this.#bytes.subarray(this.#starts[slot], this.#starts[slot + 1]);
  }

  /** The slot that an id has. */
  slotOf(id: RecordId): number | undefined {
    const size = write(id);
    if (size === 0) return undefined;
    const cell = this.#find(hashBytes(this.#key, scratch, 0, size), scratch, 0, size);
    return cell < 0 ? undefined : (this.#cells[2 * cell] as number) - 1;
  }

  /** Gives the next slot an id; a slot that had it has it no more. All ids are MOST_ID_BYTES at most. */
  push(id: RecordId): void {
    const size = write(id);
    const slot = this.#length;
    this.#reserve(slot + 1, (this.#starts[slot] as number) + size);
    const from = this.#starts[slot] as number;
    this.#bytes.set(scratch.subarray(0, size), from);
    this.#starts[slot + 1] = from + size;
    this.#length++;
    const hash = hashBytes(this.#key, scratch, 0, size);
    const cell = this.#find(hash, scratch, 0, size);
    if (cell >= 0) this.#cells[2 * cell] = slot + 1;
    else this.#insert(hash, slot);
  }

  /** Forgets which slot an id has; the slot still knows its id. */
  delete(id: RecordId): void {
    const size = write(id);
    const cell = this.#find(hashBytes(this.#key, scratch, 0, size), scratch, 0, size);
    if (cell >= 0) this.#cells[2 * cell] = GONE;
  }

  /** A store whose slot i is what slot keep[i] was; all of keep have their ids. */
  compacted(keep: Uint32Array): IdStore {
    let size = 0;
    for (const slot of keep) size += (this.#starts[slot + 1] as number) - (this.#starts[slot] as number);
    const bytes = new Uint8Array(size);
    const starts = new Uint32Array(keep.length + 1);
    for (const [i, slot] of keep.entries()) {
      const record = this.record(slot);
      bytes.set(record, starts[i]);
      starts[i + 1] = (starts[i] as number) + record.length;
    }
    return IdStore.of(bytes, starts);
  }

  bytesUsed(): number {
    return this.#bytes.byteLength + this.#starts.byteLength + this.#cells.byteLength;
  }

  /** The cell of a record, or -1. */
  #find(hash: number, bytes: Uint8Array, from: number, to: number): number {
    const cells = this.#cells;
    const mask = cells.length / 2 - 1;
    for (let cell = hash & mask; ; cell = (cell + 1) & mask) {
      const found = cells[2 * cell] as number;
      if (found === EMPTY) return -1;
      if (cells[2 * cell + 1] !== hash || found === GONE) continue;
      if (this.#isRecord(found - 1, bytes, from, to)) return cell;
    }
  }

  #isRecord(slot: number, bytes: Uint8Array, from: number, to: number): boolean {
    const own = this.#bytes;
    const start = this.#starts[slot] as number;
    if ((this.#starts[slot + 1] as number) - start !== to - from) return false;
    for (let i = 0; i < to - from; i++) if (own[start + i] !== bytes[from + i]) return false;
    return true;
  }

  /** Writes a cell of an id that has none. */
  #insert(hash: number, slot: number): void {
    if (4 * (this.#used + 1) > 1.5 * this.#cells.length) this.#rehash();
    this.#place(hash, slot);
  }

  #place(hash: number, slot: number): void {
    const cells = this.#cells;
    const mask = cells.length / 2 - 1;
    let cell = hash & mask;
    while (cells[2 * cell] !== EMPTY) cell = (cell + 1) & mask;
    cells[2 * cell] = slot + 1;
    cells[2 * cell + 1] = hash;
    this.#used++;
  }

  /** Twice as many cells for the ids that are left; or as many, where most were gone. */
  #rehash(): void {
    const before = this.#cells;
    let live = 0;
    for (let at = 0; at < before.length; at += 2) if (isTaken(before[at] as number)) live++;
    this.#cells = new Uint32Array(2 * cellsFor(2 * live));
    this.#used = 0;
    for (let at = 0; at < before.length; at += 2) {
      if (isTaken(before[at] as number)) this.#place(before[at + 1] as number, (before[at] as number) - 1);
    }
  }

  #reserve(slots: number, size: number): void {
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(MOST_ID_BYTES, Math.max(1024, Math.ceil(1.5 * size))));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    if (slots < this.#starts.length) return;
    const grown = new Uint32Array(Math.max(64, Math.ceil(1.5 * slots)) + 1);
    grown.set(this.#starts);
    this.#starts = grown;
  }
}

/** A power of two, of which n are three quarters at most. */
function cellsFor(n: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(8, (4 / 3) * n)));
}

function isTaken(cell: number): boolean {
  return cell !== EMPTY && cell !== GONE;
}

/** Writes an id's record into scratch; its size, 0 for what is no id. */
function write(id: RecordId): number {
  if (typeof id === 'string') return writeString(id);
  if (!isRecordId(id)) return 0;
  if (typeof id === 'number') {
    scratch[0] = NUMBER;
    // -0 is 0
    scratchView.setFloat64(1, id + 0, true);
  } else {
    scratch[0] = id < 2n ** 63n ? BIGINT : LARGE_BIGINT;
    scratchView.setBigUint64(1, BigInt.asUintN(64, id), true);
  }
  return RECORD_BYTES;
}

function writeString(id: string): number {
  let size = id.length;
  for (let i = 0; i < size && i <= 64; i++) {
    const unit = id.charCodeAt(i);
    if (unit < 128 && i < 64) {
      scratch[3 + i] = unit;
      continue;
    }
    if (!isRecordId(id)) return 0;
    size = encoder.encodeInto(id, scratch.subarray(3)).written;
    break;
  }
  scratch[0] = STRING;
  scratch[1] = size & 255;
  scratch[2] = size >>> 8;
  return 3 + size;
}

/** Whole characters, of bytes that were checked. */
function text(bytes: Uint8Array, from: number, to: number): string {
  if (to - from > 32) return decoder.decode(bytes.subarray(from, to));
  let out = '';
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte > 127) return decoder.decode(bytes.subarray(from, to));
    out += String.fromCharCode(byte);
  }
  return out;
}
