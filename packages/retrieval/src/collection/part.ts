/**
 * One of the indexes that a collection is made of: the tail, or a segment. A segment is a file that never changes; of it the
 * codes, ids and metadata are in memory and what is larger stays in the file. What has been deleted or replaced since is dead in the
 * index, and said beside the file.
 */
import {
  type ContainerTable,
  FormatError,
  MAX_HEADER_BYTES,
  type Metric,
  readContainerTable,
} from '@sagitta/core-wasm';
import type { ByteSource } from '../files/byte-source.ts';
import type { RecordId } from '../records/ids.ts';
import type { RecordRows, Records } from '../records/records.ts';
import { hasSlot } from '../search/slot-set.ts';

/** The file of a segment. */
export interface SegmentFile {
  readonly name: string;
  readonly source: ByteSource;
  readonly table: ContainerTable;
}

/** What the index of a part does for a collection. */
export interface PartIndex<M> {
  readonly d: number;
  readonly metric: Metric;
  readonly n: number;
  readonly dead: number;
  /** Ids and metadata by slot. */
  readonly records: Records<M>;
  delete(ids: readonly RecordId[]): number;
  dispose(): void;
}

/** What the index of a tail does besides. */
export interface TailIndex<M, V> extends PartIndex<M> {
  /** Takes the memory of records that nothing finds until publish; several times, where they belong together. @throws CapacityError, then nothing of it is staged */
  stage(values: V): void;
  /** Drops what was staged. */
  withdraw(): void;
  /** Makes what was staged rows; records of all of them follow in their order. */
  publish(): void;
  record(values: V, given: RecordRows<M>): void;
  /** Follows on the last record. */
  settle(): void;
}

/** The table of a segment's file. @throws FormatError */
export async function readTable(source: ByteSource): Promise<ContainerTable> {
  const table = readContainerTable(await source.read(0, Math.min(MAX_HEADER_BYTES, source.size)));
  if (table.length === source.size) return table;
  throw new FormatError(`expected ${table.length} bytes as the header says, got ${source.size}`, 24);
}

export abstract class Part<M> {
  abstract readonly index: PartIndex<M>;
  /** undefined: a tail. */
  readonly file: SegmentFile | undefined;
  /** Dead records that are said beside the file. */
  saidDead = 0;
  /** Sections of the file that are damaged: something else stands for them. */
  damaged: readonly string[] = [];
  #uses = 0;
  #gone: Promise<void> | undefined;
  #onUnused: (() => void) | undefined;

  constructor(file?: SegmentFile) {
    this.file = file;
  }

  /** Whether it is coded; a small one is float32. */
  abstract get isTrained(): boolean;
  /** Bytes that whoever makes a segment of its records has to hold. */
  abstract get weight(): number;
  /** How full a tail is, of which `foldAt` records are to be folded: at 1 it is due. */
  abstract fill(foldAt: number): number;
  /** Values of rows: as they were added where they are kept or in the tail, else what codes stand for. */
  abstract values(slots: Uint32Array): Promise<readonly Float32Array[]>;

  /** Whether values can be read though these sections of the file are damaged. */
  abstract canDoWithout(sections: readonly string[]): boolean;

  /** Rows that live and those that are dead. */
  get slots(): number {
    return this.index.records.slots;
  }
  get n(): number {
    return this.index.n;
  }

  has(id: RecordId): boolean {
    return this.index.records.slotOf(id) !== undefined;
  }

  ids(): RecordId[] {
    return this.index.records.liveIds();
  }

  /** A bit for each row that lives. */
  liveWords(): Uint32Array {
    return this.index.records.live.slice();
  }

  /** Takes out what the words say is dead. */
  keepLive(words: Uint32Array): void {
    const { records } = this.index;
    const dead: RecordId[] = [];
    for (const slot of records.liveSlots()) if (!hasSlot(words, slot)) dead.push(records.idAt(slot));
    this.index.delete(dead);
  }

  /** Index and file stay until body is through. */
  async using<T>(body: () => Promise<T>): Promise<T> {
    this.#uses++;
    try {
      return await body();
    } finally {
      this.#uses--;
      if (this.#uses === 0) this.#onUnused?.();
    }
  }

  async #close(): Promise<void> {
    this.index.dispose();
    await this.file?.source.close?.();
  }

  /** Frees the memory and closes the file when nobody uses them any more, and resolves then. */
  dispose(): Promise<void> {
    this.#gone ??=
      this.#uses === 0
        ? this.#close()
        : new Promise<void>((resolve) => {
            this.#onUnused = resolve;
          }).then(() => this.#close());
    return this.#gone;
  }
}

/** A part that takes new records. */
export type Tail<M, V> = Part<M> & { readonly index: TailIndex<M, V> };
