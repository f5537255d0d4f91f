/** Opens a collection in the browser's storage. */
import { type Metric, UnsupportedError } from '@sagitta/core-wasm';
import type { JsonValue } from '@sagitta/retrieval';
import {
  type Collection,
  type CollectionOptions,
  type OpenOptions,
  type OpenPlan,
  openCollectionIn,
  openTokenCollectionIn,
  type TokenCollection,
  type TokenCollectionOptions,
} from '@sagitta/retrieval/collection';
import type { WorkerEndpoint } from '@sagitta/retrieval/remote';
import { createSearchWorker } from '../worker/web-place.ts';
import { BrowserStore } from './browser-store.ts';

interface WorkerOption {
  /** Makes the worker in which a segment is trained and written; by default of the package's own file, `@sagitta/web/search-worker`. */
  readonly createWorker?: () => WorkerEndpoint;
}

/** Says what a collection holds and how it is opened, and what its folds run in. */
export interface BrowserCollectionOptions<S extends Metric = Metric>
  extends CollectionOptions<S>,
    WorkerOption {}

/** Says what a collection of token sets holds and how it is opened, and what its folds run in. */
export interface BrowserTokenCollectionOptions extends TokenCollectionOptions, WorkerOption {}

/**
 * Opens the collection of that name of this origin, or makes one; close it when you are done. One page or worker opens it for
 * writing, any number with readOnly. M is the type of the metadata.
 * @example
 * const notes = await openCollection<Note>('notes', { d: 384, metric: 'cosine' });
 * await notes.upsert({ ids: ['a'], vectors, metadata: [{ folder: 'x' }] }); // resolved: it is there after a reload or a crash
 * await notes.search(query, 10, { filter: { folder: 'x' } }); // [{ id: 'a', similarity, metadata }]
 * @throws TypeError, RangeError on options that are wrong or differ from what the collection has, and where a reader finds none;
 * LockedError where another tab writes; StorageError where the browser refuses; FormatError, UnsupportedError naming what is
 * damaged or of another version; UnsupportedError where IndexedDB, OPFS or Web Locks are missing
 */
export function openCollection<M = JsonValue>(
  name: string,
  options: BrowserCollectionOptions<'l2'> & { readonly metric: 'l2' },
): Promise<Collection<M, 'l2'>>;
export function openCollection<M = JsonValue>(
  name: string,
  options: BrowserCollectionOptions<'ip' | 'cosine'> & { readonly metric: 'ip' | 'cosine' },
): Promise<Collection<M, 'ip' | 'cosine'>>;
export function openCollection<M = JsonValue>(
  name: string,
  options?: BrowserCollectionOptions,
): Promise<Collection<M>>;
export async function openCollection<M = JsonValue>(
  name: string,
  options: BrowserCollectionOptions = {},
): Promise<Collection<M>> {
  const { openStore, known } = opening(name, options);
  return openCollectionIn<M>(openStore, known);
}

/**
 * Opens the collection of token sets of that name, or makes one, as openCollection does one of vectors: documents of many vectors,
 * searched by MaxSim. M is the type of the metadata.
 * @throws as openCollection does
 */
export async function openTokenCollection<M = JsonValue>(
  name: string,
  options: BrowserTokenCollectionOptions = {},
): Promise<TokenCollection<M>> {
  const { openStore, known } = opening(name, options);
  return openTokenCollectionIn<M>(openStore, known);
}

function opening<O extends OpenOptions & WorkerOption>(
  name: string,
  { createWorker = createSearchWorker, ...known }: O,
): {
  readonly openStore: (plan: OpenPlan) => Promise<BrowserStore>;
  readonly known: Omit<O, 'createWorker'>;
} {
  checkCollectionName(name);
  if (typeof createWorker !== 'function')
    throw new TypeError(`"createWorker" expected a function, got ${typeof createWorker}`);
  if (!known.readOnly && createWorker === createSearchWorker && typeof Worker === 'undefined') {
    throw new UnsupportedError(
      '"createWorker" expected a function where there are no workers to start (shared and service workers), got none',
    );
  }
  return { openStore: (plan) => BrowserStore.open(name, plan, createWorker), known };
}

/**
 * Removes a collection of this origin, if it is there. Those that read it get a StorageError from then on.
 * @throws TypeError, RangeError on a name that is none; LockedError where it is open for writing; StorageError, UnsupportedError
 */
export async function removeCollection(name: string): Promise<void> {
  checkCollectionName(name);
  await BrowserStore.remove(name);
}

function checkCollectionName(name: unknown): void {
  if (typeof name !== 'string') throw new TypeError(`"name" expected a string, got ${typeof name}`);
  if (name.length === 0) throw new RangeError('"name" expected at least one character, got none');
}
