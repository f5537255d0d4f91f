/**
 * Codes of vectors in a random rotation: integers of b bits on a uniform grid about 0 whose step is the best one for normal
 * coordinates (Max, 1960, table II), with one scale a vector that fits them best, as half precision.
 *
 *   z ≈ s·u,  u = 2c + 1 - 2^b,  c = ⌊z/(σ·Δ)⌋ + 2^(b-1) within 0 … 2^b - 1,  s = <z, u>/<u, u>,  σ² = |z|²/dims
 *
 * A rotation spreads channels of outliers, so that one step fits all. Only + − × ÷ and √: the same bits on every engine.
 */
import { type Core, Owner } from '@sagitta/core-wasm';
import { unpackRow } from '../linear/pack-bits.ts';
import { halfToNumber, numberToHalf } from '../scalar/half-coder.ts';

/** Bits of a code. */
export const KV_BITS = [2, 3, 4, 8] as const;
/** Is a number of bits of a code. */
export type KvBits = (typeof KV_BITS)[number];

/** Steps of the best uniform grid for standard normal values. */
const STEPS: Readonly<Record<KvBits, number>> = { 2: 0.9957, 3: 0.586, 4: 0.3352, 8: 0.0308 };
/** Shares of the energy that codes of normal coordinates lose. */
export const CODE_ERRORS: Readonly<Record<KvBits, number>> = { 2: 0.1188, 3: 0.0374, 4: 0.0115, 8: 0.0001 };

/** Vectors that are packed at a time. */
const CHUNK = 256;

/** How codes fit rows. */
export interface Fit {
  /** Halves, one a row. */
  readonly scales: Uint16Array;
  /** Of the rows, and of what the codes miss. */
  readonly energy: number;
  readonly lost: number;
}

/** Codes rows of `dims` numbers, a multiple of 16; holds scratch in the core until disposed. */
export class RowCoder extends Owner {
  readonly dims: number;
  readonly #values: ReturnType<Core['allocate']>;
  readonly #codes: ReturnType<Core['allocate']>;

  constructor(core: Core, dims: number) {
    super(core);
    this.dims = dims;
    this.#values = this.allocate(2 * CHUNK * dims);
    this.#codes = this.allocate(CHUNK * dims);
  }

  /**
   * Codes rows (n × dims): n × dims·bits/8 bytes. fitted — rows that these codes are to stand for; where `written`, what the codes stand
   * for is written over them.
   * @throws RangeError where a scale is beyond half precision
   */
  encode(
    label: string,
    rows: Float32Array,
    bits: KvBits,
    fitted: readonly Float32Array[],
    written: boolean,
  ): { readonly codes: Uint8Array; readonly fits: readonly Fit[] } {
    const { dims } = this;
    const n = rows.length / dims;
    const codeBytes = (dims * bits) / 8;
    const fits = fitted.map(() => ({ scales: new Uint16Array(n), energy: 0, lost: 0 }));
    const codes = new Uint8Array(n * codeBytes);
    const { kernels } = this.core;
    for (let first = 0; first < n; first += CHUNK) {
      const count = Math.min(CHUNK, n - first);
      const values = this.#values.u16(0, count * dims);
      for (let i = 0; i < count; i++) {
        const at = (first + i) * dims;
        grid(rows, at, dims, bits, values, i * dims);
        for (let s = 0; s < fitted.length; s++) {
          const own = fits[s] as (typeof fits)[number];
          const target = fitted[s] as Float32Array;
          const { energy, product, length } = sums(target, at, dims, values, i * dims, bits);
          const half = numberToHalf(product / length, label);
          const scale = halfToNumber(half);
          own.scales[first + i] = half;
          own.energy += energy;
          own.lost += energy - 2 * scale * product + scale * scale * length;
          if (written) expand(values, i * dims, dims, bits, scale, target, at);
        }
      }
      for (let i = 0; i < count; i++) {
        kernels.packCode(this.#values.at(2 * i * dims), dims, bits, this.#codes.at(i * codeBytes));
      }
      codes.set(this.#codes.u8(0, count * codeBytes), first * codeBytes);
    }
    return { codes, fits };
  }

  /** What codes stand for: out n × dims. */
  decode(codes: Uint8Array, scales: Uint16Array, bits: KvBits, out: Float32Array): void {
    const { dims } = this;
    const codeBytes = (dims * bits) / 8;
    const values = new Uint16Array(dims);
    for (let i = 0; i < scales.length; i++) {
      unpackRow(codes.subarray(i * codeBytes, (i + 1) * codeBytes), dims, bits, values);
      expand(values, 0, dims, bits, halfToNumber(scales[i] as number), out, i * dims);
    }
  }
}

/** The codes of the row at rows[at], at values[to]. */
function grid(
  rows: Float32Array,
  at: number,
  dims: number,
  bits: KvBits,
  values: Uint16Array,
  to: number,
): void {
  let energy = 0;
  for (let j = at; j < at + dims; j++) energy += (rows[j] as number) * (rows[j] as number);
  const top = (1 << bits) - 1;
  const half = (top + 1) / 2;
  const inverse = energy > 0 ? 1 / (Math.sqrt(energy / dims) * STEPS[bits]) : 0;
  for (let j = 0; j < dims; j++) {
    // truncation is the floor of what is above 0
    const place = (rows[at + j] as number) * inverse + half;
    values[to + j] = place <= 0 ? 0 : place >= top ? top : place | 0;
  }
}

/** |row|², <row, u> and <u, u> of the levels u of codes; levels are odd, so never all 0. */
function sums(
  rows: Float32Array,
  at: number,
  dims: number,
  values: Uint16Array,
  from: number,
  bits: KvBits,
): { readonly energy: number; readonly product: number; readonly length: number } {
  const top = (1 << bits) - 1;
  let energy = 0;
  let product = 0;
  let length = 0;
  for (let j = 0; j < dims; j++) {
    const value = rows[at + j] as number;
    const level = 2 * (values[from + j] as number) - top;
    energy += value * value;
    product += value * level;
    length += level * level;
  }
  return { energy, product, length };
}

function expand(
  values: Uint16Array,
  from: number,
  dims: number,
  bits: KvBits,
  scale: number,
  out: Float32Array,
  at: number,
): void {
  const top = (1 << bits) - 1;
  for (let j = 0; j < dims; j++) out[at + j] = scale * (2 * (values[from + j] as number) - top);
}
