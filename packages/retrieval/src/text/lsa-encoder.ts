/**
 * One vector a text, trained on the user's own texts: TF-IDF (./tf-idf.ts) projected on its strongest directions (./lsa.ts).
 * A question is embedded like a text. Terms that training did not meet say nothing: train again when the vocabulary has moved on.
 */
import { checkInteger, checkNumber, checkOptions, type OptionTable } from '@sagitta/core-wasm';
import { type LsaModel, projectRows, trainLsa } from './lsa.ts';
import { type TfIdfModel, trainTfIdf, weighTexts } from './tf-idf.ts';

/** Says how vectors of texts are learned. */
export interface LsaEncoderOptions {
  /** Dimensions of a vector, 2 to 4,096; fewer where the texts do not span as many. Default 256. */
  readonly dimension?: number;
  /** Terms of fewer texts are left out. Default 1: a rare name is what a query may ask for. */
  readonly minimumTexts?: number;
  /** The most frequent terms that are kept. Default 50,000. */
  readonly maximumTerms?: number;
  readonly seed?: number;
  /** Passes of the SVD over the texts. Default 2. */
  readonly iterations?: number;
}

const OPTIONS: OptionTable<LsaEncoderOptions> = {
  dimension: 'number',
  minimumTexts: 'number',
  maximumTerms: 'number',
  seed: 'number',
  iterations: 'number',
};

/** Holds what training learns. */
export interface LsaEncoderModel {
  readonly tfIdf: TfIdfModel;
  readonly lsa: LsaModel;
}

/**
 * Learns vectors of texts from `texts`; the same texts and seed give the same on every engine.
 * @throws RangeError on options out of range, or texts without a term that tells one from another
 */
export function trainLsaEncoder(texts: readonly string[], options: LsaEncoderOptions = {}): LsaEncoder {
  checkOptions('options', options, OPTIONS);
  const dimension = checkInteger('dimension', options.dimension ?? 256, 2, 4096);
  const minimumTexts = checkInteger('minimumTexts', options.minimumTexts ?? 1, 1, 2 ** 31);
  const maximumTerms = checkInteger('maximumTerms', options.maximumTerms ?? 50_000, 1, 2 ** 24);
  const iterations = checkInteger('iterations', options.iterations ?? 2, 0, 100);
  const seed = checkNumber('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER);
  const tfIdf = trainTfIdf(texts, { minimumTexts, maximumTerms, maximumShare: 1 });
  const rows = weighTexts(tfIdf, texts);
  if (!rows.values.some((value) => value > 0)) {
    throw new RangeError(
      `"texts" expected terms that stand in some of them only, got none in ${texts.length} texts`,
    );
  }
  return new LsaEncoder({ tfIdf, lsa: trainLsa(rows, { dimension, iterations, seed }) });
}

/** Immutable, holds no core memory. */
export class LsaEncoder {
  readonly model: LsaEncoderModel;

  /** model — as training or a reader made it; not copied. */
  constructor(model: LsaEncoderModel) {
    this.model = model;
  }

  /** Dimensions of a vector. */
  get d(): number {
    return this.model.lsa.d;
  }

  /** One vector a text, texts.length × d: of length 1; zeros where no term is known. */
  embed(texts: readonly string[]): Float32Array {
    const { tfIdf, lsa } = this.model;
    return projectRows(lsa, weighTexts(tfIdf, texts));
  }
}
