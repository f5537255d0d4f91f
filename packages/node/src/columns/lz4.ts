/** LZ4: bare blocks (LZ4_RAW of Parquet), frames (Arrow), and blocks behind two big-endian lengths (Hadoop's, LZ4 of Parquet). */

const FRAME_MAGIC = 0x184d2204;

/** Writes the block from out[start]. @returns the place behind it, or -1 if the block is damaged or out too short */
function block(input: Uint8Array, out: Uint8Array, start: number): number {
  let at = 0;
  let filled = start;
  const more = (size: number): number => {
    if (size !== 15) return size;
    let total = size;
    for (let byte = 255; byte === 255; total += byte) {
      if (at >= input.length) return -1;
      byte = input[at++] as number;
    }
    return total;
  };
  while (at < input.length) {
    const token = input[at++] as number;
    const literals = more(token >> 4);
    if (literals < 0 || at + literals > input.length || filled + literals > out.length) return -1;
    out.set(input.subarray(at, at + literals), filled);
    at += literals;
    filled += literals;
    if (at === input.length) return filled;
    if (at + 2 > input.length) return -1;
    const distance = (input[at] as number) + 256 * (input[at + 1] as number);
    at += 2;
    const copied = more(token & 15);
    const size = copied + 4;
    if (copied < 0 || distance < 1 || distance > filled || filled + size > out.length) return -1;
    if (distance >= size) out.copyWithin(filled, filled - distance, filled - distance + size);
    else for (let i = 0; i < size; i++) out[filled + i] = out[filled - distance + i] as number;
    filled += size;
  }
  return filled;
}

/** Fills out. @returns whether the block held exactly out.length bytes */
export function lz4Block(input: Uint8Array, out: Uint8Array): boolean {
  return block(input, out, 0) === out.length;
}

/** Writes to out. @returns bytes of the frame, or -1 if it is damaged or out too short; checksums are not compared, dictionaries not known */
export function lz4Frame(input: Uint8Array, out: Uint8Array): number {
  if (input.length < 7) return -1;
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const flags = input[4] as number;
  if (view.getUint32(0, true) !== FRAME_MAGIC || flags >> 6 !== 1 || (flags & 1) !== 0) return -1;
  const checksumBytes = (flags & 16) === 0 ? 0 : 4;
  let at = 7 + ((flags & 8) === 0 ? 0 : 8);
  let filled = 0;
  for (;;) {
    if (at + 4 > input.length) return -1;
    const word = view.getUint32(at, true);
    at += 4;
    if (word === 0) return filled;
    const size = word & 0x7fffffff;
    if (at + size > input.length) return -1;
    const bytes = input.subarray(at, at + size);
    if (word >= 0x80000000) {
      if (filled + size > out.length) return -1;
      out.set(bytes, filled);
      filled += size;
    } else {
      filled = block(bytes, out, filled);
      if (filled < 0) return -1;
    }
    at += size + checksumBytes;
  }
}

/** Fills out. @returns whether the blocks held exactly out.length bytes */
export function lz4Hadoop(input: Uint8Array, out: Uint8Array): boolean {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  let at = 0;
  let filled = 0;
  while (at + 8 <= input.length) {
    const size = view.getUint32(at);
    const bytes = view.getUint32(at + 4);
    at += 8;
    if (at + bytes > input.length || filled + size > out.length) return false;
    if (block(input.subarray(at, at + bytes), out.subarray(0, filled + size), filled) !== filled + size)
      return false;
    filled += size;
    at += bytes;
  }
  return at === input.length && filled === out.length;
}
