/**
 * Query tokens as the MaxSim kernels read them: groups of four tokens with the tokens in lanes (assembly/maxsim.ts of
 * core-wasm), as floats or as integers of 16 bits.
 */

import { integerSteps } from '@sagitta/core-wasm';

/** rows n × d → f32[⌈n/4⌉][d][4], zeros for missing tokens. */
export function floatLanes(rows: Float32Array, n: number, d: number): Float32Array {
  const out = new Float32Array(Math.ceil(n / 4) * 4 * d);
  for (let a = 0; a < n; a++) {
    let at = (a >> 2) * 4 * d + (a & 3);
    for (let j = a * d; j < (a + 1) * d; j++, at += 4) out[at] = rows[j] as number;
  }
  return out;
}

export interface IntegerLanes {
  /** i16[⌈n/4⌉][d/2][4][2]. */
  readonly values: Int16Array;
  /** n steps: a token is its integers times its step. */
  readonly steps: Float64Array;
}

/** rows n × d, d even; each token on a grid of its own, as fine as exact sums allow. */
export function integerLanes(rows: Float32Array, n: number, d: number): IntegerLanes {
  const values = new Int16Array(Math.ceil(n / 4) * 4 * d);
  const steps = new Float64Array(n);
  for (let a = 0; a < n; a++) {
    const row = rows.subarray(a * d, (a + 1) * d);
    const inverse = integerSteps(row, 255);
    if (inverse === 0) continue;
    steps[a] = 1 / inverse;
    const start = (a >> 2) * 4 * d + 2 * (a & 3);
    for (let j = 0; j < d; j++) {
      values[start + 8 * (j >> 1) + (j & 1)] = Math.round((row[j] as number) * inverse);
    }
  }
  return { values, steps };
}

export interface SignQuery {
  /** n × d integers of a byte; over any four dimensions 4s … 4s + 3 their amounts add up to at most 63. */
  readonly values: Int8Array;
  /** n: Σ|q|/2 of the integers. */
  readonly shifts: Float32Array;
  /** n steps: <2·bits - 1, token> is 2·step·(table sum - shift). */
  readonly steps: Float64Array;
}

/** rows n × d, d a multiple of 4. */
export function signQuery(rows: Float32Array, n: number, d: number): SignQuery {
  const values = new Int8Array(n * d);
  const shifts = new Float32Array(n);
  const steps = new Float64Array(n);
  for (let a = 0; a < n; a++) {
    let most = 0;
    for (let j = a * d; j < (a + 1) * d; j += 4) {
      let sum = 0;
      for (let t = j; t < j + 4; t++) sum += Math.abs(rows[t] as number);
      most = Math.max(most, sum);
    }
    if (most === 0) continue;
    // rounding adds at most half a unit to each of four
    const inverse = 61 / most;
    steps[a] = 1 / inverse;
    let total = 0;
    for (let j = a * d; j < (a + 1) * d; j++) {
      const value = Math.round((rows[j] as number) * inverse);
      values[j] = value;
      total += Math.abs(value);
    }
    shifts[a] = total / 2;
  }
  return { values, shifts, steps };
}
