/** Twins of assembly/grid-code.ts: the same roundings, so codes agree bit for bit. */

const { fround } = Math;

/** out f32[2n]: least and greatest of the first `used` values of each row. */
export function rangeRows(
  rows: Float32Array,
  n: number,
  stride: number,
  used: number,
  out: Float32Array,
): void {
  for (let i = 0; i < n; i++) {
    let least = rows[i * stride] as number;
    let most = least;
    for (let j = 1; j < used; j++) {
      const value = rows[i * stride + j] as number;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    out[2 * i] = least;
    out[2 * i + 1] = most;
  }
}

export function gridCodeRows(
  rows: Float32Array,
  n: number,
  stride: number,
  used: number,
  starts: Float32Array,
  inverses: Float32Array,
  top: number,
  out: Uint16Array,
): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < stride; j++) {
      const shifted = fround((rows[i * stride + j] as number) - (starts[i] as number));
      const place = fround(fround(shifted * (inverses[i] as number)) + 0.5);
      out[i * stride + j] = j < used ? Math.min(top, Math.max(0, Math.floor(place))) : 0;
    }
  }
}

export function signedGridRows(
  rows: Float32Array,
  n: number,
  d: number,
  scales: Float32Array,
  half: number,
  out: Uint16Array,
  sums: Float32Array,
): void {
  for (let i = 0; i < n; i++) {
    const ip = new Float32Array(4);
    const length = new Float32Array(4);
    for (let j = 0; j < d; j++) {
      const x = rows[i * d + j] as number;
      const u = Math.min(half - 1, Math.floor(fround((scales[i] as number) * Math.abs(x))));
      const v = u + 0.5;
      ip[j % 4] = (ip[j % 4] as number) + fround(v * Math.abs(x));
      length[j % 4] = (length[j % 4] as number) + v * v;
      out[i * d + j] = x > 0 ? half + u : half - 1 - u;
    }
    sums[2 * i] = sumLanes(ip);
    sums[2 * i + 1] = sumLanes(length);
  }
}

function sumLanes([a, b, c, d]: Float32Array): number {
  return fround(fround((a as number) + (b as number)) + fround((c as number) + (d as number)));
}

/** out f64[2n]: Σ c and Σ c² of each row of values u16[n × d]. */
export function codeSums(values: Uint16Array, n: number, d: number, out: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let sum = 0;
    let squares = 0;
    for (let j = i * d; j < (i + 1) * d; j++) {
      const c = values[j] as number;
      sum += c;
      squares += c * c;
    }
    out[2 * i] = sum;
    out[2 * i + 1] = squares;
  }
}

export function gridCodeColumns(
  rows: Float32Array,
  n: number,
  d: number,
  minima: Float32Array,
  inverses: Float32Array,
  steps: Float32Array,
  top: number,
  out: Uint16Array,
  norms: Float32Array,
): void {
  for (let i = 0; i < n; i++) {
    const sums = new Float32Array(4);
    for (let j = 0; j < d; j++) {
      const minimum = minima[j] as number;
      const shifted = fround((rows[i * d + j] as number) - minimum);
      const place = fround(fround(shifted * (inverses[j] as number)) + 0.5);
      const code = Math.min(top, Math.max(0, Math.floor(place)));
      const value = fround(minimum + fround((steps[j] as number) * code));
      const x = rows[i * d + j] as number;
      sums[j % 4] = (sums[j % 4] as number) + (fround(value * value) + (x - x));
      out[i * d + j] = code;
    }
    norms[i] = sumLanes(sums);
  }
}
