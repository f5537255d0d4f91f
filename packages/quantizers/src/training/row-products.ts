/**
 * Inner products of all rows of one matrix with all rows of another, in 16-bit integers (the kernels of the encoder): twice
 * as fast as f32, exact in any order, hence the same bits on every engine. Gram matrices of long rows are made of it.
 *
 * Every row is rounded to a scale of its own, about 2^-13 of its root mean square: a product is off by 1e-4·|a|·|b|/√length.
 * Memory in the core: 20 MiB.
 */
import { type Block, type Core, NO_PTR, type Scope } from '@sagitta/core-wasm';
import { transpose } from '../transpose.ts';

/** Rows of the left and of the right matrix, and columns, that are in the core at a time. */
const LEFT_ROWS = 128;
const RIGHT_ROWS = 512;
const DEPTH = 4096;
/** A run of 32 values is at most this long, so that the product of two runs stays under 2³¹. */
const LIMIT = 46_330;

/** rows × columns, row-major. */
export interface Rows {
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** Quantized rows in the core. */
class IntegerRows {
  readonly #core: Core;
  readonly #floats: Block;
  readonly #integers: Block;
  readonly #scales: Block;
  readonly #scratch: Block;

  /** most, depth — rows and columns at a time. */
  constructor(core: Core, scope: Scope, most: number, depth: number) {
    this.#core = core;
    this.#floats = scope.reserve(4 * most * depth);
    this.#integers = scope.reserve(2 * most * depth);
    this.#scales = scope.reserve(8 * most);
    this.#scratch = scope.reserve(4 * depth);
  }

  /** Columns from..from + width of `count` rows from `first`; returns depth, width up to a multiple of 32. */
  load({ data, columns }: Rows, first: number, count: number, from: number, width: number): number {
    const floats = this.#floats.f32();
    for (let i = 0; i < count; i++) {
      const at = (first + i) * columns + from;
      floats.set(data.subarray(at, at + width), i * width);
    }
    const scales = this.#scales;
    const [out, norms] = [this.#integers.at(), scales.at(scales.byteLength / 2)];
    this.#core.kernels.quantizeRows(
      this.#floats.at(),
      count,
      width,
      NO_PTR,
      LIMIT,
      this.#scratch.at(),
      out,
      scales.at(),
      norms,
    );
    return 32 * Math.ceil(width / 32);
  }

  get integers(): Block {
    return this.#integers;
  }

  scales(count: number): Float32Array {
    return this.#scales.f32(0, count);
  }
}

/**
 * out[i·b.rows + j] += weight·<row i of a, row j of b>, a and b of as many columns, out a.rows × b.rows. Where a is b only
 * one triangle is computed and then mirrored: out must be symmetric before.
 */
export function addRowProducts(core: Core, a: Rows, b: Rows, out: Float32Array, weight = 1): void {
  const isSymmetric = a === b;
  core.scope((scope) => {
    const most = Math.min(LEFT_ROWS, a.rows);
    // the kernel takes two panels of eight
    const widest = Math.min(RIGHT_ROWS, 16 * Math.ceil(b.rows / 16));
    const deepest = 32 * Math.ceil(Math.min(DEPTH, a.columns) / 32);
    const left = new IntegerRows(core, scope, most, deepest);
    const right = new IntegerRows(core, scope, widest, deepest);
    const panels = scope.reserve(2 * widest * deepest);
    const products = scope.reserve(4 * most * widest);
    for (let from = 0; from < a.columns; from += DEPTH) {
      const width = Math.min(DEPTH, a.columns - from);
      for (let second = 0; second < b.rows; second += RIGHT_ROWS) {
        const rights = Math.min(RIGHT_ROWS, b.rows - second);
        const depth = right.load(b, second, rights, from, width);
        const kept = 16 * Math.ceil(rights / 16);
        // what lies behind the last row makes products that nobody looks at
        for (let at = 0; at < 2 * kept * depth; at += 16 * depth) {
          core.kernels.packPanel(right.integers.at(at), depth, panels.at(at));
        }
        const stop = isSymmetric ? second + rights : a.rows;
        for (let first = 0; first < stop; first += LEFT_ROWS) {
          const lefts = Math.min(LEFT_ROWS, stop - first);
          left.load(a, first, lefts, from, width);
          const target = products.at();
          core.kernels.projectRows(left.integers.at(), lefts, depth, panels.at(), kept, target);
          const values = products.f32();
          const [leftScales, rightScales] = [left.scales(lefts), right.scales(rights)];
          for (let i = 0; i < lefts; i++) {
            const scale = weight * (leftScales[i] as number);
            const at = (first + i) * b.rows + second;
            for (let j = 0; j < rights; j++) {
              const product = scale * (rightScales[j] as number) * (values[i * kept + j] as number);
              out[at + j] = (out[at + j] as number) + product;
            }
          }
        }
      }
    }
  });
  if (!isSymmetric) return;
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < i; j++) out[i * a.rows + j] = out[j * a.rows + i] as number;
  }
}

/** out (a.rows × b.columns) = a·b, a.columns = b.rows: in f32 where a has few rows, else in integers as above. */
export function multiply(core: Core, a: Rows, b: Rows): Float32Array {
  const out = new Float32Array(a.rows * b.columns);
  if (a.rows >= LEFT_ROWS) {
    addRowProducts(
      core,
      a,
      { data: transpose(b.data, b.rows, b.columns), rows: b.columns, columns: b.rows },
      out,
    );
    return out;
  }
  core.scope((scope) => {
    const right = scope.reserve(4 * b.rows * b.columns);
    right.f32().set(b.data.subarray(0, b.rows * b.columns));
    const left = scope.reserve(4 * a.rows * a.columns);
    left.f32().set(a.data.subarray(0, a.rows * a.columns));
    const product = scope.reserve(4 * a.rows * b.columns);
    core.kernels.matmulF32(left.at(), right.at(), a.rows, b.columns, a.columns, product.at());
    out.set(product.f32());
  });
  return out;
}
