/** LeanVec as a method over another, its primary. It brings none along: `leanvec({ primary: lvq({ bits: 8 }) })`. */
import { type LinearMethodValue, linearMethod } from '../linear/linear-method.ts';
import { LEANVEC_SOLVERS } from './projection.ts';
import { readLeanVecCoder } from './read-coder.ts';
import { type LeanVecCodeOptions, makeLeanVec } from './train.ts';

/** Keeps fewer dimensions, chosen for the vectors or for vectors and queries, coded by the primary. */
export const leanvec: LinearMethodValue<LeanVecCodeOptions> =
  /* @__PURE__ */ linearMethod<LeanVecCodeOptions>({
    name: 'leanvec',
    options: {
      primary: {
        kind: 'method',
        default: 'lvq, where it is chosen by name',
        says: 'what codes the dimensions that are kept; not saq, float32 or leanvec',
      },
      dims: {
        kind: 'integer',
        least: 1,
        most: 65_536,
        default: 'half of them',
        says: 'dimensions that are kept',
      },
      queries: {
        kind: 'vectors',
        default: 'none',
        says: 'training queries, m × d, for cosine of length 1, where they differ from the vectors',
      },
      solver: {
        kind: 'choice',
        choices: LEANVEC_SOLVERS,
        default: 'sphering',
        says: 'how the projection is suited to queries: in closed form, or by the search of the paper',
      },
    },
    fewestVectors(d, { primary, dims = Math.ceil(d / 2) }) {
      // options that are wrong are refused as such, by what reads them
      return dims > d ? 1 : Math.max(dims, primary.method.fewestVectors(dims, primary.options));
    },
    make: makeLeanVec,
    readCoder: readLeanVecCoder,
  });
