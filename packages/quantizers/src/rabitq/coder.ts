/**
 * RaBitQ (Gao and Long, 2024) at 1 bit and Extended RaBitQ at 2 to 9: the code k of a rotated residual r stands for the
 * direction v = k - (2^bits - 1)/2, and <q, r> is estimated by <q, v>·|r|²/<r, v>, without bias over the rotation.
 *
 * The error of an estimate is below 1.9·|q|·|r|·√((|r|²·|v|²/<r, v>² - 1)/(dims - 1)) in all but some 3 % of cases a side
 * (RaBitQ, theorem 3.2, with ε₀ = 1.9).
 */
import type { ByteWriter, Core } from '@sagitta/core-wasm';
import { type CodedRows, type Coder, type Dots, FACTOR_ERROR, FACTOR_SCALE } from '../linear/coder.ts';
import { packBlock, packRows, unpackRow } from '../linear/pack-bits.ts';
import { PackedDots } from '../linear/packed-dots.ts';
import { optimalMagnitudes } from './optimal-code.ts';

export const EPSILON_0 = 1.9;
export type RabitqMode = 'fast' | 'optimal';
export const RABITQ_MODES: readonly RabitqMode[] = ['fast', 'optimal'];

export class RabitqCoder implements Coder {
  readonly dims: number;
  readonly bits: number;
  readonly mode: RabitqMode;
  /** Fast mode: codes are ⌊step·|o_i|/|o|⌋. */
  readonly step: number;
  readonly codeBytes: number;
  readonly factors: number = FACTOR_SCALE | FACTOR_ERROR;
  readonly norm = 'exact';
  /** The rotation keeps lengths, so |r|² is that of the rotated row. */
  readonly writesNorms = true;
  readonly isBlocked = false;

  constructor(dims: number, bits: number, mode: RabitqMode, step: number) {
    this.dims = dims;
    this.bits = bits;
    this.mode = mode;
    this.step = step;
    this.codeBytes = (dims * bits) / 8;
  }

  encode(core: Core, rows: Float32Array, n: number, out: CodedRows): void {
    if (this.bits > 1 && this.mode === 'optimal') this.#encodeOptimal(core, rows, n, out);
    else this.#encodeFast(core, rows, n, out);
  }

  /** Signs, and above 1 bit the constant step: norms, codes and sums by kernels. */
  #encodeFast(core: Core, rows: Float32Array, n: number, out: CodedRows): void {
    const { dims, bits, step } = this;
    const { kernels } = core;
    core.scope((scope) => {
      const input = scope.reserve(4 * n * dims);
      const norms = scope.reserve(4 * n);
      const scales = scope.reserve(4 * n);
      const values = scope.reserve(2 * n * dims);
      const sums = scope.reserve(8 * n);
      input.f32(0, n * dims).set(rows.subarray(0, n * dims));
      kernels.normF32Rows(input.at(), n, dims, norms.at());
      const norm = norms.f32();
      const scale = scales.f32();
      for (let i = 0; i < n; i++) {
        scale[i] = (norm[i] as number) > 0 ? step / Math.sqrt(norm[i] as number) : 0;
      }
      kernels.signedGridRows(input.at(), n, dims, scales.at(), 1 << (bits - 1), values.at(), sums.at());
      const sum = sums.f32();
      for (let i = 0; i < n; i++) {
        this.#setFactors(norm[i] as number, sum[2 * i] as number, sum[2 * i + 1] as number, i, out);
      }
      packBlock(core, scope, values, n, dims, bits, out.codes);
    });
  }

  #encodeOptimal(core: Core, rows: Float32Array, n: number, out: CodedRows): void {
    const { dims, bits } = this;
    const values = new Uint16Array(n * dims);
    const magnitudes = new Float64Array(dims);
    for (let i = 0; i < n; i++) {
      const row = rows.subarray(i * dims, (i + 1) * dims);
      const codes = values.subarray(i * dims, (i + 1) * dims);
      let norm = 0;
      for (let j = 0; j < dims; j++) {
        const value = row[j] as number;
        magnitudes[j] = Math.abs(value);
        norm += value * value;
      }
      if (norm === 0) {
        out.norms[i] = 0;
        out.scales[i] = 0;
        out.errors[i] = 0;
        continue;
      }
      optimalMagnitudes(magnitudes, bits, codes);
      this.#finish(row, codes, norm, i, out);
    }
    packRows(core, values, n, dims, bits, out.codes);
  }

  /** Magnitudes to codes: with the sign above, complemented for negative dims; then the factors. */
  #finish(row: Float32Array, codes: Uint16Array, norm: number, i: number, out: CodedRows): void {
    const half = 1 << (this.bits - 1);
    let ip = 0;
    let length = 0;
    for (let j = 0; j < row.length; j++) {
      const u = codes[j] as number;
      const value = row[j] as number;
      const isPositive = value > 0;
      codes[j] = isPositive ? half + u : half - 1 - u;
      ip += (u + 0.5) * Math.abs(value);
      length += (u + 0.5) * (u + 0.5);
    }
    this.#setFactors(norm, ip, length, i, out);
  }

  /** norm — |r|², ip — <r, v>, length — |v|². */
  #setFactors(norm: number, ip: number, length: number, i: number, out: CodedRows): void {
    const isZero = !(ip > 0);
    out.norms[i] = norm;
    const spread = isZero ? 0 : Math.max(0, (norm * length) / (ip * ip) - 1);
    out.scales[i] = isZero ? 0 : norm / ip;
    out.errors[i] = isZero ? 0 : EPSILON_0 * Math.sqrt((norm * spread) / Math.max(1, this.dims - 1));
  }

  decode(coded: CodedRows, n: number, out: Float32Array): void {
    const { dims, bits, codeBytes } = this;
    const centre = ((1 << bits) - 1) / 2;
    const values = new Uint16Array(dims);
    for (let i = 0; i < n; i++) {
      unpackRow(coded.codes.subarray(i * codeBytes, (i + 1) * codeBytes), dims, bits, values);
      const scale = coded.scales[i] as number;
      for (let j = 0; j < dims; j++) out[i * dims + j] = scale * ((values[j] as number) - centre);
    }
  }

  createDots(core: Core): Dots {
    const centre = ((1 << this.bits) - 1) / 2;
    return new PackedDots(core, this.dims, this.bits, (query) => {
      let sum = 0;
      for (const value of query) sum += value;
      return { query, b: -centre * sum };
    });
  }

  write(writer: ByteWriter): void {
    writer.u32(this.bits).u32(RABITQ_MODES.indexOf(this.mode)).f64(this.step);
  }
}
