/**
 * The rescale factor g = |o|²/<o, y> of one segment (y in half-integer steps, SAQ section 3.3): 16 bits, 5 of exponent
 * and 11 of mantissa, in units of a power of two fixed at training. Largest relative error 2^-12; the range reaches
 * from 2^-14 to 2^17 units, and the unit is the training mean, so only a vector 100,000 times farther from its
 * centroid than the average would not fit: encoding it is refused.
 */
const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);

/** Largest factor in units that can be stored. */
export const LARGEST_FACTOR = 131_008;

/** value in units → u16; values below 2^-14 become 0. Rounds to nearest, ties to even. */
export function packFactor(value: number): number {
  if (!(value > 0)) return 0;
  floats[0] = value;
  const bits = words[0] as number;
  const rounded = bits + 0x7ff + ((bits >>> 12) & 1);
  const half = (rounded >>> 12) - (112 << 11);
  if (half <= 0) return 0;
  if (half > 0xffff) {
    throw new RangeError(`"factor" expected at most ${LARGEST_FACTOR} units, got ${value}`);
  }
  return half;
}

/** u16 → value in units; the inverse of packFactor. */
export function unpackFactor(half: number): number {
  if (half === 0) return 0;
  words[0] = (half << 12) + (112 << 23);
  return floats[0] as number;
}

/** The largest power of two not above value; 1 for values that have none. */
export function powerOfTwoBelow(value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) return 1;
  let unit = 1;
  while (unit * 2 <= value) unit *= 2;
  while (unit > value && unit > 2 ** -120) unit /= 2;
  return unit;
}
