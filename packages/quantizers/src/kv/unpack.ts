/** The layers that packed bytes stand for. */
import { type ByteReader, type Core, checkCore } from '@sagitta/core-wasm';
import { FrameTransform, matrixFrame } from '../linear/frame.ts';
import { type KvHead, readHalves, readKvHead } from './format.ts';
import { addShares, kvFrame } from './pack.ts';
import { type KvUnit, restBits } from './plan.ts';
import { type KvBits, RowCoder } from './row-coder.ts';
import { KV_PARTS, type KvLayer, type KvShape, toHalves, vectorsOf } from './shape.ts';

/** Layers as they come out of packed bytes. */
export interface UnpackedKv {
  /** The caller's; halves where all of what was packed were. */
  readonly layers: KvLayer[];
  readonly shape: KvShape;
}

/** Unpacks what packKv packed. @throws FormatError on anything else */
export function unpackKv(core: Core, bytes: Uint8Array): UnpackedKv {
  checkCore(core);
  const { head, data } = readKvHead(bytes);
  const { shape, isHalf, units } = head;
  const reader = new TensorReader(core, head, data);
  try {
    const layers: KvLayer[] = [];
    for (const unit of units) {
      const [keys, values] = KV_PARTS.map(() =>
        reader.read(unit).map((rows) => (isHalf ? toHalves(rows) : rows)),
      ) as [(Float32Array | Uint16Array)[], (Float32Array | Uint16Array)[]];
      for (const [i, key] of keys.entries()) layers.push({ key, value: values[i] as Float32Array });
    }
    data.end();
    return { layers, shape };
  } finally {
    reader[Symbol.dispose]();
  }
}

/** Reads tensors of one layer or two after the other, and turns them back. */
class TensorReader implements Disposable {
  readonly #data: ByteReader;
  readonly #coder: RowCoder;
  readonly #back: FrameTransform;
  readonly #vectors: number;
  readonly #headDims: number;

  constructor(core: Core, { shape, seed }: KvHead, data: ByteReader) {
    const { headDims } = shape;
    const frame = kvFrame(headDims, seed);
    const { dims } = frame;
    this.#data = data;
    this.#vectors = vectorsOf(shape);
    this.#headDims = headDims;
    // rows are the images of axes: the inverse of the rotation, headDims × dims
    const axes = new Float32Array(headDims * headDims);
    for (let i = 0; i < headDims; i++) axes[i * headDims + i] = 1;
    using forth = new FrameTransform(core, frame, 'data');
    this.#back = new FrameTransform(core, matrixFrame(dims, forth.apply(axes)), 'data');
    try {
      this.#coder = new RowCoder(core, dims);
    } catch (error) {
      this.#back[Symbol.dispose]();
      throw error;
    }
  }

  /** vectors × headDims of each layer. */
  read({ method, bits, layers }: KvUnit): Float32Array[] {
    const { dims } = this.#coder;
    const n = this.#vectors;
    switch (method) {
      case 'plain':
        return Array.from({ length: layers }, () =>
          this.#turned(this.#rows(readHalves(this.#data, n), bits)),
        );
      case 'predict': {
        const first = this.#rows(readHalves(this.#data, n), bits);
        const shares = readHalves(this.#data, n);
        const second = this.#rows(readHalves(this.#data, n), restBits(bits));
        addShares(second, first, shares, dims);
        return [this.#turned(first), this.#turned(second)];
      }
      case 'merge': {
        const scales = [readHalves(this.#data, n), readHalves(this.#data, n)];
        const codes = this.#codes(n, bits);
        const [first, second] = scales.map((own) => this.#decoded(codes, own, bits)) as [
          Float32Array,
          Float32Array,
        ];
        const kept = this.#kept(n);
        const apart = this.#rows(readHalves(this.#data, kept.length), bits);
        for (const [at, i] of kept.entries())
          second.set(apart.subarray(at * dims, (at + 1) * dims), i * dims);
        return [this.#turned(first), this.#turned(second)];
      }
    }
  }

  #codes(n: number, bits: KvBits): Uint8Array {
    return this.#data.view((n * this.#coder.dims * bits) / 8);
  }

  #rows(scales: Uint16Array, bits: KvBits): Float32Array {
    return this.#decoded(this.#codes(scales.length, bits), scales, bits);
  }

  #decoded(codes: Uint8Array, scales: Uint16Array, bits: KvBits): Float32Array {
    const out = new Float32Array(scales.length * this.#coder.dims);
    this.#coder.decode(codes, scales, bits, out);
    return out;
  }

  #kept(n: number): number[] {
    const set = this.#data.view(Math.ceil(n / 8));
    const kept: number[] = [];
    for (let i = 0; i < 8 * set.length; i++)
      if ((((set[i >> 3] as number) >> (i & 7)) & 1) === 1) kept.push(i);
    const last = kept.at(-1);
    if (last !== undefined && last >= n)
      this.#data.fail(`kept vectors expected numbers below ${n}, got ${last}`);
    return kept;
  }

  /** Back from the rotation, without what pads it. */
  #turned(rows: Float32Array): Float32Array {
    const turned = this.#back.apply(rows);
    const d = this.#headDims;
    const { dims } = this.#coder;
    if (d === dims) return turned;
    const out = new Float32Array(this.#vectors * d);
    for (let i = 0; i < this.#vectors; i++) out.set(turned.subarray(i * dims, i * dims + d), i * d);
    return out;
  }

  [Symbol.dispose](): void {
    this.#coder[Symbol.dispose]();
    this.#back[Symbol.dispose]();
  }
}
