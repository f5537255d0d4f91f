/**
 * Ids and metadata as version 1 of multi-vector files has them.
 *
 * IDS  a record: u8 0, f64 number · or u8 1, string (u16 byte count, UTF-8)
 * MDAT a record: u32 0 where it has none · or u32 1 + byte count, UTF-8 of its JSON
 */
import type { ByteReader, Container } from '@sagitta/core-wasm';
import { checkStoredId, restored } from './format.ts';
import { IdStore } from './id-store.ts';
import type { RecordId } from './ids.ts';
import { depthOf, type JsonValue, MAX_DEPTH } from './json.ts';
import { JsonRows } from './json-rows.ts';
import { RecordIds } from './record-ids.ts';
import type { Records } from './records.ts';

/** The n records of sections IDS and MDAT, all live. @throws FormatError */
export function readRecords1<M = JsonValue>(container: Pick<Container, 'reader'>, n: number): Records<M> {
  const ids = readIds(container.reader('IDS'), n);
  return restored(ids, readMetadata(container.reader('MDAT'), n), []);
}

function readIds(reader: ByteReader, n: number): RecordIds {
  const seen = new Set<RecordId>();
  const list: RecordId[] = [];
  let next = 0;
  for (let i = 0; i < n; i++) {
    const kind = reader.u8();
    if (kind > 1) reader.fail(`kind of an id expected 0 or 1, got ${kind}`);
    const id = checkStoredId(reader, seen, kind === 0 ? reader.f64() : reader.string());
    if (typeof id === 'number') next = Math.max(next, id + 1);
    list.push(id);
  }
  reader.end();
  const ids = new RecordIds();
  const isNumbered = next === n && list.every((id, i) => id === i);
  ids.restore(isNumbered ? n : IdStore.from(list), next);
  return ids;
}

function readMetadata(reader: ByteReader, n: number): JsonRows {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const rows = new JsonRows();
  for (let i = 0; i < n; i++) {
    const length = reader.u32();
    rows.push(length === 0 ? undefined : parse(reader, decoder, reader.view(length - 1), i));
  }
  reader.end();
  return rows;
}

function parse(reader: ByteReader, decoder: TextDecoder, bytes: Uint8Array, row: number): JsonValue {
  try {
    const text = decoder.decode(bytes);
    if (depthOf(text) > MAX_DEPTH) throw new RangeError(`more than ${MAX_DEPTH} levels`);
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    return reader.fail(`metadata of row ${row} expected JSON, got ${String(error)}`);
  }
}
