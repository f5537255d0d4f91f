/** Packing of u16 codes into the component layout of bit-dot.ts, and back. dims is a multiple of 16, bits 1…16. */

export function packCode(values: usize, dims: u32, bits: u32, out: usize): void {
  assert((dims & 15) === 0 && bits >= 1 && bits <= 16);
  let rest = bits;
  while (rest >= 8) {
    rest -= 8;
    for (let i: u32 = 0; i < dims; i++) {
      store<u8>(out + i, <u8>(load<u16>(values + ((<usize>i) << 1)) >> <u16>rest));
    }
    out += dims;
  }
  if (rest & 4) {
    const shift = rest & 3;
    for (let i: u32 = 0; i < dims; i += 16) {
      for (let t: u32 = 0; t < 8; t++) {
        const low = (<u32>load<u16>(values + ((<usize>(i + t)) << 1)) >> shift) & 15;
        const high = (<u32>load<u16>(values + ((<usize>(i + t + 8)) << 1)) >> shift) & 15;
        store<u8>(out + (i >> 1) + t, <u8>(low | (high << 4)));
      }
    }
    out += dims >> 1;
  }
  if (rest & 2) {
    const shift = rest & 1;
    for (let i: u32 = 0; i < dims; i += 8) {
      let word: u32 = 0;
      for (let j: u32 = 0; j < 8; j++) {
        word |= ((<u32>load<u16>(values + ((<usize>(i + j)) << 1)) >> shift) & 3) << (j << 1);
      }
      store<u16>(out + (i >> 2), <u16>word);
    }
    out += dims >> 2;
  }
  if (rest & 1) {
    for (let i: u32 = 0; i < dims; i += 16) {
      let word: u32 = 0;
      for (let j: u32 = 0; j < 16; j++) word |= (<u32>load<u16>(values + ((<usize>(i + j)) << 1)) & 1) << j;
      store<u16>(out + (i >> 3), <u16>word);
    }
  }
}

export function unpackCode(codes: usize, dims: u32, bits: u32, out: usize): void {
  assert((dims & 15) === 0 && bits >= 1 && bits <= 16);
  memory.fill(out, 0, (<usize>dims) << 1);
  let rest = bits;
  while (rest >= 8) {
    rest -= 8;
    for (let i: u32 = 0; i < dims; i++) orInto(out, i, (<u32>load<u8>(codes + i)) << rest);
    codes += dims;
  }
  if (rest & 4) {
    const shift = rest & 3;
    for (let i: u32 = 0; i < dims; i++) {
      const t = i & 15;
      const byte = <u32>load<u8>(codes + ((i >> 4) << 3) + (t & 7));
      orInto(out, i, ((t < 8 ? byte : byte >> 4) & 15) << shift);
    }
    codes += dims >> 1;
  }
  if (rest & 2) {
    const shift = rest & 1;
    for (let i: u32 = 0; i < dims; i++) {
      const word = <u32>load<u16>(codes + ((i >> 3) << 1));
      orInto(out, i, ((word >> ((i & 7) << 1)) & 3) << shift);
    }
    codes += dims >> 2;
  }
  if (rest & 1) {
    for (let i: u32 = 0; i < dims; i++) {
      const word = <u32>load<u16>(codes + ((i >> 4) << 1));
      orInto(out, i, (word >> (i & 15)) & 1);
    }
  }
}

function orInto(out: usize, i: u32, value: u32): void {
  const at = out + ((<usize>i) << 1);
  store<u16>(at, <u16>(<u32>load<u16>(at) | value));
}
