/**
 * Greedy k-means++ (Arthur & Vassilvitskii 2007, section 2.2 and its greedy variant): each next centroid is the best of
 * a few rows drawn with probability ∝ squared distance to the centroids so far.
 *
 * Distances come from nearestF32 with a single centroid: that kernel rounds alike in every build, so the centroids are
 * the same bytes everywhere. Cost: CANDIDATES·nlist·n·d multiply-adds, so n is meant to be a sample of a few nlist.
 */
import type { Core, RandomStream, VectorSet } from '@sagitta/core-wasm';

/** Rows tried for each centroid after the first. */
const CANDIDATES = 3;

/**
 * nlist rows of x to start from, nlist × d, a fresh array. x must have at least nlist rows; with fewer distinct rows
 * than nlist some come twice.
 */
export function initialCentroids(
  core: Core,
  x: VectorSet,
  nlist: number,
  random: RandomStream,
): Float32Array {
  const { n, d } = x;
  const centroids = new Float32Array(nlist * d);
  const closest = new Float64Array(n);
  let trial = new Float64Array(n);
  let best = new Float64Array(n);
  const taken = new Uint8Array(n);
  core.scope((scope) => {
    const rows = scope.reserve(n * d * 4);
    const norm = scope.reserve(4);
    const ids = scope.reserve(n * 4);
    const distances = scope.reserve(n * 4);
    rows.f32(0, n * d).set(x.data);

    const distancesTo = (row: number): Float32Array => {
      norm.f32(0, 1)[0] = squaredNorm(x.data, row * d, d);
      core.kernels.nearestF32(rows.at(), n, d, rows.at(row * d * 4), norm.at(), 1, ids.at(), distances.at());
      return distances.f32(0, n);
    };
    const keep = (count: number, row: number): void => {
      centroids.set(x.data.subarray(row * d, (row + 1) * d), count * d);
      taken[row] = 1;
      // the distance of a row to itself is 0; the kernel's cancels only to rounding
      closest[row] = 0;
    };

    const first = random.nextBelow(n);
    closest.set(distancesTo(first));
    keep(0, first);
    for (let count = 1; count < nlist; count++) {
      let total = 0;
      for (let i = 0; i < n; i++) total += closest[i] as number;
      if (total <= 0) {
        keep(count, firstFree(taken));
        continue;
      }
      let bestRow = 0;
      let bestCost = Number.POSITIVE_INFINITY;
      for (let candidate = 0; candidate < CANDIDATES; candidate++) {
        const row = drawByWeight(closest, total * random.nextUnit());
        const toRow = distancesTo(row);
        let cost = 0;
        for (let i = 0; i < n; i++) {
          const distance = Math.min(closest[i] as number, toRow[i] as number);
          trial[i] = distance;
          cost += distance;
        }
        if (cost < bestCost) {
          bestCost = cost;
          bestRow = row;
          [trial, best] = [best, trial];
        }
      }
      closest.set(best);
      keep(count, bestRow);
      for (let i = 0; i < n; i++) if (taken[i] === 1) closest[i] = 0;
    }
  });
  return centroids;
}

/** The first row whose running sum passes the target; rows of weight 0 are never drawn. */
function drawByWeight(weights: Float64Array, target: number): number {
  let sum = 0;
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i] as number;
    if (weight <= 0) continue;
    sum += weight;
    last = i;
    if (sum > target) return i;
  }
  return last;
}

function firstFree(taken: Uint8Array): number {
  return Math.max(0, taken.indexOf(0));
}

/** |row|² summed in f64. */
export function squaredNorm(data: Float32Array, start: number, d: number): number {
  let sum = 0;
  for (let i = start; i < start + d; i++) sum += (data[i] as number) * (data[i] as number);
  return sum;
}
