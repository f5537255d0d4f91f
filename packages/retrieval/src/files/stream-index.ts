/**
 * Reads the file of an index as it arrives: lists go straight into the core's memory, so that beside the index there
 * is one chunk of the stream and no second copy. Sections come in the order in which indexPieces writes them.
 *
 * Memory is taken as bytes arrive. Where the caller knows the size of the file, all of it is taken at once, which
 * keeps the WebAssembly memory from growing by more than the index needs.
 */
import {
  type Block,
  ByteReader,
  type ContainerTable,
  type Core,
  checkCore,
  checkOptions,
  crc32,
  FormatError,
  longestStored,
  making,
  type OptionTable,
  readContainerTable,
  type SectionEntry,
} from '@sagitta/core-wasm';
import { modelSection } from '../ivf/format.ts';
import { BLOCK, InvertedLists, pieceVectors } from '../ivf/inverted-lists.ts';
import { IvfIndex } from '../ivf/ivf-index.ts';
import { ListScan } from '../ivf/list-scan.ts';
import { type ByteChunks, ByteStream } from './byte-stream.ts';
import {
  checkCodes,
  checkKind,
  checkSections,
  IdsOnce,
  type IndexMeta,
  openPrimary,
  openQuantizer,
  readCentroids,
  readMeta,
  readSizes,
  refuseSecondaryCodes,
} from './index-head.ts';

/** Kept vectors go into pieces of at most so many bytes. */
const KEPT_PIECE_BYTES = 1 << 26;
/** META is 28 bytes; a table's fixed part is 32. */
const META_BYTES = 28;
const HEADER_BYTES = 32;
const ENTRY_BYTES = 24;
/** What is allocated beside lists, centroids (twice) and model (its matrix): the query's tables. It rounds the reservation. */
const CODEC_BYTES = 1 << 20;

export interface LoadFromOptions {
  /** Bytes of the file, if known: compared with what the file says, and then reserved at once. */
  readonly size?: number;
  readonly signal?: AbortSignal;
  /** Called as bytes come in. */
  readonly onProgress?: (done: number, total: number) => void;
}

const LOAD_FROM_OPTIONS: OptionTable<LoadFromOptions> = {
  size: 'number',
  signal: 'any',
  onProgress: 'function',
};

/** What was read before the lists are complete; freed as a whole if reading fails. */
class Partial implements Disposable {
  readonly ids: Block[] = [];
  readonly blocks: Block[] = [];

  [Symbol.dispose](): void {
    for (const block of [...this.ids, ...this.blocks]) block.dispose();
  }
}

/**
 * The index of a file that comes in chunks, e.g. of `response.body`. The caller disposes the index.
 * @throws FormatError on bytes that are no index, CapacityError where the core's memory ends, the signal's reason
 */
export async function loadIndexFrom(
  core: Core,
  chunks: ByteChunks,
  options: LoadFromOptions = {},
): Promise<IvfIndex> {
  checkCore(core);
  checkOptions('options', options, LOAD_FROM_OPTIONS);
  const stream = new ByteStream(chunks);
  const partial = new Partial();
  try {
    return await new Loader(core, stream, options, partial).load();
  } catch (error) {
    partial[Symbol.dispose]();
    throw error;
  } finally {
    await stream.close();
  }
}

/** Vectors of the pieces in which lists lie in memory, list after list. */
function* pieceSizes(sizes: Uint32Array, blockBytes: number): Generator<number> {
  if (blockBytes === 0) return;
  const most = pieceVectors(blockBytes);
  for (const size of sizes) {
    for (let first = 0; first < size; first += most) yield Math.min(most, size - first);
  }
}

class Loader {
  readonly #core: Core;
  readonly #stream: ByteStream;
  readonly #options: LoadFromOptions;
  readonly #partial: Partial;
  #table: ContainerTable | undefined;
  #next = 0;

  constructor(core: Core, stream: ByteStream, options: LoadFromOptions, partial: Partial) {
    this.#core = core;
    this.#stream = stream;
    this.#options = options;
    this.#partial = partial;
  }

  async load(): Promise<IvfIndex> {
    const table = await this.#readTable();
    checkKind(table);
    const meta = readMeta(await this.#whole('META', META_BYTES));
    const has = (id: string): boolean => table.sections.some((section) => section.id === id);
    checkSections(has, meta);
    refuseSecondaryCodes(has);
    const centroids = readCentroids(await this.#whole('CENT', 4 * meta.nlist * meta.d), meta);
    const { sizes, blocks } = readSizes(await this.#whole('SIZE', 4 * meta.nlist), meta);
    const codeBytes = this.#entry('CODE').length;
    const blockBytes = blocks === 0 ? 0 : codeBytes / blocks;
    if (!Number.isInteger(blockBytes)) {
      throw new FormatError(`codes expected ${blocks} blocks of one size, got ${codeBytes} bytes`);
    }
    this.#reserve(sizes, blockBytes, meta);
    await this.#readIds(sizes, blockBytes, meta);
    await this.#readCodes(sizes, blockBytes);
    const model = modelSection(meta.quantizer);
    const reader = model === undefined ? undefined : await this.#whole(model);
    const kept = meta.keepVectors ? await this.#readKept(meta) : undefined;
    if (this.#next !== table.sections.length) {
      throw new FormatError(`expected ${this.#next} sections, got ${table.sections.length}`, 16);
    }
    await this.#stream.end();
    return this.#assemble(meta, sizes, centroids, blockBytes, reader, kept);
  }

  async #readTable(): Promise<ContainerTable> {
    const start = await this.#stream.take(HEADER_BYTES);
    const count = new DataView(start.buffer, start.byteOffset).getUint32(16, true);
    // a count that is too large for any table is refused by the reader without the entries
    const rest = count <= 256 ? await this.#stream.take(count * ENTRY_BYTES) : new Uint8Array(0);
    const head = new Uint8Array(start.length + rest.length);
    head.set(start);
    head.set(rest, start.length);
    this.#table = readContainerTable(head);
    const { size } = this.#options;
    if (size !== undefined && size !== this.#table.length) {
      throw new FormatError(`expected ${this.#table.length} bytes as the header says, got ${size}`, 24);
    }
    return this.#table;
  }

  #entry(id: string): SectionEntry {
    const found = this.#table?.sections.find((section) => section.id === id);
    if (!found) throw new FormatError(`expected a section "${id}", got none`, HEADER_BYTES);
    return found;
  }

  /** Goes to the beginning of the section, which has to be the next one. */
  async #open(id: string): Promise<SectionEntry> {
    this.#options.signal?.throwIfAborted();
    const entry = this.#entry(id);
    const next = this.#table?.sections[this.#next++];
    if (next !== entry) {
      throw new FormatError(`section ${this.#next} expected "${id}", got "${next?.id}"`, HEADER_BYTES);
    }
    const at = this.#stream.offset;
    const gap = await this.#stream.take(entry.offset - at);
    if (gap.some((byte) => byte !== 0)) throw new FormatError('expected zero bytes between sections', at);
    return entry;
  }

  #progress(): void {
    this.#options.signal?.throwIfAborted();
    this.#options.onProgress?.(this.#stream.offset, this.#table?.length ?? 0);
  }

  #check({ id, checksum, offset }: SectionEntry, actual: number): void {
    if (checksum !== actual) throw new FormatError(`section "${id}" does not match its checksum`, offset);
  }

  async #whole(id: string, expected?: number): Promise<ByteReader> {
    const entry = await this.#open(id);
    if (expected !== undefined && entry.length !== expected) {
      throw new FormatError(`section "${id}" expected ${expected} bytes, got ${entry.length}`, entry.offset);
    }
    const bytes = await this.#stream.take(entry.length);
    this.#check(entry, crc32(bytes));
    this.#progress();
    return new ByteReader(bytes, entry.offset);
  }

  /** One growth of the memory instead of many, each of which takes a quarter too much. */
  #reserve(sizes: Uint32Array, blockBytes: number, { nlist, d, quantizer }: IndexMeta): void {
    if (this.#options.size === undefined) return;
    const model = modelSection(quantizer);
    let bytes = CODEC_BYTES + 8 * nlist * d + (model === undefined ? 0 : this.#entry(model).length);
    for (const n of sizes) bytes += Math.ceil(n / BLOCK) * (blockBytes + 4 * BLOCK) + 256;
    this.#core.allocate(bytes).dispose();
  }

  async #readIds(sizes: Uint32Array, blockBytes: number, { n }: IndexMeta): Promise<void> {
    const entry = await this.#open('IDS');
    if (entry.length !== 4 * n) {
      throw new FormatError(`section "IDS" expected ${4 * n} bytes, got ${entry.length}`, entry.offset);
    }
    const once = new IdsOnce(n);
    let checksum = 0;
    for (const size of pieceSizes(sizes, blockBytes)) {
      const start = this.#stream.offset;
      const ids = this.#core.allocate(Math.ceil(size / BLOCK) * BLOCK * 4);
      this.#partial.ids.push(ids);
      checksum = await this.#fill(ids, 4 * size, checksum);
      const defect = once.defect(ids.u32(0, size));
      if (defect !== undefined) throw new FormatError(defect, start);
    }
    this.#check(entry, checksum);
  }

  async #readCodes(sizes: Uint32Array, blockBytes: number): Promise<void> {
    const entry = await this.#open('CODE');
    let checksum = 0;
    for (const size of pieceSizes(sizes, blockBytes)) {
      const bytes = Math.ceil(size / BLOCK) * blockBytes;
      const blocks = this.#core.allocate(bytes);
      this.#partial.blocks.push(blocks);
      checksum = await this.#fill(blocks, bytes, checksum);
    }
    this.#check(entry, checksum);
  }

  /** The next bytes of the stream as the front of a block; the checksum goes on. */
  async #fill(block: Block, count: number, start: number): Promise<number> {
    let checksum = start;
    let at = 0;
    await this.#stream.pour(count, (piece) => {
      checksum = crc32(piece, checksum);
      block.u8(at, piece.length).set(piece);
      at += piece.length;
      this.#progress();
    });
    return checksum;
  }

  async #readKept({ n, d, metric }: IndexMeta): Promise<Float32Array[]> {
    const entry = await this.#open('VECS');
    if (entry.length !== 4 * n * d) {
      throw new FormatError(`section "VECS" expected ${4 * n * d} bytes, got ${entry.length}`, entry.offset);
    }
    const pieces: Float32Array[] = [];
    const rows = Math.max(1, Math.floor(KEPT_PIECE_BYTES / (4 * d)));
    let checksum = 0;
    for (let first = 0; first < n; first += rows) {
      const count = Math.min(rows, n - first);
      const start = this.#stream.offset;
      const bytes = await this.#stream.take(4 * count * d);
      checksum = crc32(bytes, checksum);
      pieces.push(new ByteReader(bytes, start).rows('kept vectors', count, d, longestStored(metric)));
      this.#progress();
    }
    this.#check(entry, checksum);
    return pieces;
  }

  #assemble(
    meta: IndexMeta,
    sizes: Uint32Array,
    centroids: Float32Array,
    blockBytes: number,
    model: ByteReader | undefined,
    kept: readonly Float32Array[] | undefined,
  ): IvfIndex {
    const core = this.#core;
    return making((own) => {
      const quantizer = openPrimary(openQuantizer, meta, () => model as ByteReader);
      const codec = own(new ListScan(core, quantizer));
      if (meta.n > 0 && codec.layout.blockBytes !== blockBytes) {
        throw new FormatError(
          `codes expected blocks of ${codec.layout.blockBytes} bytes, got ${blockBytes}`,
          this.#entry('CODE').offset,
        );
      }
      const lists = own(new InvertedLists(core, meta.nlist, codec.layout));
      const { ids, blocks } = this.#partial;
      let at = 0;
      for (const [list, n] of sizes.entries()) {
        const first = at;
        at += Math.ceil(n / pieceVectors(codec.layout.blockBytes));
        const pieces = ids
          .slice(first, at)
          .map((own, i) => ({ ids: own, blocks: blocks[first + i] as Block }));
        if (n > 0) lists.adopt(list, n, pieces);
      }
      // blocks freed twice are freed once
      const filled = { lists, n: meta.n, ...(kept && { kept }) };
      const index = own(new IvfIndex({ ...meta, core, centroids, codec, filled }));
      checkCodes(index);
      return index;
    });
  }
}
