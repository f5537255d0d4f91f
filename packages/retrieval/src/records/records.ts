/** Everything that an index knows of its documents besides vectors: ids, metadata, and which slots can be found. */

import { addSlot, countSlots, hasSlot, removeSlot, wordsFor } from '../search/slot-set.ts';
import { compareIds, type DocumentId, DocumentIds } from './ids.ts';
import type { JsonValue } from './metadata.ts';

export interface DocumentRow {
  readonly id: DocumentId;
  readonly metadata: JsonValue | undefined;
  /** A document without tokens is kept and never found. */
  readonly hasTokens: boolean;
}

export class DocumentTable {
  readonly ids: DocumentIds = new DocumentIds();
  #metadata: (JsonValue | undefined)[] = [];
  #searchable: Uint32Array = new Uint32Array(0);
  #changes = 0;

  /** Slots, those of deleted documents included. */
  get slots(): number {
    return this.#metadata.length;
  }
  /** Slots of deleted documents and of older versions. */
  get dead(): number {
    return this.slots - this.ids.size;
  }
  /** Grows with every change. */
  get changes(): number {
    return this.#changes;
  }
  get metadata(): readonly (JsonValue | undefined)[] {
    return this.#metadata;
  }
  /** Bit set of the slots that can be found: live, with tokens. Not to be kept across changes. */
  get searchable(): Uint32Array {
    return this.#searchable.subarray(0, wordsFor(this.slots));
  }
  get searchableCount(): number {
    return countSlots(this.searchable);
  }

  /** The next slot; a live document of the same id dies. */
  push({ id, metadata, hasTokens }: DocumentRow): void {
    const slot = this.slots;
    const words = wordsFor(slot + 1);
    if (words > this.#searchable.length) {
      const grown = new Uint32Array(Math.max(64, 2 * this.#searchable.length));
      grown.set(this.#searchable);
      this.#searchable = grown;
    }
    const old = this.ids.slotOf(id);
    if (old !== undefined) this.#kill(old);
    this.ids.push(id);
    this.#metadata.push(metadata);
    if (hasTokens) addSlot(this.#searchable, slot);
    this.#changes++;
  }

  #kill(slot: number): void {
    removeSlot(this.#searchable, slot);
    this.#metadata[slot] = undefined;
  }

  /** Whether there was such a document. */
  delete(id: DocumentId): boolean {
    const slot = this.ids.slotOf(id);
    if (slot === undefined) return false;
    this.#kill(slot);
    this.ids.delete(id);
    this.#changes++;
    return true;
  }

  setMetadata(slot: number, metadata: JsonValue | undefined): void {
    this.#metadata[slot] = metadata;
    this.#changes++;
  }

  /** Slot i is from now on what slot keep[i] was; all of keep are live. */
  compact(keep: Uint32Array): void {
    const metadata = Array.from(keep, (slot) => this.#metadata[slot]);
    const searchable = new Uint32Array(wordsFor(keep.length));
    for (const [i, slot] of keep.entries()) {
      if (hasSlot(this.#searchable, slot)) addSlot(searchable, i);
    }
    this.ids.compact(keep);
    this.#metadata = metadata;
    this.#searchable = searchable;
    this.#changes++;
  }

  /** The order of slots whose scores tie: that of their ids. */
  tie = (a: number, b: number): number => compareIds(this.ids.at(a), this.ids.at(b));
}
