/**
 * Collections that last, wherever they lie: openCollection of `@sagitta/node/collection` puts one into a folder; this entry is
 * for a place of one's own.
 *
 * @module
 */

export { BaseCollection, type CollectionReport, type KeptRecord } from './base-collection.ts';
export type { SegmentDamage } from './check-segment.ts';
export { Collection, type CollectionRecord, type CollectionRows } from './collection.ts';
export { ConflictError, LockedError, ReadOnlyError, StorageError } from './errors.ts';
export { openAnyCollectionIn, openCollectionIn, openTokenCollectionIn } from './open.ts';
export type { CollectionOptions, Durability, OpenOptions, OpenPlan } from './options.ts';
export type { Change, CollectionStore, Entry, KeyRange } from './store.ts';
export {
  TokenCollection,
  type TokenRecord,
  type TokenRows,
  type TokenSearchOptions,
} from './token-collection.ts';
export type { TokenCollectionOptions } from './token-options.ts';
export type { CollectionSearchOptions } from './vector-search.ts';
export type { Verification } from './verify.ts';
