/**
 * Indexes in OPFS or IndexedDB.
 *
 * @module
 */
export { QuotaError } from './quota-error.ts';
export {
  type IndexStorage,
  openStorage,
  requestPersistence,
  type StorageKind,
  type StoredIndex,
} from './storage.ts';
