/** What every collection does, whatever its records are: writes, reads by id, copies, checks; kinds of records add how they are searched. */
import { type Core, checkOptions } from '@sagitta/core-wasm';
import { checkRecordId, type RecordId } from '../records/ids.ts';
import type { JsonValue } from '../records/json.ts';
import type { TextModel } from '../text/text-model.ts';
import type { VectorRecord } from '../vector-index/types.ts';
import { copyCollection } from './copy.ts';
import { ReadOnlyError } from './errors.ts';
import type { Keeper } from './keeper.ts';
import { type DamagedSegment, isSameBytes, knownEntries, loadParts, readLog } from './load-parts.ts';
import type { Parts } from './parts.ts';
import type { Rows } from './record-kind.ts';
import type { CollectionStore } from './store.ts';
import { TEXT_CHUNK, type Texts } from './texts.ts';
import { type Verification, verifySegments } from './verify.ts';
import type { NewRows, WriteQueue } from './write-queue.ts';

/** Records that iterate reads at a time, where they have no texts, at most. */
const CHUNK = 1024;
/** Characters of a chunk of an export. */
const EXPORT_UNITS = 1 << 20;

/** A record as get gives it. */
export interface KeptRecord<M = JsonValue> extends VectorRecord<M> {
  /** Only where the collection keeps texts and the record has one. */
  readonly text?: string;
}

/** A record with its values. */
export interface ValuedRecord<M> extends KeptRecord<M> {
  readonly values: Float32Array;
}

/** How a collection does. */
export interface CollectionReport {
  readonly n: number;
  /** Segments, the oldest first. */
  readonly segments: readonly {
    readonly name: string;
    readonly n: number;
    readonly dead: number;
    readonly bytes: number;
    /** Whether it is coded; a small one is float32. */
    readonly isTrained: boolean;
  }[];
  /** Records that are in no segment yet. */
  readonly tail: number;
  /** What the last fold or merge that was due ended with, where that was an error; it is tried again. */
  readonly foldError: Error | undefined;
  /** Bytes of WebAssembly memory in use. */
  readonly memoryBytes: number;
}

/** What a collection is made of; openAs puts it together. */
export interface CollectionParts<M, V> {
  readonly store: CollectionStore;
  readonly parts: Parts<M, V>;
  readonly texts: Texts;
  readonly isOwnCore: boolean;
  /** The manifest's bytes and the last write that are known. */
  readonly bytes: Uint8Array;
  readonly number: number;
  readonly damaged: readonly DamagedSegment[];
  /** Of the writer. */
  readonly keeper: Keeper<M, V> | undefined;
  readonly queue: WriteQueue<M, V> | undefined;
}

/**
 * Keeps records with ids, metadata and, where asked, texts where they last. A write that resolved is there when the collection is next opened,
 * whatever happens to the process, and is found at once. One process writes; others read, and see what was written at their next
 * call. M is the type of the metadata, V what new records have beside it. Collection and TokenCollection are such.
 */
export abstract class BaseCollection<M, V> implements AsyncDisposable {
  /** Numbers of a vector, or of a token. */
  readonly d: number;
  /** @internal */
  protected readonly parts: Parts<M, V>;
  /** @internal */
  protected readonly textsOf: Texts;
  readonly #store: CollectionStore;
  readonly #isOwnCore: boolean;
  readonly #keeper: Keeper<M, V> | undefined;
  readonly #queue: WriteQueue<M, V> | undefined;
  #damaged: readonly DamagedSegment[];
  #bytes: Uint8Array;
  #number: number;
  #version: number | undefined;
  #refreshing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** @internal openAs makes it. */
  protected constructor(made: CollectionParts<M, V>) {
    this.#store = made.store;
    this.parts = made.parts;
    this.textsOf = made.texts;
    this.#isOwnCore = made.isOwnCore;
    this.#keeper = made.keeper;
    this.#queue = made.queue;
    this.#damaged = made.damaged;
    this.#bytes = made.bytes;
    this.#number = made.number;
    this.d = made.parts.kind.d;
  }

  get core(): Core {
    return this.parts.core;
  }
  /** Where it lies. */
  get name(): string {
    return this.#store.name;
  }
  get isReadOnly(): boolean {
    return !this.#store.isWriter;
  }
  /** Records, as of the last call that looked. */
  get n(): number {
    return this.parts.n;
  }
  /** Whether the text of each record is kept. */
  get keepsTexts(): boolean {
    return this.textsOf.isKept;
  }
  /** What makes vectors of texts and words, where there is such a model. */
  get textModel(): TextModel | undefined {
    return this.textsOf.model;
  }
  /** Names of segments that are damaged and left out: then verify({ repair: true }) is the only change there is. */
  get damaged(): readonly string[] {
    return this.#damaged.map(({ name }) => name);
  }

  /** @throws RangeError after close */
  #checkOpen(): void {
    if (this.#closing) throw new RangeError('"collection" expected an open collection, got a closed one');
  }

  #writer(method: string): { readonly queue: WriteQueue<M, V>; readonly keeper: Keeper<M, V> } {
    this.#checkOpen();
    if (!this.#queue || !this.#keeper) throw new ReadOnlyError(this.name, method, 'for reading');
    if (this.#damaged.length > 0) {
      throw new ReadOnlyError(this.name, method, `without its damaged segments (${this.damaged.join(', ')})`);
    }
    return { queue: this.#queue, keeper: this.#keeper };
  }

  /** Writes rows that a kind has checked. @throws as add and upsert do @internal */
  protected put(kind: 'add' | 'upsert', check: () => NewRows<M, V>): Promise<readonly RecordId[]> {
    const { queue } = this.#writer(kind);
    return queue.put(kind, check());
  }

  /**
   * Takes records out.
   * @param ids - one id, or any number of them; those that are not there are passed over
   * @returns how many there were
   */
  async delete(ids: RecordId | Iterable<RecordId>): Promise<number> {
    return this.#writer('delete').queue.delete(ids);
  }

  async has(id: RecordId): Promise<boolean> {
    await this.refresh();
    return this.parts.partOf(id) !== undefined;
  }

  /** Ids of all records, in no order that means anything. */
  async ids(): Promise<RecordId[]> {
    await this.refresh();
    return [...this.parts.ids()];
  }

  /**
   * A record's metadata and text, or undefined where there is no such record.
   * @throws FormatError where the text is damaged
   */
  async get(id: RecordId): Promise<KeptRecord<M> | undefined> {
    await this.refresh();
    if (!this.textsOf.isKept || !this.parts.partOf(id)) return this.parts.get(id);
    return this.#ofOneMoment(async () => {
      const [text] = await this.textsOf.read([id]);
      // a reader may have seen more meanwhile, and then asks again
      const record = this.parts.get(id);
      return record && text !== undefined ? { ...record, text } : record;
    });
  }

  /**
   * Texts by id; undefined where the record has none, or is none.
   * @throws FormatError where one is damaged
   */
  async texts(ids: readonly RecordId[]): Promise<(string | undefined)[]> {
    this.#checkOpen();
    const known = ids.map((id) => checkRecordId('ids', id));
    return this.textsOf.isKept ? this.textsOf.read(known) : known.map(() => undefined);
  }

  /** Runs body, which reads parts and texts, so that both are of one moment. It must not wait for a write. */
  async #ofOneMoment<T>(body: () => Promise<T>): Promise<T> {
    if (this.#queue) return this.#queue.alone(body);
    for (;;) {
      const version = this.#version;
      const result = await body();
      if ((await this.#store.version()) === version && this.#version === version) return result;
      await this.refresh();
    }
  }

  /**
   * Makes a reader see what was written meanwhile; its other methods do so by themselves. A writer sees everything anyway.
   * @throws FormatError, StorageError
   */
  async refresh(): Promise<void> {
    this.#checkOpen();
    if (this.#store.isWriter) return;
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    await this.#refreshing;
  }

  async #refresh(): Promise<void> {
    for (let version = await this.#store.version(); version !== this.#version; ) {
      const entries = await knownEntries(this.#store, this.#number);
      try {
        if (isSameBytes(entries.bytes, this.#bytes)) this.#follow(entries.log);
        else await this.#reload();
        this.#version = version;
        return;
      } catch (error) {
        // files of a manifest that was replaced since are gone: then there is a newer one
        const now = await this.#store.version();
        if (now === version) throw error;
        version = now;
      }
    }
  }

  #follow(log: Parameters<typeof readLog>[1]): void {
    this.parts.apply(readLog<M, V>(this.name, log, this.#number, this.parts.kind));
    this.#number += log.length;
  }

  async #reload(): Promise<void> {
    const entries = await knownEntries(this.#store);
    const { number } = await loadParts<M, V>(this.#store, this.parts, entries, false);
    this.#bytes = entries.bytes;
    this.#number = number;
  }

  /** All records that are there at the call, as iterate of each kind gives them. @internal */
  protected async *records(): AsyncGenerator<ValuedRecord<M>, void, undefined> {
    await this.refresh();
    const ids = [...this.parts.ids()];
    const chunk = this.textsOf.isKept ? TEXT_CHUNK : Math.min(CHUNK, 4 * this.parts.kind.chunk);
    for (let first = 0; first < ids.length; first += chunk) {
      this.#checkOpen();
      const { texts, ...rows } = await this.#rows(ids.slice(first, first + chunk));
      for (const [i, id] of rows.ids.entries()) {
        const values = rows.values[i] as Float32Array;
        const text = texts[i];
        yield { id, values, metadata: rows.metadata[i], ...(text !== undefined && { text }) };
      }
    }
  }

  async #rows(ids: readonly RecordId[]): Promise<Rows<M> & { readonly texts: (string | undefined)[] }> {
    if (!this.textsOf.isKept) return { ...(await this.parts.rows(ids)), texts: [] };
    return this.#ofOneMoment(async () => {
      const rows = await this.parts.rows(ids);
      return { ...rows, texts: await this.textsOf.read(rows.ids) };
    });
  }

  /** Folds what is in no segment yet and merges all segments, without their dead records, beside everything else. */
  async compact(): Promise<void> {
    await this.#writer('compact').keeper.compact();
  }

  /**
   * Copies the collection to another place of its kind (in Node a folder), where it can be opened like any other. It is that of
   * one moment of the call; folds and merges wait for it, and writes for its last transaction.
   * @throws RangeError where a collection is there already, LockedError, StorageError
   */
  async snapshot(target: string): Promise<void> {
    const { keeper, queue } = this.#writer('snapshot');
    // no job meanwhile: no file goes
    await keeper.run(async () => {
      const store = await this.#store.openOther(target);
      const source = {
        store: this.#store,
        kind: this.parts.kind,
        keepsTexts: this.textsOf.isKept,
        ids: () => this.parts.ids(),
        number: () => queue.number,
        alone: (body: () => Promise<void>) => queue.alone(body),
      };
      try {
        await copyCollection(source, store);
      } finally {
        await store.close();
      }
    });
  }

  /** Records as lines of JSON in chunks of UTF-8; valuesOf — what a line says of values. @internal */
  protected async *lines(
    valuesOf: (values: Float32Array) => string,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const encoder = new TextEncoder();
    let lines = '';
    for await (const { id, metadata, text, values } of this.records()) {
      const name = typeof id === 'bigint' ? String(id) : JSON.stringify(id);
      const value = metadata === undefined ? '' : `,"metadata":${JSON.stringify(metadata)}`;
      const words = text === undefined ? '' : `,"text":${JSON.stringify(text)}`;
      lines += `{"id":${name}${value}${words},${valuesOf(values)}}\n`;
      if (lines.length < EXPORT_UNITS) continue;
      yield encoder.encode(lines);
      lines = '';
    }
    if (lines.length > 0) yield encoder.encode(lines);
  }

  /**
   * Reads everything and checks every checksum: entries, log, texts, text model, and each section of each segment.
   * @param options - repair: what a damaged segment holds whole is put into a new one, what it does not is given up; the damaged
   * file stays, under another name; a damaged text is taken out
   */
  async verify(options: { readonly repair?: boolean } = {}): Promise<Verification> {
    checkOptions('options', options, { repair: 'boolean' });
    this.#checkOpen();
    if (options.repair && !this.#keeper) throw new ReadOnlyError(this.name, 'verify', 'for reading');
    const { repair = false } = options;
    if (!this.#keeper) {
      await this.refresh();
      return verifySegments(this.#store, this.parts, this.textsOf, undefined, repair);
    }
    const keeper = this.#keeper;
    return keeper.run(async () => {
      const verification = await verifySegments(this.#store, this.parts, this.textsOf, keeper, repair);
      if (verification.isRepaired) this.#damaged = [];
      return verification;
    });
  }

  /** How it does: segments, tail, memory. */
  async report(): Promise<CollectionReport> {
    await this.refresh();
    const segments = this.parts.list.flatMap(({ file, n, index, isTrained }) =>
      file ? [{ name: file.name, n, dead: index.dead, bytes: file.source.size, isTrained }] : [],
    );
    const tail = this.parts.list.reduce((sum, { file, n }) => sum + (file ? 0 : n), 0);
    const foldError = this.#keeper?.error;
    return { n: this.n, segments, tail, foldError, memoryBytes: this.core.bytesUsed() };
  }

  /** Resolves when no fold or merge is under way or due. */
  async settled(): Promise<void> {
    this.#checkOpen();
    await this.#queue?.idle();
    await this.#keeper?.idle();
  }

  /** Ends it when all writes, and a fold or merge that is under way, are through. Twice does nothing. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#refreshing?.catch(() => {});
    await this.#queue?.idle();
    await this.#keeper?.idle();
    const { core } = this.parts;
    await this.parts.dispose();
    await this.#store.close();
    if (this.#isOwnCore) core.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
