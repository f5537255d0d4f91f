/**
 * Plain twin of assembly/code-adjust.ts. Codes are stored bytes, so each step rounds to f32 exactly where the kernel
 * rounds: codes and factors agree bit for bit. One vector at a time; the kernel's four lanes never meet.
 */
import { packCode } from './code-pack.ts';

const { fround } = Math;

/** <o, y> and |y|², the two numbers that the cosine of o and y needs. */
interface Sums {
  readonly ip: number;
  readonly norm: number;
}

/**
 * Codes of n vectors of d coordinates: of the half-integer vectors y with entries k − (2^bits − 1)/2, k = 0…2^bits − 1,
 * one whose cosine to the vector is (nearly) the largest; k is stored.
 *
 * rows — vector r starts at r·rowStride. starts — startCount half ranges of the first grid, in units of the root mean
 * square; 0 stands for the vector's own maximum. rounds — passes over the coordinates at most. codes (n × d·bits/8
 * bytes) and factors (n × |o|²/<o, y>, 0 for a zero vector) are overwritten; all arrays are the caller's. d is a
 * multiple of 16, bits 1…16. Squares count as f32: a vector whose |o|² vanishes there is a zero vector, one whose
 * |o|² overflows has the factor Infinity.
 */
export function encodeCodeRows(
  rows: Float32Array,
  n: number,
  rowStride: number,
  d: number,
  bits: number,
  rounds: number,
  starts: Float32Array,
  startCount: number,
  codes: Uint8Array,
  factors: Float32Array,
): void {
  const half = 2 ** (bits - 1);
  const limit = half - 0.5;
  const codeBytes = (d * bits) / 8;
  for (let r = 0; r < n; r++) {
    const o = rows.subarray(r * rowStride, r * rowStride + d);
    const energy = sumsOf(o, o).ip;
    const inverses = startSteps(o, energy, starts.subarray(0, startCount), half);
    const inverse = bits === 1 ? inverses[0] : bestStart(o, inverses, limit);
    const y = gridOf(o, inverse, limit);
    for (let round = 0; bits > 1 && round < rounds && adjustRound(o, y, limit); round++);
    // NaN, which only a grid of an infinite step has, becomes 0 here and in the kernel
    const values = Uint16Array.from(y, (level) => level + limit);
    packCode(values, d, bits, codes.subarray(r * codeBytes, (r + 1) * codeBytes));
    const { ip } = sumsOf(o, y);
    factors[r] = ip > 0 ? energy / ip : 0;
  }
}

/** 1/step of each start: the half range, never above the largest |o_i|, covers half of the levels. */
function startSteps(o: Float32Array, energy: number, starts: Float32Array, half: number): Float32Array {
  const maximum = o.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const rms = fround(Math.sqrt(fround(energy / o.length)));
  return starts.map((range) => {
    if (energy === 0) return 0;
    return half / (range === 0 ? maximum : Math.min(fround(rms * range), maximum));
  });
}

/** o/step on the half-integer grid, clamped to ±limit. */
function gridOf(o: Float32Array, inverse: number, limit: number): Float32Array {
  return o.map((x) => toLevel(fround(x * inverse), limit));
}

/** The middle of the cell that x is in. */
function toLevel(x: number, limit: number): number {
  return Math.max(Math.min(fround(Math.floor(x) + 0.5), limit), -limit);
}

function sumsOf(o: Float32Array, y: Float32Array): Sums {
  let ip = 0;
  let norm = 0;
  for (let i = 0; i < o.length; i++) {
    ip = fround(ip + fround(o[i] * y[i]));
    norm = fround(norm + fround(y[i] * y[i]));
  }
  return { ip, norm };
}

/** ip²·(norm of the other): two vectors are compared by cosine² with both denominators multiplied away. */
function crossed(ip: number, otherNorm: number): number {
  return fround(fround(ip * ip) * otherNorm);
}

/** The inverse step whose grid has the largest cosine to o; ties keep the first. */
function bestStart(o: Float32Array, inverses: Float32Array, limit: number): number {
  let best = inverses[0];
  let kept: Sums = { ip: 0, norm: 1 };
  for (const inverse of inverses) {
    const sums = sumsOf(o, gridOf(o, inverse, limit));
    if (crossed(sums.ip, kept.norm) > crossed(kept.ip, sums.norm)) {
      best = inverse;
      kept = sums;
    }
  }
  return best;
}

/** Moves each y_i in turn to the level nearest its best real value, m·o_i/s; whether any moved. y is changed. */
function adjustRound(o: Float32Array, y: Float32Array, limit: number): boolean {
  let { ip, norm } = sumsOf(o, y);
  let moved = false;
  for (let i = 0; i < o.length; i++) {
    const s = fround(ip - fround(y[i] * o[i]));
    const m = fround(norm - fround(y[i] * y[i]));
    const y2 = toLevel(fround(fround(m * o[i]) / s), limit);
    const ip2 = fround(s + fround(y2 * o[i]));
    const norm2 = fround(m + fround(y2 * y2));
    // in exact arithmetic the step never loses; rounding hides the gain of a fine step, so only a clear loss stops it
    const isGain = crossed(ip2, norm) > fround(crossed(ip, norm2) * fround(0.999999));
    if (isGain && y2 !== y[i] && s > 0 && ip2 > 0) {
      ip = ip2;
      norm = norm2;
      y[i] = y2;
      moved = true;
    }
  }
  return moved;
}
