/**
 * Binary quantization: the sign of every coordinate, and the mean magnitude as scale, which is the least-squares one.
 * The query stays as it is; scores are meant to be reranked.
 */
import type { ByteReader, ByteWriter, Core } from '@sagitta/core-wasm';
import { type CodedRows, type Coder, type Dots, FACTOR_SCALE } from '../linear/coder.ts';
import { packRows, unpackRow } from '../linear/pack-bits.ts';
import { PackedDots } from '../linear/packed-dots.ts';

/** Encodes turned rows by the signs of their coordinates. */
export class BinaryCoder implements Coder {
  readonly dims: number;
  /** Coordinates that count. */
  readonly used: number;
  readonly codeBytes: number;
  readonly factors: number = FACTOR_SCALE;
  readonly norm = 'exact';
  readonly writesNorms = false;
  readonly isBlocked = false;
  readonly reach = 1;

  constructor(dims: number, used: number) {
    this.dims = dims;
    this.used = used;
    this.codeBytes = dims / 8;
  }

  encode(core: Core, rows: Float32Array, n: number, out: CodedRows): void {
    const { dims, used } = this;
    const values = new Uint16Array(n * dims);
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = i * dims; j < i * dims + used; j++) {
        const value = rows[j] as number;
        sum += Math.abs(value);
        if (value > 0) values[j] = 1;
      }
      out.scales[i] = sum / used;
    }
    packRows(core, values, n, dims, 1, out.codes);
  }

  decode(coded: CodedRows, n: number, out: Float32Array): void {
    const { dims, used, codeBytes } = this;
    const values = new Uint16Array(dims);
    for (let i = 0; i < n; i++) {
      unpackRow(coded.codes.subarray(i * codeBytes, (i + 1) * codeBytes), dims, 1, values);
      const scale = coded.scales[i] as number;
      const at = i * dims;
      for (let j = 0; j < used; j++) out[at + j] = values[j] === 1 ? scale : -scale;
      out.fill(0, at + used, at + dims);
    }
  }

  createDots(core: Core): Dots {
    return new PackedDots(core, this.dims, 1, (query) => {
      let sum = 0;
      for (const value of query) sum += value;
      return { query: query.map((value) => 2 * value), b: -sum };
    });
  }

  write(writer: ByteWriter): void {
    writer.u32(this.used);
  }
}

/**
 * Reads a coder as BinaryCoder.write left it.
 * @throws FormatError
 */
export function readBinaryCoder(reader: ByteReader, dims: number): BinaryCoder {
  return new BinaryCoder(dims, reader.u32In('used dims', Math.max(1, dims - 15), dims));
}
