/**
 * Locally-adaptive vector quantization (Aguerrebere et al., 2023): each vector on its own uniform grid from its least to
 * its greatest coordinate, both on the grid, about the mean of all or the nearest of several means (M-LVQ), whose number
 * is one more byte. Two levels (B1 × B2) put the residual of the first grid on a second one over a cell, D1/(2^B2 - 1)
 * apart, in a code of its own: x̂ = l - D1/2 + D1·c1 + D2·c2. A first scan can leave it unread (spec section 3.1).
 *
 * 'plain' stands for its reconstruction; 'ratio' scales it by |r|²/<r, r̂>, which takes the bias away in a rotated frame.
 */
import {
  type Block,
  type ByteReader,
  type ByteWriter,
  type Core,
  largestAmount,
  Owner,
  type Ptr,
} from '@sagitta/core-wasm';
import { BLOCK } from '../blocks.ts';
import { encodeByBlocks } from '../linear/block-encoder.ts';
import {
  type BlockEncoder,
  type BlockFactors,
  type CodedRows,
  type CodePart,
  type Coder,
  type Dots,
  FACTOR_OFFSET,
  FACTOR_SCALE,
} from '../linear/coder.ts';
import { packRows, unpackRow } from '../linear/pack-bits.ts';
import { PackedDots } from '../linear/packed-dots.ts';
import { Table8Dots } from '../linear/table-dots.ts';
import { assignToNearest } from '../training/kmeans.ts';

/** A number is one byte. */
export const MAX_MEANS = 256;

/** Encodes turned rows by LVQ: a grid between the least and the greatest value of each, in one or two levels. */
export class LvqCoder implements Coder {
  readonly dims: number;
  /** Coordinates that count: what lies behind them is padding. */
  readonly used: number;
  readonly bits: number;
  /** 0: one level. */
  readonly secondBits: number;
  readonly hasRatio: boolean;
  /** M × dims; empty where vectors are about 0 of the frame. */
  readonly means: Float32Array;
  readonly codeBytes: number;
  readonly parts: readonly CodePart[];
  readonly factors: number = FACTOR_SCALE | FACTOR_OFFSET;
  readonly norm: 'exact' | 'decoded';
  readonly writesNorms: boolean;
  readonly isBlocked = false;
  readonly reach: number;

  constructor(
    dims: number,
    used: number,
    bits: number,
    secondBits: number,
    hasRatio: boolean,
    means: Float32Array = new Float32Array(0),
  ) {
    this.dims = dims;
    this.used = used;
    this.bits = bits;
    this.secondBits = secondBits;
    this.reach = (1 << bits) - 1;
    this.hasRatio = hasRatio;
    this.means = means;
    const parts: CodePart[] = [];
    if (secondBits > 0) parts.push(secondLevel(dims, secondBits));
    if (means.length > 0) parts.push(meanOf(dims, means));
    this.parts = parts;
    this.codeBytes = (dims * (bits + secondBits)) / 8 + (means.length > 0 ? 1 : 0);
    this.norm = hasRatio ? 'exact' : 'decoded';
    this.writesNorms = secondBits === 0 && means.length === 0;
  }

  encode(core: Core, rows: Float32Array, n: number, out: CodedRows): void {
    using encoder = this.createBlockEncoder(core);
    if (encoder) encodeByBlocks(core, this, encoder, rows, n, out);
    else this.#encodeParts(core, rows, n, out);
  }

  /** One level by kernels. */
  createBlockEncoder(core: Core): BlockEncoder | undefined {
    return this.secondBits === 0 && this.means.length === 0 ? new LvqBlockEncoder(core, this) : undefined;
  }

  /** What a second level, several means or the ratio need: vector by vector. */
  #encodeParts(core: Core, rows: Float32Array, n: number, out: CodedRows): void {
    const { dims, used, bits, secondBits, codeBytes, means } = this;
    const first = new Uint16Array(n * dims);
    const second = new Uint16Array(secondBits > 0 ? n * dims : 0);
    const top = (1 << bits) - 1;
    const cells = (1 << secondBits) - 1;
    const numbers =
      means.length > 0
        ? assignToNearest(core, { data: rows.slice(0, n * dims), n, d: dims }, means).ids
        : undefined;
    const row = new Float32Array(used);
    for (let i = 0; i < n; i++) {
      const mean = numbers ? (numbers[i] as number) * dims : 0;
      for (let j = 0; j < used; j++) {
        row[j] = (rows[i * dims + j] as number) - (numbers ? (means[mean + j] as number) : 0);
      }
      let least = row[0] as number;
      let most = least;
      for (const value of row) {
        if (value < least) least = value;
        if (value > most) most = value;
      }
      const step = Math.fround((most - least) / top);
      const inverse = step > 0 ? 1 / step : 0;
      // the second grid begins half a cell below the first
      const start = Math.fround(secondBits > 0 ? least - step / 2 : least);
      let norm = 0;
      let ip = 0;
      for (let j = 0; j < used; j++) {
        const value = row[j] as number;
        const c1 = Math.min(top, Math.floor((value - least) * inverse + 0.5));
        let code = c1;
        first[i * dims + j] = c1;
        if (secondBits > 0) {
          const rest = (value - least - c1 * step) * inverse + 0.5;
          const c2 = Math.max(0, Math.min(cells, Math.floor(rest * cells + 0.5)));
          second[i * dims + j] = c2;
          code += c2 / cells;
        }
        norm += value * value;
        ip += value * (step * code + start);
      }
      // 1 for a vector that is 0 or whose reconstruction is orthogonal to it
      const ratio = this.hasRatio && ip > 0 ? norm / ip : 1;
      out.scales[i] = ratio * step;
      out.offsets[i] = ratio * start;
      if (numbers) out.codes[(i + 1) * codeBytes - 1] = numbers[i] as number;
    }
    putRows(core, first, n, dims, bits, out.codes, codeBytes, 0);
    if (secondBits > 0) putRows(core, second, n, dims, secondBits, out.codes, codeBytes, (dims * bits) / 8);
  }

  /** Padding decodes to 0: its codes are 0, and it has no offset. */
  decode(coded: CodedRows, n: number, out: Float32Array): void {
    const { dims, used, codeBytes, secondBits, means } = this;
    const first = new Uint16Array(dims);
    const second = new Uint16Array(dims);
    const firstBytes = (dims * this.bits) / 8;
    const weight = secondBits > 0 ? 1 / ((1 << secondBits) - 1) : 0;
    for (let i = 0; i < n; i++) {
      const code = coded.codes.subarray(i * codeBytes, (i + 1) * codeBytes);
      unpackRow(code.subarray(0, firstBytes), dims, this.bits, first);
      if (secondBits > 0) unpackRow(code.subarray(firstBytes), dims, secondBits, second);
      const scale = coded.scales[i] as number;
      const offset = coded.offsets[i] as number;
      const mean = means.length > 0 ? (code[codeBytes - 1] as number) * dims : 0;
      const at = i * dims;
      for (let j = 0; j < used; j++) {
        const value = scale * ((first[j] as number) + weight * (second[j] as number)) + offset;
        out[at + j] = means.length > 0 ? value + (means[mean + j] ?? 0) : value;
      }
      out.fill(0, at + used, at + dims);
    }
  }

  createDots(core: Core): Dots {
    return new PackedDots(core, this.dims, this.bits, (query) => ({ query, b: 0 }));
  }

  write(writer: ByteWriter): void {
    writer
      .u32(this.used)
      .u32(this.bits)
      .u32(this.secondBits)
      .u32(this.hasRatio ? 1 : 0)
      .u32(this.means.length / this.dims)
      .array(this.means);
  }
}

/** f32 of a record of the kernel encodeRangeRows: least, step, |r̂|², <r, r̂>, |r|², <c', r̂>, before the ratio. */
const RECORD = 6;

class LvqBlockEncoder extends Owner implements BlockEncoder {
  readonly #coder: LvqCoder;
  /** Codes of one row, then the records. */
  readonly #memory: Block;

  constructor(core: Core, coder: LvqCoder) {
    super(core);
    this.#coder = coder;
    this.#memory = this.allocate(2 * coder.dims + 4 * RECORD * BLOCK);
  }

  encode(rows: Ptr, n: number, centre: Ptr, codes: Ptr, out: BlockFactors): void {
    this.checkLive('encoder');
    const { dims, used, bits, hasRatio } = this.#coder;
    const memory = this.#memory;
    const at = memory.at(2 * dims);
    this.core.kernels.encodeRangeRows(rows, n, dims, used, bits, centre, memory.at(), codes, at);
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
}

/** D2·c2 = D1·c2/(2^B2 - 1): in the vector's own scale. */
function secondLevel(dims: number, bits: number): CodePart {
  const cells = (1 << bits) - 1;
  return {
    bytes: (dims * bits) / 8,
    scale: 'shared',
    weight: 1 / cells,
    expected: cells / 2,
    reach: cells,
    createDots: (core) => new PackedDots(core, dims, bits, (query) => ({ query, b: 0 })),
  };
}

/** The number of the mean: a table of products with all of them. Numbers beyond the last stand for 0. */
function meanOf(dims: number, means: Float32Array): CodePart {
  return {
    bytes: 1,
    scale: 'none',
    weight: 1,
    reach: largestAmount(means),
    createDots: (core) =>
      new Table8Dots(core, 1, (query, table) => {
        table.fill(0);
        for (let m = 0, at = 0; at < means.length; m++) {
          let sum = 0;
          for (let j = 0; j < dims; j++, at++) sum += (query[j] as number) * (means[at] as number);
          table[m] = sum;
        }
      }),
  };
}

/** Packed values of n rows to byte `at` of every code. */
function putRows(
  core: Core,
  values: Uint16Array,
  n: number,
  dims: number,
  bits: number,
  codes: Uint8Array,
  codeBytes: number,
  at: number,
): void {
  const bytes = (dims * bits) / 8;
  const packed = new Uint8Array(n * bytes);
  packRows(core, values, n, dims, bits, packed);
  for (let i = 0; i < n; i++) codes.set(packed.subarray(i * bytes, (i + 1) * bytes), i * codeBytes + at);
}

/**
 * Reads a coder as LvqCoder.write left it.
 * @throws FormatError
 */
export function readLvqCoder(reader: ByteReader, dims: number): LvqCoder {
  const used = reader.u32In('used dims', Math.max(1, dims - 15), dims);
  const bits = reader.u32In('bits', 1, 8);
  const secondBits = reader.u32In('second bits', 0, 8);
  const hasRatio = reader.u32In('ratio', 0, 1) === 1;
  const means = reader.f32Array('means', dims * reader.u32In('number of means', 0, MAX_MEANS));
  return new LvqCoder(dims, used, bits, secondBits, hasRatio, means);
}
