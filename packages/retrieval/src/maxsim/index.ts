/**
 * MaxSim (Chamfer) similarity of token vectors: exact over float32 and half precision, over bytes, and over SAQ, RaBitQ and
 * sign codes without decoding them; a reranker that needs nothing else.
 *
 * @module
 */
export { createTokenStore, readTokenStore, type TokenStoreOptions } from './create-token-store.ts';
export { type MaxsimRanking, type MaxsimRerankOptions, maxsim, maxsimRerank } from './maxsim.ts';
export { queryTokens } from './query-tokens.ts';
export {
  type MaxsimExplanation,
  type QueryTokens,
  TOKEN_ENCODINGS,
  TOKEN_METRICS,
  type TokenEncoding,
  type TokenMetric,
  type TokenStore,
} from './token-store.ts';
