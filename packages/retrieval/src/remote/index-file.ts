/**
 * The file of an index read section by section, wherever it lies: what it takes to deal one file to several workers, and to
 * make one file of theirs. It knows the file (ivf/format.ts) and no index in memory.
 */
import {
  ByteReader,
  type ContainerTable,
  type Core,
  crc32,
  FormatError,
  MAX_HEADER_BYTES,
  readContainerTable,
  type SectionEntry,
  UnsupportedError,
  writeContainer,
} from '@sagitta/core-wasm';
import type { BlockLayout } from '@sagitta/quantizers/internal';
import { type ByteSource, loadIndex } from '../index.ts';

/** Vectors of a block. */
export const BLOCK = 32;
/** Bytes that a section is read by. */
const READ_BYTES = 1 << 20;
const META_BYTES = 28;
/** Sections that say how vectors are coded. */
const MODEL = ['CENT', 'SAQM', 'QNTZ', 'SECM'] as const;
const KNOWN: readonly string[] = [...MODEL, 'META', 'SIZE', 'IDS', 'CODE', 'VECS', 'SECC'];

/** The layouts of what is kept of each vector. */
export interface FileLayouts {
  readonly codes: BlockLayout;
  readonly secondary: BlockLayout | undefined;
}

export class IndexFile {
  readonly table: ContainerTable;
  readonly n: number;
  readonly d: number;
  /** Vectors of each list. */
  readonly sizes: Uint32Array;
  /** The section META. */
  readonly meta: Uint8Array;
  readonly #source: ByteSource;
  readonly #signal: AbortSignal;

  private constructor(
    source: ByteSource,
    signal: AbortSignal,
    table: ContainerTable,
    head: { readonly meta: Uint8Array; readonly sizes: Uint32Array },
  ) {
    this.#source = source;
    this.#signal = signal;
    this.table = table;
    this.meta = head.meta;
    this.sizes = head.sizes;
    const reader = new ByteReader(head.meta);
    this.n = reader.u32();
    this.d = reader.u32();
  }

  /**
   * Reads the head of a file. What it says of lists is checked against the lengths of the sections, so that nothing is
   * read beyond them; the rest is checked where the parts are loaded.
   * @throws FormatError on bytes that are no index, UnsupportedError on one that holds more than vectors
   */
  static async open(source: ByteSource, signal: AbortSignal): Promise<IndexFile> {
    const head = await source.read(0, Math.min(MAX_HEADER_BYTES, source.size), signal);
    const table = readContainerTable(head);
    if (table.length !== source.size) {
      throw new FormatError(`file length expected ${table.length} bytes, got ${source.size}`, 24);
    }
    const strange = table.sections.find(({ id }) => !KNOWN.includes(id));
    if (strange?.id === 'GRPH') {
      throw new UnsupportedError('"from" expected lists, got a graph, which one worker holds whole');
    }
    if (strange)
      throw new UnsupportedError(`"from" expected an index of vectors, got a section "${strange.id}"`);
    const section = (id: string): SectionReader => new SectionReader(source, entryOf(table, id), signal);
    const meta = await section('META').rest(META_BYTES);
    const sizes = wordsOf(await section('SIZE').rest());
    const file = new IndexFile(source, signal, table, { meta, sizes });
    file.#checkLengths();
    return file;
  }

  has(id: string): boolean {
    return this.table.sections.some((section) => section.id === id);
  }

  lengthOf(id: string): number {
    return entryOf(this.table, id).length;
  }

  /** Begins to read a section from its start. */
  section(id: string): SectionReader {
    return new SectionReader(this.#source, entryOf(this.table, id), this.#signal);
  }

  /** Blocks of all lists. */
  get blocks(): number {
    return this.sizes.reduce((sum, size) => sum + Math.ceil(size / BLOCK), 0);
  }

  #checkLengths(): void {
    const { n, d } = this;
    const total = this.sizes.reduce((sum, size) => sum + size, 0);
    if (total !== n) throw new FormatError(`list sizes expected ${n} vectors together, got ${total}`);
    const wanted = [['IDS', 4 * n], ...(this.has('VECS') ? [['VECS', 4 * n * d] as const] : [])] as const;
    for (const [id, length] of wanted) this.#checkLength(id, length);
  }

  #checkLength(id: string, length: number): void {
    const entry = entryOf(this.table, id);
    if (entry.length === length) return;
    throw new FormatError(`section "${id}" expected ${length} bytes, got ${entry.length}`, entry.offset);
  }

  /** Reads how vectors are coded. @throws FormatError on a model that is none, CapacityError where memory ends */
  async layouts(core: Core): Promise<FileLayouts> {
    // a file without vectors has the same model; reading it checks the kind, the version and every number
    using empty = loadIndex(core, await this.#emptied());
    const layouts = { codes: empty.codec.layout, secondary: empty.secondary?.codec.layout };
    this.#checkLength('CODE', this.blocks * layouts.codes.blockBytes);
    if (layouts.secondary)
      this.#checkLength('SECC', Math.ceil(this.n / BLOCK) * layouts.secondary.blockBytes);
    return layouts;
  }

  async #emptied(): Promise<Uint8Array> {
    const sections = await Promise.all(
      this.table.sections.map(async ({ id }) => ({ id, pieces: [await this.#emptySection(id)] })),
    );
    const { kind, version } = this.table;
    return writeContainer({ kind, version, sections });
  }

  #emptySection(id: string): Uint8Array | Promise<Uint8Array> {
    if (MODEL.some((name) => name === id)) return this.section(id).rest();
    if (id === 'META') return withCount(this.meta, 0);
    return new Uint8Array(id === 'SIZE' ? 4 * this.sizes.length : 0);
  }
}

/** Bytes of a section from front to back. */
export class SectionReader {
  readonly #source: ByteSource;
  readonly #entry: SectionEntry;
  readonly #signal: AbortSignal;
  #buffer = new Uint8Array(0);
  #at = 0;
  /** Bytes of the section that were read from the source. */
  #read = 0;
  #checksum = 0;

  constructor(source: ByteSource, entry: SectionEntry, signal: AbortSignal) {
    this.#source = source;
    this.#entry = entry;
    this.#signal = signal;
  }

  /** The next `length` bytes, a fresh array. @throws FormatError where the section is shorter, or is not what its checksum says */
  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const { offset, length: size, id, checksum } = this.#entry;
    const left = size - this.#read + this.#buffer.length - this.#at;
    if (length > left)
      throw new FormatError(`section "${id}" expected ${length} more bytes, got ${left}`, offset);
    const out = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      if (this.#at === this.#buffer.length) {
        this.#signal.throwIfAborted();
        const some = Math.min(READ_BYTES, size - this.#read);
        this.#buffer = new Uint8Array(await this.#source.read(offset + this.#read, some, this.#signal));
        this.#at = 0;
        this.#read += some;
        this.#checksum = crc32(this.#buffer, this.#checksum);
        if (this.#read === size && this.#checksum !== checksum) {
          throw new FormatError(`section "${id}" does not match its checksum`, offset);
        }
      }
      const some = Math.min(length - done, this.#buffer.length - this.#at);
      out.set(this.#buffer.subarray(this.#at, this.#at + some), done);
      this.#at += some;
      done += some;
    }
    return out;
  }

  /** The rest of the section. length — what it has to be, where that is known. */
  async rest(length?: number): Promise<Uint8Array<ArrayBuffer>> {
    const { length: size, id, offset } = this.#entry;
    if (length !== undefined && size !== length) {
      throw new FormatError(`section "${id}" expected ${length} bytes, got ${size}`, offset);
    }
    return this.take(size - this.#read + this.#buffer.length - this.#at);
  }
}

function entryOf({ sections }: ContainerTable, id: string): SectionEntry {
  const entry = sections.find((section) => section.id === id);
  if (!entry) throw new FormatError(`expected a section "${id}", got none`, 32);
  return entry;
}

/** The section META for another number of vectors. */
export function withCount(meta: Uint8Array, n: number): Uint8Array {
  const out = meta.slice();
  new DataView(out.buffer).setUint32(0, n, true);
  return out;
}

/** Little-endian words of a fresh array. @throws FormatError on a part of a word */
export function wordsOf(bytes: Uint8Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  if (bytes.length % 4 !== 0) throw new FormatError(`expected whole words, got ${bytes.length} bytes`);
  return new ByteReader(bytes).u32Array(bytes.length / 4) as Uint32Array<ArrayBuffer>;
}
