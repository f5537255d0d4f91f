/** Which slots have tokens: a document without is kept and never found. */
import { addSlot, hasSlot, wordsFor } from '../search/slot-set.ts';

export class FilledSlots {
  #words: Uint32Array = new Uint32Array(0);
  #slots = 0;
  /** Slots without tokens. */
  #empty = 0;

  /** Adds the next slot. */
  push(hasTokens: boolean): void {
    const slot = this.#slots++;
    const words = wordsFor(this.#slots);
    if (words > this.#words.length) {
      const grown = new Uint32Array(Math.max(64, 2 * words));
      grown.set(this.#words);
      this.#words = grown;
    }
    if (hasTokens) addSlot(this.#words, slot);
    else this.#empty++;
  }

  /** Slot i is from now on what slot keep[i] was. */
  compact(keep: Uint32Array): void {
    const old = this.#words;
    this.#words = new Uint32Array(0);
    this.#slots = 0;
    this.#empty = 0;
    for (const slot of keep) this.push(hasSlot(old, slot));
  }

  /** Those of a bit set of slots that have tokens; the set itself where all have. */
  within(words: Uint32Array): Uint32Array {
    return this.#empty === 0 ? words : words.map((word, i) => word & (this.#words[i] as number));
  }
}
