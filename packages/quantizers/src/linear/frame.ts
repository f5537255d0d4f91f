/**
 * The coordinates in which a code is made: x ↦ R·(x - c), padded with zeros to a multiple of 16. R is the identity, a
 * random rotation, some coordinates of one, or a matrix (PCA, OPQ); queries may have a matrix of their own (LeanVec).
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
  /** 4 × paddedDims(d) of 0 or 0x80000000: sign flips of the rotation. */
  readonly signs?: Uint32Array;
  /** Coordinates of the rotation that are kept, ascending, times √(paddedDims(d)/kept); default all. */
  readonly kept?: Uint32Array;
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

/** `dims` coordinates of a random rotation, drawn without replacement. */
export function keptFrame(d: number, dims: number, random: RandomStream): Frame {
  const order = Uint32Array.from({ length: paddedDims(d) }, (_, j) => j);
  random.fork('kept').shuffle(order);
  const kept = order.slice(0, dims).sort();
  return { ...rotatedFrame(d, random.fork('rotation')), dims: paddedDims(dims), kept };
}

/** √(paddedDims(d)/kept): makes up for what is left out, so that lengths are right on average; 1 where all is kept. */
export function keptScale({ d, kept }: Frame): number {
  return kept ? Math.sqrt(paddedDims(d) / kept.length) : 1;
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
  /** Dims of the rotation, or of the frame. */
  readonly #turned: number;
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
    this.#turned = signs ? paddedDims(d) : dims;
    this.#rows = this.allocate(rows * Math.max(d, this.#turned) * 4);
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
    const { d, dims } = this.frame;
    if (!this.#operator && d === dims) return rows;
    const n = rows.length / d;
    const out = new Float32Array(n * dims);
    const turned = this.#turned;
    const chunk = this.#rows.byteLength / (4 * Math.max(d, turned));
    for (let first = 0; first < n; first += chunk) {
      const count = Math.min(chunk, n - first);
      const target = out.subarray(first * dims, (first + count) * dims);
      if (this.#out.byteLength > 0)
        this.#multiply(rows.subarray(first * d, (first + count) * d), count, target);
      else {
        const own = this.#rows.f32(0, count * turned);
        if (d === turned) own.set(rows.subarray(first * d, (first + count) * d));
        else {
          own.fill(0);
          for (let i = 0; i < count; i++) {
            own.set(rows.subarray((first + i) * d, (first + i + 1) * d), i * turned);
          }
        }
        this.#rotate(count);
        target.set(own.subarray(0, target.length));
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
    const { d, dims } = this.frame;
    const { kernels } = this.core;
    if (this.#out.byteLength === 0) {
      kernels.residualRows(vectors, n, d, origin, this.#turned, this.#rows.at());
      this.#rotate(n);
      return this.#rows.at();
    }
    const operator = this.#operator as Block;
    kernels.residualRows(vectors, n, d, origin, d, this.#rows.at());
    kernels.matmulF32(this.#rows.at(), operator.at(), n, this.#kept, d, this.#out.at());
    if (this.#kept === dims) return this.#out.at();
    kernels.residualRows(this.#out.at(), n, this.#kept, NO_PTR, dims, this.#rows.at());
    return this.#rows.at();
  }

  /** The rows that were loaded, n × #turned → n × dims at the same place. */
  #rotate(n: number): void {
    const { dims, kept } = this.frame;
    const turned = this.#turned;
    if (!this.#operator) return;
    this.core.kernels.rotateF32Rows(this.#rows.at(), n, turned, turned, this.#operator.at());
    if (!kept) return;
    const scale = keptScale(this.frame);
    const own = this.#rows.f32(0, n * turned);
    for (let i = 0; i < n; i++) {
      // ascending, and dims ≤ turned: nothing is overwritten before it is read
      for (let t = 0; t < kept.length; t++) {
        own[i * dims + t] = scale * (own[i * turned + (kept[t] as number)] as number);
      }
      own.fill(0, i * dims + kept.length, (i + 1) * dims);
    }
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
 * queries it is that one's: <A·q, z> = <q, Aᵀ·z>. Of kept coordinates it is the shortest vector that has them.
 */
export function fromFrame(frame: Frame, rows: Float32Array): Float32Array {
  const { d, dims, signs, kept } = frame;
  const matrix = frame.queryMatrix ?? frame.matrix;
  const n = rows.length / dims;
  const out = new Float32Array(n * d);
  const z = new Float64Array(signs ? paddedDims(d) : dims);
  const scale = 1 / keptScale(frame);
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
    if (kept) {
      z.fill(0);
      for (let t = 0; t < kept.length; t++) z[kept[t] as number] = scale * (row[t] as number);
    } else z.set(row);
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
  const { signs, kept, matrix, queryMatrix } = frame;
  writer.u32((signs ? 1 : 0) | (matrix ? 2 : 0) | (queryMatrix ? 4 : 0) | (kept ? 8 : 0)).u32(frame.dims);
  if (signs) writer.array(signs);
  if (kept) writer.u32(kept.length).array(kept);
  for (const values of [matrix, queryMatrix]) if (values) writer.u32(values.length / frame.d).array(values);
}

/** @throws FormatError on what writeFrame would not have written */
export function readFrame(reader: ByteReader, d: number): Frame {
  const kind = reader.u32In('frame', 0, 9);
  if (![0, 1, 2, 6, 9].includes(kind)) reader.fail(`"frame" expected 0, 1, 2, 6 or 9, got ${kind}`);
  const dims = reader.u32In('dims', 16, paddedDims(d));
  if (dims % 16 !== 0 || (kind < 2 && dims !== paddedDims(d))) {
    reader.fail(`"dims" expected ${paddedDims(d)}, got ${dims}`);
  }
  if (kind === 0) return { d, dims };
  if (kind === 1) return { d, dims, signs: readSigns(reader, d) };
  if (kind === 9) return { d, dims, signs: readSigns(reader, d), kept: readKept(reader, d, dims) };
  const matrix = readMatrix(reader, d, dims);
  return kind === 2 ? { d, dims, matrix } : { d, dims, matrix, queryMatrix: readMatrix(reader, d, dims) };
}

function readSigns(reader: ByteReader, d: number): Uint32Array {
  const signs = reader.u32Array(4 * paddedDims(d));
  if (signs.some((sign) => sign !== 0 && sign !== 0x80000000)) reader.fail('"signs" expected sign bits only');
  return signs;
}

function readKept(reader: ByteReader, d: number, dims: number): Uint32Array {
  const kept = reader.u32Array(reader.u32In('kept coordinates', dims - 15, dims));
  const at = kept.findIndex((j, t) => j >= paddedDims(d) || (t > 0 && j <= (kept[t - 1] as number)));
  if (at >= 0)
    reader.fail(`"kept" expected ascending numbers below ${paddedDims(d)}, got ${kept[at]} at ${at}`);
  return kept;
}

function readMatrix(reader: ByteReader, d: number, dims: number): Float32Array {
  const kept = reader.u32In('matrix rows', dims - 15, dims);
  return reader.f32Array('matrix', kept * d);
}
