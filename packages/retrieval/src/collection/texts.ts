/**
 * Texts of records, and the model that makes vectors of them. Each text is an entry of its own, written and removed in the
 * transaction of the write that says so; none is in memory but those that are asked for. A model is an entry too, and never changes.
 */
import type { RecordId } from '../records/ids.ts';
import { kindOf } from '../records/json.ts';
import { loadTextModel, type TextModel } from '../text/text-model.ts';
import { MODEL_RANGE, naming, readText, textKey, textRange, writeText } from './format.ts';
import type { Change, CollectionStore } from './store.ts';

/** Texts that are read at a time. */
export const TEXT_CHUNK = 128;
/** UTF-16 units of a text at most: a chunk of them fits in memory. */
const MAX_UNITS = 1 << 22;

export class Texts {
  /** Whether texts are kept. */
  readonly isKept: boolean;
  readonly model: TextModel | undefined;
  readonly #store: CollectionStore;

  constructor(store: CollectionStore, isKept: boolean, model: TextModel | undefined) {
    this.#store = store;
    this.isKept = isKept;
    this.model = model;
  }

  /** Makes values where there are none. name — what the caller calls values. @throws TypeError, RangeError naming texts or values */
  complete<G, V>(
    name: string,
    given: readonly (string | undefined)[] | undefined,
    values: G | undefined,
    make: (model: TextModel, texts: readonly string[]) => V,
  ): { readonly kept: readonly (string | undefined)[] | undefined; readonly values: G | V } {
    const texts = given && checkTexts(given);
    if (texts && !this.isKept && !this.model) {
      throw new RangeError(
        `"texts" expected a collection that keeps texts (keepTexts) or has a text model, got one of ${name} alone`,
      );
    }
    const kept = this.isKept ? texts : undefined;
    if (values !== undefined) return { kept, values };
    if (!texts || !this.model) {
      const wanted = this.model ? 'them, or texts' : 'them';
      throw new TypeError(`"${name}" expected ${wanted}, got undefined`);
    }
    const all = texts.map((text, i) => mustBeText(name, text, i));
    return { kept, values: make(this.model, all) };
  }

  /** What the model makes of words. @throws TypeError, RangeError naming them, also without a model */
  encode<V>(
    label: string,
    words: readonly unknown[],
    make: (model: TextModel, words: readonly string[]) => V,
  ): V {
    if (!this.model) {
      throw new RangeError(`"${label}" expected numbers, since the collection has no text model, got words`);
    }
    return make(
      this.model,
      words.map((word, i) => checkText(`${label}[${i}]`, word)),
    );
  }

  /** What a put of these texts, or a delete, changes: an older text never outlives its record. */
  changes(ids: readonly RecordId[], texts?: readonly (string | undefined)[]): Change[] {
    if (!this.isKept) return [];
    return ids.map((id, i) => {
      const text = texts?.[i];
      return { key: textKey(id), value: text === undefined ? undefined : writeText(text) };
    });
  }

  /** Texts by id; undefined where there is none. @throws FormatError naming one that is damaged */
  async read(ids: readonly RecordId[]): Promise<(string | undefined)[]> {
    const found = await this.#store.read(ids.map(textRange));
    return found.map(([entry]) => entry && readText(`${this.#store.name}/${entry.key}`, entry.value));
  }

  /** Which of these texts are damaged. */
  async damaged(given: Iterable<RecordId>): Promise<RecordId[]> {
    if (!this.isKept) return [];
    const ids = [...given];
    const damaged: RecordId[] = [];
    for (let first = 0; first < ids.length; first += TEXT_CHUNK) {
      const some = ids.slice(first, first + TEXT_CHUNK);
      const found = await this.#store.read(some.map(textRange));
      for (const [i, [entry]] of found.entries()) {
        try {
          if (entry) readText(entry.key, entry.value);
        } catch {
          damaged.push(some[i] as RecordId);
        }
      }
    }
    return damaged;
  }
}

/** The model that a store keeps. @throws FormatError naming it where it is damaged or gone */
export async function readModel(store: CollectionStore): Promise<TextModel> {
  const [[entry] = []] = await store.read([MODEL_RANGE]);
  return naming(`${store.name}/${MODEL_RANGE.from}`, () => loadTextModel(entry?.value ?? new Uint8Array(0)));
}

/** @throws TypeError, RangeError naming texts[i] */
function checkTexts(texts: readonly unknown[]): (string | undefined)[] {
  if (!Array.isArray(texts)) throw new TypeError(`"texts" expected an array, got ${kindOf(texts)}`);
  return Array.from(texts, (text, i) => (text === undefined ? undefined : checkText(`texts[${i}]`, text)));
}

function checkText(label: string, text: unknown): string {
  if (typeof text !== 'string') throw new TypeError(`"${label}" expected a string, got ${kindOf(text)}`);
  if (text.length > MAX_UNITS) {
    throw new RangeError(`"${label}" expected at most ${MAX_UNITS} characters, got ${text.length}`);
  }
  // UTF-8 would not give it back
  if (/\p{Surrogate}/u.test(text)) {
    throw new RangeError(`"${label}" expected whole characters, got a lone surrogate`);
  }
  return text;
}

function mustBeText(name: string, text: string | undefined, i: number): string {
  if (text !== undefined) return text;
  throw new TypeError(`"texts[${i}]" expected a string, since there are no ${name}, got undefined`);
}
