/**
 * The maps of a bridge from n pairs: rows a_i of the query model (A, n × p) and b_i of the base model (B, n × q), length 1.
 *
 *   relative        r = Â·(x - ā), Â centred anchors of length 1; the same with B̂ for the base
 *   relative-gram   W·A·x and W·B·x,  W = (G + λ·tr(G)/n·I)^(-1/2),  G = (AAᵀ + BBᵀ)/2
 *   procrustes      x·M, M = polar factor of C = AᵀB:  M = C·(CᵀC)^(-1/2); directions with s < 1e-8·s₁ are dropped
 *   linear          (x - ā)·M + b̄,  M = (XᵀX + λ·tr(XᵀX)/n·I)⁻¹·XᵀY,  X and Y centred
 *   reverse-linear  the same from B to A, for the base
 *
 * What relative representations are: inner products of r (not scaled) are q·(AᵀB)·xᵀ, one linear map by the
 * cross-covariance. Procrustes is its polar factor, ridge its whitened form. So plain relative vectors stretch leading
 * directions twice and do not keep a ranking even under a rotation; with G⁻¹ between they do, once anchors span the space.
 *
 * Sources: Moschella et al., relative representations (angles with anchors survive retraining); Schönemann 1966 for the
 * polar factor. Least squares explode where n ≈ p (double descent), so λ is never 0.
 */
import { symmetricEigen } from '@sagitta/quantizers/training';
import { type Affine, affine } from './affine.ts';
import { crossProduct, product, rowMean, rowProducts, shifted, spectralFunction, unitRows } from './dense.ts';

/** Lists the ways from one model's space to another's. */
export const BRIDGE_METHODS = [
  'procrustes',
  'linear',
  'reverse-linear',
  'relative',
  'relative-gram',
] as const;

/** Names a way from one model's space to another's. */
export type BridgeMethod = (typeof BRIDGE_METHODS)[number];

/** Squared singular values below this share of the largest are directions that the pairs do not say. */
const DROPPED = 1e-8;

/** Pairs as matrices: query n × p, base n × q, rows of length 1. */
export interface PairMatrices {
  readonly n: number;
  readonly query: Float64Array;
  readonly p: number;
  readonly base: Float64Array;
  readonly q: number;
}

/** Maps of both sides; what is missing leaves its side as it is. */
export interface FittedMaps {
  readonly query?: Affine;
  readonly base?: Affine;
}

/** Whether a method has a parameter λ. */
export function isRegularized(method: BridgeMethod): boolean {
  return method !== 'procrustes' && method !== 'relative';
}

/** Whether a method changes the vectors that are searched. */
export function changesBase(method: BridgeMethod): boolean {
  return method !== 'procrustes' && method !== 'linear';
}

/** Fits a method for each λ, in their order; those without λ once. */
export function fitMaps(method: BridgeMethod, pairs: PairMatrices, lambdas: readonly number[]): FittedMaps[] {
  switch (method) {
    case 'procrustes': {
      const { p, q } = pairs;
      return [{ query: affine(polarFactor(pairs), p, q) }];
    }
    case 'linear':
      return ridge(pairs, lambdas).map((query) => ({ query }));
    case 'reverse-linear': {
      const { n, query, base, p, q } = pairs;
      return ridge({ n, query: base, base: query, p: q, q: p }, lambdas).map((map) => ({ base: map }));
    }
    case 'relative':
      return [
        { query: relative(pairs.query, pairs.n, pairs.p), base: relative(pairs.base, pairs.n, pairs.q) },
      ];
    case 'relative-gram':
      return relativeGram(pairs, lambdas);
  }
}

/** The polar factor of AᵀB (p × q) without the directions that it says nothing of. */
export function polarFactor({ n, query, base, p, q }: PairMatrices): Float64Array {
  const cross = crossProduct(query, base, n, p, q);
  // the smaller side's Gram matrix
  const isWide = p < q;
  const d = isWide ? p : q;
  const gram = isWide ? rowProducts(cross, cross, p, p, q) : crossProduct(cross, cross, p, q, q);
  const { values, vectors } = symmetricEigen(gram, d);
  const least = DROPPED * (values[0] as number);
  let kept = 0;
  while (kept < d && (values[kept] as number) > least) kept++;
  const factors = Float64Array.from(values.subarray(0, kept), (value) => 1 / Math.sqrt(value));
  const root = spectralFunction(vectors, factors, d);
  return isWide ? product(root, cross, p, p, q) : product(cross, root, p, q, q);
}

function ridge({ n, query, base, p, q }: PairMatrices, lambdas: readonly number[]): Affine[] {
  const [from, to] = [rowMean(query, n, p), rowMean(base, n, q)];
  const [x, y] = [shifted(query, from), shifted(base, to)];
  const gram = crossProduct(x, x, n, p, p);
  const { values, vectors } = symmetricEigen(gram, p);
  const turned = product(vectors, crossProduct(x, y, n, p, q), p, p, q);
  const scale = traceOf(gram, p) / n;
  return lambdas.map((lambda) => {
    const scaled = new Float64Array(p * q);
    for (let i = 0; i < p; i++) {
      const divisor = Math.max(0, values[i] as number) + lambda * scale;
      for (let j = 0; j < q; j++) {
        // pairs that are all alike say nothing: M is 0
        scaled[i * q + j] = divisor > 0 ? (turned[i * q + j] as number) / divisor : 0;
      }
    }
    return affine(crossProduct(vectors, scaled, p, p, q), p, q, from, to);
  });
}

function relative(rows: Float64Array, n: number, d: number): Affine {
  const mean = rowMean(rows, n, d);
  const anchors = unitRows(shifted(rows, mean), d);
  const matrix = new Float64Array(d * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) matrix[j * n + i] = anchors[i * d + j] as number;
  return affine(matrix, d, n, mean);
}

function relativeGram({ n, query, base, p, q }: PairMatrices, lambdas: readonly number[]): FittedMaps[] {
  const own = rowProducts(query, query, n, n, p);
  const other = rowProducts(base, base, n, n, q);
  const gram = own.map((value, i) => (value + (other[i] as number)) / 2);
  const { values, vectors } = symmetricEigen(gram, n);
  const scale = traceOf(gram, n) / n;
  return lambdas.map((lambda) => {
    const factors = values.map((value) => 1 / Math.sqrt(Math.max(0, value) + lambda * scale));
    const root = spectralFunction(vectors, factors, n);
    // x·Aᵀ·W, W symmetric
    return {
      query: affine(crossProduct(query, root, n, p, n), p, n),
      base: affine(crossProduct(base, root, n, q, n), q, n),
    };
  });
}

function traceOf(matrix: Float64Array, d: number): number {
  let trace = 0;
  for (let i = 0; i < d; i++) trace += matrix[i * d + i] as number;
  return trace;
}
