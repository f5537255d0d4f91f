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

/** Value j of a code of packRows, on the host; out u16[dims]. */
export function unpackRow(code: Uint8Array, dims: number, bits: number, out: Uint16Array): void {
  out.fill(0);
  let at = 0;
  let rest = bits;
  for (const width of [8, 8, 4, 2, 1]) {
    if (rest < width || (width < 8 && (rest & width) === 0)) continue;
    rest -= width;
    for (let j = 0; j < dims; j++) {
      const value = out[j] as number;
      out[j] = value + (component(code, at, width, j) << rest);
    }
    at += (dims * width) / 8;
  }
}

/** Dim j of a component of 8, 4, 2 or 1 bits that begins at `at`. */
function component(code: Uint8Array, at: number, width: number, j: number): number {
  if (width === 8) return code[at + j] as number;
  if (width === 4) {
    const byte = code[at + 8 * (j >> 4) + (j & 7)] as number;
    return j & 8 ? byte >> 4 : byte & 15;
  }
  const perByte = 8 / width;
  const byte = code[at + Math.floor(j / perByte)] as number;
  return (byte >> (width * (j % perByte))) & ((1 << width) - 1);
}
