/** Snappy blocks: a length as varint, then literals and copies from what was written already. */

/** Fills out with what `input` stands for. @returns whether it held exactly out.length bytes */
export function snappyBlock(input: Uint8Array, out: Uint8Array): boolean {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = input[at++];
    if (byte === undefined || shift > 28) return false;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (length !== out.length) return false;
  let filled = 0;
  while (at < input.length) {
    const tag = input[at++] as number;
    const kind = tag & 3;
    if (kind === 0) {
      let size = (tag >> 2) + 1;
      if (size > 60) {
        const bytes = size - 60;
        size = 1;
        for (let i = 0; i < bytes; i++) size += (input[at++] ?? 0) * 2 ** (8 * i);
      }
      if (at + size > input.length || filled + size > out.length) return false;
      out.set(input.subarray(at, at + size), filled);
      at += size;
      filled += size;
      continue;
    }
    const size = kind === 1 ? 4 + ((tag >> 2) & 7) : (tag >> 2) + 1;
    const offsetBytes = kind === 3 ? 4 : kind;
    if (at + offsetBytes > input.length) return false;
    let distance = kind === 1 ? (tag >> 5) << 8 : 0;
    for (let i = 0; i < offsetBytes; i++) distance += (input[at++] as number) * 2 ** (8 * i);
    if (distance < 1 || distance > filled || filled + size > out.length) return false;
    if (distance >= size) out.copyWithin(filled, filled - distance, filled - distance + size);
    else for (let i = 0; i < size; i++) out[filled + i] = out[filled - distance + i] as number;
    filled += size;
  }
  return filled === out.length;
}
