/**
 * Entries of a .zip file by its central directory, with 64-bit sizes: stored ones are read in place, deflated ones forwards.
 * Checksums are not compared.
 */
import { FormatError } from '@sagitta/core-wasm';
import { type DataFile, filePart } from './data-file.ts';
import { inflatedFile } from './inflated-file.ts';

export interface ZipEntry {
  readonly name: string;
  readonly isDeflated: boolean;
  /** Bytes in the archive, and of the content. */
  readonly compressedSize: number;
  readonly size: number;
  /** Byte of the file at which the entry's own header begins. */
  readonly offset: number;
}

const END_BYTES = 22;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_COMMENT_BYTES = 0xffff;
const MAX_DIRECTORY_BYTES = 1 << 24;
/** A byte of deflate holds at most two copies of 258 bytes. */
const MAX_RATIO = 1032;

/** @throws FormatError if the file is no zip archive with entries, or its directory is damaged */
export async function zipEntries(file: DataFile): Promise<ZipEntry[]> {
  const { path, size } = file;
  const tail = new Uint8Array(Math.min(size, END_BYTES + MAX_COMMENT_BYTES));
  await file.read(tail, size - tail.length);
  const view = new DataView(tail.buffer);
  let at = tail.length - END_BYTES;
  while (at >= 0 && view.getUint32(at, true) !== END) at--;
  if (at < 0) throw new FormatError(`${path}: expected a .zip file with entries`, 0);
  let directory = { bytes: view.getUint32(at + 12, true), offset: view.getUint32(at + 16, true) };
  const locator = at - 20;
  if (locator >= 0 && view.getUint32(locator, true) === LOCATOR_64)
    directory = await directory64(file, Number(view.getBigUint64(locator + 8, true)));
  const { bytes, offset } = directory;
  if (bytes > MAX_DIRECTORY_BYTES || offset + bytes > size)
    throw new FormatError(
      `${path}: expected a directory inside the file, got ${bytes} bytes from ${offset}`,
      size,
    );
  const content = new Uint8Array(bytes);
  await file.read(content, offset);
  const entries = directoryEntries(path, content, offset);
  if (entries.length === 0) throw new FormatError(`${path}: expected a .zip file with entries`, 0);
  return entries;
}

async function directory64(file: DataFile, at: number): Promise<{ bytes: number; offset: number }> {
  const record = new Uint8Array(56);
  if (at + record.length > file.size)
    throw new FormatError(`${file.path}: expected a directory inside the file`, file.size);
  await file.read(record, at);
  const view = new DataView(record.buffer);
  if (view.getUint32(0, true) !== END_64)
    throw new FormatError(`${file.path}: expected a 64-bit directory`, at);
  return { bytes: Number(view.getBigUint64(40, true)), offset: Number(view.getBigUint64(48, true)) };
}

function directoryEntries(path: string, content: Uint8Array, offset: number): ZipEntry[] {
  const view = new DataView(content.buffer);
  const entries: ZipEntry[] = [];
  for (let at = 0; at < content.length; ) {
    const fail = (what: string): FormatError => new FormatError(`${path}: ${what}`, offset + at);
    if (at + ENTRY_BYTES > content.length || view.getUint32(at, true) !== ENTRY)
      throw fail('expected an entry of the directory');
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) =>
      view.getUint16(at + field, true),
    ) as [number, number, number];
    const next = at + ENTRY_BYTES + nameBytes + extraBytes + commentBytes;
    if (next > content.length) throw fail('the directory is cut short');
    const name = new TextDecoder().decode(content.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes));
    const method = view.getUint16(at + 10, true);
    const sizes = wideSizes(view, at, at + ENTRY_BYTES + nameBytes, extraBytes);
    const [size, compressedSize] = sizes;
    if ((view.getUint16(at + 8, true) & 1) !== 0) throw fail(`entry ${name}: expected no encryption`);
    if (method !== 0 && method !== 8)
      throw fail(`entry ${name}: expected deflate or no compression, got method ${method}`);
    if (method === 0 ? size !== compressedSize : size > MAX_RATIO * (compressedSize + 1))
      throw fail(
        `entry ${name}: ${compressedSize} bytes cannot hold the ${size} that are said to be in them`,
      );
    entries.push({ name, isDeflated: method === 8, size, compressedSize, offset: sizes[2] });
    at = next;
  }
  return entries;
}

/** Size, compressed size and offset; those that are all ones stand in the extra field, in this order. */
function wideSizes(view: DataView, at: number, extra: number, extraBytes: number): [number, number, number] {
  const sizes: [number, number, number] = [
    view.getUint32(at + 24, true),
    view.getUint32(at + 20, true),
    view.getUint32(at + 42, true),
  ];
  const end = extra + extraBytes;
  for (let field = extra; field + 4 <= end; field += 4 + view.getUint16(field + 2, true)) {
    if (view.getUint16(field, true) !== 1) continue;
    let place = field + 4;
    const fieldEnd = Math.min(end, place + view.getUint16(field + 2, true));
    for (let i = 0; i < 3; i++) {
      if (sizes[i] !== 0xffffffff || place + 8 > fieldEnd) continue;
      sizes[i] = Number(view.getBigUint64(place, true));
      place += 8;
    }
  }
  return sizes;
}

/** The entry's content as a file. @throws FormatError if it does not lie inside the archive */
export async function openZipEntry(file: DataFile, entry: ZipEntry): Promise<DataFile> {
  const label = `${file.path}: ${entry.name}`;
  const { offset, compressedSize, size } = entry;
  const fail = (what: string): FormatError => new FormatError(`${label}: ${what}`, offset);
  if (offset + LOCAL_BYTES > file.size) throw fail('the entry is cut short');
  const header = new Uint8Array(LOCAL_BYTES);
  await file.read(header, offset);
  const view = new DataView(header.buffer);
  if (view.getUint32(0, true) !== LOCAL) throw fail('expected the header of an entry');
  const start = offset + LOCAL_BYTES + view.getUint16(26, true) + view.getUint16(28, true);
  if (start + compressedSize > file.size) throw fail('the entry is cut short');
  const part = filePart(file, label, start, compressedSize);
  return entry.isDeflated ? inflatedFile(part, label, 'deflate', size) : part;
}
