/**
 * The coordinates in which a code is made: x ↦ R·(x - c), padded with zeros to a multiple of 16. R is the identity, a
 * random rotation, or a matrix (PCA, OPQ); queries may have a matrix of their own (LeanVec).
 */
import {
  type Block,
  type ByteReader,
  type ByteWriter,
  type Core,
  NO_PTR,
  Owner,
  type Ptr,
  type RandomStream,
  rotateBack,
  rotationSigns,
} from '@sagitta/core-wasm';
import { transpose } from '../transpose.ts';

/** Turns vectors into the coordinates in which they are coded, and back. */
export interface Frame {
  readonly d: number;
  /** A multiple of 16. */
  readonly dims: number;
  /** 4 × dims of 0 or 0x80000000: sign flips of the rotation. */
  readonly signs?: Uint32Array;
  /** kept × d, kept ≤ dims: rows of the matrix. */
  readonly matrix?: Float32Array;
  /** kept × d, for queries; default: matrix. */
  readonly queryMatrix?: Float32Array;
}

/** Rows that go through at a time. */
export const FRAME_CHUNK = 256;

export function paddedDims(d: number): number {
  return 16 * Math.ceil(d / 16);
}

export function identityFrame(d: number): Frame {
  return { d, dims: paddedDims(d) };
}

export function rotatedFrame(d: number, random: RandomStream): Frame {
  const dims = paddedDims(d);
  return { d, dims, signs: rotationSigns(random, dims) };
}

/** matrix — kept × d. */
export function matrixFrame(d: number, matrix: Float32Array, queryMatrix?: Float32Array): Frame {
  const dims = paddedDims(matrix.length / d);
  return queryMatrix ? { d, dims, matrix, queryMatrix } : { d, dims, matrix };
}

/** Takes rows into the frame; holds the matrix or the signs in the core's memory until disposed. */
export class FrameTransform extends Owner {
  readonly frame: Frame;
  readonly #kept: number;
  readonly #operator: Block | undefined;
  readonly #rows: Block;
  readonly #out: Block;

  constructor(core: Core, frame: Frame, role: 'data' | 'query') {
    super(core);
    this.frame = frame;
    const { d, dims, signs } = frame;
    const matrix = role === 'query' ? (frame.queryMatrix ?? frame.matrix) : frame.matrix;
    const rows = role === 'query' ? 1 : FRAME_CHUNK;
    this.#kept = matrix ? matrix.length / d : dims;
    this.#rows = this.allocate(rows * Math.max(d, dims) * 4);
    this.#out = this.allocate(matrix ? rows * this.#kept * 4 : 0);
    if (matrix) {
      this.#operator = this.allocate(matrix.byteLength);
      this.#operator.f32(0, matrix.length).set(transpose(matrix, this.#kept, d));
    } else if (signs) {
      this.#operator = this.allocate(signs.byteLength);
      this.#operator.u32(0, signs.length).set(signs);
    }
  }

  /** rows — n × d → n × dims; rows themselves where the frame is the identity, else fresh. */
  apply(rows: Float32Array): Float32Array {
    this.checkLive('transform');
    const { d, dims, signs } = this.frame;
    if (!this.#operator && d === dims) return rows;
    const n = rows.length / d;
    const out = new Float32Array(n * dims);
    const chunk = this.#rows.byteLength / (4 * Math.max(d, dims));
    for (let first = 0; first < n; first += chunk) {
      const count = Math.min(chunk, n - first);
      const target = out.subarray(first * dims, (first + count) * dims);
      if (this.#out.byteLength > 0)
        this.#multiply(rows.subarray(first * d, (first + count) * d), count, target);
      else {
        const own = this.#rows.f32(0, count * dims);
        if (d === dims) own.set(rows.subarray(first * d, (first + count) * d));
        else {
          own.fill(0);
          for (let i = 0; i < count; i++) {
            own.set(rows.subarray((first + i) * d, (first + i + 1) * d), i * dims);
          }
        }
        if (signs && this.#operator) {
          this.core.kernels.rotateF32Rows(this.#rows.at(), count, dims, dims, this.#operator.at());
        }
        target.set(own);
      }
    }
    return out;
  }

  /**
   * Up to FRAME_CHUNK vectors (n × d in the core) less origin (d values or NO_PTR) in the frame: n × dims, valid until the
   * next call. Only of a transform of data.
   */
  load(vectors: Ptr, n: number, origin: Ptr): Ptr {
    this.checkLive('transform');
    const { d, dims, signs } = this.frame;
    const { kernels } = this.core;
    if (this.#out.byteLength === 0) {
      kernels.residualRows(vectors, n, d, origin, dims, this.#rows.at());
      if (signs && this.#operator) kernels.rotateF32Rows(this.#rows.at(), n, dims, dims, this.#operator.at());
      return this.#rows.at();
    }
    const operator = this.#operator as Block;
    kernels.residualRows(vectors, n, d, origin, d, this.#rows.at());
    kernels.matmulF32(this.#rows.at(), operator.at(), n, this.#kept, d, this.#out.at());
    if (this.#kept === dims) return this.#out.at();
    kernels.residualRows(this.#out.at(), n, this.#kept, NO_PTR, dims, this.#rows.at());
    return this.#rows.at();
  }

  #multiply(rows: Float32Array, count: number, target: Float32Array): void {
    const { d, dims } = this.frame;
    const kept = this.#kept;
    this.#rows.f32(0, count * d).set(rows);
    const operator = this.#operator as Block;
    this.core.kernels.matmulF32(this.#rows.at(), operator.at(), count, kept, d, this.#out.at());
    const product = this.#out.f32(0, count * kept);
    if (kept === dims) target.set(product);
    else for (let i = 0; i < count; i++) target.set(product.subarray(i * kept, (i + 1) * kept), i * dims);
  }
}

/**
 * Rᵀ·z for rows z (n × dims) → n × d: the inverse where R is orthonormal, else of what its rows span. With a matrix of the
 * queries it is that one's: <A·q, z> = <q, Aᵀ·z>.
 */
export function fromFrame(frame: Frame, rows: Float32Array): Float32Array {
  const { d, dims, signs } = frame;
  const matrix = frame.queryMatrix ?? frame.matrix;
  const n = rows.length / dims;
  const out = new Float32Array(n * d);
  const z = new Float64Array(dims);
  for (let i = 0; i < n; i++) {
    const row = rows.subarray(i * dims, (i + 1) * dims);
    if (matrix) {
      const kept = matrix.length / d;
      for (let j = 0; j < d; j++) {
        let sum = 0;
        for (let t = 0; t < kept; t++) sum += (matrix[t * d + j] as number) * (row[t] as number);
        out[i * d + j] = sum;
      }
      continue;
    }
    z.set(row);
    if (signs) rotateBack(z, signs);
    for (let j = 0; j < d; j++) out[i * d + j] = z[j] as number;
  }
  return out;
}

/** c' = R(c - μ), with the matrix of queries: products with c' belong to the query's side. undefined where it is 0. */
export function centreOf(
  core: Core,
  frame: Frame,
  mean: Float32Array,
  origin: Float32Array,
): Float32Array | undefined {
  const shift = origin.map((value, j) => value - (mean[j] as number));
  if (shift.every((value) => value === 0)) return undefined;
  using transform = new FrameTransform(core, frame, 'query');
  return transform.apply(shift);
}

export function writeFrame(writer: ByteWriter, frame: Frame): void {
  const { signs, matrix, queryMatrix } = frame;
  writer.u32((signs ? 1 : 0) | (matrix ? 2 : 0) | (queryMatrix ? 4 : 0)).u32(frame.dims);
  if (signs) writer.array(signs);
  for (const values of [matrix, queryMatrix]) if (values) writer.u32(values.length / frame.d).array(values);
}

/** @throws FormatError on what writeFrame would not have written */
export function readFrame(reader: ByteReader, d: number): Frame {
  const kind = reader.u32In('frame', 0, 6);
  if (![0, 1, 2, 6].includes(kind)) reader.fail(`"frame" expected 0, 1, 2 or 6, got ${kind}`);
  const dims = reader.u32In('dims', 16, paddedDims(d));
  if (dims % 16 !== 0 || (kind < 2 && dims !== paddedDims(d))) {
    reader.fail(`"dims" expected ${paddedDims(d)}, got ${dims}`);
  }
  if (kind === 0) return { d, dims };
  if (kind === 1) {
    const signs = reader.u32Array(4 * dims);
    if (signs.some((sign) => sign !== 0 && sign !== 0x80000000))
      reader.fail('"signs" expected sign bits only');
    return { d, dims, signs };
  }
  const matrix = readMatrix(reader, d, dims);
  return kind === 2 ? { d, dims, matrix } : { d, dims, matrix, queryMatrix: readMatrix(reader, d, dims) };
}

function readMatrix(reader: ByteReader, d: number, dims: number): Float32Array {
  const kept = reader.u32In('matrix rows', dims - 15, dims);
  return reader.f32Array('matrix', kept * d);
}
