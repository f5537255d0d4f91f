/** Codes of whole rows through the packing kernel. */
import type { Core } from '@sagitta/core-wasm';

/** Packs n rows of `dims` u16 values of `bits` bits into codes (n × dims·bits/8 bytes). */
export function packRows(
  core: Core,
  values: Uint16Array,
  n: number,
  dims: number,
  bits: number,
  codes: Uint8Array,
): void {
  const codeBytes = (dims * bits) / 8;
  core.scope((scope) => {
    const input = scope.reserve(2 * n * dims);
    const output = scope.reserve(n * codeBytes);
    input.u16(0, n * dims).set(values.subarray(0, n * dims));
    for (let i = 0; i < n; i++) {
      core.kernels.packCode(input.at(2 * i * dims), dims, bits, output.at(i * codeBytes));
    }
    codes.set(output.u8(0, n * codeBytes));
  });
}

/** The values of one code of packRows, on the host; out u16[dims]. */
export function unpackRow(code: Uint8Array, dims: number, bits: number, out: Uint16Array): void {
  let at = 0;
  let rest = bits;
  out.fill(0);
  while (rest >= 8) {
    rest -= 8;
    for (let j = 0; j < dims; j++) out[j] = (out[j] as number) + ((code[at + j] as number) << rest);
    at += dims;
  }
  if (rest & 4) {
    rest -= 4;
    for (let j = 0; j < dims; j += 16) {
      for (let t = j; t < j + 8; t++, at++) {
        const byte = code[at] as number;
        out[t] = (out[t] as number) + ((byte & 15) << rest);
        out[t + 8] = (out[t + 8] as number) + ((byte >> 4) << rest);
      }
    }
  }
  if (rest & 2) {
    rest -= 2;
    for (let j = 0; j < dims; j += 4, at++) {
      const byte = code[at] as number;
      for (let t = 0; t < 4; t++) out[j + t] = (out[j + t] as number) + (((byte >> (2 * t)) & 3) << rest);
    }
  }
  if (rest & 1) {
    for (let j = 0; j < dims; j += 8, at++) {
      const byte = code[at] as number;
      for (let t = 0; t < 8; t++) out[j + t] = (out[j + t] as number) + ((byte >> t) & 1);
    }
  }
}
