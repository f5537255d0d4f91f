/**
 * The energy along the axes of a model, as bit allocation is given it: of the sample, of residuals, and evened out where a
 * sample is too small to tell.
 */
import type { Core, VectorSet } from '@sagitta/core-wasm';
import { projectRows } from './encoder.ts';

/** A sample that spans no more directions than this says nothing of the others. */
const FEW_DIRECTIONS = 16;
/** Variances below this share of the greatest are rounding. */
const ROUNDING = 1e-6;
/** Residuals that are looked at along axes of more than 1,024 dims: blocks of axes share their bits. */
const MOST_ROWS = 1024;

export interface Spectrum {
  readonly d: number;
  readonly mean: Float32Array;
  /** Leading directions × d. */
  readonly directions: Float32Array;
  /** Mean square along each direction, then evenly along what is beyond them: d values, or d up to the plan's block. */
  readonly variances: Float64Array;
}

/** leading variances, then what they leave of the total evenly: all values. */
export function spread(leading: Float64Array, total: number, all: number): Float64Array {
  const out = new Float64Array(all);
  out.set(leading);
  const rest = Math.max(0, total - leading.reduce((sum, value) => sum + value, 0));
  if (all > leading.length) out.fill(rest / (all - leading.length), leading.length);
  return out;
}

/** Mean square of rows (n × d) along the axes of a spectrum. */
export function energyAlong(
  core: Core,
  rows: Float32Array,
  { d, directions, variances }: Spectrum,
): Float64Array {
  const known = directions.length / d;
  const n = rows.length / d;
  const used = known === d ? n : Math.min(n, MOST_ROWS);
  const some = used === n ? rows : evenly(rows, d, used);
  const energy = new Float64Array(known);
  projectRows(core, some, d, directions, known, (projected, count) => {
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < known; j++) {
        const value = projected[i * known + j] as number;
        energy[j] = (energy[j] as number) + value * value;
      }
    }
  });
  const means = energy.map((sum) => sum / used);
  if (known === d) return means;
  let total = 0;
  for (const value of some) total += value * value;
  return spread(means, total / used, variances.length);
}

function evenly(rows: Float32Array, d: number, count: number): Float32Array {
  const out = new Float32Array(count * d);
  const n = rows.length / d;
  for (let i = 0; i < count; i++) {
    const row = Math.floor((i * n) / count);
    out.set(rows.subarray(row * d, (row + 1) * d), i * d);
  }
  return out;
}

/**
 * The energies of queries and of what is coded, drawn towards their means where the sample has no more vectors than
 * dimensions: what few vectors do not show is not 0. By how much is Ledoit & Wolf's estimate (2004, theorem 3.4), at least
 * 16 vectors' weight; entirely where at most 16 directions are seen. A sample without any energy has that of its mean, and
 * residuals without any, each vector a centroid of its own, have the sample's.
 */
export function evened(
  sample: VectorSet,
  { d, mean, variances }: Spectrum,
  found: Float64Array,
): [queries: Float64Array, own: Float64Array] {
  const { n } = sample;
  const greatest = variances.reduce((most, value) => Math.max(most, value), 0);
  const directions = variances.reduce((count, value) => count + (value > ROUNDING * greatest ? 1 : 0), 0);
  const isFew = directions <= Math.min(FEW_DIRECTIONS, d - 1);
  const isNothing = found.every((value) => value === 0);
  const share = isFew ? 1 : n <= d ? Math.max(FEW_DIRECTIONS / n, shrinkage(sample, mean, variances)) : 0;
  const seen = isNothing ? variances : found;
  if (share === 0) return [variances, seen];
  const fallback = mean.reduce((sum, value) => sum + value * value, 0) / d || 1;
  return [variances, seen].map((energies) => {
    const average = energies.reduce((sum, value) => sum + value, 0) / energies.length || fallback;
    return energies.map((value) => (1 - share) * value + share * average);
  }) as [Float64Array, Float64Array];
}

/** Share of the identity in Ledoit and Wolf's covariance: the variance of the sample's own over its distance from it. */
function shrinkage({ data, n, d }: VectorSet, mean: Float32Array, variances: Float64Array): number {
  let fourth = 0;
  for (let i = 0; i < n; i++) {
    let square = 0;
    for (let j = 0; j < d; j++) {
      const value = (data[i * d + j] as number) - (mean[j] as number);
      square += value * value;
    }
    fourth += square * square;
  }
  let squares = 0;
  let total = 0;
  for (const value of variances) {
    squares += value * value;
    total += value;
  }
  const distance = squares - (total * total) / d;
  const variance = (fourth / n - squares) / n;
  return distance > 0 ? Math.min(1, Math.max(0, variance / distance)) : 1;
}
