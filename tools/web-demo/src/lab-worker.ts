/** What the page computes beside searching: embeddings of text, the map, and the comparison of quantizers. */
import {
  type Core,
  createCore,
  type Metric,
  normalizeRows,
  RandomStream,
  type VectorSet,
} from '@sagitta/core-wasm';
import {
  collectPassages,
  type LsaModel,
  type Passage,
  projectRows,
  type TfIdfModel,
  trainLsa,
  trainTfIdf,
  weighTexts,
} from '@sagitta/demo/text';
import { type PcaModel, sampleRows, trainPca } from '@sagitta/quantizers';
import { sampleIndices } from '@sagitta/quantizers/training';
import { buildFlat, type IndexOptions, recallAtK } from '@sagitta/retrieval';
import { candidatesAt } from '@sagitta/retrieval/internal';
import { openStorage } from '@sagitta/web/storage';
import { expose } from 'comlink';
import { type WordFigures, type WordHits, WordIndex } from './word-index.ts';

const LSA_DIMENSION = 128;
const MAP_SAMPLE = 2000;
/** Points that a map shows. */
const MAP_POINTS = 4000;
const COMPARED_ROWS = 4000;
const COMPARED_QUERIES = 60;
const K = 10;
/** Labels of the methods that are compared: one of each kind. */
const SHOWN = new Set([
  'saq',
  'caq',
  'rabitq',
  'pq',
  'lvq rotated',
  'int4',
  'int8',
  'sign',
  'turboquant',
  'leanvec',
]);
const MIN_MEASURE_MS = 120;

export interface TextFile {
  readonly name: string;
  readonly text: string;
}

export interface Embedded {
  readonly passages: readonly Passage[];
  readonly data: Float32Array;
  readonly d: number;
}

export interface MapPoints {
  /** Row numbers of the points. */
  readonly rows: Uint32Array;
  /** x, y of each. */
  readonly points: Float32Array;
}

/** A method of the comparison on the user's data. */
export interface Measured {
  readonly label: string;
  readonly family: string;
  readonly bytes: number;
  readonly recall: number;
  readonly queriesPerSecond: number;
  readonly codedPerSecond: number;
}

class Lab {
  #core: Core = createCore();
  #words: TfIdfModel | undefined;
  #lsa: LsaModel | undefined;
  #pca: PcaModel | undefined;
  #texts: readonly string[] = [];
  #wordIndex: WordIndex | undefined;

  /** Cuts texts into passages and embeds them; queries are then embedded alike. */
  embedTexts(files: readonly TextFile[]): Embedded {
    const passages = collectPassages(files);
    if (passages.length < 3)
      throw new RangeError(`the text gives ${passages.length} passages, at least 3 are needed`);
    const texts = passages.map(({ heading, text }) => `${heading} ${text}`);
    this.#words = trainTfIdf(texts, { minimumTexts: passages.length < 50 ? 1 : 2 });
    const rows = weighTexts(this.#words, texts);
    this.#lsa = trainLsa(rows, { dimension: LSA_DIMENSION });
    this.#texts = passages.map(({ text }) => text);
    this.#wordIndex?.dispose();
    this.#wordIndex = undefined;
    return { passages, data: projectRows(this.#lsa, rows), d: this.#lsa.d };
  }

  /** undefined where no word of the text is known. */
  embedQuery(text: string): Float32Array | undefined {
    if (!this.#words || !this.#lsa) return undefined;
    const row = projectRows(this.#lsa, weighTexts(this.#words, [text]));
    return row.some((value) => value !== 0) ? row : undefined;
  }

  /** An index of a vector a word over the texts that were embedded last. */
  buildWords(saved?: Uint8Array): WordFigures {
    if (!this.#words || !this.#lsa) throw new RangeError('late interaction takes text: a vector a word');
    this.#wordIndex?.dispose();
    this.#wordIndex = new WordIndex(this.#core, this.#words, this.#lsa, this.#texts, saved);
    return this.#wordIndex.figures;
  }

  searchWords(text: string, k: number): WordHits | undefined {
    return this.#wordIndex?.search(text, k);
  }

  /** @returns bytes written to the browser's storage */
  async saveWords(name: string): Promise<number> {
    return (await openStorage()).write(name, this.#wordIndex?.pieces() ?? []);
  }

  async loadWords(name: string): Promise<WordFigures> {
    const source = await (await openStorage()).open(name);
    try {
      return this.buildWords(await source.read(0, source.size));
    } finally {
      await source.close?.();
    }
  }

  map(data: Float32Array, d: number): MapPoints {
    const set = { data, n: data.length / d, d };
    this.#pca = trainPca(this.#core, sampleRows(set, MAP_SAMPLE, new RandomStream(1, 'map')), {
      center: true,
    });
    const rows = sampleIndices(set.n, MAP_POINTS, new RandomStream(1, 'points'));
    const points = new Float32Array(2 * rows.length);
    for (const [i, row] of rows.entries())
      points.set(this.place(data.subarray(row * d, (row + 1) * d)), 2 * i);
    return { rows, points };
  }

  /** Where a vector lies on the map. */
  place(vector: Float32Array): [number, number] {
    const pca = this.#pca;
    if (!pca) return [0, 0];
    const out: [number, number] = [0, 0];
    for (let axis = 0; axis < Math.min(2, pca.d); axis++) {
      let sum = 0;
      for (let j = 0; j < pca.d; j++) {
        sum +=
          ((vector[j] as number) - (pca.mean[j] as number)) * (pca.components[axis * pca.d + j] as number);
      }
      out[axis] = sum;
    }
    return out;
  }

  /** Codes a sample of the vectors by every method and asks for neighbours; each result is told as it comes. */
  async compare(
    data: Float32Array,
    d: number,
    metric: Metric,
    tell: (measured: Measured, done: number, total: number) => Promise<void>,
  ): Promise<void> {
    const all = { data: metric === 'cosine' ? normalizeRows(data, d) : data, n: data.length / d, d };
    const { base, queries } = holdOut(sampleRows(all, COMPARED_ROWS, new RandomStream(1, 'compare')));
    const truth = this.#measure('float32', 'float32', base.data, queries.data, d, {
      metric,
      quantizer: 'float32',
    });
    const methods = [1, 2, 4, 8]
      .flatMap((bits) => candidatesAt(bits, base.n, d))
      .filter(({ label }) => SHOWN.has(label));
    let done = 0;
    await tell(truth.measured, ++done, methods.length + 1);
    for (const { label, quantizer, bits, options } of methods) {
      const name = `${label}${/\d$/.test(label) ? '' : ` ${bits}`}`;
      const { measured } = this.#measure(
        name,
        quantizer,
        base.data,
        queries.data,
        d,
        { ...options, metric, quantizer },
        truth.ids,
      );
      await tell(measured, ++done, methods.length + 1);
    }
  }

  #measure(
    label: string,
    family: string,
    base: Float32Array,
    queries: Float32Array,
    d: number,
    options: IndexOptions,
    truth?: Uint32Array,
  ): { measured: Measured; ids: Uint32Array } {
    const n = base.length / d;
    const k = Math.min(K, n);
    let start = performance.now();
    const index = buildFlat(this.#core, base, d, options);
    try {
      const codedPerSecond = (1000 * n) / (performance.now() - start);
      const { ids } = index.searchBatch(queries, k);
      let asked = 0;
      start = performance.now();
      do {
        index.searchBatch(queries, k);
        asked += queries.length / d;
      } while (performance.now() - start < MIN_MEASURE_MS);
      const queriesPerSecond = (1000 * asked) / (performance.now() - start);
      const recall = truth ? recallAtK(ids, k, truth, k, k) : 1;
      return {
        ids,
        measured: {
          label,
          family,
          bytes: index.codeBytesPerVector,
          recall,
          queriesPerSecond,
          codedPerSecond,
        },
      };
    } finally {
      index.dispose();
    }
  }
}

/** Every so many-th row is a query, and no part of what is searched. */
function holdOut({ data, n, d }: VectorSet): { base: VectorSet; queries: VectorSet } {
  const every = Math.max(2, Math.floor(n / COMPARED_QUERIES));
  const rows = Array.from({ length: n }, (_, i) => i);
  const pick = (wanted: (i: number) => boolean): VectorSet => {
    const kept = rows.filter(wanted);
    const out = new Float32Array(kept.length * d);
    for (const [i, row] of kept.entries()) out.set(data.subarray(row * d, (row + 1) * d), i * d);
    return { data: out, n: kept.length, d };
  };
  return { base: pick((i) => i % every !== 0), queries: pick((i) => i % every === 0) };
}

export type { Lab };

expose(new Lab());
