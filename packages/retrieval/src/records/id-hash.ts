/** HalfSipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, with words of 32 bits) of a part of bytes. */

/** Two words that nobody outside of the process knows: ids of strangers cannot be chosen so that all of them collide. */
export type HashKey = readonly [number, number];

/** A key of this process. Where the engine has no randomness (workerd outside of a request) one that is known. */
export function newHashKey(): HashKey {
  const words = new Uint32Array(2);
  try {
    crypto.getRandomValues(words);
  } catch {
    // nobody writes ids there
  }
  return [words[0] as number, words[1] as number];
}

/** The hash of bytes from `from` and before `to`, from 0 to 2^32 - 1. */
export function hashBytes([k0, k1]: HashKey, bytes: Uint8Array, from: number, to: number): number {
  let v0 = k0;
  let v1 = k1;
  let v2 = 0x6c796765 ^ k0;
  let v3 = 0x74656462 ^ k1;
  const whole = (to - from) & ~3;
  const last = from + whole;
  // the words, the rest with the length, and three rounds of the end
  for (let at = from, left = (whole >> 2) + 4; left > 0; left--, at += 4) {
    let word = 0;
    if (at < last) {
      word =
        (bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24);
    } else if (left === 4) {
      word = (to - from) << 24;
      for (let i = last; i < to; i++) word |= (bytes[i] as number) << (8 * (i - last));
    } else if (left === 3) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v2 = (v2 + v3) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 << 16) | (v0 >>> 16);
    v0 = (v0 + v3) | 0;
    v2 = (v2 + v1) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return (v1 ^ v3) >>> 0;
}
