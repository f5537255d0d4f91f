/**
 * Text without a model download: terms, TF-IDF, latent semantic analysis, and token vectors trained on the texts themselves.
 *
 * @module
 */
export { loadStaticTokens, saveStaticTokens } from './format.ts';
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
