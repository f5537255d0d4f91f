/**
 * Bags of words with weights: (1 + ln tf) · ln((n + 1) / (df + 1)), every row scaled to unit length.
 * tf: times a term stands in the text; df: texts of the training set it stands in; n: texts of the training set.
 */
import { checkOptions, type OptionTable } from '@sagitta/core-wasm';
import { naturalLog } from './natural-log.ts';
import type { SparseRows } from './sparse-rows.ts';
import { tokenize } from './terms.ts';

/** Says which terms are kept. */
export interface TfIdfOptions {
  /** Terms of fewer texts are left out: they tell nothing about other texts. Default 2. */
  readonly minimumTexts?: number;
  /** Terms of a larger share of the texts are left out. Default 0.4. */
  readonly maximumShare?: number;
  /** The most frequent terms that are kept; default 20,000. */
  readonly maximumTerms?: number;
}

const TF_IDF_OPTIONS: OptionTable<TfIdfOptions> = {
  minimumTexts: 'number',
  maximumShare: 'number',
  maximumTerms: 'number',
};

/** Holds the vocabulary and the weight of each term. */
export interface TfIdfModel {
  /** Term → column; columns go by falling document frequency, then by the term. */
  readonly columnOf: ReadonlyMap<string, number>;
  /** One weight a column. */
  readonly idf: Float32Array;
}

/** Learns the vocabulary and its weights. @throws RangeError if no term passes the limits */
export function trainTfIdf(texts: readonly string[], options: TfIdfOptions = {}): TfIdfModel {
  checkOptions('options', options, TF_IDF_OPTIONS);
  const minimumTexts = options.minimumTexts ?? 2;
  const maximumTexts = (options.maximumShare ?? 0.4) * texts.length;
  const frequencies = new Map<string, number>();
  for (const text of texts) {
    for (const term of new Set(tokenize(text))) frequencies.set(term, (frequencies.get(term) ?? 0) + 1);
  }
  const kept = [...frequencies]
    .filter(([, frequency]) => frequency >= minimumTexts && frequency <= maximumTexts)
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .slice(0, options.maximumTerms ?? 20_000);
  if (kept.length === 0) {
    throw new RangeError(
      `"texts" expected terms that ${minimumTexts} texts share, got none in ${texts.length} texts`,
    );
  }
  const idf = Float32Array.from(kept, ([, frequency]) => naturalLog((texts.length + 1) / (frequency + 1)));
  return { columnOf: new Map(kept.map(([term], column) => [term, column])), idf };
}

/** The weights of each text, columns ascending in a row; a text without a known term is an empty row. */
export function weighTexts(model: TfIdfModel, texts: readonly string[]): SparseRows {
  const starts = new Uint32Array(texts.length + 1);
  const columns: number[] = [];
  const values: number[] = [];
  texts.forEach((text, i) => {
    const counts = new Map<number, number>();
    for (const term of tokenize(text)) {
      const column = model.columnOf.get(term);
      if (column !== undefined) counts.set(column, (counts.get(column) ?? 0) + 1);
    }
    const row = [...counts].sort(([a], [b]) => a - b);
    const weights = row.map(([column, count]) => (1 + naturalLog(count)) * (model.idf[column] as number));
    const norm = Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0));
    row.forEach(([column], j) => {
      columns.push(column);
      values.push(norm > 0 ? (weights[j] as number) / norm : 0);
    });
    starts[i + 1] = columns.length;
  });
  return {
    n: texts.length,
    d: model.idf.length,
    starts,
    columns: Uint32Array.from(columns),
    values: Float32Array.from(values),
  };
}
