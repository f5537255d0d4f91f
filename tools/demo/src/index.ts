/** The parts of the demo that read text: Markdown files → passages. Terms, TF-IDF and latent semantic analysis are @sagitta/retrieval/text. */
export { findMarkdownFiles, type MarkdownFileOptions } from './markdown-files.ts';
export { collectPassages, type MarkdownFile, type Passage, splitMarkdown } from './passages.ts';
