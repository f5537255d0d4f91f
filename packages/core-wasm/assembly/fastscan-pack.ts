/**
 * Rows of 4-bit codes to the blocks of fastscan.ts and back. A row holds ⌈m/2⌉ bytes, the code of sub-quantizer 2j in the
 * low half of byte j; a row of 1-bit codes, lowest bit first, is such a row with one sub-quantizer for four dims.
 */

/** rows u8[n × ⌈m/2⌉] → ⌈n/32⌉ blocks of 16·m bytes; places behind the last vector get code 0. */
export function fastscanPack(rows: usize, n: usize, m: usize, out: usize): void {
  const rowBytes = (m + 1) >> 1;
  const blockBytes = m << 4;
  memory.fill(out, 0, ((n + 31) >> 5) * blockBytes);
  for (let i: usize = 0; i < n; i++) {
    const lane = i & 31;
    const shift = (<u32>(lane >> 4)) << 2;
    const target = out + (i >> 5) * blockBytes + (lane & 15);
    for (let s: usize = 0; s < m; s++) {
      const pair = <u32>load<u8>(rows + i * rowBytes + (s >> 1));
      const code = (pair >> ((<u32>s & 1) << 2)) & 15;
      const at = target + (s << 4);
      store<u8>(at, <u8>(<u32>load<u8>(at) | (code << shift)));
    }
  }
}

/** The inverse: n rows; the half byte behind an odd m is 0. */
export function fastscanUnpack(blocks: usize, n: usize, m: usize, out: usize): void {
  const rowBytes = (m + 1) >> 1;
  const blockBytes = m << 4;
  memory.fill(out, 0, n * rowBytes);
  for (let i: usize = 0; i < n; i++) {
    const lane = i & 31;
    const shift = (<u32>(lane >> 4)) << 2;
    const source = blocks + (i >> 5) * blockBytes + (lane & 15);
    for (let s: usize = 0; s < m; s++) {
      const code = (<u32>load<u8>(source + (s << 4)) >> shift) & 15;
      const at = out + i * rowBytes + (s >> 1);
      store<u8>(at, <u8>(<u32>load<u8>(at) | (code << ((<u32>s & 1) << 2))));
    }
  }
}
