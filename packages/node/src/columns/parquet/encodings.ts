/** The encodings of Parquet's values and levels. Each takes as many values as the caller says and no more, whatever the bytes say. */
import type { NumberType } from '../../readers/number-type.ts';

/** What the bytes of a page are read through. @throws RangeError where they end */
export class PageBytes {
  readonly bytes: Uint8Array;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get left(): number {
    return this.bytes.length - this.position;
  }

  take(length: number): Uint8Array {
    if (!(length >= 0 && length <= this.left))
      throw new RangeError(`expected ${length} more bytes in the page, got ${this.left}`);
    this.position += length;
    return this.bytes.subarray(this.position - length, this.position);
  }

  uint32(): number {
    const { buffer, byteOffset } = this.take(4);
    return new DataView(buffer, byteOffset).getUint32(0, true);
  }

  byte(): number {
    return this.take(1)[0] as number;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 63; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new RangeError('expected an integer of at most 63 bits');
  }
}

/** Runs and bit-packed groups of values of `width` bits, 0 to 32. Fills out. */
export function readHybrid(page: PageBytes, width: number, out: Uint8Array | Uint32Array): void {
  if (width > 32) throw new RangeError(`expected values of at most 32 bits, got ${width}`);
  const bytes = (width + 7) >> 3;
  for (let filled = 0; filled < out.length; ) {
    const header = page.varint();
    if (header % 2 === 0) {
      const run = Math.min(header / 2, out.length - filled);
      if (run === 0) throw new RangeError('expected a run of values, got an empty one');
      let value = 0;
      for (let i = 0; i < bytes; i++) value += page.byte() * 2 ** (8 * i);
      out.fill(value, filled, filled + run);
      filled += run;
      continue;
    }
    const groups = (header - 1) / 2;
    if (groups === 0) throw new RangeError('expected groups of values, got none');
    const values = Math.min(8 * groups, out.length - filled);
    // the last group may be cut where its values are not needed
    const packed = page.take(Math.min(groups * width, page.left));
    if (packed.length < Math.ceil((values * width) / 8))
      throw new RangeError('the bit-packed values are cut short');
    unpack(packed, width, out, filled, values);
    filled += values;
  }
}

function unpack(
  packed: Uint8Array,
  width: number,
  out: Uint8Array | Uint32Array,
  from: number,
  n: number,
): void {
  if (width === 0) {
    out.fill(0, from, from + n);
    return;
  }
  let at = 0;
  // at most 7 bits are left over before a byte is added: below 2^40, exact as a double
  let held = 0;
  let bits = 0;
  const size = 2 ** width;
  for (let i = 0; i < n; i++) {
    while (bits < width) {
      held += (packed[at++] as number) * 2 ** bits;
      bits += 8;
    }
    const rest = Math.floor(held / size);
    out[from + i] = held - rest * size;
    held = rest;
    bits -= width;
  }
}

/** DELTA_BINARY_PACKED: n integers, as doubles; 64-bit ones that leave ±2^53 are NaN. */
export function readDeltas(page: PageBytes, n: number, isWide: boolean): Float64Array {
  const blockSize = page.varint();
  const miniBlocks = page.varint();
  const total = page.varint();
  const perMini = blockSize / miniBlocks;
  if (!(blockSize >= 8 && blockSize <= 1 << 20 && Number.isInteger(perMini) && perMini % 8 === 0))
    throw new RangeError(`expected blocks of whole mini-blocks, got ${blockSize} in ${miniBlocks}`);
  if (total < n) throw new RangeError(`expected ${n} values, got ${total}`);
  const out = new Float64Array(n);
  const wrap = (value: bigint): bigint => BigInt.asIntN(isWide ? 64 : 32, value);
  let value = wrap(zigzag(page));
  const put = (i: number): void => {
    const number = Number(value);
    out[i] = Number.isSafeInteger(number) ? number : Number.NaN;
  };
  if (n > 0) put(0);
  let filled = 1;
  while (filled < n) {
    const least = zigzag(page);
    const widths = page.take(miniBlocks);
    for (let mini = 0; mini < miniBlocks && filled < n; mini++) {
      const width = widths[mini] as number;
      if (width > 64) throw new RangeError(`expected values of at most 64 bits, got ${width}`);
      const packed = page.take((width * perMini) / 8);
      for (let i = 0; i < perMini && filled < n; i++, filled++) {
        value = wrap(value + least + bitsAt(packed, i * width, width));
        put(filled);
      }
    }
  }
  return out;
}

function zigzag(page: PageBytes): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = page.byte();
    value += BigInt(byte & 127) << shift;
    if (byte < 128) return (value >> 1n) ^ -(value & 1n);
  }
  throw new RangeError('expected an integer of at most 64 bits');
}

function bitsAt(packed: Uint8Array, at: number, width: number): bigint {
  let value = 0n;
  for (let got = 0; got < width; ) {
    const shift = (at + got) & 7;
    const take = Math.min(8 - shift, width - got);
    const part = ((packed[(at + got) >> 3] as number) >> shift) & ((1 << take) - 1);
    value += BigInt(part) << BigInt(got);
    got += take;
  }
  return value;
}

/** BYTE_STREAM_SPLIT: the first bytes of all values, then the second ones, and so on. */
export function joinStreams(page: PageBytes, n: number, width: number): Uint8Array {
  const split = page.take(n * width);
  const out = new Uint8Array(n * width);
  for (let b = 0; b < width; b++) for (let i = 0; i < n; i++) out[i * width + b] = split[b * n + i] as number;
  return out;
}

/** Bytes of a value in PLAIN. */
export function plainBytes(type: NumberType): number {
  return type === 'float16' ? 2 : type === 'float64' || type === 'int64' || type === 'uint64' ? 8 : 4;
}

/** Texts behind their lengths. */
export function plainTexts(page: PageBytes, n: number): string[] {
  // a text takes four bytes at least
  if (4 * n > page.left) throw new RangeError(`expected ${n} texts in ${page.left} bytes`);
  return Array.from({ length: n }, () => text(page.take(page.uint32())));
}

/** DELTA_LENGTH_BYTE_ARRAY: all lengths, then all texts. */
export function deltaLengthTexts(page: PageBytes, n: number): string[] {
  const lengths = readDeltas(page, n, false);
  return Array.from(lengths, (length) => text(page.take(length)));
}

const MAX_TEXT_BYTES = 2 ** 28;

/** DELTA_BYTE_ARRAY: how much is as in the text before, then the rest of each. */
export function deltaTexts(page: PageBytes, n: number): string[] {
  const prefixes = readDeltas(page, n, false);
  const lengths = readDeltas(page, n, false);
  let before = new Uint8Array(0);
  let total = 0;
  return Array.from(lengths, (length, i) => {
    const prefix = prefixes[i] as number;
    const rest = page.take(length);
    if (!(prefix >= 0 && prefix <= before.length))
      throw new RangeError(`expected a prefix of the text before, got ${prefix} bytes`);
    const whole = new Uint8Array(prefix + rest.length);
    total += whole.length;
    if (total > MAX_TEXT_BYTES)
      throw new RangeError(`expected at most ${MAX_TEXT_BYTES} bytes of texts in a page`);
    whole.set(before.subarray(0, prefix));
    whole.set(rest, prefix);
    before = whole;
    return text(whole);
  });
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}
