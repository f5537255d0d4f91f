/** Plain twins of assembly/project.ts. What they write ends in stored bytes: they agree bit for bit. */
import { laneSum } from './lane-sum.ts';

const { fround } = Math;

/** Dims whose products are summed in i32. */
const RUN = 32;

/** out f32[n × stride] = rows (n × d) - origin, zeros behind d. */
export function residualRows(
  rows: Float32Array,
  n: number,
  d: number,
  origin: Float32Array | undefined,
  stride: number,
  out: Float32Array,
): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < stride; j++) {
      out[i * stride + j] = j < d ? (rows[i * d + j] as number) - (origin?.[j] ?? 0) : 0;
    }
  }
}

/**
 * Rows less origin as i16 (n × d up to a multiple of 32), their scales (1/s, 0 without energy) and |x|²; limit is the
 * longest that 32 dims in a row may be in units of 1/s.
 */
export function quantizeRows(
  rows: Float32Array,
  n: number,
  d: number,
  origin: Float32Array | undefined,
  limit: number,
  out: Int16Array,
  scales: Float32Array,
  norms: Float32Array,
): void {
  const depth = RUN * Math.ceil(d / RUN);
  const x = new Float32Array(depth);
  for (let i = 0; i < n; i++) {
    residualRows(rows.subarray(i * d, (i + 1) * d), 1, d, origin, depth, x);
    let norm = 0;
    let longest = 0;
    for (let j = 0; j < depth; j += RUN) {
      const sum = laneSum(RUN, 4, (t) => fround((x[j + t] as number) * (x[j + t] as number)));
      norm = fround(norm + sum);
      longest = Math.max(longest, sum);
    }
    const most = x.reduce((greatest, value) => Math.max(greatest, Math.abs(value)), 0);
    const scale =
      longest > 0 ? Math.min(fround(32767 / most), fround(limit / fround(Math.sqrt(longest)))) : 0;
    norms[i] = norm;
    scales[i] = scale > 0 ? 1 / scale : 0;
    for (let j = 0; j < depth; j++) out[i * depth + j] = nearest(fround((x[j] as number) * scale));
  }
}

/** To the nearest whole number, ties to even. */
function nearest(value: number): number {
  return fround(value + 12_582_912) - 12_582_912;
}

/** Puts 8 rows of a matrix, rows i16[8 × depth], into a panel: for each pair of dims, the pair of row 0, 1, … 7. */
export function packPanel(rows: Int16Array, depth: number, out: Int16Array): void {
  for (let row = 0; row < 8; row++) {
    for (let j = 0; j < depth; j++) {
      out[(j >> 1) * 16 + row * 2 + (j & 1)] = rows[row * depth + j] as number;
    }
  }
}

/**
 * Computes products of integers with columns. panels: for each 8 columns, for each pair of dims, the pair of column 0,
 * 1, … 7 (i16). out f32[n × kept].
 */
export function projectRows(
  rows: Int16Array,
  n: number,
  depth: number,
  panels: Int16Array,
  kept: number,
  out: Float32Array,
): void {
  for (let i = 0; i < n; i++) {
    for (let column = 0; column < kept; column++) {
      let sum = 0;
      for (let j = 0; j < depth; j += RUN) {
        let run = 0;
        for (let t = j; t < j + RUN; t++) {
          const panel = (column >> 3) * 8 * depth;
          const entry = panels[panel + (t >> 1) * 16 + (column & 7) * 2 + (t & 1)] as number;
          run += (rows[i * depth + t] as number) * entry;
        }
        sum = j === 0 ? fround(run) : fround(sum + fround(run));
      }
      out[i * kept + column] = sum;
    }
  }
}
