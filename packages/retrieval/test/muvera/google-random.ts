/**
 * The random draws of Google's program as libstdc++ makes them (Mersenne Twister, polar method in f32, multiply-high), for
 * comparing with its golden vectors. Math.log is not the same to the last bit everywhere, so no product code does this.
 */
import type { MuveraMatrices } from '../../src/muvera/muvera-matrices.ts';

const { fround } = Math;

export class Mt19937 {
  readonly #state = new Uint32Array(624);
  #at = 624;

  constructor(seed: number) {
    this.#state[0] = seed;
    for (let i = 1; i < 624; i++) {
      const before = this.#state[i - 1];
      this.#state[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
    }
  }

  next(): number {
    if (this.#at === 624) this.#twist();
    let y = this.#state[this.#at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #twist(): void {
    const s = this.#state;
    for (let i = 0; i < 624; i++) {
      const y = (s[i] & 0x80000000) | (s[(i + 1) % 624] & 0x7fffffff);
      s[i] = s[(i + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#at = 0;
  }
}

/** Gaussians in f32 by Marsaglia's polar method: of each pair y·mult first, then x·mult. */
export function normals(random: Mt19937, count: number): Float32Array {
  const out = new Float32Array(count);
  const uniform = (): number => {
    const value = fround(fround(random.next()) / fround(2 ** 32));
    return value >= 1 ? fround(1 - 2 ** -24) : value;
  };
  for (let i = 0; i < count; i += 2) {
    let x = 0;
    let y = 0;
    let r2 = 0;
    do {
      x = fround(fround(2 * uniform()) - 1);
      y = fround(fround(2 * uniform()) - 1);
      r2 = fround(fround(x * x) + fround(y * y));
    } while (r2 > 1 || r2 === 0);
    const mult = fround(Math.sqrt(fround(fround(-2 * fround(Math.log(r2))) / r2)));
    out[i] = fround(y * mult);
    if (i + 1 < count) out[i + 1] = fround(x * mult);
  }
  return out;
}

/** One place of a count-sketch: an index below n from the high half of draw·n, then a sign from the second of two draws. */
export function sketchPlace(random: Mt19937, n: number): { index: number; sign: number } {
  let product = BigInt(random.next()) * BigInt(n);
  let low = Number(product & 0xffffffffn);
  if (low < n) {
    const threshold = (2 ** 32 - n) % n;
    while (low < threshold) {
      product = BigInt(random.next()) * BigInt(n);
      low = Number(product & 0xffffffffn);
    }
  }
  const index = Number(product >> 32n);
  random.next();
  return { index, sign: random.next() < 2 ** 31 ? 1 : -1 };
}

/** Repetition r draws from seed + r, hyperplanes and sketch each from the start; the final sketch from seed again. */
export function googleMatrices(shape: {
  readonly d: number;
  readonly k: number;
  readonly reps: number;
  readonly seed: number;
  readonly proj: number | null;
  readonly final: number | null;
}): MuveraMatrices {
  const { d, k, reps, seed, proj, final } = shape;
  const hyperplanes = new Float32Array(reps * d * k);
  const sketches = new Uint32Array(proj === null ? 0 : reps * d);
  for (let r = 0; r < reps; r++) {
    const planes = new Mt19937(seed + r);
    // column by column; an odd count leaves its second Gaussian for the next column
    const columns = normals(planes, d * k);
    for (let j = 0; j < k; j++) {
      for (let i = 0; i < d; i++) hyperplanes[(r * d + i) * k + j] = columns[j * d + i];
    }
    if (proj !== null) fill(sketches.subarray(r * d, (r + 1) * d), seed + r, proj);
  }
  const finalSketch = new Uint32Array(final === null ? 0 : reps * 2 ** k * (proj ?? d));
  if (final !== null) fill(finalSketch, seed, final);
  return { hyperplanes, dense: new Float32Array(0), sketches, finalSketch };
}

function fill(places: Uint32Array, seed: number, width: number): void {
  const random = new Mt19937(seed);
  for (let i = 0; i < places.length; i++) {
    const { index, sign } = sketchPlace(random, width);
    places[i] = sign < 0 ? (index | 0x80000000) >>> 0 : index;
  }
}
