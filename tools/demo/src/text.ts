/** The parts of the demo that need no files: Markdown → passages → TF-IDF → latent semantic analysis. They run in browsers too. */
export { type LsaModel, type LsaOptions, projectRows, trainLsa } from './lsa.ts';
export { collectPassages, type Passage } from './passages.ts';
export { type TfIdfModel, trainTfIdf, weighTexts } from './tf-idf.ts';
export { tokenize } from './tokenize.ts';
