/** The caller's ids of documents, each once, and the slots that stores know them by. */
import { checkInteger } from '@sagitta/core-wasm';

/** An integer from 0 to 2^53 - 1, or a string of at most 65,535 bytes of UTF-8; 1 and "1" are two documents. */
export type DocumentId = number | string;

/** The order of ids where scores tie: numbers first, ascending, then strings by UTF-16 code unit. */
export function compareIds(a: DocumentId, b: DocumentId): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

const MAX_ID_BYTES = 65_535;

export function checkDocumentId(label: string, id: unknown): DocumentId {
  if (typeof id === 'number') return checkInteger(label, id, 0, Number.MAX_SAFE_INTEGER);
  if (typeof id !== 'string')
    throw new TypeError(`"${label}" expected a number or a string, got ${typeof id}`);
  // three bytes a code unit is the most that UTF-8 takes
  if (3 * id.length > MAX_ID_BYTES && new TextEncoder().encode(id).length > MAX_ID_BYTES) {
    throw new RangeError(`"${label}" expected at most ${MAX_ID_BYTES} bytes of UTF-8, got a longer string`);
  }
  if (/\p{Surrogate}/u.test(id)) {
    throw new RangeError(
      `"${label}" expected whole characters, got a lone surrogate in ${JSON.stringify(id)}`,
    );
  }
  return id;
}

export class DocumentIds {
  #ids: DocumentId[] = [];
  #slots = new Map<DocumentId, number>();

  /** Live documents. */
  get size(): number {
    return this.#slots.size;
  }
  /** The id that a slot got; a deleted document's too. */
  at(slot: number): DocumentId {
    return this.#ids[slot] as DocumentId;
  }
  slotOf(id: DocumentId): number | undefined {
    return this.#slots.get(id);
  }
  /** Slots of live documents, ascending. */
  liveSlots(): Uint32Array {
    return Uint32Array.from(this.#slots.values()).sort();
  }

  /** Checks that each is an id, new, and there once. */
  checkNew(ids: readonly unknown[]): DocumentId[] {
    const seen = new Set<DocumentId>();
    return ids.map((given, i) => {
      const id = checkDocumentId(`ids[${i}]`, given);
      if (this.#slots.has(id)) {
        throw new RangeError(
          `"ids[${i}]" expected a new id (update changes a document), got ${JSON.stringify(id)}`,
        );
      }
      if (seen.has(id))
        throw new RangeError(`"ids[${i}]" expected each id once, got ${JSON.stringify(id)} twice`);
      seen.add(id);
      return id;
    });
  }

  /** The document's newest slot is the next one. */
  push(id: DocumentId): void {
    this.#slots.set(id, this.#ids.length);
    this.#ids.push(id);
  }
  delete(id: DocumentId): void {
    this.#slots.delete(id);
  }
  /** Slot i is from now on what slot keep[i] was; all of keep are live. */
  compact(keep: Uint32Array): void {
    const kept = Array.from(keep, (slot) => this.#ids[slot] as DocumentId);
    this.#ids = kept;
    this.#slots = new Map(kept.map((id, slot) => [id, slot]));
  }
}
