/**
 * Locally-adaptive vector quantization (Aguerrebere et al., 2023): each vector on its own uniform grid from its least to
 * its greatest coordinate, both on the grid. Two levels (B1 × B2) put the residual of the first grid on a second one over
 * a cell, D1/(2^B2 - 1) apart: together one grid of 2^B1·(2^B2 - 1) steps, so both levels are one integer here,
 * k = c1·(2^B2 - 1) + c2.
 *
 * 'plain' stands for its reconstruction; 'ratio' scales it by |r|²/<r, r̂>, which takes the bias away in a rotated frame
 * (spec section 3.1).
 */
import type { Block, ByteReader, ByteWriter, Core, Ptr } from '@sagitta/core-wasm';
import { BLOCK } from '../blocks.ts';
import { encodeByBlocks } from '../linear/block-encoder.ts';
import {
  type BlockEncoder,
  type BlockFactors,
  type CodedRows,
  type Coder,
  type Dots,
  FACTOR_OFFSET,
  FACTOR_SCALE,
} from '../linear/coder.ts';
import { packRows, unpackRow } from '../linear/pack-bits.ts';
import { PackedDots } from '../linear/packed-dots.ts';

export class LvqCoder implements Coder {
  readonly dims: number;
  /** Coordinates that count: what lies behind them is padding. */
  readonly used: number;
  readonly bits: number;
  /** 0: one level. */
  readonly secondBits: number;
  readonly hasRatio: boolean;
  readonly codeBytes: number;
  readonly factors: number = FACTOR_SCALE | FACTOR_OFFSET;
  readonly norm: 'exact' | 'decoded';
  readonly writesNorms: boolean;
  readonly isBlocked = false;

  constructor(dims: number, used: number, bits: number, secondBits: number, hasRatio: boolean) {
    this.dims = dims;
    this.used = used;
    this.bits = bits;
    this.secondBits = secondBits;
    this.hasRatio = hasRatio;
    this.codeBytes = (dims * (bits + secondBits)) / 8;
    this.norm = hasRatio ? 'exact' : 'decoded';
    this.writesNorms = secondBits === 0;
  }

  encode(core: Core, rows: Float32Array, n: number, out: CodedRows): void {
    using encoder = this.createBlockEncoder(core);
    if (encoder) encodeByBlocks(core, this, encoder, rows, n, out);
    else this.#encodeInSteps(core, rows, n, out);
  }

  /** One level by kernels. */
  createBlockEncoder(core: Core): BlockEncoder | undefined {
    return this.secondBits === 0 ? new LvqBlockEncoder(core, this) : undefined;
  }

  #encodeInSteps(core: Core, rows: Float32Array, n: number, out: CodedRows): void {
    const { dims, used, bits, secondBits } = this;
    const values = new Uint16Array(n * dims);
    const top = (1 << bits) - 1;
    const cells = secondBits > 0 ? (1 << secondBits) - 1 : 1;
    for (let i = 0; i < n; i++) {
      const row = rows.subarray(i * dims, i * dims + used);
      const codes = values.subarray(i * dims, i * dims + used);
      let least = row[0] as number;
      let most = least;
      for (const value of row) {
        if (value < least) least = value;
        if (value > most) most = value;
      }
      const first = (most - least) / top;
      const inverse = first > 0 ? 1 / first : 0;
      const step = Math.fround(first / cells);
      // the second grid begins half a cell below the first
      const start = Math.fround(secondBits > 0 ? least - first / 2 : least);
      for (let j = 0; j < used; j++) {
        const value = (row[j] as number) - least;
        const c1 = Math.min(top, Math.floor(value * inverse + 0.5));
        if (secondBits === 0) codes[j] = c1;
        else {
          const rest = (value - c1 * first) * inverse + 0.5;
          codes[j] = c1 * cells + Math.max(0, Math.min(cells, Math.floor(rest * cells + 0.5)));
        }
      }
      const ratio = this.hasRatio ? ratioOf(row, codes, step, start) : 1;
      out.scales[i] = ratio * step;
      out.offsets[i] = ratio * start;
    }
    packRows(core, values, n, dims, bits + secondBits, out.codes);
  }

  /** Padding decodes to 0: its codes are 0, and it has no offset. */
  decode(coded: CodedRows, n: number, out: Float32Array): void {
    const { dims, used, codeBytes } = this;
    const values = new Uint16Array(dims);
    for (let i = 0; i < n; i++) {
      const code = coded.codes.subarray(i * codeBytes, (i + 1) * codeBytes);
      unpackRow(code, dims, this.bits + this.secondBits, values);
      const scale = coded.scales[i] as number;
      const offset = coded.offsets[i] as number;
      const at = i * dims;
      for (let j = 0; j < used; j++) out[at + j] = scale * (values[j] as number) + offset;
      out.fill(0, at + used, at + dims);
    }
  }

  createDots(core: Core): Dots {
    return new PackedDots(core, this.dims, this.bits + this.secondBits, (query) => ({ query, b: 0 }));
  }

  write(writer: ByteWriter): void {
    writer
      .u32(this.used)
      .u32(this.bits)
      .u32(this.secondBits)
      .u32(this.hasRatio ? 1 : 0);
  }
}

/** f32 of a record of the kernel encodeRangeRows: least, step, |r̂|², <r, r̂>, |r|², <c', r̂>, before the ratio. */
const RECORD = 6;

class LvqBlockEncoder implements BlockEncoder {
  readonly #core: Core;
  readonly #coder: LvqCoder;
  /** Codes of one row, then the records. */
  readonly #memory: Block;

  constructor(core: Core, coder: LvqCoder) {
    this.#core = core;
    this.#coder = coder;
    this.#memory = core.allocate(2 * coder.dims + 4 * RECORD * BLOCK);
  }

  encode(rows: Ptr, n: number, centre: Ptr, codes: Ptr, out: BlockFactors): void {
    const { dims, used, bits, hasRatio } = this.#coder;
    const memory = this.#memory;
    const at = memory.at(2 * dims);
    this.#core.kernels.encodeRangeRows(rows, n, dims, used, bits, centre, memory.at(), codes, at);
    const records = memory.f32(2 * dims, RECORD * n);
    for (let i = 0; i < n; i++) {
      const value = (j: number): number => records[RECORD * i + j] as number;
      const ratio = hasRatio && value(3) > 0 ? value(4) / value(3) : 1;
      out.scales[i] = ratio * value(1);
      out.offsets[i] = ratio * value(0);
      // |r|² tells what is not finite; of a code alone it does not always show
      out.norms[i] = hasRatio || !Number.isFinite(value(4)) ? value(4) : value(2);
      out.crosses[i] = ratio * value(5);
    }
  }

  [Symbol.dispose](): void {
    this.#memory.dispose();
  }
}

/** |r|²/<r, r̂>; 1 for a vector that is constant 0 or whose reconstruction is orthogonal to it. */
function ratioOf(row: Float32Array, codes: Uint16Array, step: number, start: number): number {
  let norm = 0;
  let ip = 0;
  for (let j = 0; j < row.length; j++) {
    const value = row[j] as number;
    norm += value * value;
    ip += value * (step * (codes[j] as number) + start);
  }
  return ip > 0 ? norm / ip : 1;
}

/** @throws FormatError */
export function readLvqCoder(reader: ByteReader, dims: number): LvqCoder {
  const used = reader.u32In('used dims', Math.max(1, dims - 15), dims);
  const bits = reader.u32In('bits', 1, 8);
  const secondBits = reader.u32In('second bits', 0, 8);
  return new LvqCoder(dims, used, bits, secondBits, reader.u32In('ratio', 0, 1) === 1);
}
