/**
 * Plain twins of assembly/code-pack.ts: B-bit codes in components of 8, 4, 2 and 1 bits, high bits first. The layout is
 * stated once, in componentsOf and bitAddress; packing and unpacking follow it bit by bit.
 */

/** One component: `width` bits of the value, from bit `shift` up; it starts at bit `start` of the code. */
interface Component {
  readonly width: number;
  readonly shift: number;
  readonly start: number;
}

function componentsOf(dims: number, bits: number): readonly Component[] {
  const components: Component[] = [];
  let rest = bits;
  let start = 0;
  const take = (width: number): void => {
    rest -= width;
    components.push({ width, shift: rest, start });
    start += dims * width;
  };
  while (rest >= 8) take(8);
  if (rest >= 4) take(4);
  if (rest >= 2) take(2);
  if (rest >= 1) take(1);
  return components;
}

/** Bit offset, within a component, of the lowest bit of dim i. */
function bitAddress(width: number, i: number): number {
  // 4 bits: 8 bytes for 16 dims, dims t and t + 8 share byte t; all others: consecutive dims, lowest bit first
  if (width !== 4) return i * width;
  const group = Math.floor(i / 16) * 64;
  const t = i % 16;
  return group + (t % 8) * 8 + (t < 8 ? 0 : 4);
}

/** values u16[dims] (each below 2^bits), dims a multiple of 16, bits 1…16 → dims·bits/8 bytes of out, overwritten. */
export function packCode(values: Uint16Array, dims: number, bits: number, out: Uint8Array): void {
  out.fill(0, 0, (dims * bits) / 8);
  for (const { width, shift, start } of componentsOf(dims, bits)) {
    for (let i = 0; i < dims; i++) {
      const part = (values[i] >>> shift) % 2 ** width;
      const at = start + bitAddress(width, i);
      out[Math.floor(at / 8)] |= part << (at % 8);
    }
  }
}

/** Is the inverse of packCode: out u16[dims], overwritten. */
export function unpackCode(codes: Uint8Array, dims: number, bits: number, out: Uint16Array): void {
  out.fill(0, 0, dims);
  for (const { width, shift, start } of componentsOf(dims, bits)) {
    for (let i = 0; i < dims; i++) {
      const at = start + bitAddress(width, i);
      const part = (codes[Math.floor(at / 8)] >>> (at % 8)) % 2 ** width;
      out[i] |= part << shift;
    }
  }
}
