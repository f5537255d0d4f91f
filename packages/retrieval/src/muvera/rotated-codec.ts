/**
 * FDEs as CAQ codes without PCA: each segment less its mean is rotated at random and coded by the search over the step with B bits
 * a dimension and one factor (SAQ, section 4.2, a single segment of equal bits). One bit is the sign after the rotation.
 *
 *   <q, x> ≈ <q, μ> + Σ_segments f·(<k, Rq> - (2^B - 1)/2·Σ Rq),  f = |Rx|²/<Rx, y>
 *
 * Rotations are needed: numbers of an FDE repeat and cells differ in energy. Segments are the encoder's blocks where these
 * are multiples of 16 from 32 on, so that a query skips what it does not touch; else runs of at most 4,096 numbers,
 * because a query's integers (Σ|q|·255 < 2³¹) would get too coarse over longer ones.
 * Bytes a document: segments·(width·B/8 + 4).
 */
import {
  type Block,
  type ByteWriter,
  type Core,
  integerSteps,
  NO_PTR,
  Owner,
  type Ptr,
  RandomStream,
  rotationSigns,
} from '@sagitta/core-wasm';
import { startsOf } from '@sagitta/quantizers/internal';
import {
  type BlockCodec,
  type BlockScan,
  type CodeTarget,
  dotMean,
  touchedSegments,
  writeMean,
} from './block-codec.ts';

const MAX_SEGMENT = 4096;
const LEAST_BLOCK = 32;

/** Width of a segment for FDEs of blocks. */
export function rotatedWidth(length: number, blockLength: number): number {
  if (blockLength >= LEAST_BLOCK && blockLength <= MAX_SEGMENT && blockLength % 16 === 0) return blockLength;
  const runs = Math.ceil(length / MAX_SEGMENT);
  return 16 * Math.ceil(length / runs / 16);
}

export class RotatedBlocks implements BlockCodec {
  readonly encoding: 'saq' | 'bit1';
  readonly length: number;
  readonly bits: number;
  readonly seed: number;
  readonly width: number;
  readonly segments: number;
  readonly codeBytes: number;
  readonly hasFactors = true;
  readonly hasScales = false;
  readonly reach: number;
  readonly mean: Float32Array | undefined;
  /** 4 × width sign flips, the same in each segment. */
  readonly signs: Uint32Array;

  constructor(
    encoding: 'saq' | 'bit1',
    length: number,
    blockLength: number,
    options: { readonly bits: number; readonly seed: number; readonly mean: Float32Array | undefined },
  ) {
    this.encoding = encoding;
    this.length = length;
    this.bits = options.bits;
    this.reach = 2 ** (options.bits - 1);
    this.seed = options.seed;
    this.mean = options.mean;
    this.width = rotatedWidth(length, blockLength);
    this.segments = Math.ceil(length / this.width);
    this.codeBytes = (this.width * this.bits) / 8;
    this.signs = rotationSigns(new RandomStream(options.seed, 'fde/rotation'), this.width);
  }

  encode(core: Core, fdes: Float32Array, target: CodeTarget): void {
    const { length, width, segments, bits, mean, signs } = this;
    const m = fdes.length / length;
    const starts = startsOf(bits, width);
    core.scope((scope) => {
      const rows = scope.reserve(4 * m * width);
      const signBlock = scope.reserve(signs.byteLength);
      signBlock.u32(0, signs.length).set(signs);
      const startBlock = scope.reserve(starts.byteLength);
      startBlock.f32().set(starts);
      const scratch = scope.reserve(2 * width);
      const unused = scope.reserve(8 * m);
      for (let s = 0; s < segments; s++) {
        const first = s * width;
        const count = Math.min(width, length - first);
        const values = rows.f32(0, m * width);
        if (count < width) values.fill(0);
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < count; j++) {
            const value = fdes[i * length + first + j] as number;
            values[i * width + j] = mean ? value - (mean[first + j] as number) : value;
          }
        }
        core.kernels.rotateF32Rows(rows.at(), m, width, width, signBlock.at());
        const factors = target.factors(s);
        core.kernels.encodeCodeRows(
          rows.at(),
          m,
          width,
          width,
          bits,
          startBlock.at(),
          starts.length,
          NO_PTR,
          scratch.at(),
          target.codes(s).ptr,
          factors.ptr,
          unused.at(),
          unused.at(4 * m),
          NO_PTR,
        );
        const bad = factors.values.find((factor) => !Number.isFinite(factor));
        if (bad !== undefined) {
          throw new RangeError(`"fdes" expected values whose squares fit in f32, got a factor of ${bad}`);
        }
      }
    });
  }

  createScan(core: Core): BlockScan {
    return new RotatedScan(core, this);
  }

  defect(_codes: Uint8Array): undefined {
    return undefined;
  }

  write(writer: ByteWriter): void {
    writer.u32(this.bits).f64(this.seed);
    writeMean(writer, this.mean);
  }
}

class RotatedScan extends Owner implements BlockScan {
  touched: Uint32Array = new Uint32Array(0);
  base = 0;
  readonly #codec: RotatedBlocks;
  readonly #signs: Block;
  readonly #row: Block;
  readonly #query: Block;
  /** <code, query>·a + b is <y, Rq>, for each segment. */
  #a: Float64Array = new Float64Array(0);
  #b: Float64Array = new Float64Array(0);

  constructor(core: Core, codec: RotatedBlocks) {
    super(core);
    const { width, segments, signs } = codec;
    this.#codec = codec;
    this.#signs = this.allocate(signs.byteLength);
    this.#signs.u32(0, signs.length).set(signs);
    this.#row = this.allocate(4 * width);
    this.#query = this.allocate(2 * segments * width);
  }

  setQuery(query: Float32Array): void {
    this.checkLive('scan');
    const { width, segments, bits, mean } = this.#codec;
    this.touched = touchedSegments(query, width);
    this.base = dotMean(query, mean);
    this.#a = new Float64Array(segments);
    this.#b = new Float64Array(segments);
    const centre = (2 ** bits - 1) / 2;
    for (const s of this.touched) {
      const row = this.#row.f32(0, width);
      row.fill(0);
      row.set(query.subarray(s * width, (s + 1) * width));
      this.core.kernels.rotateF32Rows(this.#row.at(), 1, width, width, this.#signs.at());
      const steps = integerSteps(row, 255);
      const out = this.#query.i16(2 * s * width, width);
      let sum = 0;
      for (let j = 0; j < width; j++) {
        const value = Math.round((row[j] as number) * steps);
        out[j] = value;
        sum += value;
      }
      const unit = steps > 0 ? 1 / steps : 0;
      this.#a[s] = unit;
      this.#b[s] = -centre * sum * unit;
    }
  }

  add(segment: number, codes: Ptr, factors: Ptr, n: number, scratch: Ptr, out: Ptr): void {
    this.checkLive('scan');
    const { width, bits } = this.#codec;
    const { kernels } = this.core;
    kernels.dotCodeRows(codes, n, width, bits, this.#query.at(2 * segment * width), scratch);
    kernels.addScores(scratch, factors, n, this.#a[segment] as number, this.#b[segment] as number, out);
  }

  bytesUsed(): number {
    this.checkLive('scan');
    return this.#signs.byteLength + this.#row.byteLength + this.#query.byteLength;
  }
}
