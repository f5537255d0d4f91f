/**
 * The shared codebook and the subspaces by alternating least squares. From the top eigenvectors of each run's second
 * moments, scaled so that runs look alike, and k-means over the sub-vectors of all runs together; then in turn
 *
 *   codes     k_s = argmin_k |x_s - B_s·C[k]|²
 *   subspaces B_s = (Σ x_s·cᵀ)·(Σ c·cᵀ)⁻¹ over the vectors, c = C[k_s]
 *   codebook  C[k] = (Σ B_sᵀ·B_s)⁻¹·(Σ B_sᵀ·x_s) over all runs of all vectors with code k
 *
 * none of which raises the error. d̃ is chosen by trying: a short fit for each, and on vectors that it has not seen what
 * lies outside the subspaces (falls with d̃) and what K vectors miss inside them (rises with d̃). The least d̃ whose sum
 * is within 2 % of the least sum is taken: more dims add to the model and to a query's tables, and buy nothing.
 */
import { type Core, RandomStream } from '@sagitta/core-wasm';
import { runOf } from '../pq/coder.ts';
import { assignToNearest, trainKmeans } from '../training/kmeans.ts';
import { sampleRows } from '../training/sample.ts';
import { symmetricEigen } from '../training/symmetric-eigen.ts';
import { expanded, LowRankPqCoder, type RankTradeOff } from './coder.ts';

/** Rounds of the fit, and of those that only judge d̃. */
const ROUNDS = 6;
const TRIAL_ROUNDS = 2;
/** Most vectors of a fit; their runs together are many times more. */
const FIT_ROWS = 8192;
const TRIAL_ROWS = 2048;
/** Sub-vectors a codebook vector that start k-means. */
const POOLED = 64;
/** Sums above the least that do not count. */
const SLACK = 1.02;
/** Share of the trace that keeps normal equations solvable. */
const RIDGE = 1e-9;

/** Says how many codebooks there are, of how many shared dims and bits. */
export interface LowRankPqOptions {
  readonly m: number;
  readonly nbits: 4 | 8;
  readonly seed: number;
  /** k-means rounds of the start. */
  readonly iterations: number;
  /** d̃; default: chosen. */
  readonly clusterDims?: number;
}

/** Holds the bases that were fitted, and how well they fit. */
export interface LowRankFit {
  readonly shared: Float32Array;
  readonly bases: Float32Array;
}

/**
 * Learns bases and codebooks. rows — n × dims in the frame.
 * @throws RangeError on fewer sub-vectors than codebook vectors
 */
export function trainLowRankPq(
  core: Core,
  rows: Float32Array,
  n: number,
  dims: number,
  options: LowRankPqOptions,
): LowRankPqCoder {
  const { m, nbits, seed } = options;
  const needed = Math.ceil((1 << nbits) / m);
  if (n < needed) {
    throw new RangeError(
      `"sample" expected at least ${needed} vectors for a ${nbits}-bit codebook of ${m} runs, got ${n}`,
    );
  }
  const dsub = Math.ceil(dims / m);
  const random = new RandomStream(seed, 'low-rank-pq');
  const some = (count: number): Float32Array =>
    sampleRows({ data: rows, n, d: dims }, count, random.fork(`rows/${count}`)).data;
  const given = options.clusterDims;
  const tried = given === undefined ? ranks(dsub) : [given];
  const trial = some(TRIAL_ROWS);
  // a fifth is held out where enough is left to learn from
  const count = trial.length / dims;
  const learned = count >= 5 * needed ? Math.floor(0.8 * count) : count;
  const tradeOff = tried.map((rank) => {
    const fit = fitLowRank(core, trial.subarray(0, learned * dims), dims, rank, options, TRIAL_ROUNDS);
    const held = trial.subarray(learned === count ? 0 : learned * dims);
    return errorsOf(core, held, dims, fit, rank, options);
  });
  const sums = tradeOff.map((one) => one.lowRankError + one.clusteringError);
  const least = Math.min(...sums);
  const chosen = tried[sums.findIndex((sum) => sum <= SLACK * least)] as number;
  const { shared, bases } = fitLowRank(core, some(FIT_ROWS), dims, chosen, options, ROUNDS);
  return new LowRankPqCoder(dims, m, nbits, shared, bases, tradeOff);
}

/** 1, 2, 3, 4, 6, 8, 12, 16 … and dsub. */
function ranks(dsub: number): number[] {
  const out: number[] = [];
  for (let power = 1; power < dsub; power *= 2) {
    out.push(power);
    if (power >= 2 && 1.5 * power < dsub) out.push(1.5 * power);
  }
  return [...out, dsub];
}

/** Fits bases of few dims. data — vectors of dims values in the frame. */
export function fitLowRank(
  core: Core,
  data: Float32Array,
  dims: number,
  rank: number,
  options: LowRankPqOptions,
  rounds: number,
): LowRankFit {
  const { m, nbits, seed, iterations } = options;
  const n = data.length / dims;
  const dsub = Math.ceil(dims / m);
  const ksub = 1 << nbits;
  const runs = Array.from({ length: m }, (_, s) => runOf(data, n, dims, s, dsub));
  const { bases, projected } = firstBases(runs, dsub, rank);
  const pool = { data: projected, n: n * m, d: rank };
  const sample = sampleRows(pool, Math.max(ksub, POOLED * ksub), new RandomStream(seed, 'low-rank-pq/pool'));
  const shared = trainKmeans(core, sample, { nlist: ksub, seed, iterations }).centroids.slice();
  for (let round = 0; round < rounds; round++) {
    const codebooks = expanded(shared, bases, m, ksub);
    const codes = runs.map((run, s) => {
      const book = codebooks.subarray(s * ksub * dsub, (s + 1) * ksub * dsub);
      return assignToNearest(core, { data: run, n, d: dsub }, book).ids;
    });
    for (const [s, run] of runs.entries()) {
      const at = s * dsub * rank;
      updateBasis(run, codes[s] as Uint32Array, shared, bases.subarray(at, at + dsub * rank), rank);
    }
    updateCodebook(runs, codes, shared, bases, dsub, rank);
  }
  return { shared, bases };
}

/** Top eigenvectors of each run's second moments times the run's scale; projected: the runs' coordinates over it. */
function firstBases(
  runs: readonly Float32Array[],
  dsub: number,
  rank: number,
): { bases: Float32Array; projected: Float32Array } {
  const n = (runs[0] as Float32Array).length / dsub;
  const bases = new Float32Array(runs.length * dsub * rank);
  const projected = new Float32Array(runs.length * n * rank);
  for (const [s, run] of runs.entries()) {
    const moments = new Float64Array(dsub * dsub);
    for (let i = 0; i < n; i++) {
      for (let a = 0; a < dsub; a++) {
        const value = run[i * dsub + a] as number;
        for (let b = 0; b < dsub; b++) {
          const at = a * dsub + b;
          moments[at] = (moments[at] as number) + (value * (run[i * dsub + b] as number)) / n;
        }
      }
    }
    const { values, vectors } = symmetricEigen(moments, dsub);
    let energy = 0;
    for (let a = 0; a < rank; a++) energy += Math.max(0, values[a] as number);
    const scale = Math.sqrt(energy / rank);
    const inverse = scale > 0 ? 1 / scale : 0;
    for (let a = 0; a < rank; a++) {
      for (let t = 0; t < dsub; t++) {
        bases[(s * dsub + t) * rank + a] = scale * (vectors[a * dsub + t] as number);
      }
    }
    for (let i = 0; i < n; i++) {
      for (let a = 0; a < rank; a++) {
        let sum = 0;
        for (let t = 0; t < dsub; t++) {
          sum += (run[i * dsub + t] as number) * (vectors[a * dsub + t] as number);
        }
        projected[(s * n + i) * rank + a] = sum * inverse;
      }
    }
  }
  return { bases, projected };
}

/** B ← (Σ x·cᵀ)·(Σ c·cᵀ)⁻¹, in place; run — n × dsub. */
function updateBasis(
  run: Float32Array,
  codes: Uint32Array,
  shared: Float32Array,
  basis: Float32Array,
  rank: number,
): void {
  const dsub = basis.length / rank;
  const ksub = shared.length / rank;
  const counts = new Float64Array(ksub);
  const sums = new Float64Array(ksub * dsub);
  for (const [i, k] of codes.entries()) {
    counts[k] = (counts[k] as number) + 1;
    for (let t = 0; t < dsub; t++) {
      sums[k * dsub + t] = (sums[k * dsub + t] as number) + (run[i * dsub + t] as number);
    }
  }
  const gram = new Float64Array(rank * rank);
  const right = new Float64Array(dsub * rank);
  for (let k = 0; k < ksub; k++) {
    for (let a = 0; a < rank; a++) {
      const value = shared[k * rank + a] as number;
      for (let b = 0; b < rank; b++) {
        const at = a * rank + b;
        gram[at] = (gram[at] as number) + (counts[k] as number) * value * (shared[k * rank + b] as number);
      }
      for (let t = 0; t < dsub; t++) {
        const at = t * rank + a;
        right[at] = (right[at] as number) + value * (sums[k * dsub + t] as number);
      }
    }
  }
  const factor = cholesky(gram, rank);
  if (!factor) return;
  for (let t = 0; t < dsub; t++) {
    basis.set(solve(factor, right.subarray(t * rank, (t + 1) * rank), rank), t * rank);
  }
}

/** C[k] ← (Σ BᵀB)⁻¹·Σ Bᵀ·x over all runs and vectors of code k, in place; entries without vectors stay. */
function updateCodebook(
  runs: readonly Float32Array[],
  codes: readonly Uint32Array[],
  shared: Float32Array,
  bases: Float32Array,
  dsub: number,
  rank: number,
): void {
  const ksub = shared.length / rank;
  const grams = new Float64Array(ksub * rank * rank);
  const rights = new Float64Array(ksub * rank);
  for (const [s, run] of runs.entries()) {
    const basis = bases.subarray(s * dsub * rank, (s + 1) * dsub * rank);
    const own = new Float64Array(rank * rank);
    for (let t = 0; t < dsub; t++) {
      for (let a = 0; a < rank; a++) {
        for (let b = 0; b < rank; b++) {
          own[a * rank + b] =
            (own[a * rank + b] as number) + (basis[t * rank + a] as number) * (basis[t * rank + b] as number);
        }
      }
    }
    for (const [i, k] of (codes[s] as Uint32Array).entries()) {
      for (let at = 0; at < own.length; at++) {
        grams[k * own.length + at] = (grams[k * own.length + at] as number) + (own[at] as number);
      }
      for (let t = 0; t < dsub; t++) {
        const value = run[i * dsub + t] as number;
        for (let a = 0; a < rank; a++) {
          rights[k * rank + a] = (rights[k * rank + a] as number) + value * (basis[t * rank + a] as number);
        }
      }
    }
  }
  const size = rank * rank;
  for (let k = 0; k < ksub; k++) {
    const factor = cholesky(grams.subarray(k * size, (k + 1) * size), rank);
    if (factor) shared.set(solve(factor, rights.subarray(k * rank, (k + 1) * rank), rank), k * rank);
  }
}

/** Shares of the energy outside the subspaces, and of what codes miss inside them. */
function errorsOf(
  core: Core,
  data: Float32Array,
  dims: number,
  { shared, bases }: LowRankFit,
  rank: number,
  { m, nbits }: LowRankPqOptions,
): RankTradeOff {
  const n = data.length / dims;
  const dsub = Math.ceil(dims / m);
  const ksub = 1 << nbits;
  const codebooks = expanded(shared, bases, m, ksub);
  let energy = 0;
  let inside = 0;
  let missed = 0;
  for (let s = 0; s < m; s++) {
    const run = runOf(data, n, dims, s, dsub);
    const book = codebooks.subarray(s * ksub * dsub, (s + 1) * ksub * dsub);
    const { ids } = assignToNearest(core, { data: run, n, d: dsub }, book);
    const basis = bases.subarray(s * dsub * rank, (s + 1) * dsub * rank);
    const gram = new Float64Array(rank * rank);
    for (let t = 0; t < dsub; t++) {
      for (let at = 0; at < gram.length; at++) {
        const product =
          (basis[t * rank + Math.floor(at / rank)] as number) * (basis[t * rank + (at % rank)] as number);
        gram[at] = (gram[at] as number) + product;
      }
    }
    const factor = cholesky(gram, rank);
    for (let i = 0; i < n; i++) {
      const x = run.subarray(i * dsub, (i + 1) * dsub);
      const centroid = book.subarray((ids[i] as number) * dsub, ((ids[i] as number) + 1) * dsub);
      for (let t = 0; t < dsub; t++) {
        energy += (x[t] as number) ** 2;
        missed += ((x[t] as number) - (centroid[t] as number)) ** 2;
      }
      if (!factor) continue;
      const right = new Float64Array(rank);
      for (let t = 0; t < dsub; t++) {
        for (let a = 0; a < rank; a++) {
          right[a] = (right[a] as number) + (x[t] as number) * (basis[t * rank + a] as number);
        }
      }
      // |P·x|² = <Bᵀx, (BᵀB)⁻¹·Bᵀx>
      const solved = solve(factor, right, rank);
      for (let a = 0; a < rank; a++) inside += (right[a] as number) * (solved[a] as number);
    }
  }
  const lowRank = energy > 0 ? Math.max(0, energy - inside) / energy : 0;
  const total = energy > 0 ? missed / energy : 0;
  return { clusterDims: rank, lowRankError: lowRank, clusteringError: Math.max(0, total - lowRank) };
}

/** L of a + ridge = L·Lᵀ, r × r; undefined where a is 0. */
function cholesky(a: Float64Array, r: number): Float64Array | undefined {
  let trace = 0;
  for (let i = 0; i < r; i++) trace += a[i * r + i] as number;
  if (!(trace > 0)) return undefined;
  const factor = new Float64Array(r * r);
  for (let i = 0; i < r; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = (a[i * r + j] as number) + (i === j ? RIDGE * trace : 0);
      for (let t = 0; t < j; t++) sum -= (factor[i * r + t] as number) * (factor[j * r + t] as number);
      factor[i * r + j] =
        i === j ? Math.sqrt(Math.max(sum, RIDGE * RIDGE * trace)) : sum / (factor[j * r + j] as number);
    }
  }
  return factor;
}

function solve(factor: Float64Array, right: Float64Array, r: number): Float64Array {
  const out = Float64Array.from(right);
  for (let i = 0; i < r; i++) {
    for (let t = 0; t < i; t++) {
      out[i] = (out[i] as number) - (factor[i * r + t] as number) * (out[t] as number);
    }
    out[i] = (out[i] as number) / (factor[i * r + i] as number);
  }
  for (let i = r - 1; i >= 0; i--) {
    for (let t = i + 1; t < r; t++) {
      out[i] = (out[i] as number) - (factor[t * r + i] as number) * (out[t] as number);
    }
    out[i] = (out[i] as number) / (factor[i * r + i] as number);
  }
  return out;
}
