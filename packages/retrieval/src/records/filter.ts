/** Which documents a search may answer with. */

import { addSlot, countSlots, hasSlot, wordsFor } from '../search/slot-set.ts';
import { checkDocumentId, type DocumentId, type DocumentIds } from './ids.ts';
import type { JsonValue } from './metadata.ts';

/** Says by metadata (undefined where a document has none) and id whether a document is allowed. */
export type DocumentPredicate = (metadata: JsonValue | undefined, id: DocumentId) => boolean;

/** A predicate, the ids that are allowed, or what index.filter made of one of these. */
export type DocumentFilter = DocumentPredicate | Iterable<DocumentId> | AllowedDocuments;

/** A bit set of documents, good for any number of searches until the index next changes. */
export class AllowedDocuments {
  /** Documents that are allowed. */
  readonly size: number;
  readonly #words: Uint32Array;
  readonly #owner: object;
  readonly #change: number;

  constructor(words: Uint32Array, owner: object, change: number) {
    this.#words = words;
    this.#owner = owner;
    this.#change = change;
    this.size = countSlots(words);
  }

  /** @throws RangeError where it was made by another index, or before the last change */
  wordsFor(owner: object, change: number): Uint32Array {
    if (this.#owner !== owner) throw new RangeError('"filter" expected one made by this index, got another');
    if (this.#change !== change) {
      throw new RangeError(
        `"filter" expected one made after the last change (number ${change}), got one made after number ${this.#change}`,
      );
    }
    return this.#words;
  }
}

/** The bit set of a predicate or a list of ids among `live` slots; ids that are not there are passed over. */
export function slotsOf(
  filter: DocumentPredicate | Iterable<DocumentId>,
  live: Uint32Array,
  slots: number,
  ids: DocumentIds,
  metadata: readonly (JsonValue | undefined)[],
): Uint32Array {
  const words = new Uint32Array(wordsFor(slots));
  if (typeof filter === 'function') {
    for (let slot = 0; slot < slots; slot++) {
      if (hasSlot(live, slot) && filter(metadata[slot], ids.at(slot))) addSlot(words, slot);
    }
    return words;
  }
  if (typeof filter === 'string' || typeof filter?.[Symbol.iterator] !== 'function') {
    const got = filter === null ? 'null' : typeof filter;
    throw new TypeError(`"filter" expected a predicate or ids, got ${got}`);
  }
  for (const id of filter) {
    const slot = ids.slotOf(checkDocumentId('filter', id));
    // documents without tokens are no live slots
    if (slot !== undefined && hasSlot(live, slot)) addSlot(words, slot);
  }
  return words;
}
