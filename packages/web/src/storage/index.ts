/**
 * Indexes in OPFS or IndexedDB.
 *
 * @module
 */
export { BlockedError, ChangedError, NotFoundError } from '../errors.ts';
export type { IndexStorage, StorageKind, StoredIndex } from './index-storage.ts';
export { QuotaError } from './quota-error.ts';
export { openStorage, requestPersistence } from './storage.ts';
