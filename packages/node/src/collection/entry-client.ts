/** The thread that writes entries, as the collection sees it. */
import type { Transferable, Worker } from 'node:worker_threads';
import { FormatError, UnsupportedError } from '@sagitta/core-wasm';
import { type Change, StorageError } from '@sagitta/retrieval/collection';
import type { EntryRequest } from './entry-thread.ts';
import { storageError } from './storage-errors.ts';

interface Waiting {
  resolve(): void;
  reject(error: unknown): void;
}

interface Answer {
  readonly id: number;
  readonly error?: { readonly message: string; readonly name?: string };
}

export class EntryClient {
  readonly #thread: Worker;
  readonly #path: string;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #end: unknown;

  private constructor(thread: Worker, path: string) {
    this.#thread = thread;
    this.#path = path;
    thread.on('message', (answer: Answer) => this.#answer(answer));
    thread.on('error', (error) => this.#fail(error));
    thread.on('exit', (code) => this.#fail(new Error(`its thread left with code ${code}`)));
  }

  /** Takes the thread over. @throws as EntryWriter does, naming the path */
  static async start(thread: Worker, path: string): Promise<EntryClient> {
    const client = new EntryClient(thread, path);
    try {
      // it says by itself when it is ready
      await client.#wait(0);
      return client;
    } catch (error) {
      await thread.terminate();
      throw error;
    }
  }

  commit(changes: readonly Change[]): Promise<void> {
    // values are made for this and moved
    const buffers = new Set<Transferable>();
    for (const { value } of changes) {
      if (value && value.byteLength === value.buffer.byteLength) buffers.add(value.buffer as ArrayBuffer);
    }
    return this.#ask({ changes }, [...buffers]);
  }

  async close(): Promise<void> {
    await this.#ask({}, []).catch(() => {});
    await this.#thread.terminate();
  }

  #ask(request: Omit<EntryRequest, 'id'>, transfer: readonly Transferable[]): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    const id = ++this.#last;
    const answer = this.#wait(id);
    this.#thread.postMessage({ id, ...request }, transfer);
    return answer;
  }

  #wait(id: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#thread.ref();
    });
  }

  #answer({ id, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    // a process that has nothing else to do may end
    if (this.#waiting.size === 0) this.#thread.unref();
    if (error) waiting?.reject(this.#revived(error));
    else waiting?.resolve();
  }

  #revived(error: { readonly message: string; readonly name?: string }): unknown {
    if (error.name === 'FormatError') return new FormatError(error.message.replace(/ \(at byte \d+\)$/, ''));
    if (error.name === 'UnsupportedError') return new UnsupportedError(error.message);
    return storageError(this.#path, Object.assign(new Error(error.message), error));
  }

  #fail(error: Error): void {
    this.#end ??= new StorageError(this.#path, `expected its thread to run, got ${error.message}`, error);
    for (const { reject } of this.#waiting.values()) reject(this.#end);
    this.#waiting.clear();
  }
}
