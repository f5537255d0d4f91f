/**
 * Indexes in OPFS or IndexedDB.
 *
 * @module
 */
export type { IndexStorage, StorageKind, StoredIndex } from './index-storage.ts';
export { QuotaError } from './quota-error.ts';
export { openStorage, requestPersistence } from './storage.ts';
