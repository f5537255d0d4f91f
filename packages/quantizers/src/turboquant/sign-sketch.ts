/**
 * The signs of a rotated vector e, and its length (quantized Johnson–Lindenstrauss: Zandieh, Daliri and Han, 2024, with a
 * rotation R in place of a Gaussian matrix): over rotations
 *
 *   E <R·q, sign(R·e)> = <q, e>/|e|·E|R·e|₁/|e| = <q, e>/|e|·dims·E|u₁|,   u uniform on the sphere,
 *
 * so |e|/(dims·E|u₁|)·<R·q, sign(R·e)> has no bias. The orthonormal R has a little less variance than the matrix, for
 * which the constant would be √(2/π)/√dims.
 */
import { type Core, Owner, type Ptr, type RandomStream } from '@sagitta/core-wasm';
import type { CodePart, Dots } from '../linear/coder.ts';
import { type Frame, FrameTransform, fromFrame, rotatedFrame } from '../linear/frame.ts';
import { packRows, unpackRow } from '../linear/pack-bits.ts';
import { PackedDots } from '../linear/packed-dots.ts';

/**
 * Computes E|u₁| for u uniform on the sphere of an even number of dims: 2/π in the plane, then dims/(dims + 1) every
 * two.
 */
export function meanCoordinate(dims: number): number {
  let mean = 2 / Math.PI;
  for (let d = 2; d < dims; d += 2) mean *= d / (d + 1);
  return mean;
}

/** Adds one bit a coordinate that makes estimates of inner products unbiased. */
export class SignSketch {
  readonly signs: Uint32Array;
  readonly part: CodePart;
  readonly #frame: Frame;
  readonly #unit: number;

  /** dims — a multiple of 16; signs — of the rotation, 4 × dims of 0 or 2³¹. */
  constructor(dims: number, signs: Uint32Array) {
    this.signs = signs;
    this.#frame = { d: dims, dims, signs };
    this.#unit = 1 / (dims * meanCoordinate(dims));
    this.part = {
      bytes: dims / 8,
      scale: 'own',
      weight: 1,
      reach: 1,
      createDots: (core) => new SketchDots(core, this.#frame),
    };
  }

  static random(dims: number, random: RandomStream): SignSketch {
    return new SignSketch(dims, rotatedFrame(dims, random).signs as Uint32Array);
  }

  /** rests — n × dims → signs, n × dims/8 bytes; scales f32[n], overwritten: |e|/(dims·E|u₁|). */
  encode(core: Core, rests: Float32Array, n: number, scales: Float32Array): Uint8Array {
    const { dims } = this.#frame;
    using transform = new FrameTransform(core, this.#frame, 'data');
    const turned = transform.apply(rests);
    const values = new Uint16Array(n * dims);
    for (let i = 0; i < n; i++) {
      let norm = 0;
      for (let j = i * dims; j < (i + 1) * dims; j++) {
        norm += (rests[j] as number) * (rests[j] as number);
        values[j] = (turned[j] as number) > 0 ? 1 : 0;
      }
      scales[i] = Math.sqrt(norm) * this.#unit;
    }
    const codes = new Uint8Array((n * dims) / 8);
    packRows(core, values, n, dims, 1, codes);
    return codes;
  }

  /** row — dims values in the first frame, to which the sketch's own vector is added. */
  addDecoded(code: Uint8Array, scale: number, row: Float32Array): void {
    const { dims } = this.#frame;
    const values = new Uint16Array(dims);
    unpackRow(code, dims, 1, values);
    const back = fromFrame(
      this.#frame,
      Float32Array.from(values, (bit) => (bit === 1 ? scale : -scale)),
    );
    for (let j = 0; j < dims; j++) row[j] = (row[j] as number) + (back[j] as number);
  }
}

/** <R·q, signs>, signs of ±1. */
class SketchDots extends Owner implements Dots {
  readonly isInteger = false;
  readonly #transform: FrameTransform;
  readonly #dots: PackedDots;

  constructor(core: Core, frame: Frame) {
    super(core);
    this.#transform = this.own(() => new FrameTransform(core, frame, 'query'));
    const terms = (query: Float32Array): { readonly query: Float32Array; readonly b: number } => {
      const turned = this.#transform.apply(query);
      let sum = 0;
      for (const value of turned) sum += value;
      return { query: turned.map((value) => 2 * value), b: -sum };
    };
    this.#dots = this.own(() => new PackedDots(core, frame.dims, 1, terms));
  }

  get a(): number {
    return this.#dots.a;
  }
  get b(): number {
    return this.#dots.b;
  }

  setQuery(query: Float32Array): void {
    this.#dots.setQuery(query);
  }

  compute(codes: Ptr, out: Ptr, n: number): void {
    this.#dots.compute(codes, out, n);
  }
}
