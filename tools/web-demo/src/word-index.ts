/** Late interaction over text: a vector a word, documents found by FDEs and scored by MaxSim, and which words matched. */
import type { Core } from '@sagitta/core-wasm';
import { type LsaModel, type TfIdfModel, tokenize } from '@sagitta/demo/text';
import {
  buildMultiVectorIndex,
  loadMultiVectorIndex,
  type MultiVectorIndex,
  multiVectorPieces,
} from '@sagitta/retrieval';

/** A word counts as matched from this cosine on. */
const MATCHED = 0.45;

export interface WordHits {
  readonly ids: Uint32Array;
  /** MaxSim, larger is better. */
  readonly scores: Float32Array;
  /** Of each hit, the numbers of the words that matched one of the query. */
  readonly words: readonly (readonly number[])[];
}

export interface WordFigures {
  readonly tokens: number;
  /** Codes of tokens and FDEs. */
  readonly bytes: number;
  readonly milliseconds: number;
}

/** Vectors of the words of a text that the model knows, and the number of each word. */
interface Words {
  readonly data: Float32Array;
  readonly numbers: readonly number[];
  readonly weights: readonly number[];
}

/** The words of a text, as they are counted here. */
export function wordsOf(text: string): string[] {
  return text.split(/\s+/);
}

export class WordIndex {
  readonly #words: TfIdfModel;
  readonly #lsa: LsaModel;
  readonly #numbers: (readonly number[])[] = [];
  readonly #index: MultiVectorIndex;
  readonly figures: WordFigures;

  /** saved — the file of an index of the same texts, instead of building it */
  constructor(core: Core, words: TfIdfModel, lsa: LsaModel, texts: readonly string[], saved?: Uint8Array) {
    this.#words = words;
    this.#lsa = lsa;
    const start = performance.now();
    const sets = texts.map((text) => this.#embed(text));
    this.#numbers = sets.map(({ numbers }) => numbers);
    const offsets = new Uint32Array(sets.length + 1);
    for (const [i, { numbers }] of sets.entries()) offsets[i + 1] = (offsets[i] as number) + numbers.length;
    const tokens = offsets[sets.length] as number;
    if (saved) {
      this.#index = loadMultiVectorIndex(core, saved);
    } else {
      const data = new Float32Array(tokens * lsa.d);
      for (const [i, set] of sets.entries()) data.set(set.data, (offsets[i] as number) * lsa.d);
      this.#index = buildMultiVectorIndex(core, { tokens: { data, offsets, n: sets.length, d: lsa.d } });
    }
    const bytes = Object.values(this.#index.bytes()).reduce((sum, part) => sum + part, 0);
    this.figures = { tokens, bytes, milliseconds: performance.now() - start };
  }

  #embed(text: string): Words {
    const { d, basis } = this.#lsa;
    const rows: Float32Array[] = [];
    const numbers: number[] = [];
    const weights: number[] = [];
    for (const [number, word] of wordsOf(text).entries()) {
      const column = tokenize(word)
        .map((term) => this.#words.columnOf.get(term))
        .find((known) => known !== undefined);
      if (column === undefined) continue;
      const row = basis.subarray(column * d, (column + 1) * d);
      // a term that no direction of the model carries has no vector
      if (!row.some((value) => value !== 0)) continue;
      rows.push(row);
      numbers.push(number);
      weights.push(this.#words.idf[column] as number);
    }
    const data = new Float32Array(rows.length * d);
    for (const [i, row] of rows.entries()) data.set(row, i * d);
    return { data, numbers, weights };
  }

  /** undefined where no word of the query is known. */
  search(text: string, k: number): WordHits | undefined {
    const { data, weights } = this.#embed(text);
    if (weights.length === 0) return undefined;
    const query = { tokens: data, weights: Float32Array.from(weights) };
    const { ids, scores } = this.#index.searchIds(query, k);
    const words = ids.map((id) =>
      this.#index
        .explain(query, id)
        .matches.filter(({ similarity }) => similarity >= MATCHED)
        .map(({ documentToken }) => this.#numbers[Number(id)]?.[documentToken] as number),
    );
    return { ids: Uint32Array.from(ids, Number), scores, words };
  }

  pieces(): Uint8Array[] {
    return multiVectorPieces(this.#index);
  }

  dispose(): void {
    this.#index.dispose();
  }
}
