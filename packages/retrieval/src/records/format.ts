/**
 * Sections of records. Only live records are saved: row i of every section is the i-th of them. Each section is there only
 * where it says something: without RIDS ids are the numbers of rows, without RMDA there are no metadata.
 *
 * RIDS f64 next row number · u8 0, then f64[n] ids · or u8 1, then a record: u8 0 and f64 · u8 1 and string (u16 byte count,
 *      UTF-8) · u8 2 and i64 · u8 3 and u64 of 2^63 or more
 * RMDA u32 strings, shapes, words · u32[⌈n/32⌉] bits of the rows that have a value · each string · each shape: u32 keys, each
 *      key as a string · u32[words] the values, row after row (json-rows.ts). A string: u32 2 · bytes, UTF-8; or where it has
 *      half a character u32 2 · bytes + 1, UTF-16
 * RIDX u32 paths · each path: string (u16 byte count, UTF-8)
 */
import {
  type ByteReader,
  ByteWriter,
  type Container,
  FormatError,
  littleEndianBytes,
  type Section,
} from '@sagitta/core-wasm';
import { addSlot, wordsFor } from '../search/slot-set.ts';
import { IdStore, LARGE_BIGINT, NUMBER, STRING } from './id-store.ts';
import { checkRecordId, printId, type RecordId } from './ids.ts';
import type { JsonValue } from './json.ts';
import { JsonRows, MAX_SHAPES, NONE, type Shape, shapeOf } from './json-rows.ts';
import { findStarts } from './json-words.ts';
import { RecordIds } from './record-ids.ts';
import { Records } from './records.ts';

/** Bytes of a piece of a section, about. */
const PIECE_BYTES = 1 << 20;

/** What records write into a container, none of it where ids are row numbers and nothing else is known. */
export const RECORD_SECTIONS = ['RIDS', 'RMDA', 'RIDX'] as const;

/**
 * The sections of the live slots `keep`, ascending; for snapshots. Nothing of them refers to the records. The same records
 * in the same order give the same bytes.
 */
export function recordSections<M>(records: Records<M>, keep: Uint32Array): Section[] {
  const { ids, rows, indexed } = records;
  const sections: Section[] = [];
  const isNumbered = ids.isImplicit && ids.next === keep.length;
  if (!isNumbered) sections.push({ id: 'RIDS', pieces: idPieces(ids, keep) });
  const kept = rows.isEmpty ? rows : rows.kept(keep);
  if (!kept.isEmpty) sections.push({ id: 'RMDA', pieces: metadataPieces(kept) });
  if (indexed.length > 0) {
    const writer = new ByteWriter().u32(indexed.length);
    for (const path of indexed) writer.string(path);
    sections.push({ id: 'RIDX', pieces: [writer.finish()] });
  }
  return sections;
}

function idPieces({ store, next }: RecordIds, keep: Uint32Array): Uint8Array[] {
  const isNumeric = keep.every((slot) => !store || store.record(slot)[0] === NUMBER);
  const head = new ByteWriter().f64(next).u8(isNumeric ? 0 : 1);
  return pieces(head, keep, (writer, slot) => {
    if (!store) writer.f64(slot);
    else writer.bytes(store.record(slot).subarray(isNumeric ? 1 : 0));
  });
}

function metadataPieces(rows: JsonRows): Uint8Array[] {
  const { words, strings, shapes, count } = rows;
  const present = new Uint32Array(wordsFor(count));
  for (let row = 0; row < count; row++) if (rows.startOf(row) !== NONE) addSlot(present, row);
  const head = new ByteWriter().u32(strings.length).u32(shapes.length).u32(words.length).array(present);
  return [
    ...pieces(head, strings, writeText),
    ...pieces(new ByteWriter(), shapes, (writer, { keys }) => {
      writer.u32(keys.length);
      for (const key of keys) writeText(writer, key);
    }),
    littleEndianBytes(words),
  ];
}

function pieces<T>(
  first: ByteWriter,
  values: Iterable<T>,
  write: (writer: ByteWriter, value: T) => void,
): Uint8Array[] {
  const out: Uint8Array[] = [];
  let writer = first;
  for (const value of values) {
    write(writer, value);
    if (writer.length < PIECE_BYTES) continue;
    out.push(writer.finish());
    writer = new ByteWriter();
  }
  out.push(writer.finish());
  return out;
}

const encoder = new TextEncoder();
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function writeText(writer: ByteWriter, text: string): void {
  if (!/\p{Surrogate}/u.test(text)) {
    const bytes = encoder.encode(text);
    writer.u32(2 * bytes.length).bytes(bytes);
    return;
  }
  writer.u32(4 * text.length + 1);
  for (let i = 0; i < text.length; i++) writer.u16(text.charCodeAt(i));
}

function readText(reader: ByteReader): string {
  const head = reader.u32();
  const bytes = reader.view(head >>> 1);
  if (head % 2 === 0) {
    try {
      return utf8.decode(bytes);
    } catch {
      return reader.fail('expected a string in UTF-8');
    }
  }
  if (bytes.length % 2 !== 0) reader.fail(`expected UTF-16, got ${bytes.length} bytes`);
  let text = '';
  for (let i = 0; i < bytes.length; i += 2) {
    text += String.fromCharCode((bytes[i] as number) | ((bytes[i + 1] as number) << 8));
  }
  return text;
}

/**
 * The n records that recordSections wrote, all live. n is bounded by what else the file holds: row numbers have no section.
 * @throws FormatError on sections that are none
 */
export function readRecords<M = JsonValue>(
  container: Pick<Container, 'has' | 'reader'>,
  n: number,
): Records<M> {
  const ids = new RecordIds();
  if (container.has('RIDS')) readIds(container.reader('RIDS'), ids, n);
  else ids.restore(n, n);
  const rows = container.has('RMDA') ? readMetadata(container.reader('RMDA'), n) : new JsonRows();
  if (rows.isEmpty) rows.skip(n);
  const indexed = container.has('RIDX') ? readPaths(container.reader('RIDX')) : [];
  return restored(ids, rows, indexed);
}

/** Records of what was read. @throws FormatError on paths that are none */
export function restored<M>(ids: RecordIds, metadata: JsonRows, indexed: readonly string[]): Records<M> {
  try {
    return new Records<M>({ indexed }, { ids, metadata });
  } catch (error) {
    throw new FormatError(error instanceof Error ? error.message : String(error), 32);
  }
}

function readIds(reader: ByteReader, target: RecordIds, n: number): void {
  const next = reader.f64();
  if (!(Number.isInteger(next) && next >= 0 && next <= 2 ** 53)) {
    reader.fail(`next row number expected an integer from 0 to 2^53, got ${next}`);
  }
  const kind = reader.u8();
  if (kind > 1) reader.fail(`kind of ids expected 0 or 1, got ${kind}`);
  // a record takes two bytes at least
  if (n > reader.remaining) reader.fail(`expected ${n} ids, got ${reader.remaining} bytes`);
  const bytes =
    kind === 0
      ? numberRecords(reader.view(8 * n))
      : (reader.view(reader.remaining).slice() as Uint8Array<ArrayBuffer>);
  const starts = recordStarts(reader, bytes, n, next);
  reader.end();
  const ids = IdStore.of(bytes, starts);
  if (ids.twice !== undefined) reader.fail(`id ${printId(ids.at(ids.twice))} expected once, got it twice`);
  target.restore(ids, next);
}

/** Doubles as records. */
function numberRecords(doubles: Uint8Array): Uint8Array<ArrayBuffer> {
  const n = doubles.length / 8;
  const bytes = new Uint8Array(9 * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < 8; j++) bytes[9 * i + 1 + j] = doubles[8 * i + j] as number;
  }
  return bytes;
}

/** Where each of n records begins, and the last one ends. */
function recordStarts(
  reader: ByteReader,
  bytes: Uint8Array<ArrayBuffer>,
  n: number,
  next: number,
): Uint32Array<ArrayBuffer> {
  const starts = new Uint32Array(n + 1);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (let i = 0; i < n; i++) {
    const kind = bytes[at] ?? STRING;
    if (kind > LARGE_BIGINT) reader.fail(`kind of an id expected 0 to 3, got ${kind}`);
    const size = kind !== STRING ? 9 : at + 3 > bytes.length ? 3 : 3 + view.getUint16(at + 1, true);
    if (at + size > bytes.length) reader.fail(`expected ${size} more bytes, got ${bytes.length - at}`);
    if (kind === STRING) checkText(reader, bytes, at + 3, at + size);
    else if (kind === NUMBER) checkNumberId(reader, view.getFloat64(at + 1, true), next);
    else if (kind === LARGE_BIGINT && (bytes[at + 8] as number) < 128)
      reader.fail(`an id of kind 3 expected 2^63 or more, got ${view.getBigUint64(at + 1, true)}`);
    at += size;
    starts[i + 1] = at;
  }
  if (at < bytes.length) reader.fail(`expected the end, got ${bytes.length - at} more bytes`);
  return starts;
}

function checkText(reader: ByteReader, bytes: Uint8Array, from: number, to: number): void {
  for (let at = from; at < to; at++) {
    if ((bytes[at] as number) < 128) continue;
    try {
      utf8.decode(bytes.subarray(from, to));
      return;
    } catch {
      reader.fail('expected a string in UTF-8');
    }
  }
}

function checkNumberId(reader: ByteReader, id: number, next: number): void {
  if (Number.isInteger(id) && id >= 0 && id < next && !Object.is(id, -0)) return;
  reader.fail(`ids expected integers from 0 and below ${next}, got ${Object.is(id, -0) ? '-0' : id}`);
}

/** @throws FormatError on what is no id, or is among those seen; it is then among them */
export function checkStoredId(reader: ByteReader, seen: Set<RecordId>, id: RecordId): RecordId {
  try {
    // not -0, which would print as 0 and be another key of nothing
    checkRecordId('id', Object.is(id, -0) ? Number.NaN : id);
  } catch (error) {
    reader.fail(error instanceof Error ? error.message : String(error));
  }
  if (seen.has(id)) reader.fail(`id ${printId(id)} expected once, got it twice`);
  seen.add(id);
  return id;
}

function readMetadata(reader: ByteReader, n: number): JsonRows {
  const stringCount = reader.u32();
  const shapeCount = reader.u32In('shapes', 0, MAX_SHAPES);
  const wordCount = reader.u32();
  const present = reader.u32Array(wordsFor(n));
  const strings: string[] = [];
  for (let i = 0; i < stringCount; i++) strings.push(readText(reader));
  const shapes = Array.from({ length: shapeCount }, () => readShape(reader));
  const words = reader.u32Array(wordCount);
  const starts = findStarts(words, n, present, strings.length, shapes);
  if (typeof starts === 'string') return reader.fail(starts);
  reader.end();
  return new JsonRows({ starts, words, strings, shapes });
}

function readShape(reader: ByteReader): Shape {
  const keys: string[] = [];
  for (let left = reader.u32(); left > 0; left--) keys.push(readText(reader));
  const shape = shapeOf(keys);
  if (shape.places.size !== keys.length) reader.fail('a shape expected each key once');
  return shape;
}

function readPaths(reader: ByteReader): string[] {
  const paths: string[] = [];
  for (let left = reader.u32In('indexed paths', 1, 64); left > 0; left--) paths.push(reader.string());
  reader.end();
  return paths;
}
