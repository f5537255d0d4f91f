/** Containers taken apart and put together again, for tests that change them: any sections, with checksums that are right. */
import { crc32 } from '@sagitta/core-wasm';

const HEADER_BYTES = 32;
const ENTRY_BYTES = 24;
const ALIGNMENT = 64;

/** A section as the table says, right or wrong. */
export interface TableEntry {
  readonly id: string;
  /** Byte of the entry in the table. */
  readonly at: number;
  readonly offset: number;
  readonly length: number;
}

/** The entries that the header counts, as far as the bytes reach. */
export function containerEntries(bytes: Uint8Array): TableEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const room = Math.floor((bytes.length - HEADER_BYTES) / ENTRY_BYTES);
  const count = bytes.length < HEADER_BYTES ? 0 : Math.min(view.getUint32(16, true), room);
  return Array.from({ length: count }, (_, i) => {
    const at = HEADER_BYTES + ENTRY_BYTES * i;
    const id = String.fromCharCode(...bytes.subarray(at, at + 4)).replaceAll('\0', '');
    const number = (offset: number): number => Number(view.getBigUint64(at + offset, true));
    return { id, at, offset: number(8), length: number(16) };
  });
}

/** Makes every checksum right, in place, where the table points into the bytes. */
export function repairChecksums<T extends Uint8Array>(bytes: T, entries = containerEntries(bytes)): T {
  if (bytes.length < HEADER_BYTES) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const { at, offset, length } of entries) {
    if (offset + length <= bytes.length) {
      view.setUint32(at + 4, crc32(bytes.subarray(offset, offset + length)), true);
    }
  }
  view.setUint32(20, 0, true);
  view.setUint32(20, crc32(bytes.subarray(0, HEADER_BYTES + ENTRY_BYTES * entries.length)), true);
  return bytes;
}

export interface LooseSection {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** A container's sections in order: fresh arrays. */
export function containerSections(bytes: Uint8Array): LooseSection[] {
  return containerEntries(bytes).map(({ id, offset, length }) => ({
    id,
    bytes: bytes.slice(offset, offset + length),
  }));
}

/** A container of these sections, in this order, ids twice if they are given twice, with the first 16 bytes of `head`. */
export function joinSections(head: Uint8Array, sections: readonly LooseSection[]): Uint8Array<ArrayBuffer> {
  const align = (at: number): number => Math.ceil(at / ALIGNMENT) * ALIGNMENT;
  let at = HEADER_BYTES + ENTRY_BYTES * sections.length;
  const offsets = sections.map(({ bytes }) => {
    const offset = align(at);
    at = offset + bytes.length;
    return offset;
  });
  const out = new Uint8Array(at);
  const view = new DataView(out.buffer);
  out.set(head.subarray(0, 16));
  view.setUint32(16, sections.length, true);
  view.setBigUint64(24, BigInt(at), true);
  for (const [i, { id, bytes }] of sections.entries()) {
    const entry = HEADER_BYTES + ENTRY_BYTES * i;
    out.set(new TextEncoder().encode(id).subarray(0, 4), entry);
    view.setBigUint64(entry + 8, BigInt(offsets[i] as number), true);
    view.setBigUint64(entry + 16, BigInt(bytes.length), true);
    out.set(bytes, offsets[i]);
  }
  return repairChecksums(out);
}
