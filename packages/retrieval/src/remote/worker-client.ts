/**
 * What every client of one worker does, whatever index the worker holds: it loads, opens, saves and describes the index, and
 * ends the worker. Changes take place one after the other in the order of their calls (changes.ts).
 */
import { type Build, checkOptions } from '@sagitta/core-wasm';
import type { OpenIndexOptions } from '../index.ts';
import { Changes, type Draft } from './changes.ts';
import {
  CALL,
  type CallOptions,
  OPEN,
  PROGRESS,
  type ProgressOptions,
  STORAGE,
  type StorageOptions,
} from './client-options.ts';
import { type Connection, disposedError } from './connection.ts';
import { located } from './locations.ts';
import type { ClientPlace, Place, StoredIndex } from './place.ts';
import type { AnyInfo, IndexKind } from './protocol.ts';
import type { RequestChannel } from './request-channel.ts';

/** Holds one index in one worker; Info is what it says of the index. SearchClient, VectorClient and MultiVectorClient are such. */
export abstract class WorkerClient<P extends Place, Info extends AnyInfo> implements AsyncDisposable {
  readonly coreBuild: Build;
  /** @internal */
  protected readonly channel: RequestChannel;
  /** @internal */
  protected readonly changes: Changes;
  readonly #place: ClientPlace<P>;
  readonly #kind: IndexKind;

  /** @internal A client of its kind takes the worker over: dispose ends it. */
  protected constructor({ build, place, channels }: Connection<P>, kind: IndexKind) {
    this.coreBuild = build;
    this.#place = place;
    this.#kind = kind;
    this.channel = channels[0] as RequestChannel;
    this.changes = new Changes([this.channel]);
  }

  /** The draft takes the place of the index there was. @internal */
  protected async commit(draft: Draft): Promise<Info> {
    const [info] = await draft.commit<Info>();
    return info as Info;
  }

  /**
   * Reads a whole index into the worker's memory.
   * @throws FormatError, CapacityError, WorkerGoneError, what reading rejects with, the signal's reason
   */
  load(from: P['location'], call: ProgressOptions = {}): Promise<Info> {
    return this.changes.run(call, PROGRESS, async (draft) => {
      const { location, transfer } = located(from, this.#place);
      await draft.request(
        0,
        'load',
        { kind: this.#kind, from: location, share: undefined },
        { transfer, onProgress: call.onProgress },
      );
      return this.commit(draft);
    });
  }

  /**
   * Opens an index without its lists (of vectors) or tokens (of documents), which are read as searches want them. It is searched,
   * not changed.
   * @throws as load
   */
  open(from: P['location'], call: OpenIndexOptions & CallOptions = {}): Promise<Info> {
    return this.changes.run(call, OPEN, async (draft) => {
      const { location, transfer } = located(from, this.#place);
      const { signal: _, ...options } = call;
      await draft.request(0, 'open', { kind: this.#kind, from: location, options }, { transfer });
      return this.commit(draft);
    });
  }

  /**
   * Saves the index under a name; what was there under that name is there until the new one is complete.
   * @returns bytes written, and the storage that has them
   * @throws WorkerGoneError, what the storage rejects with, the signal's reason
   */
  save(
    name: string,
    call: StorageOptions<P['storage']> = {},
  ): Promise<{ bytes: number; storage: P['storage'] }> {
    return this.changes.run(call, STORAGE, () => {
      const input = { name, storage: call.storage ?? 'auto', others: [] };
      return this.channel.request('save', input, { signal: call.signal });
    });
  }

  /** The bytes of the index's file, e.g. for a download. */
  toBytes(call: CallOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    return this.changes.run(call, CALL, () =>
      this.channel.request('bytes', { others: [] }, { signal: call.signal }),
    );
  }

  /** Lists what was saved in a storage. */
  async stored(storage: P['storage'] | 'auto' = 'auto', call: CallOptions = {}): Promise<StoredIndex[]> {
    checkOptions('options', call, CALL);
    const { signal } = call;
    return this.channel.request('stored', { storage }, { signal });
  }

  /** Removes what was saved under a name, if it is there. */
  remove(name: string, storage: P['storage'] | 'auto' = 'auto', call: CallOptions = {}): Promise<void> {
    return this.changes.run(call, CALL, async () => {
      await this.channel.request('remove', { name, storage }, { signal: call.signal });
    });
  }

  /** undefined where nothing was built or loaded yet. */
  async info(call: CallOptions = {}): Promise<Info | undefined> {
    checkOptions('options', call, CALL);
    const { signal } = call;
    // the worker holds the kind of index that this client makes
    return this.channel.request('info', {}, { signal }) as Promise<Info | undefined>;
  }

  /**
   * Ends the worker; calls that wait reject, later ones too, with a RangeError. A port of the caller's is left open, and its
   * worker frees the index.
   */
  dispose(): Promise<void> {
    return this.channel.dispose(disposedError());
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
