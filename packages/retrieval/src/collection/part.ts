/**
 * One of the indexes that a collection is made of: the tail, or a segment. A segment is a file that never changes; of it the
 * codes, ids and metadata are in memory and float32 vectors, where they are kept, stay in the file. What has been deleted or replaced
 * since is dead in the index, and said beside the file.
 */
import {
  type ContainerTable,
  type Core,
  FormatError,
  littleEndianBytes,
  MAX_HEADER_BYTES,
  readContainerTable,
} from '@sagitta/core-wasm';
import { type ByteSource, readRanges } from '../files/byte-source.ts';
import type { RecordId } from '../records/ids.ts';
import { hasSlot } from '../search/slot-set.ts';
import { createAlike, createVectorIndex } from '../vector-index/create.ts';
import { loadWithoutVectors } from '../vector-index/load.ts';
import type { VectorPlan } from '../vector-index/options.ts';
import type { VectorIndex } from '../vector-index/vector-index.ts';
import { named } from './format.ts';

/** Vectors that lie so near to one another in a file are read at once. */
const GAP_BYTES = 1 << 14;

const TAIL = {
  quantizer: 'lvq',
  bits: 8,
  index: 'flat',
  keepVectors: true,
  trainAt: 2048,
  compactAt: 1,
} as const;

/** The file of a segment. */
export interface SegmentFile {
  readonly name: string;
  readonly source: ByteSource;
  readonly table: ContainerTable;
}

/** The table of a segment's file. @throws FormatError */
export async function readTable(source: ByteSource): Promise<ContainerTable> {
  const table = readContainerTable(await source.read(0, Math.min(MAX_HEADER_BYTES, source.size)));
  if (table.length === source.size) return table;
  throw new FormatError(`expected ${table.length} bytes as the header says, got ${source.size}`, 24);
}

export class Part<M> {
  readonly index: VectorIndex<M>;
  /** undefined: a tail. */
  readonly file: SegmentFile | undefined;
  /** Dead records that are said beside the file. */
  saidDead = 0;
  /** False where the vectors in the file are damaged: then codes stand for them. */
  hasVectors = true;
  #uses = 0;
  #isGone = false;

  constructor(index: VectorIndex<M>, file?: SegmentFile) {
    this.index = index;
    this.file = file;
  }

  /**
   * An empty tail. before — the one before it, whose codes it goes on with.
   *
   * Up to 2,048 records are float32; then they are LVQ codes of 8 bits, with float32 in memory beside them. To add a record
   * takes 12 microseconds of 384 dimensions, which is what float32 takes; a search of 16,384 takes .4 ms instead of 2.8
   * (SAQ of 4 bits: 44 microseconds and .2 ms; 2026-11-28).
   */
  static tail<M>(core: Core, { d, metric, indexed }: VectorPlan, before?: Part<M>): Part<M> {
    if (before?.index.isTrained) return new Part(createAlike(before.index));
    return new Part(createVectorIndex<M>(core, { d, metric, indexed, ...TAIL }));
  }

  /**
   * A segment; its source is the part's from now on. path — of the file, for errors.
   * @throws FormatError naming the file, CapacityError
   */
  static async segment<M>(
    core: Core,
    { d, metric }: VectorPlan,
    name: string,
    path: string,
    open: () => Promise<ByteSource>,
  ): Promise<Part<M>> {
    let source: ByteSource | undefined;
    try {
      source = await open();
      const table = await readTable(source);
      const index = await loadWithoutVectors<M>(core, source);
      if (index.d === d && index.metric === metric) return new Part(index, { name, source, table });
      index.dispose();
      throw new FormatError(`expected d = ${d} and ${metric}, got ${index.d} and ${index.metric}`);
    } catch (error) {
      await source?.close?.();
      throw named(path, error);
    }
  }

  /** Rows that live and those that are dead. */
  get slots(): number {
    return this.index.records.slots;
  }
  get n(): number {
    return this.index.n;
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

  /** Vectors of rows, slots.length × d: as they were added where they are kept or in the tail, else what codes stand for. */
  async vectors(slots: Uint32Array): Promise<Float32Array> {
    const kept = this.file?.table.sections.find(({ id }) => id === 'VECS');
    if (!this.file || !kept || !this.hasVectors) return this.index.rows.vectors(slots);
    const { source } = this.file;
    const rowBytes = 4 * this.index.d;
    const ranges = Array.from(slots, (slot) => ({ offset: kept.offset + slot * rowBytes, length: rowBytes }));
    const { parts } = await this.using(() => readRanges(source, ranges, { gapBytes: GAP_BYTES }));
    const bytes = new Uint8Array(slots.length * rowBytes);
    for (const [i, row] of parts.entries()) bytes.set(row, i * rowBytes);
    // words of the file in the order of this machine
    const { buffer } = littleEndianBytes(new Float32Array(bytes.buffer));
    return new Float32Array(buffer as ArrayBuffer);
  }

  /** The file stays open until body is through. */
  async using<T>(body: () => Promise<T>): Promise<T> {
    this.#uses++;
    try {
      return await body();
    } finally {
      this.#uses--;
      if (this.#isGone) await this.#close();
    }
  }

  async #close(): Promise<void> {
    if (this.#uses === 0) await this.file?.source.close?.();
  }

  /** Frees the memory, and closes the file when nobody reads it any more. */
  async dispose(): Promise<void> {
    this.index.dispose();
    this.#isGone = true;
    await this.#close();
  }
}
