/** Dimensions that reach every path of a kernel over rows of d floats. */
export const PARITY_DIMS: readonly number[] = [
  1, // a tail alone
  7, // one vector and a tail of three
  8, // two vectors, no tail
  15, // the longest rest under an unrolled block of 16
  16, // exactly one block of 16
  17, // a block and a tail of one
  31, // a block and the longest rest
  32, // two blocks
  33, // two blocks and a tail of one
  63, // one short of a cache line of bytes
  64, // a cache line of bytes
  65, // one over
  127, // one short of a depth block of 128
  128, // exactly one depth block
  129, // one over
  255, // one short of 8-bit counters
  256, // where an 8-bit counter would wrap
  257, // one over
  768, // the common embedding, no tail
  1534, // long, tail of two
  1536, // a common long embedding
  2048, // long power of two
];
