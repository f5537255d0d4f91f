/**
 * How well a code of some bits points along a vector: eps2(bits) = 1/cos² - 1 of the best code of a long normal vector
 * (spec section 1.3), a quarter a bit beyond 8. It is the share of a segment's energy that the unbiased reconstruction
 * g·y misses, so it drives bit allocation, and 1/(1 + eps2) = cos² turns g·y into the least-squares reconstruction.
 */

/** eps2 by bits, 0 to 13: without bits all energy is missed. */
export const EPS2: readonly number[] = [
  1, 0.571, 0.135, 0.0393, 0.0127, 3.63e-3, 9.35e-4, 2.35e-4, 5.9e-5, 1.475e-5, 3.69e-6, 9.2e-7, 2.3e-7,
  5.8e-8,
];

/** Beyond 13 bits float32 inner products of codes lose too much. */
export const MAX_BITS = 13;
