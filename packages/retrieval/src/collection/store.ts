/**
 * What a collection stands on: small entries that change in transactions, and files that are there whole or not at all. In
 * Node an embedded database and a folder; a browser has both in storage of its own.
 */
import type { ByteSource } from '../files/byte-source.ts';
import type { Connection } from '../remote/connection.ts';
import type { Place } from '../remote/place.ts';

/** Holds a small value under its key. */
export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Says what becomes of an entry; without a value it goes. */
export interface Change {
  readonly key: string;
  readonly value?: Uint8Array | undefined;
}

/** Names keys from `from` on and before `to`, by code unit. */
export interface KeyRange {
  readonly from: string;
  readonly to: string;
}

/** Keeps the entries and files of one collection. Whoever opens one for writing is the only one to until it is closed, or its process ends. */
export interface CollectionStore {
  /** The collection, as errors call it. */
  readonly name: string;
  /** What whoever opens it calls the name, for errors: 'folder', 'name'. */
  readonly argument: string;
  readonly isWriter: boolean;
  /** Entries by range, each in the order of its keys: all of them of one moment. */
  read(ranges: readonly KeyRange[]): Promise<Entry[][]>;
  /** Makes all changes or none, and resolves when they are as durable as the store was told. @throws StorageError */
  commit(changes: readonly Change[]): Promise<void>;
  /** A number that is another one when somebody else has committed. */
  version(): Promise<number>;
  /** What is wrong with the entries, if anything. */
  defect(): Promise<string | undefined>;
  /** What it gives stays readable until it is closed, also where the file is removed meanwhile. */
  openFile(name: string): Promise<ByteSource>;
  /** Writes a file, durably. One that was cut off may be there in part: entries name a file only when it is whole. */
  writeFile(name: string, pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void>;
  /** Names of all files, also of those that are not whole. */
  fileNames(): Promise<string[]>;
  removeFile(name: string): Promise<void>;
  renameFile(name: string, to: string): Promise<void>;
  /** Starts the worker in which indexes are built beside this thread; what its client saves in builderStorage is a file that openFile finds. */
  startBuilder(): Promise<Connection<Place>>;
  /** The storage in which the builder saves. */
  readonly builderStorage: string;
  /** Opens another store of the same kind for writing, for a copy. @throws as opening does */
  openOther(name: string): Promise<CollectionStore>;
  /** What the builder rejected with, as this store says it: a StorageError where the storage refused. */
  translated(error: unknown): unknown;
  close(): Promise<void>;
}
