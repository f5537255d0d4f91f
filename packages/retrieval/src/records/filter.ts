/** Which records a search may answer with. */

import { countSlots } from '../search/slot-set.ts';
import type { RecordExpression } from './expression.ts';
import type { RecordId } from './ids.ts';
import type { JsonValue } from './json.ts';

/**
 * Says by metadata and id whether a record is allowed. It is asked about records with metadata only: those without are not
 * allowed.
 */
export type RecordPredicate<M = JsonValue> = (metadata: M, id: RecordId) => boolean;

/** An expression over metadata, a predicate, the ids that are allowed, or what index.filter made of one of these. */
export type RecordFilter<M = JsonValue> =
  | RecordExpression<M>
  | RecordPredicate<M>
  | Iterable<RecordId>
  | AllowedRecords;

/** Holds a bit set of records, good for any number of searches until the index next changes. */
export class AllowedRecords {
  /** Records that are allowed. */
  readonly size: number;
  readonly #words: Uint32Array;
  readonly #owner: object;
  readonly #change: number;

  /** words — the bit set; owner — the records that made it, as they were at their change of this number. */
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
