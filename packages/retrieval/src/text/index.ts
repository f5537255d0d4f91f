/**
 * Text without a model download: terms, TF-IDF, latent semantic analysis.
 *
 * @module
 */
export { type LsaModel, type LsaOptions, projectRows, trainLsa } from './lsa.ts';
export { naturalLog } from './natural-log.ts';
export type { SparseRows } from './sparse-rows.ts';
export { type TextTerm, textTerms, tokenize } from './terms.ts';
export { type TfIdfModel, type TfIdfOptions, trainTfIdf, weighTexts } from './tf-idf.ts';
