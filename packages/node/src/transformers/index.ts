/**
 * Token embeddings of transformer models by the optional peer @huggingface/transformers.
 *
 * @module
 */
export type { TokenProjection } from './hidden-states.ts';
export type {
  LoadOptions,
  TransformersLibrary,
  TransformersModel,
  TransformersTensor,
  TransformersTokenizer,
} from './library.ts';
export {
  loadTransformerTokens,
  TransformerTokenEncoder,
  type TransformerTokenOptions,
} from './token-encoder.ts';
