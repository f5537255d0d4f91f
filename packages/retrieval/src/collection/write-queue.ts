/**
 * Writes one after the other, in groups: what is asked for while a group is on its way to the disk goes with the next one, so
 * that many writes share one synchronisation. A group is in the log first, then in the tail, and then its promises resolve;
 * what cannot be written is never seen.
 */
import { checkLength } from '@sagitta/core-wasm';
import { checkRecordId, type RecordId } from '../records/ids.ts';
import { type RecordRows, Records } from '../records/records.ts';
import { ConflictError } from './errors.ts';
import { logKey, type Operation, writeOperation } from './format.ts';
import type { Parts } from './parts.ts';
import type { Change, CollectionStore } from './store.ts';
import type { Texts } from './texts.ts';

/** Bytes of a group, about: more would hold up the first of it. */
const GROUP_BYTES = 1 << 25;
/** What a group has changed so far, of which the parts know nothing yet. */
interface Ahead {
  readonly has: Map<RecordId, boolean>;
  next: number;
}

interface Made<M, V> {
  readonly operation: Operation<M, V>;
  /** Of a put, one a record. */
  readonly texts?: readonly (string | undefined)[] | undefined;
  readonly result: unknown;
}

interface Write<M, V> {
  readonly bytes: number;
  /** What goes into the log, and what its promise resolves with; nothing is ahead of it where it throws. */
  make(ahead: Ahead): Made<M, V>;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** New records, values checked and copied. */
export interface NewRows<M, V> extends RecordRows<M> {
  readonly n: number;
  readonly values: V;
  /** One a record; what is kept of them. */
  readonly texts?: readonly (string | undefined)[] | undefined;
}

interface Alone {
  readonly run: () => Promise<void>;
}

/** What the queue asks of whoever makes segments. */
export interface QueueHooks {
  /** Resolves when there is room for more in the tail; undefined where there is. */
  room(): Promise<unknown> | undefined;
  /** Called after a group, before its promises resolve. */
  onWritten(): void;
}

export class WriteQueue<M, V> {
  readonly #parts: Parts<M, V>;
  readonly #texts: Texts;
  readonly #store: CollectionStore;
  readonly #hooks: QueueHooks;
  readonly #waiting: (Write<M, V> | Alone)[] = [];
  /** Writes that wait for room, in the order of their calls. */
  #line: Promise<void> | undefined;
  #isRunning = false;
  /** The last write in the log. */
  #number: number;
  #failure: unknown;

  /** number — of the last write in the log */
  constructor(parts: Parts<M, V>, texts: Texts, store: CollectionStore, number: number, hooks: QueueHooks) {
    this.#parts = parts;
    this.#texts = texts;
    this.#store = store;
    this.#number = number;
    this.#hooks = hooks;
  }

  /** The last write that the parts know. */
  get number(): number {
    return this.#number;
  }

  /** Checks ids and metadata at the call. given — n records, its values the queue's from now on. @throws as add and upsert do; ConflictError */
  put(kind: 'add' | 'upsert', given: NewRows<M, V>): Promise<readonly RecordId[]> {
    const { n, values, texts } = given;
    const named = given.ids && Array.from(given.ids);
    const { metadata } = new Records<M>().prepare('put', n, { ids: named, metadata: given.metadata });
    if (texts) checkLength('texts', texts.length, n, 'number of rows');
    if (n === 0) return Promise.resolve([]);
    const bytes = (texts ?? []).reduce(
      (sum, text) => sum + (text?.length ?? 0),
      this.#parts.kind.bytes(values),
    );
    return this.#push(bytes, (ahead) => {
      const ids = named ?? Array.from({ length: n }, (_, i) => ahead.next + i);
      for (const [i, id] of ids.entries()) {
        if (kind === 'upsert' || !this.#has(ahead, id)) continue;
        throw new ConflictError(`ids[${i}]`, id);
      }
      return { operation: { kind: 'put', ids, values, metadata }, texts, result: ids };
    });
  }

  /** Resolves with how many there were. @throws TypeError, RangeError on what is no id */
  delete(given: RecordId | Iterable<RecordId>): Promise<number> {
    const isOne = typeof given !== 'object';
    const asked = new Set(isOne ? [checkRecordId('ids', given)] : given);
    for (const id of asked) checkRecordId('ids', id);
    return this.#push(0, (ahead) => {
      const ids = [...asked].filter((id) => this.#has(ahead, id));
      return { operation: { kind: 'delete', ids }, result: ids.length };
    });
  }

  /** Runs body between two groups: nothing is written meanwhile. */
  alone<T>(body: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ run: () => body().then(resolve, reject) });
      this.#start();
    });
  }

  #has(ahead: Ahead, id: RecordId): boolean {
    return ahead.has.get(id) ?? this.#parts.partOf(id) !== undefined;
  }

  #push<T>(bytes: number, make: Write<M, V>['make']): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const enter = (): void => {
        this.#waiting.push({ bytes, make, resolve: (result) => resolve(result as T), reject });
        this.#start();
      };
      const room = this.#hooks.room();
      if (!room && !this.#line) {
        enter();
        return;
      }
      const line = Promise.all([this.#line, room]).then(() => {
        enter();
        if (this.#line === line) this.#line = undefined;
      });
      this.#line = line;
    });
  }

  /** Resolves when all that was asked for is done. */
  async idle(): Promise<void> {
    while (this.#line) await this.#line;
    await this.alone(async () => {});
  }

  #start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    // what is asked for in the same turn goes together
    queueMicrotask(() => void this.#run());
  }

  async #run(): Promise<void> {
    for (let first = this.#waiting.shift(); first; first = this.#waiting.shift()) {
      if ('run' in first) {
        await first.run();
        continue;
      }
      const group = [first];
      let { bytes } = first;
      for (let next = this.#waiting[0]; next && !('run' in next); next = this.#waiting[0]) {
        bytes += next.bytes;
        if (bytes > GROUP_BYTES) break;
        group.push(next);
        this.#waiting.shift();
      }
      await this.#write(group);
    }
    this.#isRunning = false;
  }

  async #write(group: readonly Write<M, V>[]): Promise<void> {
    const ahead: Ahead = { has: new Map(), next: this.#parts.next };
    const ready: Ready<M, V>[] = [];
    for (const write of group) {
      try {
        if (this.#failure !== undefined) throw this.#failure;
        const made = write.make(ahead);
        // the memory is there before the log promises anything
        this.#parts.stage(made.operation);
        advance(ahead, made.operation);
        ready.push({ write, ...made });
      } catch (error) {
        write.reject(error);
      }
    }
    const changing = ready.filter(({ operation }) => operation.ids.length > 0);
    const operations = changing.map(({ operation }) => operation);
    try {
      const { kind } = this.#parts;
      const changes = changing.flatMap(({ operation, texts }, i): Change[] => [
        { key: logKey(this.#number + 1 + i), value: writeOperation(operation, kind) },
        ...this.#texts.changes(operation.ids, texts),
      ]);
      if (changes.length > 0) await this.#store.commit(changes);
    } catch (error) {
      this.#parts.withdraw();
      for (const { write } of ready) write.reject(error);
      return;
    }
    try {
      this.#parts.publish(operations);
      this.#number += operations.length;
      this.#hooks.onWritten();
    } catch (error) {
      // it is in the log, and will be there when the collection is opened again; until then nothing is right any more
      this.#failure = error;
      for (const { write } of ready) write.reject(error);
      return;
    }
    for (const { write, result } of ready) write.resolve(result);
  }
}

interface Ready<M, V> extends Made<M, V> {
  readonly write: Write<M, V>;
}

function advance<M, V>(ahead: Ahead, { kind, ids }: Operation<M, V>): void {
  for (const id of ids) {
    ahead.has.set(id, kind === 'put');
    if (typeof id === 'number' && kind === 'put') ahead.next = Math.max(ahead.next, id + 1);
  }
}
