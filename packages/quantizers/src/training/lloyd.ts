/**
 * Codebooks of one dimension each by Lloyd's algorithm on sorted values: cells are runs of the order, and their means come
 * from prefix sums, so a round costs 2^bits searches however many values there are.
 *
 * It starts from quantiles, and where high-resolution theory puts the levels: as dense as the cube root of the density (Panter and Dite,
 * 1951), measured between quantiles, since many levels would need very many rounds from the former; the better
 * end is kept.
 */

const ROUNDS = 100;
/** Quantiles a level from which the density is read. */
const QUANTILES = 4;

/** The levels for values in ascending order, at least 1: ascending, `count` of them; the better of two starts. */
export function lloydLevels(sorted: Float32Array, count: number): Float64Array {
  const n = sorted.length;
  const sums = new Float64Array(n + 1);
  for (let i = 0; i < n; i++) sums[i + 1] = (sums[i] as number) + (sorted[i] as number);
  const shares = Float64Array.from(
    { length: count },
    (_, c) => sorted[Math.floor(((c + 0.5) * n) / count)] as number,
  );
  const one = improve(sorted, sums, firstLevels(sorted, count));
  const other = improve(sorted, sums, shares);
  return other.explained > one.explained ? other.levels : one.levels;
}

/** Lloyd's rounds on levels, in place; explained: Σ n_c·mean_c² over cells, the more the less error. */
function improve(
  sorted: Float32Array,
  sums: Float64Array,
  levels: Float64Array,
): { levels: Float64Array; explained: number } {
  const count = levels.length;
  let explained = 0;
  for (let round = 0; round < ROUNDS; round++) {
    let moved = false;
    let from = 0;
    explained = 0;
    for (let c = 0; c < count; c++) {
      const border = c + 1 < count ? ((levels[c] as number) + (levels[c + 1] as number)) / 2 : Infinity;
      const to = countUpTo(sorted, from, border);
      // an empty cell stays where it is
      if (to > from) {
        const mean = ((sums[to] as number) - (sums[from] as number)) / (to - from);
        if (mean !== levels[c]) moved = true;
        explained += (to - from) * mean * mean;
        levels[c] = mean;
      }
      from = to;
    }
    if (!moved) break;
  }
  // means of runs are in order but for rounding, and files hold them in f32
  for (let c = 1; c < count; c++) levels[c] = Math.max(levels[c] as number, levels[c - 1] as number);
  return { levels, explained };
}

/** How many values from `from` on, and all before it, are at most `border`. */
function countUpTo(sorted: Float32Array, from: number, border: number): number {
  let low = from;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) <= border) low = middle + 1;
    else high = middle;
  }
  return low;
}

function firstLevels(sorted: Float32Array, count: number): Float64Array {
  const n = sorted.length;
  const bins = Math.max(1, Math.min(n - 1, QUANTILES * count));
  const edge = (b: number): number => sorted[Math.floor((b * (n - 1)) / bins)] as number;
  // a bin of width w holds 1 in `bins` of the values, so density^⅓·w ∝ w^⅔; w^(11/16) is near, and roots are exact alike
  const weights = new Float64Array(bins + 1);
  for (let b = 0; b < bins; b++) {
    const half = Math.sqrt(edge(b + 1) - edge(b));
    const eighth = Math.sqrt(Math.sqrt(half));
    weights[b + 1] = (weights[b] as number) + half * eighth * Math.sqrt(eighth);
  }
  const total = weights[bins] as number;
  const levels = new Float64Array(count).fill(sorted[0] as number);
  if (!(total > 0)) return levels;
  let bin = 0;
  for (let c = 0; c < count; c++) {
    const target = (total * (c + 0.5)) / count;
    while (bin + 1 < bins && (weights[bin + 1] as number) < target) bin++;
    const width = (weights[bin + 1] as number) - (weights[bin] as number);
    const share = width > 0 ? (target - (weights[bin] as number)) / width : 0;
    levels[c] = edge(bin) + share * (edge(bin + 1) - edge(bin));
  }
  return levels;
}
