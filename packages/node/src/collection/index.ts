/**
 * Collections in a folder: vectors with ids and metadata that are there after the process is not.
 *
 * @module
 */
export {
  Collection,
  type CollectionOptions,
  type CollectionRecord,
  type CollectionReport,
  type CollectionRows,
  type CollectionSearchOptions,
  ConflictError,
  type Durability,
  type KeptRecord,
  LockedError,
  ReadOnlyError,
  type SegmentDamage,
  StorageError,
  TokenCollection,
  type TokenCollectionOptions,
  type TokenRecord,
  type TokenRows,
  type TokenSearchOptions,
  type Verification,
} from '@sagitta/retrieval/collection';
export { exportParquet } from './export-parquet.ts';
export { openCollection, openTokenCollection } from './open-collection.ts';
