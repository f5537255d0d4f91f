/**
 * Collections in the browser's storage: vectors with ids and metadata that are there after the tab is not.
 *
 * @module
 */
export {
  Collection,
  type CollectionOptions,
  type CollectionRecord,
  type CollectionReport,
  type CollectionSearchOptions,
  type Durability,
  LockedError,
  ReadOnlyError,
  type SegmentDamage,
  StorageError,
  TokenCollection,
  type TokenCollectionOptions,
  type TokenRecord,
  type TokenSearchOptions,
  type Verification,
} from '@sagitta/retrieval/collection';
export {
  type BrowserCollectionOptions,
  type BrowserTokenCollectionOptions,
  openCollection,
  openTokenCollection,
  removeCollection,
} from './open-collection.ts';
