/** Plain twin of assembly/hamming.ts. */

/** out[i] = number of bits in which q and rows[i] differ; rows n × codeBytes, out n values, the caller's. */
export function hammingRows(
  q: Uint8Array,
  rows: Uint8Array,
  n: number,
  codeBytes: number,
  out: Uint32Array,
): void {
  for (let i = 0; i < n; i++) {
    let count = 0;
    for (let j = 0; j < codeBytes; j++) {
      for (let bits = q[j] ^ rows[i * codeBytes + j]; bits !== 0; bits &= bits - 1) count++;
    }
    out[i] = count;
  }
}
