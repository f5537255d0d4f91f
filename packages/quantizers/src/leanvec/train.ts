/**
 * LeanVec over any quantizer of the family, its primary: vectors and queries are projected to fewer dimensions, and the
 * primary codes what is left. Both maps are linear, so the primary's frame is multiplied into the projection once and a
 * search pays nothing for it.
 */
import { boundedSet, type Core, checkInteger, checkOneOf, type Vectors } from '@sagitta/core-wasm';
import { type Frame, FrameTransform, matrixFrame } from '../linear/frame.ts';
import {
  inFrame,
  isLinearMethod,
  type LinearChoice,
  type Made,
  type Sample,
} from '../linear/linear-method.ts';
import type { PrimaryName } from '../names.ts';
import { ExactNormCoder } from './exact-norm.ts';
import { frankWolfeProjection } from './frank-wolfe.ts';
import { identityProjection, LEANVEC_SOLVERS, type LeanVecSolver, spheringProjection } from './projection.ts';

/** Most dimensions of projections that are made for queries: several d³. */
const MOST_QUERY_DIMS = 2048;

/** Says how many dimensions LeanVec keeps, how they are chosen, and what codes them. */
export interface LeanVecCodeOptions {
  readonly primary: LinearChoice;
  readonly dims?: number;
  readonly queries?: Vectors;
  readonly solver?: LeanVecSolver;
}

/** @throws RangeError on a primary that is not linear, dims or queries that do not fit, or a solver without queries */
export function makeLeanVec(sample: Sample, options: LeanVecCodeOptions): Made {
  const { core, d } = sample;
  const { method, options: own } = options.primary;
  if (!isLinearMethod(method) || method.name === 'leanvec') {
    throw new RangeError(`"primary" expected a method but saq, float32 and leanvec, got ${method.name}`);
  }
  const dims = checkInteger('dims', options.dims ?? Math.ceil(d / 2), 1, d);
  const outer = projectionOf(sample, options, dims);
  const padded = inFrame(sample, outer);
  const rows = new Float32Array(sample.n * dims);
  for (let i = 0; i < sample.n; i++) {
    rows.set(padded.subarray(i * outer.dims, i * outer.dims + dims), i * dims);
  }
  const inner = method.make({ ...sample, d: dims, rows, origin: new Float32Array(dims) }, own);
  return {
    frame: composed(core, outer, inner.frame),
    coder: new ExactNormCoder(inner.coder, method.name as PrimaryName),
    bits: (inner.bits * dims) / d,
    isUnbiased: false,
  };
}

function projectionOf(
  { core, d, n, rows, origin, seed }: Sample,
  options: LeanVecCodeOptions,
  dims: number,
): Frame {
  const solver = checkOneOf('solver', options.solver ?? 'sphering', LEANVEC_SOLVERS);
  const set = { data: rows, n, d };
  if (!options.queries) {
    if (options.solver) throw new RangeError(`"solver" expected "queries" beside it, got none`);
    return identityProjection(core, set, dims, seed);
  }
  if (d > MOST_QUERY_DIMS) {
    throw new RangeError(
      `"queries" expected vectors of at most ${MOST_QUERY_DIMS} dimensions, got ${d}: the projection for them takes hours; leave them out`,
    );
  }
  const given = boundedSet(options.queries, d, 'queries');
  if (given.n === 0) throw new RangeError('"queries" expected at least 1 vector, got 0');
  const data = given.data.map((value, i) => value - (origin[i % d] as number));
  const queries = { data, n: given.n, d };
  return solver === 'sphering'
    ? spheringProjection(core, set, queries, dims)
    : frankWolfeProjection(core, set, queries, dims).frame;
}

/** x ↦ inner(outer(x)) as one pair of matrices; inner begins where outer ends. */
function composed(core: Core, outer: Frame, inner: Frame): Frame {
  if (!inner.signs && !inner.matrix) return outer;
  const kept = inner.matrix ? inner.matrix.length / inner.d : inner.dims;
  const through = (matrix: Float32Array, frame: Frame): Float32Array => {
    using transform = new FrameTransform(core, frame, 'data');
    // a column of the matrix is the image of an axis
    const columns = new Float32Array(matrix.length);
    for (let i = 0; i < inner.d; i++) {
      for (let j = 0; j < outer.d; j++) columns[j * inner.d + i] = matrix[i * outer.d + j] as number;
    }
    const turned = transform.apply(columns);
    const out = new Float32Array(kept * outer.d);
    for (let i = 0; i < kept; i++) {
      for (let j = 0; j < outer.d; j++) out[i * outer.d + j] = turned[j * inner.dims + i] as number;
    }
    return out;
  };
  const data = outer.matrix as Float32Array;
  const query = outer.queryMatrix;
  return matrixFrame(outer.d, through(data, inner), query && through(query, inner));
}
