/**
 * What clients and workers need of the place they run in: how a worker is made, where indexes lie, and where they are
 * saved. A browser has storage and addresses, Node has files; the protocol knows neither.
 */
import type { ByteSource } from '../index.ts';
import type { WorkerEndpoint } from './endpoint.ts';

/** Names the types of a place. */
export interface Place {
  /** Names where an index is read from. */
  readonly location: object;
  /** Names one of the storages that the place has. */
  readonly storage: string;
}

/** Bytes at hand, or an index that was saved: locations that every place has. */
export type CommonLocation<Storage extends string = string> =
  | { readonly bytes: Uint8Array }
  | { readonly blob: Blob }
  | { readonly stored: string; readonly storage?: Storage };

/** A class that errors of this name arrive as. */
export interface ErrorClass {
  readonly prototype: Error;
  readonly name: string;
}

/** Says what the client needs of the place it runs in: the client's side of a place. */
export interface ClientPlace<P extends Place> {
  /** Makes a worker of the package's own file. */
  createWorker(): WorkerEndpoint;
  /** Says how many workers a sharded index gets unless told. */
  cores(): number;
  /** Names of the fields that tell one kind of location from another. */
  readonly locations: readonly string[];
  /**
   * Gives a location that is no bytes as the worker understands it.
   * @throws RangeError on an address that is none
   */
  locate(from: P['location']): P['location'];
  /** Errors of the place that workers reject with; those of the language and of the core are known anyway. */
  readonly errors: readonly ErrorClass[];
}

/** An index as a storage lists it. */
export interface StoredIndex {
  readonly name: string;
  readonly bytes: number;
}

/** Indexes by name, each replaced whole or not at all. */
export interface NamedIndexes<Kind extends string = string> {
  readonly kind: Kind;
  /**
   * Writes the chunks one after the other as the whole content of `name`.
   * @param byteLength - bytes of all chunks
   * @returns bytes written
   */
  write(
    name: string,
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    byteLength?: number,
  ): Promise<number>;
  open(name: string): Promise<ByteSource>;
  /** Lists what is stored, by name. */
  list(): Promise<StoredIndex[]>;
  /** Removes `name`, if it is there. */
  remove(name: string): Promise<void>;
}

/** Says what the worker needs of the place it runs in: the worker's side of a place. */
export interface WorkerPlace {
  /** Opens a storage; 'auto' is the place's own choice. */
  storage(kind: string): Promise<NamedIndexes>;
  /**
   * Opens a location of the place's own, to be read in parts.
   * @throws TypeError on what is none
   */
  open(from: object, signal: AbortSignal): Promise<ByteSource>;
  /** Reads a location from front to back where that needs less than `open`; undefined where it does not. */
  stream?(
    from: object,
    signal: AbortSignal,
  ): Promise<{ readonly size: number | undefined; readonly chunks: AsyncIterable<Uint8Array> }> | undefined;
}
