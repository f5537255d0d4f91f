/**
 * The half ranges that the encoder tries for a segment. Of a few bits the best range depends on the root mean square (at
 * 4 bits 2.56 of it, in many dims), of more on the largest coordinate; in few dims it is a lottery, and more tickets help:
 * at 16 dims and 8 bits 16 ranges come within 17 % of the error of the best code of all, 8 within 36 %.
 */

/** The middle range for 2, 3 and 4 bits, in root mean squares of a long normal vector. */
const RANGES: readonly number[] = [1, 1, 1.98, 2.28, 2.56];

/**
 * Lists ranges from which codes are tried. Above 0 in root mean squares, below 0 (their amount) in units of the largest
 * |o_i|; at most 16.
 */
export function startsOf(bits: number, dims: number): Float32Array {
  if (bits === 1) return Float32Array.of(1);
  if (bits <= 3 || (bits === 4 && dims >= 512)) {
    const middle = RANGES[bits] as number;
    return dims >= 256 ? spread(0.93 * middle, 1.12 * middle, 4) : spread(0.85 * middle, 1.25 * middle, 8);
  }
  if (dims >= 128 << (bits - 4) && bits <= 6) return spread(-0.85, -1.03, 8);
  if (bits <= 5) return spread(-0.9, -1.15, 8);
  return dims < 64 ? spread(-1, -1.25, 16) : spread(-0.97, -1.06, 8);
}

function spread(from: number, to: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
}
