/** Plain loops for the code kernels, over the same packed bytes: shifts and masks, sums in a number. */

/** dims·bits/8 bytes; bits is 8, 4, 2 or 1. */
export function dotCodeRows(
  codes: Uint8Array,
  n: number,
  dims: number,
  bits: number,
  query: Int16Array,
  out: Float32Array,
): void {
  const codeBytes = (dims * bits) / 8;
  const one = { 8: dotCode8, 4: dotCode4, 2: dotCode2, 1: dotCode1 }[bits];
  if (one === undefined) throw new RangeError(`"bits" expected 1, 2, 4 or 8, got ${bits}`);
  for (let i = 0; i < n; i++) out[i] = one(codes, i * codeBytes, dims, query);
}

function dotCode8(codes: Uint8Array, start: number, dims: number, query: Int16Array): number {
  let sum = 0;
  for (let j = 0; j < dims; j++) sum += codes[start + j] * query[j];
  return sum;
}

function dotCode4(codes: Uint8Array, start: number, dims: number, query: Int16Array): number {
  let sum = 0;
  for (let j = 0, p = start; j < dims; j += 16) {
    for (let t = j; t < j + 8; t++, p++) {
      sum += (codes[p] & 15) * query[t] + (codes[p] >>> 4) * query[t + 8];
    }
  }
  return sum;
}

function dotCode2(codes: Uint8Array, start: number, dims: number, query: Int16Array): number {
  let sum = 0;
  for (let j = 0, p = start; j < dims; j += 4, p++) {
    const byte = codes[p];
    sum +=
      (byte & 3) * query[j] +
      ((byte >>> 2) & 3) * query[j + 1] +
      ((byte >>> 4) & 3) * query[j + 2] +
      (byte >>> 6) * query[j + 3];
  }
  return sum;
}

function dotCode1(codes: Uint8Array, start: number, dims: number, query: Int16Array): number {
  let sum = 0;
  for (let j = 0, p = start; j < dims; j += 8, p++) {
    const byte = codes[p];
    for (let t = 0; t < 8; t++) sum += ((byte >>> t) & 1) * query[j + t];
  }
  return sum;
}

/** Values from `first` on; dims a multiple of 16, bits 1…16. */
export function packCode(
  values: Uint16Array,
  first: number,
  dims: number,
  bits: number,
  out: Uint8Array,
  at: number,
): void {
  let p = at;
  let rest = bits;
  for (; rest >= 8; ) {
    rest -= 8;
    for (let i = first; i < first + dims; i++) out[p++] = values[i] >>> rest;
  }
  if (rest & 4) {
    const shift = rest & 3;
    for (let i = first; i < first + dims; i += 16) {
      for (let t = i; t < i + 8; t++) {
        out[p++] = ((values[t] >>> shift) & 15) | (((values[t + 8] >>> shift) & 15) << 4);
      }
    }
  }
  for (const width of [2, 1]) {
    if ((rest & width) === 0) continue;
    const shift = width === 2 ? rest & 1 : 0;
    const mask = width === 2 ? 3 : 1;
    for (let i = first; i < first + dims; ) {
      let byte = 0;
      for (let bit = 0; bit < 8; bit += width, i++) byte |= ((values[i] >>> shift) & mask) << bit;
      out[p++] = byte;
    }
  }
}

export function unpackCode(
  codes: Uint8Array,
  start: number,
  dims: number,
  bits: number,
  out: Uint16Array,
  at: number,
): void {
  out.fill(0, at, at + dims);
  let p = start;
  let rest = bits;
  for (; rest >= 8; ) {
    rest -= 8;
    for (let i = at; i < at + dims; i++) out[i] |= codes[p++] << rest;
  }
  if (rest & 4) {
    const shift = rest & 3;
    for (let i = at; i < at + dims; i += 16) {
      for (let t = i; t < i + 8; t++, p++) {
        out[t] |= (codes[p] & 15) << shift;
        out[t + 8] |= (codes[p] >>> 4) << shift;
      }
    }
  }
  for (const width of [2, 1]) {
    if ((rest & width) === 0) continue;
    const shift = width === 2 ? rest & 1 : 0;
    const mask = width === 2 ? 3 : 1;
    for (let i = at; i < at + dims; p++) {
      for (let bit = 0; bit < 8; bit += width, i++) out[i] |= ((codes[p] >>> bit) & mask) << shift;
    }
  }
}

/** Code adjustment of n rows one after the other, as the kernel does it but with sums in a number. */
export function encodeCodeRows(
  rows: Float32Array,
  n: number,
  d: number,
  bits: number,
  starts: Float32Array,
  codes: Uint8Array,
  factors: Float32Array,
): void {
  const half = 1 << (bits - 1);
  const values = new Uint16Array(d);
  for (let r = 0; r < n; r++) {
    const row = r * d;
    let maximum = 0;
    let energy = 0;
    for (let i = row; i < row + d; i++) {
      maximum = Math.max(maximum, Math.abs(rows[i]));
      energy += rows[i] * rows[i];
    }
    const rms = Math.sqrt(energy / d);
    let step = 0;
    let best = 0;
    for (let s = 0; s < starts.length; s++) {
      const candidate = half / (starts[s] < 0 ? -starts[s] * maximum : starts[s] * rms);
      let ip = 0;
      let norm = 0;
      for (let i = row; i < row + d; i++) {
        const size = Math.abs(rows[i]);
        const level = Math.min(Math.floor(size * candidate), half - 1) + 0.5;
        ip += size * level;
        norm += level * level;
      }
      if (ip * ip > best * norm) {
        best = (ip * ip) / norm;
        step = candidate;
        factors[r] = energy / ip;
      }
    }
    for (let i = 0; i < d; i++) {
      const u = Math.min(Math.floor(Math.abs(rows[row + i]) * step), half - 1);
      values[i] = rows[row + i] < 0 ? half - 1 - u : half + u;
    }
    packCode(values, 0, d, bits, codes, (r * d * bits) / 8);
  }
}
