/** Opens a collection in a folder. */
import type { Metric } from '@sagitta/core-wasm';
import { fdeIndexes, type JsonValue } from '@sagitta/retrieval';
import {
  type Collection,
  type CollectionOptions,
  type OpenOptions,
  type OpenPlan,
  openAnyCollectionIn,
  openCollectionIn,
  openTokenCollectionIn,
  type TokenCollection,
  type TokenCollectionOptions,
} from '@sagitta/retrieval/collection';
import { FolderStore, type ThreadFiles } from './folder-store.ts';

/**
 * Opens the collection of a folder, or makes one there; close it when you are done. One process opens it for writing, any number
 * with readOnly. M is the type of the metadata.
 * @example
 * const notes = await openCollection<Note>('notes', { d: 384, metric: 'cosine' });
 * await notes.upsert({ ids: ['a'], vectors, metadata: [{ folder: 'x' }] }); // resolved: it is on the disk
 * await notes.search(query, 10, { filter: { folder: 'x' } }); // [{ id: 'a', similarity, metadata }]
 * @throws TypeError, RangeError on options that are wrong or differ from what the collection has, and where a reader finds none;
 * LockedError where another process writes; StorageError where the folder refuses; FormatError, UnsupportedError naming a file
 * that is damaged or of another version; UnsupportedError where there is no SQLite
 */
export function openCollection<M = JsonValue>(
  folder: string,
  options: CollectionOptions<'l2'> & { readonly metric: 'l2' },
): Promise<Collection<M, 'l2'>>;
export function openCollection<M = JsonValue>(
  folder: string,
  options: CollectionOptions<'ip' | 'cosine'> & { readonly metric: 'ip' | 'cosine' },
): Promise<Collection<M, 'ip' | 'cosine'>>;
export function openCollection<M = JsonValue>(
  folder: string,
  options?: CollectionOptions,
): Promise<Collection<M>>;
export function openCollection<M = JsonValue>(
  folder: string,
  options: CollectionOptions = {},
): Promise<Collection<M>> {
  return openFolder<M>(folder, options);
}

/** openCollection with files of threads of one's own. */
export function openFolder<M, S extends Metric = Metric>(
  folder: string,
  options: CollectionOptions<S>,
  threads?: ThreadFiles,
): Promise<Collection<M, S>> {
  checkFolder(folder);
  return openCollectionIn<M, S>((plan) => FolderStore.open(folder, plan, threads), options);
}

/**
 * Opens the collection of token sets of a folder, or makes one there, as openCollection does one of vectors: documents of many vectors,
 * searched by MaxSim. M is the type of the metadata.
 * @example
 * const notes = await openTokenCollection<Note>('notes', { d: 128 });
 * await notes.upsert({ ids: ['a'], tokens: { data, offsets, d: 128 }, metadata: [{ folder: 'x' }] });
 * await notes.search(queryTokens, 10, { filter: { folder: 'x' } }); // [{ id: 'a', similarity, metadata }]
 * @throws as openCollection does
 */
export function openTokenCollection<M = JsonValue>(
  folder: string,
  options: TokenCollectionOptions = {},
): Promise<TokenCollection<M>> {
  return openTokenFolder<M>(folder, options);
}

/** openTokenCollection with files of threads of one's own. */
export function openTokenFolder<M>(
  folder: string,
  options: TokenCollectionOptions,
  threads?: ThreadFiles,
): Promise<TokenCollection<M>> {
  checkFolder(folder);
  return openTokenCollectionIn<M>((plan) => FolderStore.open(folder, plan, threads), options);
}

/** The collection that is in a folder, whatever its records are. @throws as openCollection does; RangeError where there is none */
export async function openAnyFolder<M>(
  folder: string,
  options: OpenOptions,
  threads?: ThreadFiles,
): Promise<Collection<M> | TokenCollection<M>> {
  checkFolder(folder);
  const openStore = (plan: OpenPlan): Promise<FolderStore> => FolderStore.open(folder, plan, threads);
  return openAnyCollectionIn<M>(openStore, { ...options, indexes: fdeIndexes });
}

function checkFolder(folder: unknown): void {
  if (typeof folder === 'string' && folder.length > 0) return;
  const got = typeof folder === 'string' ? 'an empty one' : typeof folder;
  throw new TypeError(`"folder" expected a path, got ${got}`);
}
