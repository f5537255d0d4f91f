/**
 * RaBitQ (Gao and Long, 2024) at 1 bit and Extended RaBitQ at 2 to 9: the code k of a rotated residual r stands for the
 * direction v = k - (2^bits - 1)/2, and <q, r> is estimated by <q, v>·|r|²/<r, v>, without bias over the rotation.
 *
 * The error of an estimate is below 1.9·|q|·|r|·√((|r|²·|v|²/<r, v>² - 1)/(dims - 1)) in all but some 3 % of cases a side
 * (RaBitQ, theorem 3.2, with ε₀ = 1.9).
 */
import { type Block, type ByteWriter, type Core, NO_PTR, Owner, type Ptr } from '@sagitta/core-wasm';
import { BLOCK } from '../blocks.ts';
import { encodeByBlocks } from '../linear/block-encoder.ts';
import {
  type BlockEncoder,
  type BlockFactors,
  type CodedRows,
  type Coder,
  type Dots,
  FACTOR_ERROR,
  FACTOR_SCALE,
} from '../linear/coder.ts';
import { packRows, unpackRow } from '../linear/pack-bits.ts';
import { PackedDots } from '../linear/packed-dots.ts';
import { BitPlaneDots } from './bit-plane-dots.ts';
import { optimalMagnitudes } from './optimal-code.ts';

/** Is the factor of RaBitQ's error bound: a one-sided bound holds for more than 95 % of estimates. */
export const EPSILON_0 = 1.9;
/** Names how RaBitQ looks for a code: 'fast' takes one step for all vectors, 'optimal' the best one for each. */
export type RabitqMode = 'fast' | 'optimal';
/** Lists the modes; the position is the number that files store. */
export const RABITQ_MODES: readonly RabitqMode[] = ['fast', 'optimal'];

/** Encodes turned rows by RaBitQ: the grid point nearest in angle. */
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
  readonly reach: number;

  constructor(dims: number, bits: number, mode: RabitqMode, step: number) {
    this.dims = dims;
    this.bits = bits;
    this.mode = mode;
    this.step = step;
    this.codeBytes = (dims * bits) / 8;
    this.reach = ((1 << bits) - 1) / 2;
  }

  encode(core: Core, rows: Float32Array, n: number, out: CodedRows): void {
    using encoder = this.createBlockEncoder(core);
    if (encoder) encodeByBlocks(core, this, encoder, rows, n, out);
    else this.#encodeOptimal(core, rows, n, out);
  }

  /** Signs, and above 1 bit the constant step: by kernels. */
  createBlockEncoder(core: Core): BlockEncoder | undefined {
    return this.bits > 1 && this.mode === 'optimal' ? undefined : new RabitqBlockEncoder(core, this);
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
      codes[j] = value < 0 || Object.is(value, -0) ? half - 1 - u : half + u;
      ip += (u + 0.5) * Math.abs(value);
      length += (u + 0.5) * (u + 0.5);
    }
    const isZero = !(ip > 0);
    const spread = isZero ? 0 : (norm * length) / (ip * ip) - 1;
    out.norms[i] = norm;
    out.scales[i] = isZero ? 0 : norm / ip;
    out.errors[i] = errorOf(norm, spread, this.dims);
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
    if (this.bits === 1) return new BitPlaneDots(core, this.dims);
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

/** Half-width of the estimate of <q, r> for |q| = 1; spread = tan² of the angle between r and its code. */
function errorOf(norm: number, spread: number, dims: number): number {
  return EPSILON_0 * Math.sqrt((norm * Math.max(0, spread)) / Math.max(1, dims - 1));
}

class RabitqBlockEncoder extends Owner implements BlockEncoder {
  readonly #dims: number;
  readonly #bits: number;
  /** Codes of one row, then factors, energies, spreads and crosses of a block, and the half range of the grid. */
  readonly #memory: Block;

  constructor(core: Core, { dims, bits, step }: RabitqCoder) {
    super(core);
    this.#dims = dims;
    this.#bits = bits;
    this.#memory = this.allocate(2 * dims + 16 * BLOCK + 4);
    // codes are ⌊step·|o_i|/|o|⌋: a grid of half range 2^(bits-1)·|o|/step
    const range = bits === 1 ? 1 : ((1 << (bits - 1)) * Math.sqrt(dims)) / step;
    this.#memory.f32(2 * dims + 16 * BLOCK, 1)[0] = range;
  }

  encode(rows: Ptr, n: number, centre: Ptr, codes: Ptr, out: BlockFactors): void {
    this.checkLive('encoder');
    const memory = this.#memory;
    const dims = this.#dims;
    const at = (column: number): number => 2 * dims + 4 * BLOCK * column;
    this.core.kernels.encodeCodeRows(
      rows,
      n,
      dims,
      dims,
      this.#bits,
      memory.at(at(4)),
      1,
      centre,
      memory.at(),
      codes,
      memory.at(at(0)),
      memory.at(at(1)),
      memory.at(at(2)),
      memory.at(at(3)),
    );
    const values = memory.f32(2 * dims, 4 * BLOCK);
    for (let i = 0; i < n; i++) {
      const scale = values[i] as number;
      const norm = values[BLOCK + i] as number;
      out.norms[i] = norm;
      out.scales[i] = scale;
      out.errors[i] = errorOf(norm, values[2 * BLOCK + i] as number, dims);
      if (centre !== NO_PTR) out.crosses[i] = scale * (values[3 * BLOCK + i] as number);
    }
  }
}
