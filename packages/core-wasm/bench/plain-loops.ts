/** What one would write in JavaScript without this package: index loops over typed arrays, sums in a number. */

export function dotRows(q: Float32Array, rows: Float32Array, n: number, d: number, out: Float32Array): void {
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0, p = i * d; j < d; j++, p++) sum += q[j] * rows[p];
    out[i] = sum;
  }
}

export function l2Rows(q: Float32Array, rows: Float32Array, n: number, d: number, out: Float32Array): void {
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0, p = i * d; j < d; j++, p++) {
      const difference = q[j] - rows[p];
      sum += difference * difference;
    }
    out[i] = sum;
  }
}

export function normRows(rows: Float32Array, n: number, d: number, out: Float32Array): void {
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let p = i * d; p < (i + 1) * d; p++) sum += rows[p] * rows[p];
    out[i] = sum;
  }
}

export function tile(
  rowsOf: typeof dotRows,
  queries: Float32Array,
  nq: number,
  rows: Float32Array,
  n: number,
  d: number,
  out: Float32Array,
): void {
  for (let a = 0; a < nq; a++) {
    rowsOf(queries.subarray(a * d, (a + 1) * d), rows, n, d, out.subarray(a * n, (a + 1) * n));
  }
}

export function dotI8Rows(q: Int8Array, rows: Int8Array, n: number, d: number, out: Int32Array): void {
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0, p = i * d; j < d; j++, p++) sum = (sum + q[j] * rows[p]) | 0;
    out[i] = sum;
  }
}

const BIT_COUNTS: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let bits = byte; bits !== 0; bits &= bits - 1) count++;
  return count;
});

export function hammingRows(
  q: Uint8Array,
  rows: Uint8Array,
  n: number,
  codeBytes: number,
  out: Uint32Array,
): void {
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0, p = i * codeBytes; j < codeBytes; j++, p++) sum += BIT_COUNTS[q[j] ^ rows[p]];
    out[i] = sum;
  }
}

export function matmul(
  a: Float32Array,
  b: Float32Array,
  m: number,
  n: number,
  k: number,
  c: Float32Array,
): void {
  // Row of B inside: the order that reads memory forwards.
  for (let i = 0; i < m; i++) {
    c.fill(0, i * n, (i + 1) * n);
    for (let s = 0; s < k; s++) {
      const value = a[i * k + s];
      for (let j = 0; j < n; j++) c[i * n + j] += value * b[s * n + j];
    }
  }
}

export function gram(rows: Float32Array, n: number, d: number, out: Float32Array): void {
  for (let r = 0; r < n; r++) {
    for (let i = 0; i < d; i++) {
      const value = rows[r * d + i];
      for (let j = i; j < d; j++) out[i * d + j] += value * rows[r * d + j];
    }
  }
}

export function nearest(
  rows: Float32Array,
  n: number,
  d: number,
  centroids: Float32Array,
  norms: Float32Array,
  nlist: number,
  ids: Uint32Array,
  distances: Float32Array,
): void {
  for (let i = 0; i < n; i++) {
    let best = Infinity;
    for (let c = 0; c < nlist; c++) {
      let dot = 0;
      for (let j = 0, p = i * d, q = c * d; j < d; j++, p++, q++) dot += rows[p] * centroids[q];
      const score = norms[c] - 2 * dot;
      if (score < best) {
        best = score;
        ids[i] = c;
      }
    }
    distances[i] = best;
  }
}

export function hadamardRows(rows: Float32Array, n: number, d: number, start = 0): void {
  for (let row = start; row < start + n * d; row += d) {
    for (let h = 1; h < d; h *= 2) {
      for (let block = row; block < row + d; block += 2 * h) {
        for (let j = block; j < block + h; j++) {
          const a = rows[j];
          const b = rows[j + h];
          rows[j] = a + b;
          rows[j + h] = a - b;
        }
      }
    }
  }
}

export function rotateRows(rows: Float32Array, n: number, d: number, signs: Uint32Array): void {
  const t = 2 ** (31 - Math.clz32(d));
  const scale = 1 / Math.sqrt(t);
  const half = d / 2;
  for (let i = 0; i < n; i++) {
    const row = i * d;
    for (let round = 0; round < 4; round++) {
      for (let j = 0; j < d; j++) if (signs[round * d + j] !== 0) rows[row + j] = -rows[row + j];
      const start = round % 2 === 0 ? row : row + d - t;
      hadamardRows(rows, 1, t, start);
      for (let j = start; j < start + t; j++) rows[j] *= scale;
      if (t === d) continue;
      const weight = round === 3 ? 0.25 : 1;
      for (let j = row; j < row + half; j++) {
        const a = rows[j];
        const b = rows[j + half];
        rows[j] = (a + b) * weight;
        rows[j + half] = (a - b) * weight;
      }
    }
  }
}

/** Sorted insertion behind one comparison with the worst kept score. */
export function topK(scores: Float32Array, n: number, k: number, kept: Float32Array, ids: Uint32Array): void {
  let size = 0;
  for (let i = 0; i < n; i++) {
    const score = scores[i];
    if (size === k && score >= kept[k - 1]) continue;
    if (size < k) size++;
    let place = size - 1;
    for (; place > 0 && kept[place - 1] > score; place--) {
      kept[place] = kept[place - 1];
      ids[place] = ids[place - 1];
    }
    kept[place] = score;
    ids[place] = i;
  }
}

export function selectBelow(scores: Float32Array, n: number, threshold: number, out: Uint32Array): number {
  let count = 0;
  for (let i = 0; i < n; i++) if (scores[i] < threshold) out[count++] = i;
  return count;
}
