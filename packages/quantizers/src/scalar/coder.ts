/**
 * Scalar quantization: each dimension on a uniform grid of its own, from a lower to an upper quantile of training.
 * Values beyond are clipped. The steps are multiplied into the query, so a scan is one integer product.
 */
import {
  type Block,
  type ByteReader,
  type ByteWriter,
  type Core,
  largestAmount,
  NO_PTR,
  Owner,
  type Ptr,
} from '@sagitta/core-wasm';
import { BLOCK } from '../blocks.ts';
import { encodeByBlocks } from '../linear/block-encoder.ts';
import type { BlockEncoder, BlockFactors, CodedRows, Coder, Dots } from '../linear/coder.ts';
import { unpackRow } from '../linear/pack-bits.ts';
import { PackedDots } from '../linear/packed-dots.ts';

/** Encodes turned rows by a grid of each dimension. */
export class ScalarCoder implements Coder {
  readonly dims: number;
  readonly bits: number;
  /** dims each: the value of code 0, and between codes; a constant dimension has step 0. */
  readonly minima: Float32Array;
  readonly steps: Float32Array;
  readonly codeBytes: number;
  readonly factors: number = 0;
  readonly norm = 'decoded';
  readonly writesNorms = true;
  readonly isBlocked = false;
  readonly reach: number;

  constructor(dims: number, bits: number, minima: Float32Array, steps: Float32Array) {
    this.dims = dims;
    this.bits = bits;
    this.minima = minima;
    this.steps = steps;
    this.codeBytes = (dims * bits) / 8;
    const top = (1 << bits) - 1;
    this.reach = largestAmount(minima.map((least, j) => Math.abs(least) + top * (steps[j] as number)));
  }

  encode(core: Core, rows: Float32Array, n: number, out: CodedRows): void {
    using encoder = this.createBlockEncoder(core);
    encodeByBlocks(core, this, encoder, rows, n, out);
  }

  createBlockEncoder(core: Core): BlockEncoder {
    return new ScalarBlockEncoder(core, this);
  }

  decode(coded: CodedRows, n: number, out: Float32Array): void {
    const { dims, bits, codeBytes, minima, steps } = this;
    const values = new Uint16Array(dims);
    for (let i = 0; i < n; i++) {
      unpackRow(coded.codes.subarray(i * codeBytes, (i + 1) * codeBytes), dims, bits, values);
      for (let j = 0; j < dims; j++) {
        out[i * dims + j] = (minima[j] as number) + (steps[j] as number) * (values[j] as number);
      }
    }
  }

  createDots(core: Core): Dots {
    return new PackedDots(core, this.dims, this.bits, (query) => {
      let b = 0;
      for (let j = 0; j < this.dims; j++) b += (query[j] as number) * (this.minima[j] as number);
      return { query: query.map((value, j) => value * (this.steps[j] as number)), b };
    });
  }

  write(writer: ByteWriter): void {
    writer.u32(this.bits).array(this.minima).array(this.steps);
  }
}

class ScalarBlockEncoder extends Owner implements BlockEncoder {
  readonly #dims: number;
  readonly #bits: number;
  /** Minima, 1/steps, steps; then codes of one row, norms and crosses. */
  readonly #memory: Block;

  constructor(core: Core, { dims, bits, minima, steps }: ScalarCoder) {
    super(core);
    this.#dims = dims;
    this.#bits = bits;
    this.#memory = this.allocate(14 * dims + 8 * BLOCK);
    this.#memory.f32(0, dims).set(minima);
    this.#memory.f32(4 * dims, dims).set(steps.map((step) => (step > 0 ? 1 / step : 0)));
    this.#memory.f32(8 * dims, dims).set(steps);
  }

  encode(rows: Ptr, n: number, centre: Ptr, codes: Ptr, out: BlockFactors): void {
    this.checkLive('encoder');
    const memory = this.#memory;
    const dims = this.#dims;
    const scratch = memory.at(12 * dims);
    const normsAt = 14 * dims;
    const crossesAt = normsAt + 4 * BLOCK;
    const [norms, crosses] = [memory.at(normsAt), memory.at(crossesAt)];
    const grids = memory.at();
    this.core.kernels.encodeColumnRows(
      rows,
      n,
      dims,
      this.#bits,
      grids,
      centre,
      scratch,
      codes,
      norms,
      crosses,
    );
    out.norms.set(memory.f32(normsAt, n));
    if (centre !== NO_PTR) out.crosses.set(memory.f32(crossesAt, n));
  }
}

/**
 * Learns grids from training rows (n × dims in the frame): from the `clip` quantile of each dimension to its
 * counterpart. clip 0 takes the least and the greatest value.
 */
export function trainScalarCoder(
  rows: Float32Array,
  n: number,
  dims: number,
  bits: number,
  clip: number,
): ScalarCoder {
  const minima = new Float32Array(dims);
  const steps = new Float32Array(dims);
  const column = new Float32Array(n);
  const skip = Math.min(Math.floor(clip * n), (n - 1) >> 1);
  for (let j = 0; j < dims; j++) {
    for (let i = 0; i < n; i++) column[i] = rows[i * dims + j] as number;
    column.sort();
    const least = column[skip] as number;
    minima[j] = least;
    steps[j] = ((column[n - 1 - skip] as number) - least) / ((1 << bits) - 1);
  }
  return new ScalarCoder(dims, bits, minima, steps);
}

/** bits — read already. @throws FormatError */
export function readScalarCoder(reader: ByteReader, dims: number, bits: number): ScalarCoder {
  if (bits > 8) reader.fail(`"bits" expected 1 to 8, got ${bits}`);
  const minima = reader.f32Array('minima', dims);
  const steps = reader.f32Array('steps', dims);
  if (steps.some((step) => step < 0)) reader.fail('"steps" expected numbers from 0');
  return new ScalarCoder(dims, bits, minima, steps);
}
