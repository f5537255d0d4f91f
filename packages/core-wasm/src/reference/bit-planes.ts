/** Plain twin of assembly/bit-planes.ts. */

/** out[i] = Σ over set bits of code i of u, u in two's complement given by planeCount bit planes, the lowest first. */
export function dotBitPlanesRows(
  codes: Uint8Array,
  n: number,
  codeBytes: number,
  planes: Uint8Array,
  planeCount: number,
  out: Float32Array,
): void {
  const bit = (bytes: Uint8Array, start: number, i: number): number =>
    ((bytes[start + (i >> 3)] as number) >> (i & 7)) & 1;
  for (let r = 0; r < n; r++) {
    let sum = 0;
    for (let i = 0; i < 8 * codeBytes; i++) {
      if (bit(codes, r * codeBytes, i) === 0) continue;
      for (let j = 0; j < planeCount; j++) {
        const weight = j === planeCount - 1 ? -(2 ** j) : 2 ** j;
        sum += weight * bit(planes, j * codeBytes, i);
      }
    }
    out[r] = sum;
  }
}
