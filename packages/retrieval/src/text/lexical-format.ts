/**
 * Saved lexical indexes: kind "lexical", version 1. Records that live alone, in their order: the same ones give the same bytes.
 *
 *   META  u32 n · u32 terms · f64 k1 (0 to 100) · f64 b (0 to 1)
 *   TERM  per term u16 byte count and UTF-8, ascending by UTF-16 code units
 *   POST  per term, as varints: texts that have it (from 1), then of each text how far its number is above the last one less 1
 *         (of the first its number), and how often the term stands in it (from 1)
 *   LENS  per text a varint: its terms
 *   RIDS, RMDA  ids and metadata (../records/format.ts)
 *
 * A varint: 7 bits a byte, the lowest first, the 8th bit where more follow; at most 5 bytes, and no more than are needed.
 */
import {
  type ByteReader,
  ByteWriter,
  type Container,
  FormatError,
  readContainer,
  writeContainer,
} from '@sagitta/core-wasm';
import { readRecords, recordSections } from '../records/format.ts';
import type { JsonValue } from '../records/json.ts';
import { LexicalIndex, type Postings } from './lexical-index.ts';
import { MAX_TERMS, readTerms } from './term-sections.ts';

const KIND = 'lexical';
const VERSION = 1;
const MAX_TEXTS = 2 ** 32 - 2;
const PIECE_BYTES = 1 << 20;

/** Writes an index as bytes, for loadLexicalIndex. Dead texts are left out. */
export function saveLexicalIndex<M>(index: LexicalIndex<M>): Uint8Array<ArrayBuffer> {
  const { n, k1, b, records } = index;
  const all = index.livePostings();
  const terms = new ByteWriter();
  const pieces: Uint8Array[] = [];
  let writer = new ByteWriter();
  for (const [term, postings] of all) {
    terms.string(term);
    putVarint(writer, postings.length / 2);
    let last = -1;
    for (let at = 0; at < postings.length; at += 2) {
      const place = postings[at] as number;
      putVarint(writer, place - last - 1);
      putVarint(writer, postings[at + 1] as number);
      last = place;
    }
    if (writer.length < PIECE_BYTES) continue;
    pieces.push(writer.finish());
    writer = new ByteWriter();
  }
  pieces.push(writer.finish());
  const lengths = new ByteWriter();
  for (const length of index.liveLengths()) putVarint(lengths, length);
  return writeContainer({
    kind: KIND,
    version: VERSION,
    sections: [
      { id: 'META', pieces: [new ByteWriter().u32(n).u32(all.length).f64(k1).f64(b).finish()] },
      { id: 'TERM', pieces: [terms.finish()] },
      { id: 'POST', pieces },
      { id: 'LENS', pieces: [lengths.finish()] },
      ...recordSections(records, records.liveSlots()),
    ],
  });
}

/** Reads the index that saveLexicalIndex wrote. @throws FormatError on anything else */
export function loadLexicalIndex<M = JsonValue>(bytes: Uint8Array): LexicalIndex<M> {
  const container = readContainer(bytes);
  if (container.kind !== KIND || container.version !== VERSION) {
    throw new FormatError(
      `expected kind ${KIND}, version ${VERSION}, got ${container.kind}, version ${container.version}`,
      6,
    );
  }
  const meta = container.reader('META');
  const n = meta.u32In('n', 0, MAX_TEXTS);
  const count = meta.u32In('terms', 0, MAX_TERMS);
  const [k1, b] = [meta.f64(), meta.f64()];
  if (!(k1 >= 0 && k1 <= 100)) meta.fail(`"k1" expected 0 to 100, got ${k1}`);
  if (!(b >= 0 && b <= 1)) meta.fail(`"b" expected 0 to 1, got ${b}`);
  meta.end();
  // before anything is made for n texts: there are as many lengths
  const lengths = readLengths(container, n);
  const records = readRecords<M>(container, n);
  const postings = readPostings(container, readTerms(container, count), lengths);
  return new LexicalIndex<M>({ k1, b }, { records, postings, lengths });
}

function readLengths(container: Container, n: number): number[] {
  const reader = container.reader('LENS');
  const lengths: number[] = [];
  for (let i = 0; i < n; i++) lengths.push(readVarint(reader));
  reader.end();
  return lengths;
}

/** @throws FormatError unless they add up to the lengths */
function readPostings(
  container: Container,
  terms: readonly string[],
  lengths: readonly number[],
): Map<string, Postings> {
  const reader = container.reader('POST');
  const all = new Map<string, Postings>();
  const missing = [...lengths];
  let last: string | undefined;
  for (const term of terms) {
    if (last !== undefined && term <= last) {
      reader.fail(`terms expected ascending, got ${JSON.stringify(term)} behind ${JSON.stringify(last)}`);
    }
    last = term;
    const postings: Postings = [];
    let place = -1;
    const df = readVarint(reader);
    if (df < 1 || df > lengths.length)
      reader.fail(`texts of a term expected 1 to ${lengths.length}, got ${df}`);
    for (let i = 0; i < df; i++) {
      place += readVarint(reader) + 1;
      if (place >= lengths.length)
        reader.fail(`a text expected a number below ${lengths.length}, got ${place}`);
      const frequency = readVarint(reader);
      if (frequency < 1) reader.fail(`times of a term in a text expected from 1, got ${frequency}`);
      postings.push(place, frequency);
      missing[place] = (missing[place] as number) - frequency;
    }
    all.set(term, postings);
  }
  const at = missing.findIndex((rest) => rest !== 0);
  if (at >= 0) {
    const got = (lengths[at] as number) - (missing[at] as number);
    reader.fail(`terms of text ${at} expected ${lengths[at]}, got ${got}`);
  }
  reader.end();
  return all;
}

function putVarint(writer: ByteWriter, value: number): void {
  let rest = value;
  for (; rest >= 128; rest >>>= 7) writer.u8((rest & 127) | 128);
  writer.u8(rest);
}

function readVarint(reader: ByteReader): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = reader.u8();
    value += (byte & 127) * 2 ** shift;
    if (byte >= 128) continue;
    if (byte === 0 && shift > 0)
      reader.fail('a number expected no more bytes than it needs, got a byte of 0');
    if (value > 0xffffffff) break;
    return value;
  }
  return reader.fail('a number expected at most 32 bits, got more');
}
