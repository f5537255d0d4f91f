/**
 * The manifest of an index in OPFS: which generation is the current one. There are two slots, written in turn; a write
 * that is cut off spoils the older slot only, and its checksum says so.
 *
 * Bytes: "SAGM" · u16 version 2 · u16 0 · u32 generation · u32 token · u64 bytes of the index · u32 token · u32 CRC-32 of the
 * 28 bytes before. In version 1 both halves of the token are 0.
 */
import { ByteReader, ByteWriter, crc32, UnsupportedError } from '@sagitta/core-wasm';

const MAGIC = 0x4d474153; // "SAGM"
const VERSION = 2;
export const MANIFEST_BYTES = 32;
export const SLOTS = 2;

export interface Manifest {
  /** From 1; grows with every write. Its slot is generation mod 2. */
  readonly generation: number;
  /** 16 hexadecimal digits that no other generation has; '' in version 1. */
  readonly token: string;
  readonly bytes: number;
}

/** The name of the file that a manifest stands for. */
export function fileOf({ generation, token }: Pick<Manifest, 'generation' | 'token'>): string {
  return token === '' ? `${generation}.sag` : `${generation}-${token}.sag`;
}

export function isGenerationFile(name: string): boolean {
  return /^\d+(-[0-9a-f]{16})?\.sag$/.test(name);
}

export function slotOf({ generation }: Pick<Manifest, 'generation'>): string {
  return `${generation % SLOTS}.manifest`;
}

export function writeManifest({ generation, token, bytes }: Manifest): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writer
    .u32(MAGIC)
    .u16(VERSION)
    .u16(0)
    .u32(generation)
    .u32(Number.parseInt(token.slice(0, 8), 16));
  writer.u32(bytes % 2 ** 32).u32(Math.floor(bytes / 2 ** 32));
  writer.u32(Number.parseInt(token.slice(8), 16));
  return writer.u32(crc32(writer.finish())).finish();
}

/**
 * undefined for bytes that are no manifest, as after a write that was cut off.
 * @throws UnsupportedError for one of a later version
 */
export function readManifest(bytes: Uint8Array): Manifest | undefined {
  if (bytes.length !== MANIFEST_BYTES) return undefined;
  const reader = new ByteReader(bytes);
  if (reader.u32() !== MAGIC) return undefined;
  const version = reader.u16();
  reader.u16();
  const generation = reader.u32();
  const high = reader.u32();
  const size = reader.u32() + reader.u32() * 2 ** 32;
  const low = reader.u32();
  if (reader.u32() !== crc32(bytes.subarray(0, MANIFEST_BYTES - 4))) return undefined;
  if (version > VERSION) {
    throw new UnsupportedError(`"name" expected a manifest up to version ${VERSION}, got ${version}`);
  }
  const token = [high, low].map((word) => word.toString(16).padStart(8, '0')).join('');
  return { generation, token: version === 1 ? '' : token, bytes: size };
}

/** The newest of the slots that hold one. */
export function currentManifest(slots: readonly (Manifest | undefined)[]): Manifest | undefined {
  let newest: Manifest | undefined;
  for (const slot of slots) if (slot && slot.generation > (newest?.generation ?? 0)) newest = slot;
  return newest;
}
