/**
 * k-means (Lloyd) for coarse lists: minimises Σ |x - c(x)|² over nlist centroids.
 *
 * Greedy k-means++ on a small prefix of the sample (kmeans-init.ts), the first half of the iterations on a prefix of a
 * quarter, the rest on the whole sample: prefixes of a random sample are samples themselves, and centroids that still
 * move far do not need all the points. Assignment runs in the core, means are summed in f64 on the host. A list left
 * empty takes the farthest point of the list with the largest sum of distances.
 *
 * Deterministic in the seed, on every engine and in every build: nearestF32 never uses fused products.
 * Cost: about (0.6·iterations)·sampleSize·nlist·d multiply-adds. Measured on a 2-core AMD EPYC under Node 20:
 * 60,000 × 784, 256 centroids, sample 20,480, at most 10 iterations: 1.5 s, of which 0.6 s for sample and start
 * (clustered data, 7 iterations ran).
 */
import {
  boundedSet,
  type Core,
  checkCore,
  checkInteger,
  checkLength,
  checkOptions,
  type OptionTable,
  RandomStream,
  shapedSet,
  type VectorSet,
  type VectorSetInput,
} from '@sagitta/core-wasm';
import { initialCentroids, squaredNorm } from './kmeans-init.ts';
import { gatherRows, sampleIndices } from './sample.ts';

const DEFAULT_ITERATIONS = 10;
/** Sample rows per list: with fewer, centroids follow single points; with more, they hardly move. */
const DEFAULT_ROWS_PER_LIST = 80;
/** Rows per list the start is drawn from, while there are at most START_ROWS of them. */
const START_ROWS_PER_LIST = 8;
const START_ROWS = 16_384;
/** The first half of the iterations runs on this share of the sample, but not on fewer rows per list than this. */
const EARLY_SHARE = 4;
const EARLY_ROWS_PER_LIST = 16;
/** Bytes of rows in the core at a time. */
const CHUNK_BYTES = 8 * 1024 * 1024;

/** Says how many centroids are wanted, and how long they are improved. */
export interface KmeansOptions {
  /** Number of centroids. */
  readonly nlist: number;
  /** Lloyd iterations at most. Default 10. */
  readonly iterations?: number;
  /** Any safe integer. */
  readonly seed: number;
  /** Rows trained on, drawn without replacement. Default 80·nlist. */
  readonly sampleSize?: number;
}

const KMEANS_OPTIONS: OptionTable<KmeansOptions> = {
  nlist: 'number',
  iterations: 'number',
  seed: 'number',
  sampleSize: 'number',
};

/** Holds centroids. */
export interface KmeansModel {
  readonly nlist: number;
  readonly d: number;
  /** nlist × d. */
  readonly centroids: Float32Array;
  /** Iterations run; fewer than asked for when nothing moved any more. */
  readonly iterations: number;
  /** Mean squared distance of the sample to its centroids at the last assignment. */
  readonly meanDistance: number;
}

/** Says which centroid is nearest to each vector, and how far it is. */
export interface Assignment {
  /** n ids of the nearest centroid, ties to the lower id. */
  readonly ids: Uint32Array;
  /** n squared distances, from |x|² + |c|² - 2<x, c> in f32: exact enough for sums, not for near-duplicates. */
  readonly distances: Float32Array;
}

/**
 * Finds centroids by seeded k-means++ and Lloyd iterations.
 * @throws RangeError if x has fewer than nlist rows, values that are not finite or vectors longer than 2^56
 */
export function trainKmeans(core: Core, given: VectorSetInput, options: KmeansOptions): KmeansModel {
  checkCore(core);
  checkOptions('options', options, KMEANS_OPTIONS);
  const x = shapedSet(given.data, given.d, 'x');
  const { d } = x;
  const nlist = checkInteger('nlist', options.nlist, 1, x.n);
  const iterations = checkInteger('iterations', options.iterations ?? DEFAULT_ITERATIONS, 0, 1000);
  const wanted = checkInteger(
    'sampleSize',
    options.sampleSize ?? nlist * DEFAULT_ROWS_PER_LIST,
    nlist,
    0xffff_ffff,
  );
  const random = new RandomStream(options.seed, 'kmeans');
  const rows = sampleIndices(x.n, wanted, random.fork('sample'));
  // in random order, so that every prefix is a sample too
  random.fork('order').shuffle(rows);
  const sample = gatherRows(x, rows);
  boundedSet(sample.data, d, 'x');

  const startRows = Math.max(nlist, Math.min(nlist * START_ROWS_PER_LIST, START_ROWS));
  const centroids = initialCentroids(core, prefix(sample, startRows), nlist, random.fork('start'));
  const early = prefix(sample, Math.max(Math.ceil(sample.n / EARLY_SHARE), nlist * EARLY_ROWS_PER_LIST));
  const earlyIterations = early.n < sample.n ? Math.floor(iterations / 2) : 0;
  let previous: Uint32Array | undefined;
  let meanDistance = 0;
  let done = 0;
  while (done < iterations) {
    const points = done < earlyIterations ? early : sample;
    const { ids, distances } = assignToNearest(core, points, centroids);
    let sum = 0;
    for (const distance of distances) sum += distance;
    meanDistance = sum / points.n;
    done++;
    if (points === sample && previous !== undefined && isEqual(ids, previous)) break;
    if (points === sample) previous = ids.slice();
    const counts = countIds(ids, nlist);
    fillEmptyLists(ids, distances, counts);
    moveToMeans(points, ids, counts, centroids);
  }
  return { nlist, d, centroids, iterations: done, meanDistance };
}

/**
 * Finds the nearest centroid of every row of x; centroids — nlist × d.
 * @throws RangeError if centroids has a length that is no positive multiple of x.d
 */
export function assignToNearest(core: Core, given: VectorSetInput, centroids: Float32Array): Assignment {
  checkCore(core);
  const x = shapedSet(given.data, given.d, 'x');
  const { n, d } = x;
  const nlist = Math.max(1, Math.floor(centroids.length / d));
  checkLength('centroids', centroids.length, nlist * d, `nlist*d (nlist=${nlist}, d=${d})`);
  const ids = new Uint32Array(n);
  const distances = new Float32Array(n);
  const norms = new Float32Array(nlist);
  for (let c = 0; c < nlist; c++) norms[c] = squaredNorm(centroids, c * d, d);
  const chunkRows = Math.max(1, Math.min(n, Math.floor(CHUNK_BYTES / (d * 4))));
  core.scope((scope) => {
    const rowBlock = scope.reserve(chunkRows * d * 4);
    const centroidBlock = scope.reserve(nlist * d * 4);
    const normBlock = scope.reserve(nlist * 4);
    const idBlock = scope.reserve(chunkRows * 4);
    const distanceBlock = scope.reserve(chunkRows * 4);
    centroidBlock.f32(0, nlist * d).set(centroids);
    normBlock.f32(0, nlist).set(norms);
    for (let start = 0; start < n; start += chunkRows) {
      const count = Math.min(chunkRows, n - start);
      rowBlock.f32(0, count * d).set(x.data.subarray(start * d, (start + count) * d));
      core.kernels.nearestF32(
        rowBlock.at(),
        count,
        d,
        centroidBlock.at(),
        normBlock.at(),
        nlist,
        idBlock.at(),
        distanceBlock.at(),
      );
      ids.set(idBlock.u32(0, count), start);
      distances.set(distanceBlock.f32(0, count), start);
    }
  });
  return { ids, distances };
}

function prefix(x: VectorSet, rows: number): VectorSet {
  const n = Math.min(x.n, rows);
  return { data: x.data.subarray(0, n * x.d), n, d: x.d };
}

function isEqual(a: Uint32Array, b: Uint32Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function countIds(ids: Uint32Array, nlist: number): Uint32Array {
  const counts = new Uint32Array(nlist);
  for (const id of ids) counts[id] = (counts[id] as number) + 1;
  return counts;
}

/**
 * Gives each empty list the farthest point of the list with the largest sum of distances (ids, distances and counts
 * are changed). Lists stay empty when every point already lies on its centroid: fewer distinct points than lists.
 */
function fillEmptyLists(ids: Uint32Array, distances: Float32Array, counts: Uint32Array): void {
  if (counts.indexOf(0) < 0) return;
  const sums = new Float64Array(counts.length);
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as number;
    sums[id] = (sums[id] as number) + (distances[i] as number);
  }
  for (let empty = counts.indexOf(0); empty >= 0; empty = counts.indexOf(0, empty + 1)) {
    let widest = -1;
    for (let c = 0; c < counts.length; c++) {
      if ((counts[c] as number) < 2 || (sums[c] as number) <= 0) continue;
      if (widest < 0 || (sums[c] as number) > (sums[widest] as number)) widest = c;
    }
    if (widest < 0) return;
    let farthest = -1;
    for (let i = 0; i < ids.length; i++) {
      if (ids[i] !== widest) continue;
      if (farthest < 0 || (distances[i] as number) > (distances[farthest] as number)) farthest = i;
    }
    sums[widest] = (sums[widest] as number) - (distances[farthest] as number);
    counts[widest] = (counts[widest] as number) - 1;
    ids[farthest] = empty;
    distances[farthest] = 0;
    counts[empty] = 1;
  }
}

/** centroids of lists with points become their means; the others stay where they are. */
function moveToMeans(x: VectorSet, ids: Uint32Array, counts: Uint32Array, centroids: Float32Array): void {
  const { n, d, data } = x;
  const sums = new Float64Array(centroids.length);
  for (let i = 0; i < n; i++) {
    const to = (ids[i] as number) * d;
    const from = i * d;
    for (let t = 0; t < d; t++) sums[to + t] = (sums[to + t] as number) + (data[from + t] as number);
  }
  for (let c = 0; c < counts.length; c++) {
    const count = counts[c] as number;
    if (count === 0) continue;
    for (let t = c * d; t < (c + 1) * d; t++) centroids[t] = (sums[t] as number) / count;
  }
}
