/**
 * The rescale factor g = |o|²/<o, y> of one segment (y in half-integer steps, SAQ section 3.3): 16 bits, 5 of exponent
 * and 11 of mantissa, in units of a power of two fixed at training. Largest relative error 2^-12; the range reaches
 * from 2^-15 to 2^17 units, and the unit is about the training mean: a vector 30,000 times nearer to its centroid than
 * the average is taken for the centroid, one 100,000 times farther does not fit and encoding it is refused.
 */
const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);

/** Largest factor in units that can be stored. */
export const LARGEST_FACTOR = 131_040;
/** 2^-120; the energies of vectors that would need a smaller unit are 0 in f32. */
const SMALLEST_UNIT = 7.52316384526264e-37;

/** value in units → u16; values up to 2^-15 become 0. Rounds to nearest, ties to even. */
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

/** The largest power of two not above value, at least 2^-120; 1 for values that are not positive and finite. */
export function powerOfTwoBelow(value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) return 1;
  let unit = 1;
  while (unit * 2 <= value) unit *= 2;
  while (unit > value && unit > SMALLEST_UNIT) unit /= 2;
  return unit;
}
