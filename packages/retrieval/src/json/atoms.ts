/** Fixed random vectors and orthogonal maps by name: what a record is made of. All follow from the seed. */
import { RandomStream } from '@sagitta/core-wasm';

/** Names that are kept; a table of more forgets all and begins anew. */
const MOST_KEPT = 20_000;

/** A map that keeps lengths and angles: a permutation, then signs. */
export interface Turn {
  /** Where coordinate j comes from. */
  readonly from: Uint16Array;
  readonly signs: Float32Array;
}

/** Keeps atoms and turns of one dimension and seed. */
export class Atoms {
  readonly d: number;
  readonly #seed: number;
  readonly #atoms = new Map<string, Float32Array>();
  readonly #turns = new Map<string, Turn>();

  constructor(d: number, seed: number) {
    this.d = d;
    this.#seed = seed;
  }

  /** d numbers ±1/√d, length 1; not to be written to. */
  atom(name: string): Float32Array {
    const found = this.#atoms.get(name);
    if (found !== undefined) return found;
    const random = new RandomStream(this.#seed, `atom/${name}`);
    const size = 1 / Math.sqrt(this.d);
    const out = new Float32Array(this.d);
    for (let j = 0; j < this.d; j += 32) {
      // 32 signs a draw
      let signs = random.nextU32();
      for (let t = j; t < j + 32; t++) {
        out[t] = signs & 1 ? size : -size;
        signs >>>= 1;
      }
    }
    if (this.#atoms.size >= MOST_KEPT) this.#atoms.clear();
    this.#atoms.set(name, out);
    return out;
  }

  /** The map of a key or a place. */
  turn(name: string): Turn {
    const found = this.#turns.get(name);
    if (found !== undefined) return found;
    const random = new RandomStream(this.#seed, `turn/${name}`);
    const order = Uint32Array.from({ length: this.d }, (_, j) => j);
    random.shuffle(order);
    const turn = {
      from: Uint16Array.from(order),
      signs: Float32Array.from({ length: this.d }, () => random.nextSign()),
    };
    if (this.#turns.size >= MOST_KEPT) this.#turns.clear();
    this.#turns.set(name, turn);
    return turn;
  }
}

/** out += weight·T(v). */
export function addTurned(out: Float32Array, v: Float32Array, { from, signs }: Turn, weight: number): void {
  const d = out.length;
  for (let j = 0; j < d; j++) {
    out[j] = (out[j] as number) + weight * (signs[j] as number) * (v[from[j] as number] as number);
  }
}

/** T⁻¹(v), fresh. */
export function turnedBack(v: Float32Array, { from, signs }: Turn): Float32Array {
  const out = new Float32Array(v.length);
  for (let j = 0; j < v.length; j++) out[from[j] as number] = (signs[j] as number) * (v[j] as number);
  return out;
}

/** out += weight·v. */
export function addScaled(out: Float32Array, v: Float32Array, weight: number): void {
  for (let j = 0; j < v.length; j++) out[j] = (out[j] as number) + weight * (v[j] as number);
}

/** Scales v to length 1, in place; a zero vector stays zero. Gives the factor. */
export function toUnit(v: Float32Array): number {
  const energy = dot(v, v);
  const factor = energy > 0 ? 1 / Math.sqrt(energy) : 0;
  for (let j = 0; j < v.length; j++) v[j] = (v[j] as number) * factor;
  return factor;
}

/** Inner product in f64, in one order. */
export function dot(a: Float32Array, b: Float32Array): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  // dimensions are multiples of 64
  for (let j = 0; j < a.length; j += 4) {
    s0 += (a[j] as number) * (b[j] as number);
    s1 += (a[j + 1] as number) * (b[j + 1] as number);
    s2 += (a[j + 2] as number) * (b[j + 2] as number);
    s3 += (a[j + 3] as number) * (b[j + 3] as number);
  }
  return s0 + s1 + (s2 + s3);
}
