/** The codes of rotated rows that CodeCoder packs: SAQ's adjusted ones, and RaBitQ's. */
import { type ByteWriter, type Core, checkInteger, NO_PTR, RandomStream } from '@sagitta/core-wasm';
import { makeRabitqCoder, RABITQ_MODES, type RabitqCoder, startsOf } from '@sagitta/quantizers/internal';
import type { RabitqMode } from '@sagitta/quantizers/rabitq';

export interface RowCodes {
  /** A multiple of 16. */
  readonly dims: number;
  readonly bits: number;
  /**
   * rows — n × dims; codes — n × dims·bits/8 bytes, scales — n times |row|²/<row, 2k - (2^bits - 1)>, both overwritten;
   * 0 for a row of zeros.
   */
  encode(core: Core, rows: Float32Array, n: number, codes: Uint8Array, scales: Float32Array): void;
  /** Options besides bits and seed, for a file. */
  write(writer: ByteWriter): void;
}

/** Adjusted codes (CAQ) of 2 to 8 bits; of 1 bit, signs. */
export class SaqRowCodes implements RowCodes {
  readonly dims: number;
  readonly bits: number;

  constructor(dims: number, bits: number) {
    this.dims = dims;
    this.bits = checkInteger('bits', bits, 1, 8);
  }

  encode(core: Core, rows: Float32Array, n: number, codes: Uint8Array, scales: Float32Array): void {
    const { dims, bits } = this;
    const ranges = startsOf(bits, dims);
    core.scope((scope) => {
      const input = scope.reserve(4 * n * dims);
      const starts = scope.reserve(ranges.byteLength);
      const scratch = scope.reserve(2 * dims);
      const packed = scope.reserve((n * dims * bits) / 8);
      const factors = scope.reserve(4 * n);
      const unused = scope.reserve(8 * n);
      input.f32().set(rows.subarray(0, n * dims));
      starts.f32().set(ranges);
      core.kernels.encodeCodeRows(
        input.at(),
        n,
        dims,
        dims,
        bits,
        starts.at(),
        ranges.length,
        NO_PTR,
        scratch.at(),
        packed.at(),
        factors.at(),
        unused.at(),
        unused.at(4 * n),
        NO_PTR,
      );
      codes.set(packed.u8());
      // the kernel's steps are halves of those of v
      scales.set(factors.f32(0, n).map((factor) => factor / 2));
    });
  }

  write(_writer: ByteWriter): void {}
}

/** RaBitQ at 1 bit (signs), Extended RaBitQ at 2 to 8. */
export class RabitqRowCodes implements RowCodes {
  readonly dims: number;
  readonly bits: number;
  readonly mode: RabitqMode;
  readonly #seed: number;
  /** Made when first wanted: its constant takes long in many dims, which no file may ask for by its header alone. */
  #coder: RabitqCoder | undefined;

  constructor(dims: number, bits: number, mode: RabitqMode, seed: number) {
    this.dims = dims;
    this.bits = checkInteger('bits', bits, 1, 8);
    this.mode = mode;
    this.#seed = seed;
  }

  encode(core: Core, rows: Float32Array, n: number, codes: Uint8Array, scales: Float32Array): void {
    const coded = {
      codes,
      scales,
      offsets: new Float32Array(n),
      norms: new Float32Array(n),
      partScales: new Float32Array(0),
      errors: new Float32Array(n),
    };
    const { dims, bits, mode } = this;
    this.#coder ??= makeRabitqCoder(dims, bits, mode, new RandomStream(this.#seed, 'token codes'));
    this.#coder.encode(core, rows, n, coded);
    // RaBitQ's v is half of ours
    for (let i = 0; i < n; i++) scales[i] = (scales[i] as number) / 2;
  }

  write(writer: ByteWriter): void {
    writer.u32(RABITQ_MODES.indexOf(this.mode));
  }
}
