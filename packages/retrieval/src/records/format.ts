/**
 * Sections of ids and metadata. Only live documents are saved: row i of every section is the i-th of them.
 *
 * IDS  a document: u8 0, f64 number · or u8 1, string (u16 byte count, UTF-8)
 * MDAT a document: u32 0 where it has none · or u32 1 + byte count, UTF-8 of its JSON
 */
import { type ByteReader, ByteWriter } from '@sagitta/core-wasm';
import { checkDocumentId, type DocumentId } from './ids.ts';
import type { JsonValue } from './metadata.ts';
import type { DocumentTable } from './records.ts';

/** Bytes of a piece of metadata, about. */
const PIECE_BYTES = 1 << 20;

/** keep — the slots that are saved, all of them live. */
export function idPieces(table: DocumentTable, keep: Uint32Array): Uint8Array[] {
  return pieces(keep, (writer, slot) => {
    const id = table.ids.at(slot);
    if (typeof id === 'number') writer.u8(0).f64(id);
    else writer.u8(1).string(id);
  });
}

export function metadataPieces(table: DocumentTable, keep: Uint32Array): Uint8Array[] {
  const encoder = new TextEncoder();
  return pieces(keep, (writer, slot) => {
    const value = table.metadata[slot];
    if (value === undefined) {
      writer.u32(0);
      return;
    }
    const text = encoder.encode(JSON.stringify(value));
    writer.u32(text.length + 1).bytes(text);
  });
}

function pieces(slots: Uint32Array, write: (writer: ByteWriter, slot: number) => void): Uint8Array[] {
  const out: Uint8Array[] = [];
  let writer = new ByteWriter();
  for (const slot of slots) {
    write(writer, slot);
    if (writer.length < PIECE_BYTES) continue;
    out.push(writer.finish());
    writer = new ByteWriter();
  }
  out.push(writer.finish());
  return out;
}

/** n ids, each once. @throws FormatError */
export function readIds(reader: ByteReader, n: number): DocumentId[] {
  const ids: DocumentId[] = [];
  const seen = new Set<DocumentId>();
  for (let i = 0; i < n; i++) {
    const kind = reader.u8();
    if (kind > 1) reader.fail(`kind of an id expected 0 or 1, got ${kind}`);
    const id = kind === 0 ? reader.f64() : reader.string();
    try {
      // not -0, which would print as 0 and be another key of nothing
      checkDocumentId('id', Object.is(id, -0) ? Number.NaN : id);
    } catch (error) {
      reader.fail(error instanceof Error ? error.message : String(error));
    }
    if (seen.has(id)) reader.fail(`id ${JSON.stringify(id)} expected once, got it twice`);
    seen.add(id);
    ids.push(id);
  }
  reader.end();
  return ids;
}

/** n values. @throws FormatError */
export function readMetadata(reader: ByteReader, n: number): (JsonValue | undefined)[] {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const out: (JsonValue | undefined)[] = [];
  for (let i = 0; i < n; i++) {
    const length = reader.u32();
    if (length === 0) {
      out.push(undefined);
      continue;
    }
    const bytes = reader.view(length - 1);
    try {
      out.push(JSON.parse(decoder.decode(bytes)) as JsonValue);
    } catch (error) {
      reader.fail(`metadata of row ${i} expected JSON, got ${String(error)}`);
    }
  }
  reader.end();
  return out;
}
