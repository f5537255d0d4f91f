/**
 * Dimension by persistent homology of degree 0, whose bars are the edges of the minimum spanning tree (Schweinhart 2020):
 * E_α(s) = Σ edge^α of the tree of s random rows grows as s^((dim - α)/dim), so
 *
 *   dim = α/(1 - m),  m the slope of ln(median E) on ln s.
 *
 * Code that goes round prints 1/(1 - m) whatever α is, which is right for α = 1 only. α is 1 here.
 */
import { type Core, RandomStream, type VectorSet } from '@sagitta/core-wasm';
import { gatherRows } from '@sagitta/quantizers/training';
import { scoreTiles } from '../search/score-tiles.ts';

/** Rows of the subsets, as far as there are so many. */
const SIZES: readonly number[] = [64, 128, 192, 256, 320, 384, 448, 512];
const REPEATS = 5;

/** Distances (n × n, not squared) of a set of rows. */
export type DistanceMatrix = (rows: VectorSet) => Float64Array;

/** Dimension of rows by spanning trees of subsets; 0 where fewer than 128 rows leave no two sizes, or all are alike. */
export function persistentDimension(rows: VectorSet, distances: DistanceMatrix, alpha = 1): number {
  const points: [x: number, y: number][] = [];
  for (const size of SIZES) {
    if (size > rows.n) break;
    const lengths: number[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const order = Uint32Array.from({ length: rows.n }, (_, i) => i);
      new RandomStream(1, `phd/${size}/${repeat}`).shuffle(order);
      const subset = gatherRows(rows, order.subarray(0, size));
      lengths.push(treeLength(distances(subset), size, alpha));
    }
    const median = lengths.sort((a, b) => a - b)[REPEATS >> 1] as number;
    if (!(median > 0)) return 0;
    points.push([Math.log(size), Math.log(median)]);
  }
  if (points.length < 2) return 0;
  const slope = slopeOf(points);
  return slope < 1 ? alpha / (1 - slope) : Infinity;
}

/** Distances by the kernel, in f32. */
export function kernelDistances(core: Core): DistanceMatrix {
  return (rows) => {
    const out = new Float64Array(rows.n * rows.n);
    scoreTiles(core, 'l2', rows, rows, (i, scores) => {
      for (let j = 0; j < rows.n; j++) out[i * rows.n + j] = Math.sqrt(scores[j] as number);
    });
    return out;
  };
}

/** Σ edge^α of the minimum spanning tree of s points (Prim). */
function treeLength(distances: Float64Array, s: number, alpha: number): number {
  const nearest = new Float64Array(s).fill(Infinity);
  const isIn = new Uint8Array(s);
  let last = 0;
  let sum = 0;
  for (let step = 1; step < s; step++) {
    isIn[last] = 1;
    let best = -1;
    for (let j = 0; j < s; j++) {
      if (isIn[j] === 1) continue;
      const distance = distances[last * s + j] as number;
      if (distance < (nearest[j] as number)) nearest[j] = distance;
      if (best < 0 || (nearest[j] as number) < (nearest[best] as number)) best = j;
    }
    sum += alpha === 1 ? (nearest[best] as number) : (nearest[best] as number) ** alpha;
    last = best;
  }
  return sum;
}

function slopeOf(points: readonly (readonly [number, number])[]): number {
  const n = points.length;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n;
  let products = 0;
  let squares = 0;
  for (const [x, y] of points) {
    products += (x - meanX) * (y - meanY);
    squares += (x - meanX) ** 2;
  }
  return products / squares;
}
