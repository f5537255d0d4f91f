/**
 * The random rotation of the kernel rotateF32Rows, on the host in f64: four rounds of sign flips, Walsh–Hadamard transforms
 * of the largest power of two at the front or the back in turn, and where that is not all a Kac step over the halves.
 * O(d log d); only + - * and sqrt, so the same seed gives the same bytes on every engine.
 */
import type { RandomStream } from './random.ts';

const ROUNDS = 4;
const MINUS = 0x80000000;

/** Draws the sign flips of a rotation of d dims: 4 × d words of 0 or 0x80000000. */
export function rotationSigns(random: RandomStream, d: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: ROUNDS * d }, () => (random.nextSign() < 0 ? MINUS : 0));
}

/** Turns x (d values, d even) in place. */
export function rotate(x: Float64Array, signs: Uint32Array): void {
  const [t, scale] = largestPower(x.length);
  for (let round = 0; round < ROUNDS; round++) {
    flip(x, signs, round);
    hadamard(x, startOf(x.length, t, round), t, scale);
    if (t !== x.length) kac(x);
  }
}

/** Takes rotate and rotateF32Rows back, in place. */
export function rotateBack(x: Float32Array | Float64Array, signs: Uint32Array): void {
  const [t, scale] = largestPower(x.length);
  for (let round = ROUNDS - 1; round >= 0; round--) {
    if (t !== x.length) kac(x);
    hadamard(x, startOf(x.length, t, round), t, scale);
    flip(x, signs, round);
  }
}

/** The largest power of two up to d, and one over its root. */
function largestPower(d: number): readonly [number, number] {
  let t = 1;
  while (2 * t <= d) t *= 2;
  return [t, 1 / Math.sqrt(t)];
}

function startOf(d: number, t: number, round: number): number {
  return round % 2 === 0 ? 0 : d - t;
}

function flip(x: Float32Array | Float64Array, signs: Uint32Array, round: number): void {
  const first = round * x.length;
  for (let i = 0; i < x.length; i++) if (signs[first + i] !== 0) x[i] = -(x[i] as number);
}

/** x[start..start+n), n a power of two. */
function hadamard(x: Float32Array | Float64Array, start: number, n: number, scale: number): void {
  for (let half = 1; half < n; half *= 2) {
    for (let i = start; i < start + n; i += 2 * half) {
      for (let j = i; j < i + half; j++) {
        const a = x[j] as number;
        const b = x[j + half] as number;
        x[j] = a + b;
        x[j + half] = a - b;
      }
    }
  }
  for (let i = start; i < start + n; i++) x[i] = (x[i] as number) * scale;
}

function kac(x: Float32Array | Float64Array): void {
  const half = x.length / 2;
  for (let i = 0; i < half; i++) {
    const a = x[i] as number;
    const b = x[i + half] as number;
    x[i] = (a + b) * Math.SQRT1_2;
    x[i + half] = (a - b) * Math.SQRT1_2;
  }
}
