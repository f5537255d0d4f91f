/** Twins of assembly/fastscan.ts, fastscan-pack.ts and fastscan-sign-luts.ts. */

/** Codes of vector i and sub-quantizer s in blocks of 32 vectors. */
function codeAt(blocks: Uint8Array, m: number, i: number, s: number): number {
  const lane = i % 32;
  const byte = blocks[Math.floor(i / 32) * 16 * m + 16 * s + (lane % 16)] as number;
  return lane < 16 ? byte & 15 : byte >> 4;
}

/** out[i] = Σ_s luts[16·s + code]; luts u8[m × 16]. */
export function fastscanU8(
  codes: Uint8Array,
  n: number,
  m: number,
  luts: Uint8Array,
  out: Uint32Array,
): void {
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let s = 0; s < m; s++) sum += luts[16 * s + codeAt(codes, m, i, s)] as number;
    out[i] = sum;
  }
}

/** Sums entries of 16 bits. luts: m × { low bytes u8[16], high bytes u8[16] }. */
export function fastscanU16(
  codes: Uint8Array,
  n: number,
  m: number,
  luts: Uint8Array,
  out: Uint32Array,
): void {
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let s = 0; s < m; s++) {
      const at = 32 * s + codeAt(codes, m, i, s);
      sum += (luts[at] as number) + 256 * (luts[at + 16] as number);
    }
    out[i] = sum;
  }
}

/** rows u8[n × ⌈m/2⌉], low half first → blocks. */
export function fastscanPack(rows: Uint8Array, n: number, m: number, out: Uint8Array): void {
  const rowBytes = Math.ceil(m / 2);
  out.fill(0, 0, Math.ceil(n / 32) * 16 * m);
  for (let i = 0; i < n; i++) {
    const lane = i % 32;
    for (let s = 0; s < m; s++) {
      const pair = rows[i * rowBytes + (s >> 1)] as number;
      const code = s % 2 === 0 ? pair & 15 : pair >> 4;
      const at = Math.floor(i / 32) * 16 * m + 16 * s + (lane % 16);
      out[at] = (out[at] as number) + (lane < 16 ? code : 16 * code);
    }
  }
}

/** Unpacks blocks of fastscanPack: blocks → rows u8[n × ⌈m/2⌉] of out, overwritten. */
export function fastscanUnpack(blocks: Uint8Array, n: number, m: number, out: Uint8Array): void {
  const rowBytes = Math.ceil(m / 2);
  out.fill(0, 0, n * rowBytes);
  for (let i = 0; i < n; i++) {
    for (let s = 0; s < m; s++) {
      const at = i * rowBytes + (s >> 1);
      out[at] = (out[at] as number) + codeAt(blocks, m, i, s) * (s % 2 === 0 ? 1 : 16);
    }
  }
}

/** Entry b of group g: the sum of query[4g + bit] over the bits of b, less that of the negative values. */
function signSum(query: ArrayLike<number>, dims: number, group: number, b: number): number {
  let sum = 0;
  for (let bit = 0; bit < 4; bit++) {
    const i = 4 * group + bit;
    if (i >= dims) continue;
    const value = query[i] as number;
    if ((b >> bit) & 1) sum += value;
    sum -= Math.min(value, 0);
  }
  return sum;
}

/** query: values of −63 … 63; the scan is <bits, query> − Σ min(query, 0). */
export function signLutsU8(query: Int8Array, dims: number, luts: Uint8Array): void {
  for (let group = 0; 4 * group < dims; group++) {
    for (let b = 0; b < 16; b++) luts[16 * group + b] = signSum(query, dims, group, b);
  }
}

/** Makes the tables of fastscanU16 for codes of signs. query: values of −16,383 … 16,383. */
export function signLutsU16(query: Int16Array, dims: number, luts: Uint8Array): void {
  for (let group = 0; 4 * group < dims; group++) {
    for (let b = 0; b < 16; b++) {
      const sum = signSum(query, dims, group, b);
      luts[32 * group + b] = sum & 255;
      luts[32 * group + 16 + b] = sum >> 8;
    }
  }
}
