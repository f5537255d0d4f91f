/** The parts of the demo: Markdown files → passages → TF-IDF → latent semantic analysis → search. */
export { type LsaModel, type LsaOptions, projectRows, trainLsa } from './lsa.ts';
export { findMarkdownFiles, type MarkdownFileOptions } from './markdown-files.ts';
export { collectPassages, type MarkdownFile, type Passage, splitMarkdown } from './passages.ts';
export type { SparseRows } from './sparse-rows.ts';
export { type TfIdfModel, trainTfIdf, weighTexts } from './tf-idf.ts';
export { tokenize } from './tokenize.ts';
