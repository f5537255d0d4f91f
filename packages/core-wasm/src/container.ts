/**
 * The one container of everything that is saved. Little-endian:
 *
 *   0  magic "SAGT" · u16 container version 1 · u16 kind version · kind, 8 ASCII bytes, zero padded
 *   16 u32 section count · u32 CRC-32 of the header and the table, this field as 0 · u64 length of the whole file
 *   32 table: per section { id, 4 ASCII bytes · u32 CRC-32 of its bytes · u64 offset · u64 length }
 *   then the sections in table order, each starting at the next multiple of 64, zero bytes between.
 *
 * The reader checks every number against the bytes it has before it uses it; any defect is a FormatError.
 */
import { ByteReader, ByteWriter } from './bytes.ts';
import { checkInteger } from './checks.ts';
import { crc32 } from './crc32.ts';
import { FormatError } from './errors.ts';

const MAGIC = 0x54474153; // "SAGT"
const CONTAINER_VERSION = 1;
const HEADER_BYTES = 32;
const ENTRY_BYTES = 24;
const ALIGNMENT = 64;
const MAX_SECTIONS = 256;

/** Names a part of a container and gives its bytes. */
export interface Section {
  /** One to four ASCII characters, once in a container. */
  readonly id: string;
  /** The section's bytes in pieces, written one after the other. */
  readonly pieces: readonly Uint8Array[];
}

/** Says what a container is made of. */
export interface ContainerParts {
  /** One to eight ASCII characters. */
  readonly kind: string;
  readonly version: number;
  readonly sections: readonly Section[];
}

/** Gives the sections of a file that was checked. */
export interface Container {
  readonly kind: string;
  readonly version: number;
  has(id: string): boolean;
  /** The section's bytes, a view of the input. @throws FormatError if it is missing */
  section(id: string): Uint8Array;
  /** A reader of the section that names offsets of the whole file. */
  reader(id: string): ByteReader;
}

function ascii(label: string, text: string, length: number): Uint8Array {
  if (!/^[\x20-\x7e]+$/.test(text) || text.length > length) {
    throw new RangeError(`"${label}" expected 1 to ${length} ASCII characters, got ${JSON.stringify(text)}`);
  }
  const out = new Uint8Array(length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

function align(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}

/** What the table says of a section besides its place. */
export interface SectionSummary {
  readonly id: string;
  readonly checksum: number;
  readonly length: number;
}

/**
 * Makes the header and table of a container, and the zero bytes before each section.
 * @throws RangeError on a kind, version or section id that the header cannot hold
 */
export function containerHead(
  { kind, version }: { readonly kind: string; readonly version: number },
  sections: readonly SectionSummary[],
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly gaps: readonly Uint8Array[] } {
  checkInteger('version', version, 0, 0xffff);
  checkInteger('section count', sections.length, 0, MAX_SECTIONS);
  if (new Set(sections.map(({ id }) => id)).size !== sections.length) {
    throw new RangeError(`"sections" expected each id once, got ${sections.map(({ id }) => id).join(', ')}`);
  }
  const table = new ByteWriter();
  const gaps: Uint8Array[] = [];
  let at = HEADER_BYTES + ENTRY_BYTES * sections.length;
  for (const { id, checksum, length } of sections) {
    const offset = align(at);
    gaps.push(new Uint8Array(offset - at));
    table.bytes(ascii('section id', id, 4)).u32(checksum);
    for (const value of [offset, length]) table.u32(value % 2 ** 32).u32(Math.floor(value / 2 ** 32));
    at = offset + length;
  }
  const header = new ByteWriter();
  header
    .u32(MAGIC)
    .u16(CONTAINER_VERSION)
    .u16(version)
    .bytes(ascii('kind', kind, 8));
  header.u32(sections.length).u32(0);
  header.u32(at % 2 ** 32).u32(Math.floor(at / 2 ** 32));
  header.bytes(table.finish());
  const bytes = header.finish();
  new DataView(bytes.buffer).setUint32(20, crc32(bytes), true);
  return { bytes, gaps };
}

/**
 * The container as pieces to write in order: no copy of the sections is made, so a file of any size goes to disk
 * without one giant buffer. The pieces that were passed in are views of the caller's and stay so.
 * @throws RangeError on a kind, version or section id that the header cannot hold
 */
export function containerPieces(parts: ContainerParts): Uint8Array[] {
  const summaries = parts.sections.map(({ id, pieces }) => ({
    id,
    checksum: pieces.reduce((sum, piece) => crc32(piece, sum), 0),
    length: pieces.reduce((sum, piece) => sum + piece.length, 0),
  }));
  const { bytes, gaps } = containerHead(parts, summaries);
  return [bytes, ...parts.sections.flatMap(({ pieces }, i) => [gaps[i] as Uint8Array, ...pieces])];
}

/** Writes the container as one array. */
export function writeContainer(parts: ContainerParts): Uint8Array<ArrayBuffer> {
  const pieces = containerPieces(parts);
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

function readAscii(bytes: Uint8Array): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return String.fromCharCode(...bytes.subarray(0, end));
}

function readU64(reader: ByteReader, label: string, maximum: number): number {
  const low = reader.u32();
  const value = reader.u32() * 2 ** 32 + low;
  if (value > maximum) reader.fail(`"${label}" expected at most ${maximum}, got ${value}`);
  return value;
}

/** Where a section lies in its file. */
export interface SectionEntry {
  readonly id: string;
  readonly checksum: number;
  readonly offset: number;
  readonly length: number;
}

/** The head of a container: what the header and the table of sections say, checked against each other. */
export interface ContainerTable {
  readonly kind: string;
  readonly version: number;
  /** Of the whole file. */
  readonly length: number;
  /** Bytes of header and table. */
  readonly headerBytes: number;
  /** In the order of the file. */
  readonly sections: readonly SectionEntry[];
}

/** The most bytes that a header and its table take: so many from the front of a file are enough to read them. */
export const MAX_HEADER_BYTES: number = HEADER_BYTES + ENTRY_BYTES * MAX_SECTIONS;

/**
 * Reads header and table from the first bytes of a file, MAX_HEADER_BYTES of them or the whole file if that is shorter,
 * so that sections can be fetched one by one. The sections' own checksums are the caller's to compare.
 * @throws FormatError on any defect
 */
export function readContainerTable(bytes: Uint8Array): ContainerTable {
  const reader = new ByteReader(bytes);
  if (reader.u32() !== MAGIC)
    throw new FormatError('expected a Sagitta file ("SAGT"), got something else', 0);
  const containerVersion = reader.u16();
  if (containerVersion !== CONTAINER_VERSION) {
    throw new FormatError(`container version expected ${CONTAINER_VERSION}, got ${containerVersion}`, 4);
  }
  const version = reader.u16();
  const kind = readAscii(reader.view(8));
  const count = reader.u32In('section count', 0, MAX_SECTIONS);
  const stored = reader.u32();
  const length = readU64(reader, 'file length', Number.MAX_SAFE_INTEGER);
  const headerBytes = HEADER_BYTES + count * ENTRY_BYTES;
  if (headerBytes > length || headerBytes > bytes.length)
    reader.fail(`expected a table of ${count} sections`);
  // not slice: that of a Node Buffer is a view
  const header = new Uint8Array(bytes.subarray(0, headerBytes));
  header.fill(0, 20, 24);
  if (crc32(header) !== stored) throw new FormatError('the header does not match its checksum', 20);

  const sections: SectionEntry[] = [];
  let at = headerBytes;
  for (let i = 0; i < count; i++) {
    const id = readAscii(reader.view(4));
    const checksum = reader.u32();
    const offset = readU64(reader, 'section offset', length);
    const size = readU64(reader, 'section length', length - offset);
    if (offset !== align(at)) reader.fail(`section "${id}" expected offset ${align(at)}, got ${offset}`);
    if (sections.some((section) => section.id === id)) {
      reader.fail(`section "${id}" expected once, got it twice`);
    }
    sections.push({ id, checksum, offset, length: size });
    at = offset + size;
  }
  if (at !== length) throw new FormatError(`expected the end, got ${length - at} more bytes`, at);
  return { kind, version, length, headerBytes, sections };
}

/**
 * Checks the whole file and gives access to its sections, which stay views of `bytes`.
 * @throws FormatError on any defect
 */
export function readContainer(bytes: Uint8Array): Container {
  const { kind, version, length, headerBytes, sections } = readContainerTable(bytes);
  if (length !== bytes.length) {
    throw new FormatError(`file length expected ${length} bytes, got ${bytes.length}`, 24);
  }
  const found = new Map<string, { offset: number; data: Uint8Array }>();
  let at = headerBytes;
  for (const { id, checksum, offset, length: size } of sections) {
    const gap = bytes.subarray(at, offset);
    if (gap.some((byte) => byte !== 0)) throw new FormatError('expected zero bytes between sections', at);
    const data = bytes.subarray(offset, offset + size);
    if (crc32(data) !== checksum) {
      throw new FormatError(`section "${id}" does not match its checksum`, offset);
    }
    found.set(id, { offset, data });
    at = offset + size;
  }

  const find = (id: string): { offset: number; data: Uint8Array } => {
    const entry = found.get(id);
    if (!entry) throw new FormatError(`expected a section "${id}", got none`, HEADER_BYTES);
    return entry;
  };
  return {
    kind,
    version,
    has: (id) => found.has(id),
    section: (id) => find(id).data,
    reader: (id) => {
      const { offset, data } = find(id);
      return new ByteReader(data, offset);
    },
  };
}
