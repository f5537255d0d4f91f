/**
 * The manifest of an index in OPFS: which generation is the current one. There are two slots, written in turn; a write
 * that is cut off spoils the older slot only, and its checksum says so.
 *
 * Bytes: "SAGM" · u16 version 1 · u16 0 · u32 generation · u32 0 · u64 bytes of the index · u32 0 · u32 CRC-32 of the 28 bytes before.
 */
import { ByteReader, ByteWriter, crc32 } from '@sagitta/core-wasm';

const MAGIC = 0x4d474153; // "SAGM"
const VERSION = 1;
export const MANIFEST_BYTES = 32;
export const SLOTS = 2;

export interface Manifest {
  /** From 1; grows with every write. Its slot is generation mod 2. */
  readonly generation: number;
  readonly bytes: number;
}

export function writeManifest({ generation, bytes }: Manifest): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writer.u32(MAGIC).u16(VERSION).u16(0).u32(generation).u32(0);
  writer.u32(bytes % 2 ** 32).u32(Math.floor(bytes / 2 ** 32));
  writer.u32(0);
  return writer.u32(crc32(writer.finish())).finish();
}

/** undefined for bytes that are no manifest, as after a write that was cut off. */
export function readManifest(bytes: Uint8Array): Manifest | undefined {
  if (bytes.length !== MANIFEST_BYTES) return undefined;
  const reader = new ByteReader(bytes);
  if (reader.u32() !== MAGIC || reader.u16() !== VERSION) return undefined;
  reader.u16();
  const generation = reader.u32();
  reader.u32();
  const low = reader.u32();
  const high = reader.u32();
  reader.u32();
  if (reader.u32() !== crc32(bytes.subarray(0, MANIFEST_BYTES - 4))) return undefined;
  return { generation, bytes: high * 2 ** 32 + low };
}

/** The newest of the slots that hold one. */
export function currentManifest(slots: readonly (Manifest | undefined)[]): Manifest | undefined {
  let newest: Manifest | undefined;
  for (const slot of slots) if (slot && slot.generation > (newest?.generation ?? 0)) newest = slot;
  return newest;
}
