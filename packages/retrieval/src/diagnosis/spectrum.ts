/** What the variances along principal directions say of rows. */
import type { Core, VectorSet } from '@sagitta/core-wasm';
import { transpose } from '@sagitta/quantizers/internal';
import { symmetricEigen, trainPca } from '@sagitta/quantizers/training';
import { floatProduct } from '../search/float-product.ts';

/** Dimensions from which a decomposition of rows with rows is the faster one. */
const MANY_DIMENSIONS = 1024;
/** Rows that are taken then. */
const FEW_ROWS = 1000;

/** Says how variance is spread over principal directions. */
export interface Spectrum {
  /** (Σλ)²/Σλ²: how many directions of equal variance would be as uneven. */
  readonly participationRatio: number;
  /** exp of the entropy of the shares of variance. */
  readonly effectiveRank: number;
  /** Fewest principal directions that hold 95 % of the variance. */
  readonly dimsFor95: number;
  /** |mean|² as a share of the mean squared length. */
  readonly meanShare: number;
  /** Share of the variance in the first dims, at 1, 2, 4, … and all. */
  readonly cumulative: readonly { readonly dims: number; readonly share: number }[];
}

/** Decomposes rows (not all equal) about their mean; above 1,024 dimensions the first thousand of them. */
export function spectrumOf(core: Core, rows: VectorSet): Spectrum & { readonly variances: Float64Array } {
  const { data, n, d } = rows;
  const mean = new Float64Array(d);
  let energy = 0;
  for (let at = 0; at < n * d; at++) {
    const value = data[at] as number;
    mean[at % d] = (mean[at % d] as number) + value / n;
    energy += (value * value) / n;
  }
  const variances =
    d > MANY_DIMENSIONS ? dualVariances(core, rows, mean) : trainPca(core, rows, { center: true }).variances;
  const total = variances.reduce((sum, value) => sum + value, 0);
  let squares = 0;
  let entropy = 0;
  for (const value of variances) {
    squares += value * value;
    if (value > 0) entropy -= (value / total) * Math.log(value / total);
  }
  const shares: number[] = [];
  let sum = 0;
  for (const value of variances) {
    sum += value;
    shares.push(total > 0 ? sum / total : 1);
  }
  const cumulative: { dims: number; share: number }[] = [];
  for (let dims = 1; dims < shares.length; dims *= 2)
    cumulative.push({ dims, share: shares[dims - 1] as number });
  cumulative.push({ dims: shares.length, share: 1 });
  return {
    variances,
    participationRatio: squares > 0 ? (total * total) / squares : 0,
    effectiveRank: total > 0 ? Math.exp(entropy) : 0,
    dimsFor95: shares.findIndex((share) => share >= 0.95) + 1,
    meanShare: energy > 0 ? mean.reduce((all, value) => all + value * value, 0) / energy : 0,
    cumulative,
  };
}

/** Variances from the products of rows with rows: min(rows, d) of them. */
function dualVariances(core: Core, { data, n, d }: VectorSet, mean: Float64Array): Float64Array {
  const count = Math.min(n, FEW_ROWS);
  const centred = new Float32Array(count * d);
  for (let at = 0; at < centred.length; at++) centred[at] = (data[at] as number) - (mean[at % d] as number);
  const gram = floatProduct(core, centred, transpose(centred, count, d), count, count, d);
  const { values } = symmetricEigen(Float64Array.from(gram), count);
  return values.subarray(0, Math.min(count, d)).map((value) => Math.max(0, value / count));
}
