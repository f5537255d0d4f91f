/**
 * Latent quantization (Hsu et al., *Disentanglement via Latent Quantization*, 2023, section 3): each dimension has a
 * codebook of 2^bits values of its own, and each coordinate goes to the nearest of them; here the values come from
 * Lloyd's algorithm on a sample instead of a network. A code stands for its values; nothing is kept beside it.
 *
 *   r̂_j = V_j[k_j],  k_j = argmin_k |r_j - V_j[k]|,  <q, r̂> = Σ_j q_j·V_j[k_j]: a table of 2^bits products a dim
 *
 * Bytes: dims·bits/8. The model: 4·dims·2^bits bytes, and a query's tables as many (half as many at up to 4 bits).
 */
import { type ByteReader, type ByteWriter, type Core, largestAmount } from '@sagitta/core-wasm';
import type { CodedRows, Coder, Dots } from '../linear/coder.ts';
import {
  createLevelDots,
  levelsAreBlocked,
  nearestLevel,
  packLevels,
  unpackLevels,
} from '../linear/level-codes.ts';

/** Encodes turned rows by a learned codebook of each dimension. */
export class LatentCoder implements Coder {
  readonly dims: number;
  readonly bits: number;
  /** dims × 2^bits, ascending in each dim. */
  readonly levels: Float32Array;
  readonly codeBytes: number;
  readonly factors: number = 0;
  readonly norm = 'decoded';
  readonly writesNorms = true;
  readonly isBlocked: boolean;
  readonly reach: number;
  /** dims × (2^bits - 1): half way between neighbours. */
  readonly #borders: Float64Array;

  constructor(dims: number, bits: number, levels: Float32Array) {
    this.dims = dims;
    this.bits = bits;
    this.levels = levels;
    this.codeBytes = (dims * bits) / 8;
    this.isBlocked = levelsAreBlocked(bits);
    this.reach = largestAmount(levels);
    const count = (1 << bits) - 1;
    this.#borders = new Float64Array(dims * count);
    for (let j = 0; j < dims; j++) {
      for (let c = 0; c < count; c++) {
        const at = (j << bits) + c;
        this.#borders[j * count + c] = ((levels[at] as number) + (levels[at + 1] as number)) / 2;
      }
    }
  }

  encode(core: Core, rows: Float32Array, n: number, out: CodedRows): void {
    const { dims, bits, levels } = this;
    const count = (1 << bits) - 1;
    const values = new Uint16Array(n * dims);
    for (let i = 0; i < n; i++) {
      let norm = 0;
      for (let j = 0; j < dims; j++) {
        const code = nearestLevel(this.#borders, j * count, count, rows[i * dims + j] as number);
        const level = levels[(j << bits) + code] as number;
        values[i * dims + j] = code;
        norm += level * level;
      }
      // a row that is not finite would pass as its last level
      out.norms[i] = norm + 0 * sumOf(rows, i * dims, dims);
    }
    packLevels(core, values, n, dims, bits, out.codes);
  }

  decode(coded: CodedRows, n: number, out: Float32Array): void {
    const { dims, bits, codeBytes, levels } = this;
    const values = new Uint16Array(dims);
    for (let i = 0; i < n; i++) {
      unpackLevels(coded.codes.subarray(i * codeBytes, (i + 1) * codeBytes), dims, bits, values);
      for (let j = 0; j < dims; j++)
        out[i * dims + j] = levels[(j << bits) + (values[j] as number)] as number;
    }
  }

  createDots(core: Core): Dots {
    const { dims, bits, levels } = this;
    return createLevelDots(core, dims, bits, (dim, code) => levels[(dim << bits) + code] as number);
  }

  write(writer: ByteWriter): void {
    writer.u32(this.bits).array(this.levels);
  }
}

function sumOf(rows: Float32Array, at: number, count: number): number {
  let sum = 0;
  for (let j = at; j < at + count; j++) sum += rows[j] as number;
  return sum;
}

/**
 * Reads a coder as LatentCoder.write left it.
 * @throws FormatError
 */
export function readLatentCoder(reader: ByteReader, dims: number): LatentCoder {
  const bits = reader.u32In('bits', 1, 8);
  const levels = reader.f32Array('levels', dims << bits);
  for (let i = 1; i < levels.length; i++) {
    if (i % (1 << bits) !== 0 && (levels[i] as number) < (levels[i - 1] as number)) {
      reader.fail('"levels" expected an ascending order in each dim');
    }
  }
  return new LatentCoder(dims, bits, levels);
}
