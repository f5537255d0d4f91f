/**
 * Text without a model download: search by words (BM25), TF-IDF, latent semantic analysis, token vectors trained on the texts
 * themselves, and the fusion of several searches.
 *
 * @module
 */
export { loadStaticTokens, saveStaticTokens } from './format.ts';
export { type FusedHit, fuseHits, type RankedHit } from './hybrid.ts';
export { loadLexicalIndex, saveLexicalIndex } from './lexical-format.ts';
export {
  LexicalIndex,
  type LexicalIndexOptions,
  type LexicalRows,
  type LexicalSearchOptions,
} from './lexical-index.ts';
export { type LsaModel, type LsaOptions, projectRows, trainLsa } from './lsa.ts';
export { LsaEncoder, type LsaEncoderModel, type LsaEncoderOptions, trainLsaEncoder } from './lsa-encoder.ts';
export type { SparseRows } from './sparse-rows.ts';
export {
  type EncodedQuery,
  type EncodedTexts,
  StaticTokenEncoder,
  type StaticTokenOptions,
  trainStaticTokens,
} from './static-tokens.ts';
export { tokenize } from './terms.ts';
export { loadTextModel, saveTextModel, type TextModel } from './text-model.ts';
export { type TfIdfModel, type TfIdfOptions, trainTfIdf, weighTexts } from './tf-idf.ts';
