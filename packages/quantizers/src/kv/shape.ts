/** Tensors of a key–value cache as they are given: what is expected of them, and as rows of float32. */
import { checkFinite, checkInteger, checkOptions, type OptionTable } from '@sagitta/core-wasm';
import { halfToNumber, LARGEST_HALF, numberToHalf } from '../scalar/half-coder.ts';

/** Says how large the tensors of a layer are: heads × tokens × headDims, row-major. */
export interface KvShape {
  readonly heads: number;
  readonly tokens: number;
  readonly headDims: number;
}

/** Holds the keys and values of a layer, as float32 or as the bits of halves. */
export interface KvLayer {
  readonly key: Float32Array | Uint16Array;
  readonly value: Float32Array | Uint16Array;
}

/** A part of a layer. */
export type KvPart = 'key' | 'value';
export const KV_PARTS: readonly KvPart[] = ['key', 'value'];

export const MAX_HEADS = 65_536;
/** Models have 64 to 256; the rotation is undone by a matrix of as many squared. */
export const MAX_HEAD_DIMS = 1024;
const MAX_VECTORS = 2 ** 31;
const SHAPE: OptionTable<KvShape> = { heads: 'number', tokens: 'number', headDims: 'number' };

/** Vectors of a tensor: one a head and token. */
export function vectorsOf({ heads, tokens }: KvShape): number {
  return heads * tokens;
}

/** @throws TypeError, RangeError naming what does not fit */
export function checkShape(shape: KvShape): KvShape {
  checkOptions('shape', shape, SHAPE);
  checkInteger('shape.heads', shape.heads, 1, MAX_HEADS);
  checkInteger('shape.tokens', shape.tokens, 1, MAX_VECTORS / shape.heads);
  checkInteger('shape.headDims', shape.headDims, 1, MAX_HEAD_DIMS);
  return shape;
}

let halves: Float32Array | undefined;

/** What every half stands for: reading a table is several times faster than taking bits apart. */
function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 65_536 }, (_, bits) =>
    // infinities and what is no number are refused like others
    (bits & 0x7c00) === 0x7c00 ? Number.NaN : halfToNumber(bits),
  );
  return halves;
}

/** The rows of a tensor, vectors × headDims; those given where they are float32. @throws TypeError, RangeError naming the tensor */
export function rowsOf(label: string, tensor: Float32Array | Uint16Array, shape: KvShape): Float32Array {
  const wanted = vectorsOf(shape) * shape.headDims;
  const isHalf = tensor instanceof Uint16Array;
  if (!isHalf && !(tensor instanceof Float32Array)) {
    throw new TypeError(
      `"${label}" expected a Float32Array, or a Uint16Array of halves, got ${typeof tensor === 'object' ? Object.prototype.toString.call(tensor) : typeof tensor}`,
    );
  }
  if (tensor.length !== wanted) {
    const { heads, tokens, headDims } = shape;
    throw new RangeError(
      `"${label}" expected length heads*tokens*headDims = ${wanted} (${heads} × ${tokens} × ${headDims}), got ${tensor.length}`,
    );
  }
  let rows = tensor as Float32Array;
  if (isHalf) {
    const table = halfTable();
    rows = new Float32Array(wanted);
    for (let i = 0; i < wanted; i++) rows[i] = table[tensor[i] as number] as number;
  }
  checkFinite(label, rows, shape.headDims);
  return rows;
}

/** Rows as the bits of halves; what a code stands for may be a little beyond the largest. */
export function toHalves(rows: Float32Array): Uint16Array {
  return Uint16Array.from(rows, (value) =>
    numberToHalf(Math.max(-LARGEST_HALF, Math.min(LARGEST_HALF, value))),
  );
}
