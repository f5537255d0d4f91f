/** Errors of collections, most of which no argument is to blame for. */
import { type RecordId, takenId } from '../records/ids.ts';
import type { CollectionStore } from './store.ts';

/** Says that add was given an id that is there already: nothing of the call was added. */
export class ConflictError extends Error {
  readonly code = 'SAGITTA_CONFLICT';
  readonly id: RecordId;

  /** label — the argument that holds the id */
  constructor(label: string, id: RecordId) {
    super(takenId(label, id));
    this.name = 'ConflictError';
    this.id = id;
  }
}

/** Says that somebody else is writing to the collection: another process, or this one. */
export class LockedError extends Error {
  readonly code = 'SAGITTA_LOCKED';
  /** The collection. */
  readonly collection: string;

  constructor(collection: string) {
    super(
      `${collection}: expected no other writer, got one: a collection has one writer and any number of readers (readOnly: true)`,
    );
    this.name = 'LockedError';
    this.collection = collection;
  }
}

/** Says that a collection that was opened for reading was told to change. */
export class ReadOnlyError extends Error {
  readonly code = 'SAGITTA_READ_ONLY';
  /** The collection. */
  readonly collection: string;

  constructor(collection: string, method: string, why: string) {
    super(`${collection}: ${method} expected a collection opened for writing, got one ${why}`);
    this.name = 'ReadOnlyError';
    this.collection = collection;
  }
}

/** Says that what a collection lies in refused: a full disk, a folder that is gone or may not be written. `cause` has the system's own error. */
export class StorageError extends Error {
  readonly code = 'SAGITTA_STORAGE';
  /** The collection, or the file of it. */
  readonly place: string;

  constructor(place: string, message: string, cause?: unknown) {
    super(`${place}: ${message}`, cause === undefined ? undefined : { cause });
    this.name = 'StorageError';
    this.place = place;
  }
}

/** What a store without a collection is, to whoever wants to read one. */
export function noCollection({ argument, name }: CollectionStore): RangeError {
  return new RangeError(`"${argument}" expected a collection, got none in ${name}`);
}
