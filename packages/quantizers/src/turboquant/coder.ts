/**
 * TurboQuant (Zandieh et al., 2025), the variant for squared error: after a random rotation the coordinates of a vector
 * of length √dims are nearly standard normal, and each goes to the nearest Lloyd–Max level of that density. 1, 2 or 4
 * bits; 16-entry tables hold 4, 2 or 1 dimensions.
 *
 * 'ratio' scales what a code stands for by |r|²/<r, r̂>, so that inner products have no bias over the rotation; it takes
 * the place of the paper's second code of residual signs and costs no bits.
 */
import type { ByteReader, ByteWriter, Core } from '@sagitta/core-wasm';
import { type CodedRows, type Coder, type Dots, FACTOR_SCALE } from '../linear/coder.ts';
import { Table4Dots } from '../linear/table-dots.ts';

/** Positive Lloyd–Max levels of the standard normal density by bits (Max, 1960, table I). */
export const LEVELS: Readonly<Record<number, readonly number[]>> = {
  1: [0.7978845608],
  2: [0.4527800398, 1.510417608],
  4: [0.128395, 0.3880483, 0.6567591, 0.9423404, 1.256231, 1.618046, 2.069017, 2.73259],
};

export class TurboQuantCoder implements Coder {
  readonly dims: number;
  readonly bits: number;
  readonly hasRatio: boolean;
  readonly codeBytes: number;
  readonly factors: number = FACTOR_SCALE;
  readonly norm: 'exact' | 'decoded';
  readonly writesNorms = false;
  readonly isBlocked = true;
  /** All levels, ascending, and the borders between them. */
  readonly #levels: readonly number[];
  readonly #borders: readonly number[];

  constructor(dims: number, bits: number, hasRatio: boolean) {
    const positive = LEVELS[bits];
    if (positive === undefined) throw new RangeError(`"bits" expected 1, 2 or 4, got ${bits}`);
    this.dims = dims;
    this.bits = bits;
    this.hasRatio = hasRatio;
    this.codeBytes = (dims * bits) / 8;
    this.norm = hasRatio ? 'exact' : 'decoded';
    this.#levels = [...positive.map((level) => -level).reverse(), ...positive];
    this.#borders = this.#levels.slice(1).map((level, i) => (level + (this.#levels[i] as number)) / 2);
  }

  encode(_core: Core, rows: Float32Array, n: number, out: CodedRows): void {
    const { dims, bits, codeBytes, hasRatio } = this;
    out.codes.fill(0, 0, n * codeBytes);
    for (let i = 0; i < n; i++) {
      let norm = 0;
      for (let j = i * dims; j < (i + 1) * dims; j++) norm += (rows[j] as number) * (rows[j] as number);
      const scale = Math.sqrt(norm / dims);
      const inverse = scale > 0 ? 1 / scale : 0;
      let ip = 0;
      for (let j = 0; j < dims; j++) {
        const value = (rows[i * dims + j] as number) * inverse;
        const code = this.#nearest(value);
        ip += value * (this.#levels[code] as number);
        const bit = j * bits;
        const at = i * codeBytes + (bit >> 3);
        out.codes[at] = (out.codes[at] as number) | (code << (bit & 7));
      }
      // |r|²/<r, r̂> with r = scale·value and r̂ = scale·level
      out.scales[i] = hasRatio && ip > 0 ? (scale * dims) / ip : scale;
    }
  }

  #nearest(value: number): number {
    let low = 0;
    let high = this.#borders.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value > (this.#borders[middle] as number)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  decode(coded: CodedRows, n: number, out: Float32Array): void {
    const { dims, bits, codeBytes } = this;
    const mask = (1 << bits) - 1;
    for (let i = 0; i < n; i++) {
      const scale = coded.scales[i] as number;
      for (let j = 0; j < dims; j++) {
        const bit = j * bits;
        const code = ((coded.codes[i * codeBytes + (bit >> 3)] as number) >> (bit & 7)) & mask;
        out[i * dims + j] = scale * (this.#levels[code] as number);
      }
    }
  }

  createDots(core: Core): Dots {
    const { bits, dims } = this;
    const together = 4 / bits;
    const mask = (1 << bits) - 1;
    return new Table4Dots(core, dims / together, (query, tables) => {
      for (let s = 0; s < dims / together; s++) {
        for (let c = 0; c < 16; c++) {
          let sum = 0;
          for (let t = 0; t < together; t++) {
            sum += (query[s * together + t] as number) * (this.#levels[(c >> (t * bits)) & mask] as number);
          }
          tables[16 * s + c] = sum;
        }
      }
    });
  }

  write(writer: ByteWriter): void {
    writer.u32(this.bits).u32(this.hasRatio ? 1 : 0);
  }
}

/** @throws FormatError */
export function readTurboQuantCoder(reader: ByteReader, dims: number): TurboQuantCoder {
  const bits = reader.u32In('bits', 1, 4);
  if (bits === 3) reader.fail('"bits" expected 1, 2 or 4, got 3');
  return new TurboQuantCoder(dims, bits, reader.u32In('ratio', 0, 1) === 1);
}
