/** FDEs as float32, and as int8 with one scale a document: x ≈ μ + scale·code, scale = max |x - μ|/127. */
import { type Block, type ByteWriter, type Core, integerSteps, Owner, type Ptr } from '@sagitta/core-wasm';
import {
  type BlockCodec,
  type BlockScan,
  type CodeTarget,
  dotMean,
  numbersDefect,
  plainWidth,
  touchedSegments,
  writeMean,
} from './block-codec.ts';

export class FloatBlocks implements BlockCodec {
  readonly encoding = 'float32';
  readonly length: number;
  readonly width: number;
  readonly segments: number;
  readonly codeBytes: number;
  readonly hasFactors = false;
  readonly hasScales = false;
  readonly reach = 1;

  constructor(length: number, blockLength: number) {
    this.length = length;
    this.width = plainWidth(length, blockLength);
    this.segments = length / this.width;
    this.codeBytes = 4 * this.width;
  }

  encode(_core: Core, fdes: Float32Array, target: CodeTarget): void {
    const { length, width, segments } = this;
    const m = fdes.length / length;
    for (let s = 0; s < segments; s++) {
      const { bytes } = target.codes(s);
      const out = new Float32Array(bytes.buffer, bytes.byteOffset, m * width);
      for (let i = 0; i < m; i++) {
        const from = i * length + s * width;
        out.set(fdes.subarray(from, from + width), i * width);
      }
    }
  }

  createScan(core: Core): BlockScan {
    return new FloatScan(core, this);
  }

  defect(codes: Uint8Array): string | undefined {
    const view = new DataView(codes.buffer, codes.byteOffset, codes.byteLength);
    const values = new Float64Array(codes.length / 4).map((_, i) => view.getFloat32(4 * i, true));
    return numbersDefect('codes', values);
  }

  write(_writer: ByteWriter): void {}
}

class FloatScan extends Owner implements BlockScan {
  touched: Uint32Array = new Uint32Array(0);
  readonly base = 0;
  readonly #width: number;
  readonly #query: Block;

  constructor(core: Core, { length, width }: FloatBlocks) {
    super(core);
    this.#width = width;
    this.#query = this.allocate(4 * length);
  }

  setQuery(query: Float32Array): void {
    this.checkLive('scan');
    this.touched = touchedSegments(query, this.#width);
    this.#query.f32().set(query);
  }

  add(segment: number, codes: Ptr, _factors: Ptr, n: number, _scratch: Ptr, out: Ptr): void {
    this.checkLive('scan');
    const width = this.#width;
    this.core.kernels.addDotF32Rows(this.#query.at(4 * segment * width), codes, n, width, out);
  }

  bytesUsed(): number {
    this.checkLive('scan');
    return this.#query.byteLength;
  }
}

export class Int8Blocks implements BlockCodec {
  readonly encoding = 'int8';
  readonly length: number;
  readonly width: number;
  readonly segments: number;
  readonly codeBytes: number;
  readonly hasFactors = false;
  readonly hasScales = true;
  readonly reach = 128;
  /** μ, length values. */
  readonly mean: Float32Array | undefined;

  constructor(length: number, blockLength: number, mean: Float32Array | undefined) {
    this.length = length;
    this.width = plainWidth(length, blockLength);
    this.segments = length / this.width;
    this.codeBytes = this.width;
    this.mean = mean;
  }

  encode(_core: Core, fdes: Float32Array, target: CodeTarget): void {
    const { length, width, segments, mean } = this;
    const m = fdes.length / length;
    const scales = target.scales();
    const inverses = new Float64Array(m);
    for (let i = 0; i < m; i++) {
      let most = 0;
      for (let j = 0; j < length; j++) {
        most = Math.max(most, Math.abs((fdes[i * length + j] as number) - (mean ? (mean[j] as number) : 0)));
      }
      if (!(most <= 3.4e38))
        throw new RangeError(`"fdes" expected values that fit in f32 less their mean, got ${most}`);
      scales[i] = most / 127;
      inverses[i] = most > 0 ? 127 / most : 0;
    }
    for (let s = 0; s < segments; s++) {
      const { bytes } = target.codes(s);
      for (let i = 0, at = 0; i < m; i++) {
        const inverse = inverses[i] as number;
        for (let j = s * width; j < (s + 1) * width; j++, at++) {
          // a byte of two's complement
          bytes[at] = Math.round(
            ((fdes[i * length + j] as number) - (mean ? (mean[j] as number) : 0)) * inverse,
          );
        }
      }
    }
  }

  createScan(core: Core): BlockScan {
    return new Int8Scan(core, this);
  }

  defect(_codes: Uint8Array): undefined {
    return undefined;
  }

  write(writer: ByteWriter): void {
    writeMean(writer, this.mean);
  }
}

class Int8Scan extends Owner implements BlockScan {
  touched: Uint32Array = new Uint32Array(0);
  base = 0;
  readonly #codec: Int8Blocks;
  readonly #query: Block;
  /** 1/steps of each segment's integers. */
  #units: Float64Array = new Float64Array(0);

  constructor(core: Core, codec: Int8Blocks) {
    super(core);
    this.#codec = codec;
    this.#query = this.allocate(2 * codec.length);
  }

  setQuery(query: Float32Array): void {
    this.checkLive('scan');
    const { width, segments, mean } = this.#codec;
    this.touched = touchedSegments(query, width);
    this.base = dotMean(query, mean);
    this.#units = new Float64Array(segments);
    const out = this.#query.i16();
    for (const s of this.touched) {
      const part = query.subarray(s * width, (s + 1) * width);
      const steps = integerSteps(part, 128);
      for (let j = 0; j < width; j++) out[s * width + j] = Math.round((part[j] as number) * steps);
      this.#units[s] = steps > 0 ? 1 / steps : 0;
    }
  }

  add(segment: number, codes: Ptr, _factors: Ptr, n: number, _scratch: Ptr, out: Ptr): void {
    this.checkLive('scan');
    const { width } = this.#codec;
    const unit = this.#units[segment] as number;
    this.core.kernels.addDotI8Rows(this.#query.at(2 * segment * width), codes, n, width, unit, out);
  }

  bytesUsed(): number {
    this.checkLive('scan');
    return this.#query.byteLength;
  }
}
