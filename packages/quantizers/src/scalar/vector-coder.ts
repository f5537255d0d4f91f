/**
 * Scalar quantization with a range for each vector: coordinates on a uniform grid about 0, code·step with
 * |code| ≤ 2^(bits-1) - 1, as embedding services hand out int8. step = range/(2^(bits-1) - 1), where the range is the
 * greatest magnitude or, with `clip`, the magnitude that a share 2·clip of the coordinates exceeds; those are clipped.
 * Codes are kept with 2^(bits-1) added.
 *
 * Unlike LVQ, whose grid runs from the least to the greatest coordinate, 0 is a code and nothing but the step is kept.
 * Bytes: dims·bits/8 and 4 for the step. Nothing is learned.
 */
import type { ByteReader, ByteWriter, Core } from '@sagitta/core-wasm';
import { type CodedRows, type Coder, type Dots, FACTOR_SCALE } from '../linear/coder.ts';
import { packRows, unpackRow } from '../linear/pack-bits.ts';
import { PackedDots } from '../linear/packed-dots.ts';
import { readScalarCoder, type ScalarCoder } from './coder.ts';

/** Lists what a grid may span. */
export const SCALAR_RANGES = ['dimension', 'vector'] as const;
/** Names what a grid of scalar codes spans: each dimension of all vectors, or each vector. */
export type ScalarRanges = (typeof SCALAR_RANGES)[number];
/** Where bits of a grid by dimension stand in a file, this says that the grid is by vector. */
const BY_VECTOR = 0x100;

/** Encodes turned rows by a grid of each vector. */
export class VectorScalarCoder implements Coder {
  readonly dims: number;
  /** Coordinates that count. */
  readonly used: number;
  /** 2 to 8. */
  readonly bits: number;
  readonly clip: number;
  readonly codeBytes: number;
  readonly factors: number = FACTOR_SCALE;
  readonly norm = 'decoded';
  readonly writesNorms = true;
  readonly isBlocked = false;
  readonly reach: number;

  constructor(dims: number, used: number, bits: number, clip: number) {
    this.dims = dims;
    this.used = used;
    this.bits = bits;
    this.clip = clip;
    this.codeBytes = (dims * bits) / 8;
    this.reach = 1 << (bits - 1);
  }

  encode(core: Core, rows: Float32Array, n: number, out: CodedRows): void {
    const { dims, used, bits } = this;
    const centre = 1 << (bits - 1);
    const top = centre - 1;
    const values = new Uint16Array(n * dims).fill(centre);
    for (let i = 0; i < n; i++) {
      const row = rows.subarray(i * dims, i * dims + used);
      const step = Math.fround(this.#range(row) / top);
      const inverse = step > 0 ? 1 / step : 0;
      let squares = 0;
      let check = 0;
      for (let j = 0; j < used; j++) {
        const value = row[j] as number;
        const code = Math.max(-top, Math.min(top, Math.floor(value * inverse + 0.5)));
        values[i * dims + j] = code + centre;
        squares += code * code;
        check += value;
      }
      out.scales[i] = step;
      // a row that is not finite must not pass as a code
      out.norms[i] = step * step * squares + 0 * check;
    }
    packRows(core, values, n, dims, bits, out.codes);
  }

  /** The magnitude that is the last level. */
  #range(row: Float32Array): number {
    let most = 0;
    for (const value of row) most = Math.max(most, Math.abs(value));
    if (this.clip === 0) return most;
    const sorted = row.map((value) => Math.abs(value)).sort();
    const range = sorted[Math.max(0, row.length - 1 - Math.floor(2 * this.clip * row.length))] as number;
    // a vector of few coordinates that are not 0 has nothing to clip
    return range > 0 ? range : most;
  }

  decode(coded: CodedRows, n: number, out: Float32Array): void {
    const { dims, bits, codeBytes } = this;
    const centre = 1 << (bits - 1);
    const values = new Uint16Array(dims);
    for (let i = 0; i < n; i++) {
      unpackRow(coded.codes.subarray(i * codeBytes, (i + 1) * codeBytes), dims, bits, values);
      const scale = coded.scales[i] as number;
      for (let j = 0; j < dims; j++) out[i * dims + j] = scale * ((values[j] as number) - centre);
    }
  }

  createDots(core: Core): Dots {
    const centre = 1 << (this.bits - 1);
    return new PackedDots(core, this.dims, this.bits, (query) => {
      let sum = 0;
      for (const value of query) sum += value;
      return { query, b: -centre * sum };
    });
  }

  write(writer: ByteWriter): void {
    writer
      .u32(BY_VECTOR + this.bits)
      .u32(this.used)
      .f64(this.clip);
  }
}

/** Reads either scalar coder. @throws FormatError */
export function readAnyScalarCoder(reader: ByteReader, dims: number): ScalarCoder | VectorScalarCoder {
  const first = reader.u32In('bits', 1, BY_VECTOR + 8);
  if (first < BY_VECTOR) return readScalarCoder(reader, dims, first);
  if (first < BY_VECTOR + 2) return reader.fail(`"bits" expected 2 to 8, got ${first - BY_VECTOR}`);
  const used = reader.u32In('used dims', Math.max(1, dims - 15), dims);
  const clip = reader.f64();
  if (!(clip >= 0 && clip <= 0.49)) reader.fail(`"clip" expected 0 to 0.49, got ${clip}`);
  return new VectorScalarCoder(dims, used, first - BY_VECTOR, clip);
}
