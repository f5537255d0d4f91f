/**
 * TurboQuant (Zandieh et al., 2025): after a random rotation the coordinates of a vector of length √dims are nearly
 * standard normal, and each goes to the nearest Lloyd–Max level of that density, 1 to 4 bits.
 *
 * 'plain' (algorithm 1 of the paper) stands for the least squared error. 'ratio' scales what a code stands for by
 * |r|²/<r, r̂>, so that inner products have no bias over the rotation, and costs no bits. 'sketch' is the paper's own way
 * to that (algorithm 2): bits - 1 of levels, and one bit of signs of the rest r - r̂ in a second rotation with its length
 * beside them (sign-sketch.ts).
 */
import type { ByteReader, ByteWriter, Core } from '@sagitta/core-wasm';
import {
  type CodedRows,
  type CodePart,
  type Coder,
  type Dots,
  FACTOR_PART,
  FACTOR_SCALE,
} from '../linear/coder.ts';
import {
  createLevelDots,
  levelsAreBlocked,
  nearestLevel,
  packLevels,
  unpackLevels,
} from '../linear/level-codes.ts';
import { SignSketch } from './sign-sketch.ts';

/** Lists positive Lloyd–Max levels of the standard normal density by bits (Max, 1960, table I). */
export const LEVELS: Readonly<Record<number, readonly number[]>> = {
  1: [0.7978845608],
  2: [0.4527800398, 1.510417608],
  3: [0.2450941791, 0.7560052812, 1.343909278, 2.151945704],
  4: [0.128395, 0.3880483, 0.6567591, 0.9423404, 1.256231, 1.618046, 2.069017, 2.73259],
};

/** Encodes turned rows by the levels that are best for coordinates of a random rotation. */
export class TurboQuantCoder implements Coder {
  readonly dims: number;
  /** Of the levels; a sketch is one bit more. */
  readonly bits: number;
  readonly hasRatio: boolean;
  readonly sketch: SignSketch | undefined;
  readonly codeBytes: number;
  readonly parts: readonly CodePart[];
  readonly factors: number;
  readonly norm: 'exact' | 'decoded';
  readonly writesNorms = false;
  readonly isBlocked: boolean;
  readonly reach: number;
  /** All levels, ascending, and the borders between them. */
  readonly #levels: readonly number[];
  readonly #borders: readonly number[];

  constructor(dims: number, bits: number, scaling: boolean | SignSketch) {
    const positive = LEVELS[bits];
    if (positive === undefined) throw new RangeError(`"bits" expected an integer from 1 to 4, got ${bits}`);
    this.dims = dims;
    this.bits = bits;
    this.hasRatio = scaling === true;
    this.sketch = typeof scaling === 'boolean' ? undefined : scaling;
    this.parts = this.sketch ? [this.sketch.part] : [];
    this.codeBytes = (dims * bits) / 8 + (this.sketch?.part.bytes ?? 0);
    this.factors = FACTOR_SCALE | (this.sketch ? FACTOR_PART : 0);
    this.norm = scaling === false ? 'decoded' : 'exact';
    this.isBlocked = levelsAreBlocked(bits);
    this.reach = positive[positive.length - 1] as number;
    this.#levels = [...positive.map((level) => -level).reverse(), ...positive];
    this.#borders = this.#levels.slice(1).map((level, i) => (level + (this.#levels[i] as number)) / 2);
  }

  encode(core: Core, rows: Float32Array, n: number, out: CodedRows): void {
    const { dims, bits, hasRatio, sketch, codeBytes } = this;
    const values = new Uint16Array(n * dims);
    const rests = sketch && new Float32Array(n * dims);
    for (let i = 0; i < n; i++) {
      let norm = 0;
      for (let j = i * dims; j < (i + 1) * dims; j++) norm += (rows[j] as number) * (rows[j] as number);
      const scale = Math.sqrt(norm / dims);
      const inverse = scale > 0 ? 1 / scale : 0;
      let ip = 0;
      for (let j = i * dims; j < (i + 1) * dims; j++) {
        const value = (rows[j] as number) * inverse;
        const code = nearestLevel(this.#borders, 0, this.#borders.length, value);
        const level = this.#levels[code] as number;
        values[j] = code;
        ip += value * level;
        if (rests) rests[j] = (rows[j] as number) - Math.fround(scale) * level;
      }
      // |r|²/<r, r̂> with r = scale·value and r̂ = scale·level
      out.scales[i] = hasRatio && ip > 0 ? (scale * dims) / ip : scale;
    }
    if (!sketch || !rests) {
      packLevels(core, values, n, dims, bits, out.codes);
      return;
    }
    const first = (dims * bits) / 8;
    const codes = new Uint8Array(n * first);
    packLevels(core, values, n, dims, bits, codes);
    const signs = sketch.encode(core, rests, n, out.partScales);
    for (let i = 0; i < n; i++) {
      out.codes.set(codes.subarray(i * first, (i + 1) * first), i * codeBytes);
      out.codes.set(signs.subarray(i * (dims / 8), (i + 1) * (dims / 8)), i * codeBytes + first);
    }
  }

  decode(coded: CodedRows, n: number, out: Float32Array): void {
    const { dims, bits, codeBytes, sketch } = this;
    const first = (dims * bits) / 8;
    const values = new Uint16Array(dims);
    for (let i = 0; i < n; i++) {
      const code = coded.codes.subarray(i * codeBytes, (i + 1) * codeBytes);
      unpackLevels(code.subarray(0, first), dims, bits, values);
      const scale = coded.scales[i] as number;
      const row = out.subarray(i * dims, (i + 1) * dims);
      for (let j = 0; j < dims; j++) row[j] = scale * (this.#levels[values[j] as number] as number);
      sketch?.addDecoded(code.subarray(first), coded.partScales[i] as number, row);
    }
  }

  createDots(core: Core): Dots {
    return createLevelDots(core, this.dims, this.bits, (_, code) => this.#levels[code] as number);
  }

  write(writer: ByteWriter): void {
    writer.u32(this.bits).u32(this.sketch ? 2 : this.hasRatio ? 1 : 0);
    if (this.sketch) writer.array(this.sketch.signs);
  }
}

/**
 * Reads a coder as TurboQuantCoder.write left it.
 * @throws FormatError
 */
export function readTurboQuantCoder(reader: ByteReader, dims: number): TurboQuantCoder {
  const bits = reader.u32In('bits', 1, 4);
  const scaling = reader.u32In('ratio', 0, 2);
  if (scaling < 2) return new TurboQuantCoder(dims, bits, scaling === 1);
  const signs = reader.u32Array(4 * dims);
  if (signs.some((sign) => sign !== 0 && sign !== 0x80000000)) {
    reader.fail('"signs" expected sign bits only');
  }
  return new TurboQuantCoder(dims, bits, new SignSketch(dims, signs));
}
