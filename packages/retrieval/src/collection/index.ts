/**
 * Collections that last, wherever they lie: openCollection of `@sagitta/node/collection` puts one into a folder; this entry is
 * for a place of one's own.
 *
 * @module
 */
export type { SegmentDamage } from './check-segment.ts';
export { Collection, type CollectionRecord, type CollectionReport, type KeptRecord } from './collection.ts';
export { ConflictError, LockedError, ReadOnlyError, StorageError } from './errors.ts';
export { openCollectionIn } from './open.ts';
export type { CollectionOptions, Durability, OpenPlan } from './options.ts';
export type { CollectionSearchOptions } from './parts.ts';
export type { Change, CollectionStore, Entry, KeyRange } from './store.ts';
export type { CollectionRows } from './texts.ts';
export type { Verification } from './verify.ts';
