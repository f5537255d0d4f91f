/**
 * Texts found by their words: BM25 (Robertson et al., TREC-3 1994), without a model.
 *
 *   score(query, text) = Σ_t idf(t)·f·(k1 + 1)/(f + k1·(1 - b + b·|text|/mean))
 *   idf(t) = ln(1 + (n - df + ½)/(df + ½))                              above 0 even of a term in every text
 *
 * f: times t stands in the text, df: texts that have it, |text|: its terms, mean: of all texts; a term counts as often as it
 * stands in the query. n, df and mean are those of the records that live, so a deleted text changes scores at once. Terms are
 * those of ./terms.ts. Only + − × ÷ of whole numbers and logarithms from ./natural-log.ts: the same on every engine.
 *
 * For each term the slots of the texts that have it, ascending, with f. A dead slot's stay until a compaction.
 */
import { checkInteger, checkNumber, checkOptions, type OptionTable } from '@sagitta/core-wasm';
import type { RecordFilter } from '../records/filter.ts';
import { checkRecordId, type RecordId } from '../records/ids.ts';
import { type JsonValue, kindOf } from '../records/json.ts';
import { Records } from '../records/records.ts';
import { bestPositions } from '../search/best-positions.ts';
import { hitsOf, type SimilarityHit } from '../search/hits.ts';
import { hasSlot } from '../search/slot-set.ts';
import { naturalLog } from './natural-log.ts';
import { tokenize } from './terms.ts';

/** Says how much repetition and length of a text count. */
export interface LexicalIndexOptions {
  /** From which on more of a term in a text tells little more, 0 (at once) to 100. Default 1.6. */
  readonly k1?: number;
  /** How much long texts are held back, 0 to 1. Default 0.5. */
  readonly b?: number;
}

/** Holds new texts of a lexical index. */
export interface LexicalRows<M = JsonValue> {
  /** One a text; left out: the next numbers. */
  readonly ids?: readonly RecordId[];
  /** Not kept: what is kept is how often each term stands in each. */
  readonly texts: readonly string[];
  /** One a text, JSON or undefined, copied. */
  readonly metadata?: readonly (M | undefined)[];
}

/** Says which texts a search may answer with. */
export interface LexicalSearchOptions<M = JsonValue> {
  /** An expression over metadata, a predicate, or ids. */
  readonly filter?: RecordFilter<M>;
}

const OPTIONS: OptionTable<LexicalIndexOptions> = { k1: 'number', b: 'number' };
const ROWS: OptionTable<LexicalRows> = { ids: 'any', texts: 'any', metadata: 'any' };
const SEARCH: OptionTable<LexicalSearchOptions> = { filter: 'any' };

/** The middle of a plateau of half the questions of three collections: docs/text-tokens.md. */
const DEFAULT_K1 = 1.6;
const DEFAULT_B = 0.5;
const MOST_K1 = 100;
/** Share of dead slots at which they are taken out. */
const COMPACT_AT = 0.25;

/** Slot, then f, of each text with the term; slots ascending. */
export type Postings = number[];

/** What a file holds of a lexical index. */
export interface LexicalContents<M> {
  readonly records: Records<M>;
  readonly postings: Map<string, Postings>;
  /** Terms of each text, one a slot. */
  readonly lengths: number[];
}

/**
 * Finds texts by their words. In JavaScript's memory alone: there is nothing to dispose of.
 * @example
 * const index = new LexicalIndex();
 * index.add({ ids: ['a', 'b'], texts: ['steam drives the turbine', 'flowers in the garden'] });
 * index.search('turbines', 10); // [{ id: 'a', similarity: …, metadata: undefined }]
 */
export class LexicalIndex<M = JsonValue> {
  readonly k1: number;
  readonly b: number;
  readonly #records: Records<M>;
  readonly #postings: Map<string, Postings>;
  #lengths: number[];
  /** Terms of all live texts. */
  #total: number;

  /**
   * Makes an empty index; contents are for loadLexicalIndex.
   * @throws RangeError on options out of range
   */
  constructor(options: LexicalIndexOptions = {}, contents?: LexicalContents<M>) {
    checkOptions('options', options, OPTIONS);
    this.k1 = checkNumber('k1', options.k1 ?? DEFAULT_K1, 0, MOST_K1);
    this.b = checkNumber('b', options.b ?? DEFAULT_B, 0, 1);
    this.#records = contents?.records ?? new Records<M>();
    this.#postings = contents?.postings ?? new Map();
    this.#lengths = contents?.lengths ?? [];
    this.#total = this.#lengths.reduce((sum, length) => sum + length, 0);
  }

  /** Texts. */
  get n(): number {
    return this.#records.n;
  }
  /** Different terms, those of dead texts included until a compaction. */
  get terms(): number {
    return this.#postings.size;
  }
  /** Deleted texts and older versions whose memory a compaction gives back. */
  get dead(): number {
    return this.#records.dead;
  }
  /** Ids and metadata; for saving. @internal */
  get records(): Records<M> {
    return this.#records;
  }

  /** Says whether there is a text of this id. */
  has(id: RecordId): boolean {
    return this.#records.slotOf(id) !== undefined;
  }
  /** Gives the ids of all texts, in the order they were added or last replaced. */
  ids(): RecordId[] {
    return this.#records.liveIds();
  }

  /**
   * Adds texts: all of them, or none when something is thrown.
   * @throws TypeError, RangeError on ids that are there already or come twice, on what is no text, on bad metadata
   */
  add(rows: LexicalRows<M>): void {
    this.#append('add', rows);
  }

  /** add, where a text whose id is there already is replaced. */
  upsert(rows: LexicalRows<M>): void {
    this.#append('put', rows);
  }

  #append(kind: 'add' | 'put', rows: LexicalRows<M>): void {
    checkOptions('rows', rows, ROWS as OptionTable<LexicalRows<M>>);
    const { texts, ...given } = rows;
    if (!Array.isArray(texts)) throw new TypeError(`"texts" expected an array, got ${kindOf(texts)}`);
    const counts = texts.map((text: unknown, i) => countsOf(`texts[${i}]`, text));
    const prepared = this.#records.prepare(kind, texts.length, given);
    if (kind === 'put') for (const id of prepared.ids.ids ?? []) this.#forget(id);
    const first = this.#records.slots;
    this.#records.commit(prepared);
    for (const [i, { frequencies, length }] of counts.entries()) {
      for (const [term, frequency] of frequencies) {
        const postings = this.#postings.get(term);
        if (postings) postings.push(first + i, frequency);
        else this.#postings.set(term, [first + i, frequency]);
      }
      this.#lengths.push(length);
      this.#total += length;
    }
    this.#compactIfDue();
  }

  /** What a live text of this id adds to the total goes. */
  #forget(id: RecordId): void {
    const slot = this.#records.slotOf(id);
    if (slot !== undefined) this.#total -= this.#lengths[slot] as number;
  }

  /**
   * Takes texts out; no search finds them from now on.
   * @param ids - one id, or any number of them; those that are not there are passed over
   * @returns how many there were
   */
  delete(ids: RecordId | Iterable<RecordId>): number {
    const given =
      typeof ids === 'object'
        ? Array.from(ids, (id) => checkRecordId('ids', id))
        : [checkRecordId('ids', ids)];
    let count = 0;
    for (const id of given) {
      this.#forget(id);
      if (this.#records.delete(id)) count++;
    }
    if (count > 0) this.#compactIfDue();
    return count;
  }

  #compactIfDue(): void {
    this.#records.compactIfDue(COMPACT_AT, () => this.compact());
  }

  /** Gives the memory of dead texts back. Changes do so themselves where a quarter is dead. */
  compact(): void {
    if (this.dead === 0) return;
    const keep = this.#records.liveSlots();
    for (const [term, postings] of renumbered(this.#postings, keep)) {
      if (postings.length > 0) this.#postings.set(term, postings);
      else this.#postings.delete(term);
    }
    this.#lengths = this.liveLengths();
    this.#records.compact(keep);
  }

  /** Gives the terms of live texts with their postings, slots counted among live ones; for saving. @internal */
  livePostings(): (readonly [string, Postings])[] {
    const all =
      this.dead === 0 ? [...this.#postings] : [...renumbered(this.#postings, this.#records.liveSlots())];
    return all.filter(([, postings]) => postings.length > 0).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Gives the terms of each live text, in their order; for saving. @internal */
  liveLengths(): number[] {
    return Array.from(this.#records.liveSlots(), (slot) => this.#lengths[slot] as number);
  }

  /**
   * Finds the k best texts for words, best first; ties go to the smaller id. Texts that have none of the words are not found.
   * @throws TypeError on what is no text or no filter, RangeError on k out of range
   */
  search(words: string, k: number, options: LexicalSearchOptions<M> = {}): SimilarityHit<M>[] {
    const { frequencies } = countsOf('words', words);
    const count = checkInteger('k', k, 0, Number.MAX_SAFE_INTEGER);
    checkOptions('options', options, SEARCH as OptionTable<LexicalSearchOptions<M>>);
    const { live } = this.#records;
    const allowed = options.filter === undefined ? live : this.#records.allowed(options.filter);
    const scores = new Float64Array(this.#records.slots);
    const { k1, b, n } = this;
    const mean = n > 0 ? this.#total / n : 0;
    for (const [term, times] of frequencies) {
      const postings = this.#postings.get(term);
      if (postings === undefined) continue;
      let df = postings.length / 2;
      if (this.dead > 0) {
        df = 0;
        for (let at = 0; at < postings.length; at += 2) if (hasSlot(live, postings[at] as number)) df++;
      }
      if (df === 0) continue;
      const weight = times * naturalLog(1 + (n - df + 0.5) / (df + 0.5)) * (k1 + 1);
      for (let at = 0; at < postings.length; at += 2) {
        const slot = postings[at] as number;
        if (!hasSlot(allowed, slot)) continue;
        const f = postings[at + 1] as number;
        const norm = k1 * (1 - b + (b * (this.#lengths[slot] as number)) / mean);
        scores[slot] = (scores[slot] as number) + (weight * f) / (f + norm);
      }
    }
    // every term adds something above 0
    const slots = new Uint32Array(scores.length)
      .map((_, slot) => slot)
      .filter((slot) => (scores[slot] as number) > 0);
    const values = Float32Array.from(slots, (slot) => scores[slot] as number);
    const best = bestPositions(values, count, (x, y) =>
      this.#records.compare(slots[x] as number, slots[y] as number),
    );
    return hitsOf(
      'ip',
      (slot) => this.#records.recordAt(slot),
      best.map((at) => slots[at] as number),
      Float32Array.from(best, (at) => values[at] as number),
    );
  }

  /** Finds the k best texts for each of several queries. @throws as search */
  searchBatch(
    words: readonly string[],
    k: number,
    options: LexicalSearchOptions<M> = {},
  ): SimilarityHit<M>[][] {
    return words.map((query) => this.search(query, k, options));
  }

  /** Estimates the bytes of JavaScript's memory that the index takes. */
  bytesUsed(): number {
    const { ids, metadata, indexed } = this.#records.bytesUsed();
    let bytes = ids + metadata + indexed + 8 * this.#lengths.length;
    // two numbers a posting; about a hundred bytes a term for its text, its array and its place in the map
    for (const [term, postings] of this.#postings) bytes += 8 * postings.length + 2 * term.length + 100;
    return bytes;
  }
}

/** How often each term stands in a text, and terms in all. @throws TypeError on what is no text */
function countsOf(label: string, text: unknown): { frequencies: Map<string, number>; length: number } {
  if (typeof text !== 'string') throw new TypeError(`"${label}" expected a string, got ${kindOf(text)}`);
  const frequencies = new Map<string, number>();
  const terms = tokenize(text);
  for (const term of terms) frequencies.set(term, (frequencies.get(term) ?? 0) + 1);
  return { frequencies, length: terms.length };
}

/** Postings of the slots `keep`, ascending, each by its place among them. */
function* renumbered(
  all: ReadonlyMap<string, Postings>,
  keep: Uint32Array,
): Generator<readonly [string, Postings]> {
  const places = new Map(Array.from(keep, (slot, place) => [slot, place]));
  for (const [term, postings] of all) {
    const kept: Postings = [];
    for (let at = 0; at < postings.length; at += 2) {
      const place = places.get(postings[at] as number);
      if (place !== undefined) kept.push(place, postings[at + 1] as number);
    }
    yield [term, kept];
  }
}
