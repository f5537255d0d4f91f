/**
 * A matrix whose rows are 16-bit integers with a scale each, and products of rows of floats with all of its rows.
 *
 *   <x, r_i> ≈ (1/s)·scale_i·<round(s·x), code_i>
 *
 * The kernels are the encoder's of SAQ: exact in any order, hence the same bytes on every engine, alone or among others, at
 * twice the speed of float32 and half its bytes. Every row is rounded to about 2^-13 of its root mean square.
 *
 * Memory: 2 bytes a number, columns filled up to a multiple of 32 and rows to one of 16.
 */
import { type Block, type Core, NO_PTR, Owner, type Scope } from '@sagitta/core-wasm';

/** The longest that a run of 32 values of a row may be, so that the product of two runs stays under 2³¹. */
const LIMIT = 46_330;
/** LIMIT, and what rounding adds to a run. */
const LONGEST_RUN = LIMIT + 3;
const RUN = 32;
/** Rows of a panel, and panels that the kernel takes at a time. */
const PANEL = 8;
const KEPT = 16;
/** Bytes of the floats that are quantized at a time. */
const SCRATCH_BYTES = 4 * 1024 * 1024;

/** A matrix of integer rows. */
export interface IntegerRows {
  readonly rows: number;
  readonly columns: number;
  /** rows × columns. */
  readonly codes: Int16Array;
  /** rows: what a code is multiplied by. */
  readonly scales: Float32Array;
}

function upTo(multiple: number, value: number): number {
  return multiple * Math.ceil(value / multiple);
}

/** Rounds rows of floats (rows × columns, finite, of moderate size) to integers. */
export function toIntegerRows(core: Core, values: Float32Array, rows: number, columns: number): IntegerRows {
  const codes = new Int16Array(rows * columns);
  const scales = new Float32Array(rows);
  const depth = upTo(RUN, columns);
  const step = Math.max(1, Math.floor(SCRATCH_BYTES / (4 * depth)));
  for (let first = 0; first < rows; first += step) {
    const count = Math.min(step, rows - first);
    core.scope((scope) => {
      const from = values.subarray(first * columns, (first + count) * columns);
      const { integers, scales: own } = quantized(core, scope, from, count, columns);
      const padded = integers.i16(0, count * depth);
      for (let i = 0; i < count; i++) {
        codes.set(padded.subarray(i * depth, i * depth + columns), (first + i) * columns);
      }
      scales.set(own.f32(0, count), first);
    });
  }
  return { rows, columns, codes, scales };
}

/** What the integers stand for: rows × columns. */
export function fromIntegerRows({ rows, columns, codes, scales }: IntegerRows): Float32Array {
  const out = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const scale = scales[i] as number;
    for (let j = i * columns; j < (i + 1) * columns; j++) out[j] = scale * (codes[j] as number);
  }
  return out;
}

/** What is wrong with rows that did not come from toIntegerRows, or undefined: a run that is too long for the kernel. */
export function integerRowsDefect(label: string, { rows, columns, codes }: IntegerRows): string | undefined {
  for (let i = 0; i < rows; i++) {
    for (let from = 0; from < columns; from += RUN) {
      let energy = 0;
      const end = i * columns + Math.min(from + RUN, columns);
      for (let j = i * columns + from; j < end; j++) energy += (codes[j] as number) ** 2;
      if (energy <= LONGEST_RUN * LONGEST_RUN) continue;
      return `"${label}" expected runs of 32 integers at most ${LONGEST_RUN} long, got ${Math.sqrt(energy)} in row ${i}`;
    }
  }
  return undefined;
}

/** Products of rows of floats with all rows of a matrix, as the kernel leaves them, in the caller's scope. */
export interface IntegerProducts {
  /** f32[n × stride]: entry j of row i is to be multiplied by scale i and right[j]. */
  readonly out: Block;
  /** f32[n]. */
  readonly scales: Block;
}

/** Integer rows in a core, ready for products. */
export class IntegerMatrix extends Owner {
  readonly rows: number;
  readonly columns: number;
  /** Scales of the rows. */
  readonly right: Float32Array;
  /** Numbers of a row of products. */
  readonly stride: number;
  readonly #depth: number;
  readonly #panels: Block;

  constructor(core: Core, { rows, columns, codes, scales }: IntegerRows) {
    super(core);
    this.rows = rows;
    this.columns = columns;
    this.right = scales;
    this.stride = upTo(KEPT, rows);
    this.#depth = upTo(RUN, columns);
    this.#panels = this.allocate(2 * this.stride * this.#depth);
    this.own(() => {
      this.#pack(codes);
      return undefined;
    });
  }

  #pack(codes: Int16Array): void {
    const { rows, columns, core } = this;
    const depth = this.#depth;
    core.scope((scope) => {
      const plain = scope.reserve(2 * PANEL * depth);
      for (let first = 0; first < this.stride; first += PANEL) {
        const target = plain.i16(0, PANEL * depth).fill(0);
        for (let i = first; i < Math.min(first + PANEL, rows); i++) {
          target.set(codes.subarray(i * columns, (i + 1) * columns), (i - first) * depth);
        }
        core.kernels.packPanel(plain.at(), depth, this.#panels.at(2 * first * depth));
      }
    });
  }

  /** Products of n rows (n × columns). */
  products(scope: Scope, values: Float32Array, n: number): IntegerProducts {
    const floats = scope.reserve(4 * n * this.columns);
    floats.f32(0, n * this.columns).set(values);
    return this.productsOf(scope, floats, n);
  }

  /** Products of n rows that are in the core already. */
  productsOf(scope: Scope, floats: Block, n: number): IntegerProducts {
    this.checkLive('matrix');
    const out = scope.reserve(4 * n * this.stride);
    const { integers, scales } = quantizedIn(this.core, scope, floats, n, this.columns);
    this.core.kernels.projectRows(integers.at(), n, this.#depth, this.#panels.at(), this.stride, out.at());
    return { out, scales };
  }
}

function quantized(
  core: Core,
  scope: Scope,
  values: Float32Array,
  n: number,
  columns: number,
): { readonly integers: Block; readonly scales: Block } {
  const floats = scope.reserve(4 * n * columns);
  floats.f32(0, n * columns).set(values);
  return quantizedIn(core, scope, floats, n, columns);
}

function quantizedIn(
  core: Core,
  scope: Scope,
  floats: Block,
  n: number,
  columns: number,
): { readonly integers: Block; readonly scales: Block } {
  const depth = upTo(RUN, columns);
  const scratch = scope.reserve(4 * depth);
  const norms = scope.reserve(4 * n);
  const scales = scope.reserve(4 * n);
  const integers = scope.reserve(2 * n * depth);
  core.kernels.quantizeRows(
    floats.at(),
    n,
    columns,
    NO_PTR,
    LIMIT,
    scratch.at(),
    integers.at(),
    scales.at(),
    norms.at(),
  );
  return { integers, scales };
}
