/** Bit sets over slots: bit s mod 32 of word ⌊s / 32⌋. */

/** Rows that a search may answer with. */
export interface AllowedRows {
  /** Bit set, ⌈n / 32⌉ words. */
  readonly words: Uint32Array;
  /** Bits that are set. */
  readonly count: number;
  /** They are the rows that are not deleted: nearly all, or all that a scan meets by chance. Default false: a filter. */
  readonly isLive?: boolean;
}

export function wordsFor(slots: number): number {
  return Math.ceil(slots / 32);
}

/** A set of the slots 0 to n - 1. */
export function allSlots(slots: number): Uint32Array {
  const words = new Uint32Array(wordsFor(slots)).fill(0xffffffff);
  if (slots % 32 > 0) words[words.length - 1] = 2 ** (slots % 32) - 1;
  return words;
}

/** The set, with room for that many slots. */
export function withRoom(words: Uint32Array, slots: number): Uint32Array {
  if (words.length >= wordsFor(slots)) return words;
  const roomy = new Uint32Array(wordsFor(slots));
  roomy.set(words);
  return roomy;
}

export function hasSlot(words: Uint32Array, slot: number): boolean {
  return (((words[slot >>> 5] as number) >>> (slot & 31)) & 1) === 1;
}

export function addSlot(words: Uint32Array, slot: number): void {
  words[slot >>> 5] = (words[slot >>> 5] as number) | (1 << (slot & 31));
}

export function removeSlot(words: Uint32Array, slot: number): void {
  words[slot >>> 5] = (words[slot >>> 5] as number) & ~(1 << (slot & 31));
}

/** Slots that are set. */
export function countSlots(words: Uint32Array): number {
  let count = 0;
  for (const word of words) {
    let bits = word - ((word >>> 1) & 0x55555555);
    bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
    count += Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}

/** The set slots, ascending. */
export function listSlots(words: Uint32Array): Uint32Array {
  const out = new Uint32Array(countSlots(words));
  let at = 0;
  for (const [i, word] of words.entries()) {
    for (let rest = word; rest !== 0; rest &= rest - 1) {
      out[at++] = 32 * i + 31 - Math.clz32(rest & -rest);
    }
  }
  return out;
}
