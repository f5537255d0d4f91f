/** The parts of the demo that need no files: Markdown → passages → TF-IDF → latent semantic analysis. They run in browsers too. */

export {
  type LsaModel,
  projectRows,
  type TfIdfModel,
  tokenize,
  trainLsa,
  trainTfIdf,
  weighTexts,
} from '@sagitta/retrieval/text';
export { collectPassages, type Passage } from './passages.ts';
