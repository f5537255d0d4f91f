/** A hash of bytes for comparing parameters: 64 bits, no secret. */
import { crc32 } from '@sagitta/core-wasm';

/** 16 hexadecimal digits: CRC-32, and FNV-1a of 32 bits. */
export function hashBytes(bytes: Uint8Array): string {
  let fnv = 0x811c9dc5;
  for (const byte of bytes) fnv = Math.imul(fnv ^ byte, 0x01000193);
  const digits = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
  return digits(crc32(bytes)) + digits(fnv);
}
