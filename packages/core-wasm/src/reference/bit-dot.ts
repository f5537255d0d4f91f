/** Plain twin of assembly/bit-dot.ts: exact, where the kernel joins its four lanes and its components in f32. */
import { unpackCode } from './code-pack.ts';

/**
 * out[i] = <code_i, query>, an integer below 2⁵³; codes n × dims·bits/8 bytes in the layout of packCode, query and out
 * dims and n values, all the caller's. dims is a multiple of 16, bits 1…16.
 */
export function dotCodeRows(
  codes: Uint8Array,
  n: number,
  dims: number,
  bits: number,
  query: Int16Array,
  out: Float32Array | Float64Array,
): void {
  const codeBytes = (dims * bits) / 8;
  const values = new Uint16Array(dims);
  for (let i = 0; i < n; i++) {
    unpackCode(codes.subarray(i * codeBytes), dims, bits, values);
    let sum = 0;
    for (let j = 0; j < dims; j++) sum += values[j] * query[j];
    out[i] = sum;
  }
}
