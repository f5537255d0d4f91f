/**
 * The axes of a model of many dimensions: Householder reflections that take `count` given directions to the first axes,
 * and a fast random rotation of all the others. Q·x costs 2·count·dims multiply-adds of 8-bit numbers where a matrix
 * costs dims² of 32 bits, and its complement need not be found, stored or multiplied with.
 *
 * Reflection r has the vector v_r = vectors[r] + diagonal[r]·e_r, in units of its greatest entry over 127 but for the
 * diagonal. Rounding to 8 bits moves a direction by about 1 %; the map stays orthonormal whatever the bytes are, since
 * what 64 of them do together is computed from the rounded vectors: I - V·T·Vᵀ, T⁻¹ the triangle of Vᵀ·V with half of its
 * diagonal (compact WY form; assembly/reflect.ts of the core).
 */
import {
  type Block,
  type Core,
  Owner,
  type Ptr,
  RandomStream,
  rotateBack,
  rotationSigns,
} from '@sagitta/core-wasm';
import { addRowProducts } from '../training/row-products.ts';

/** Reflections that are applied together. */
export const REFLECTED_TOGETHER = 64;
/** Entries that are this many times shorter than their direction are taken for 0. */
const MOST_PEAKED = 1000;
/** What a diagonal of reflectOnto is between, as a size. */
export const LEAST_DIAGONAL = 126;
export const GREATEST_DIAGONAL: number = 2.001 * 127 * MOST_PEAKED;

/** Holds a rotation as reflections in 8 bits, for models of many dims. */
export interface Reflections {
  /** d up to a multiple of the plan's block: zeros behind d. */
  readonly dims: number;
  /** Axes that were chosen: a multiple of 64, at most dims. */
  readonly count: number;
  /** For each 64 reflections, 64 rows of dims - first values: nothing stands before the first of their axes. */
  readonly vectors: Int8Array;
  /** count values, not 0. */
  readonly diagonal: Float32Array;
}

/** Entries of `vectors`. */
export function reflectionBytes(dims: number, count: number): number {
  let bytes = 0;
  for (let first = 0; first < count; first += REFLECTED_TOGETHER) {
    bytes += REFLECTED_TOGETHER * (dims - first);
  }
  return bytes;
}

/** 64 × 64: the inverse of the triangle of VᵀV with half its diagonal. V without the diagonal: 64 × width. */
function inverseOf(core: Core, vectors: Int8Array, diagonal: Float32Array, width: number): Float64Array {
  const n = REFLECTED_TOGETHER;
  const products = new Float32Array(n * n);
  const rows = { data: new Float32Array(vectors), rows: n, columns: width };
  addRowProducts(core, rows, rows, products);
  const lower = (a: number, b: number): number => {
    const product = products[a * n + b] as number;
    const own = diagonal[a] as number;
    if (a === b) return (product + own * own) / 2;
    // <v_a, e_b> is 0 for b < a, and <v_b, e_a> is what v_b has there
    return product + own * (vectors[b * width + a] as number);
  };
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let a = i; a < n; a++) {
      let sum = a === i ? 1 : 0;
      for (let b = i; b < a; b++) sum -= lower(a, b) * (inverse[b * n + i] as number);
      inverse[a * n + i] = sum / lower(a, a);
    }
  }
  return inverse;
}

/** One 64 reflections in the core. */
class ReflectedBlock extends Owner {
  readonly first: number;
  readonly #width: number;
  readonly #memory: Block;

  constructor(core: Core, first: number, width: number, vectors: Int8Array, diagonal: Float32Array) {
    super(core);
    const n = REFLECTED_TOGETHER;
    this.first = first;
    this.#width = width;
    const inverse = inverseOf(core, vectors, diagonal, width);
    this.#memory = this.allocate(4 * n + 8 * n * n + n * width);
    this.#memory.f32(0, n).set(diagonal);
    const [forward, backward] = [0, 1].map((i) => this.#memory.f32(4 * n + 4 * n * n * i, n * n)) as [
      Float32Array,
      Float32Array,
    ];
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        forward[j * n + i] = inverse[i * n + j] as number;
        backward[i * n + j] = inverse[i * n + j] as number;
      }
    }
    this.#memory.i8(4 * n + 8 * n * n, n * width).set(vectors);
  }

  /** n rows of `stride` values from byteOffset; scratch: 2·stride + 512 bytes. */
  apply(row: Block, byteOffset: number, n: number, stride: number, isBack: boolean, scratch: Ptr): void {
    const count = REFLECTED_TOGETHER;
    const memory = this.#memory;
    this.core.kernels.reflectRows(
      row.at(byteOffset + 4 * this.first),
      n,
      stride,
      this.#width,
      memory.at(4 * count + 8 * count * count),
      memory.at(),
      memory.at(4 * count + (isBack ? 4 * count * count : 0)),
      scratch,
    );
  }
}

/**
 * Reflections that take the row i of directions (count × d, orthonormal or nearly so) to the axis i, or to its opposite.
 * dims — at least d, a multiple of 16; count — a multiple of 64.
 */
export function reflectOnto(core: Core, directions: Float32Array, d: number, dims: number): Reflections {
  const count = directions.length / d;
  const together = REFLECTED_TOGETHER;
  const vectors = new Int8Array(reflectionBytes(dims, count));
  const diagonal = new Float32Array(count);
  core.scope((scope) => {
    const rows = scope.reserve(4 * together * dims);
    const scratch = scope.reserve(2 * dims + 512);
    const blocks: ReflectedBlock[] = [];
    try {
      for (let first = 0, at = 0; first < count; first += together) {
        const width = dims - first;
        const values = rows.f32(0, together * dims);
        values.fill(0);
        for (let r = 0; r < together; r++) {
          values.set(directions.subarray((first + r) * d, (first + r + 1) * d), r * dims);
        }
        for (const block of blocks) block.apply(rows, 0, together, dims, false, scratch.at());
        const own = vectors.subarray(at, at + together * width);
        const ownDiagonal = diagonal.subarray(first, first + together);
        reflectionsOf(rows.f32(0, together * dims), dims, first, own, ownDiagonal);
        blocks.push(new ReflectedBlock(core, first, width, own, ownDiagonal));
        at += own.length;
      }
    } finally {
      for (const block of blocks) block[Symbol.dispose]();
    }
  });
  return { dims, count, vectors, diagonal };
}

/** The 64 reflections for rows (64 × dims) that those before have turned already; theirs begin at the axis `first`. */
function reflectionsOf(
  rows: Float32Array,
  dims: number,
  first: number,
  vectors: Int8Array,
  diagonal: Float32Array,
): void {
  const width = dims - first;
  const row = new Float64Array(width);
  const norms = new Float64Array(REFLECTED_TOGETHER);
  for (let r = 0; r < REFLECTED_TOGETHER; r++) {
    row.set(rows.subarray(r * dims + first, (r + 1) * dims));
    for (let s = 0; s < r; s++) {
      const from = s * width;
      let dot = (row[s] as number) * (diagonal[s] as number);
      for (let j = s + 1; j < width; j++) dot += (row[j] as number) * (vectors[from + j] as number);
      const weight = (2 * dot) / (norms[s] as number);
      row[s] = (row[s] as number) - weight * (diagonal[s] as number);
      for (let j = s + 1; j < width; j++) {
        row[j] = (row[j] as number) - weight * (vectors[from + j] as number);
      }
    }
    let energy = 0;
    let most = 0;
    for (let j = r; j < width; j++) {
      energy += (row[j] as number) * (row[j] as number);
      if (j > r) most = Math.max(most, Math.abs(row[j] as number));
    }
    // a direction that the others have used up: its axis as it is
    if (!(energy > 1e-12)) energy = row[r] = 1;
    const norm = Math.sqrt(energy);
    const unit = Math.max(most, norm / MOST_PEAKED) / 127;
    const own = row[r] as number;
    diagonal[r] = (own < 0 ? own - norm : own + norm) / unit;
    let square = (diagonal[r] as number) * (diagonal[r] as number);
    for (let j = r + 1; j < width; j++) {
      const value = Math.round((row[j] as number) / unit);
      vectors[r * width + j] = value;
      square += value * value;
    }
    norms[r] = square;
  }
}

/** Applies reflections and rotation to rows in the core; holds both there until disposed. */
export class ReflectionTransform extends Owner {
  readonly dims: number;
  readonly #count: number;
  readonly #blocks: ReflectedBlock[] = [];
  readonly #scratch: Block;
  readonly #signs: Uint32Array;
  readonly #signBlock: Block;

  /** kept — the axes that are looked at; the rotation is left out where it does not reach them. */
  constructor(core: Core, reflections: Reflections, seed: number, kept: number) {
    super(core);
    const { dims, count, vectors, diagonal } = reflections;
    this.dims = dims;
    this.#count = count;
    // of the other axes
    this.#signs = rotationSigns(new RandomStream(seed, 'saq/rest'), kept > count ? dims - count : 0);
    this.#scratch = this.allocate(2 * dims + 512);
    this.#signBlock = this.allocate(this.#signs.byteLength);
    this.#signBlock.u32(0, this.#signs.length).set(this.#signs);
    let at = 0;
    for (let first = 0; first < count; first += REFLECTED_TOGETHER) {
      const width = dims - first;
      const bytes = REFLECTED_TOGETHER * width;
      const some = vectors.subarray(at, at + bytes);
      const own = diagonal.subarray(first, first + REFLECTED_TOGETHER);
      this.#blocks.push(this.own(() => new ReflectedBlock(core, first, width, some, own)));
      at += bytes;
    }
  }

  /** n rows of dims values from byteOffset, in place: x → Q·x. */
  apply(rows: Block, n: number, byteOffset = 0): void {
    const { dims } = this;
    for (const block of this.#blocks) block.apply(rows, byteOffset, n, dims, false, this.#scratch.at());
    const rest = this.#signs.length / 4;
    if (rest === 0) return;
    const first = rows.at(byteOffset + 4 * this.#count);
    this.core.kernels.rotateF32Rows(first, n, dims, rest, this.#signBlock.at());
  }

  /** n rows of dims values at the start of the block, in place: y → Qᵀ·y. */
  invert(rows: Block, n: number): void {
    const { dims } = this;
    if (this.#signs.length > 0) {
      const values = rows.f32(0, n * dims);
      for (let i = 0; i < n; i++) {
        rotateBack(values.subarray(i * dims + this.#count, (i + 1) * dims), this.#signs);
      }
    }
    for (let b = this.#blocks.length - 1; b >= 0; b--) {
      (this.#blocks[b] as ReflectedBlock).apply(rows, 0, n, dims, true, this.#scratch.at());
    }
  }
}
