/**
 * Multi-vector search in engines that find single vectors: a codec, and what LanceDB, pgvector and others take of it.
 *
 * @module
 */
export { type BulkEngine, bulkLines, bulkSchema } from './bulk.ts';
export {
  type CodedCandidate,
  type CodedDocuments,
  loadMultiVectorCodec,
  MultiVectorCodec,
  type MultiVectorCodecOptions,
} from './codec.ts';
export type { EngineDocuments, EngineHit, EngineSearchOptions } from './documents.ts';
export { ENGINES, type EngineName, enginePreset, type VectorEngine } from './engines.ts';
export {
  type LanceRow,
  type LanceSearchOptions,
  type LanceTable,
  type LanceVectorQuery,
  lanceRows,
  searchLance,
} from './lancedb.ts';
export {
  insertPgvector,
  type PgvectorSearchOptions,
  pgvectorSchema,
  type SqlClient,
  searchPgvector,
} from './pgvector.ts';
