/** The one form of every map of a bridge: y = x·M + c, scaled back to the length of x. */
import type { Core } from '@sagitta/core-wasm';
import { product, transposed } from './dense.ts';

/** Rows mapped at a time. */
const BATCH_ROWS = 1024;

/** x·matrix + constant. */
export interface Affine {
  /** Dimensions of x. */
  readonly from: number;
  /** Dimensions of the result. */
  readonly to: number;
  /** from × to; in f64 while a map is fitted. */
  readonly matrix: Float32Array | Float64Array;
  /** to numbers. */
  readonly constant: Float32Array | Float64Array;
}

/** (x - shift)·matrix + offset as one affine map. */
export function affine(
  matrix: Float64Array,
  from: number,
  to: number,
  shift?: Float64Array,
  offset?: Float64Array,
): Affine {
  const taken = shift === undefined ? new Float64Array(to) : product(shift, matrix, 1, from, to);
  const constant = taken.map((value, j) => (offset?.[j] ?? 0) - value);
  return { from, to, matrix, constant };
}

/** A map of coordinates as a map of what they are coordinates of, as stored: f32. Without a basis a side stays as it is. */
export function expanded(
  { from, to, matrix, constant }: Affine,
  source: Float64Array | undefined,
  target: Float64Array | undefined,
): Affine {
  let map: Float64Array = Float64Array.from(matrix);
  let rest: Float64Array = Float64Array.from(constant);
  let [p, q] = [from, to];
  if (source !== undefined) {
    p = source.length / from;
    map = product(source, map, p, from, to);
  }
  if (target !== undefined) {
    q = target.length / to;
    const back = transposed(target, q, to);
    map = product(map, back, p, to, q);
    rest = product(rest, back, 1, to, q);
  }
  return { from: p, to: q, matrix: Float32Array.from(map), constant: Float32Array.from(rest) };
}

/**
 * Maps rows (n × from): each is scaled to length 1, mapped, and given the length that it had. Zero rows stay zero.
 * @param core - whose kernel multiplies
 */
export function mapRows(
  core: Core,
  { from, to, matrix, constant }: Affine,
  rows: Float32Array,
): Float32Array {
  const n = rows.length / from;
  const out = new Float32Array(n * to);
  core.scope((scope) => {
    const operator = scope.reserve(4 * from * to);
    operator.f32(0, from * to).set(matrix);
    const some = scope.reserve(4 * Math.min(n, BATCH_ROWS) * from);
    const mapped = scope.reserve(4 * Math.min(n, BATCH_ROWS) * to);
    for (let first = 0; first < n; first += BATCH_ROWS) {
      const count = Math.min(BATCH_ROWS, n - first);
      const lengths = new Float64Array(count);
      const units = some.f32(0, count * from);
      for (let i = 0; i < count; i++) {
        const at = (first + i) * from;
        let energy = 0;
        for (let j = at; j < at + from; j++) energy += (rows[j] as number) * (rows[j] as number);
        const length = Math.sqrt(energy);
        lengths[i] = length;
        const scale = length > 0 ? 1 / length : 0;
        for (let j = 0; j < from; j++) units[i * from + j] = (rows[at + j] as number) * scale;
      }
      core.kernels.matmulF32(some.at(), operator.at(), count, to, from, mapped.at());
      const values = mapped.f32(0, count * to);
      for (let i = 0; i < count; i++) {
        let energy = 0;
        for (let j = 0; j < to; j++)
          energy += ((values[i * to + j] as number) + (constant[j] as number)) ** 2;
        const scale = energy > 0 ? (lengths[i] as number) / Math.sqrt(energy) : 0;
        const at = (first + i) * to;
        for (let j = 0; j < to; j++) {
          out[at + j] = ((values[i * to + j] as number) + (constant[j] as number)) * scale;
        }
      }
    }
  });
  return out;
}
