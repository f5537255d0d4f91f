/**
 * SAQ training: PCA, bit allocation, one random rotation a segment (SAQ, sections 4.1 and 4.3; spec sections 1.2–1.4).
 *
 * The rotation is multiplied into the PCA rows, and dims without bits are not kept at all, so a query costs one
 * product with keptDims × d numbers. Centred for l2 only: centring changes inner products, not distances.
 */
import {
  boundedSet,
  type Core,
  checkCore,
  checkInteger,
  checkMetric,
  checkNumber,
  checkOneOf,
  checkOptions,
  MAX_DIMENSION,
  type Metric,
  type OptionTable,
  RandomStream,
  type VectorSetInput,
  type Vectors,
} from '@sagitta/core-wasm';
import { type PcaModel, trainPca } from '../training/pca.ts';
import { allocateBits, singleSegmentPlan } from './bit-allocation.ts';
import { MAX_AVERAGE_BITS } from './code-quality.ts';
import { projectRows } from './encoder.ts';
import { powerOfTwoBelow } from './factors.ts';
import { FACTOR_BITS, NORM_BITS, type SaqSegment, saqLayout } from './layout.ts';
import type { SaqModel } from './model.ts';
import { rotateSegment } from './rotation.ts';

/** Most dims of the first segment of a plan with several. */
const LEAD_DIMS = 32;

export interface SaqOptions {
  readonly metric: Metric;
  /** Average code bits a dimension, a multiple of 1/4 from 0.25 to 12. */
  readonly bits: number;
  /** Segments are multiples of this many dims. Default 16. */
  readonly blockSize?: 16 | 32 | 64;
  /** What bit allocation makes small: the summed absolute error of the paper, or the variance of the summed error (default). */
  readonly objective?: 'absolute' | 'variance';
  /** CAQ: one segment over all dims with floor(bits) bits, bits from 1. Default false. */
  readonly singleSegment?: boolean;
  readonly seed?: number;
  /** Residuals x - c of the training vectors, n × d, where vectors will be encoded as residuals. */
  readonly residuals?: Vectors;
}

const SAQ_OPTIONS: OptionTable<SaqOptions> = {
  metric: 'string',
  bits: 'number',
  blockSize: 'number',
  objective: 'string',
  singleSegment: 'boolean',
  seed: 'number',
  residuals: 'any',
};

/**
 * Bits a vector may cost in all, as the reference counts them: bits·(d rounded up to 64) and 64 for one set of factors.
 * The norm and every segment's factor that are really stored come out of it.
 */
export function quotaBits(bits: number, d: number): number {
  return Math.floor(bits * Math.ceil(d / 64) * 64) + 64;
}

function segmentPlan(
  variances: Float64Array,
  queries: Float64Array,
  options: SaqOptions,
): readonly SaqSegment[] {
  const blockSize = options.blockSize ?? 16;
  const quota = quotaBits(options.bits, queries.length) - NORM_BITS;
  if (options.singleSegment) return singleSegmentPlan(variances.length, options.bits, blockSize);
  const allocate = (quotaBits: number): readonly SaqSegment[] =>
    allocateBits({
      variances,
      queryVariances: queries,
      blockSize,
      quotaBits,
      factorBits: FACTOR_BITS,
      objective: options.objective ?? 'variance',
    });
  // A short first segment lets a scan leave most vectors after a few bytes; its own factor is paid from the quota.
  const lead = Math.max(LEAD_DIMS, blockSize);
  const isShort = (plan: readonly SaqSegment[]): boolean =>
    plan[0] === undefined || plan[0].bits === 0 || plan[0].dims <= lead;
  const plan = allocate(quota);
  if (isShort(plan)) return plan;
  const [first, ...rest] = allocate(Math.max(0, quota - FACTOR_BITS));
  if (first === undefined || isShort([first])) return [...(first ? [first] : []), ...rest];
  return [{ ...first, dims: lead }, { ...first, start: lead, dims: first.dims - lead }, ...rest];
}

/** Rows of the coded segments' PCA directions, rotated segment by segment; padded dims are zero columns of the PCA. */
function rotatedProjection(pca: PcaModel, plan: readonly SaqSegment[], seed: number): Float32Array {
  const { coded, keptDims } = saqLayout(plan);
  const d = pca.d;
  const projection = new Float32Array(keptDims * d);
  let row = 0;
  for (const [index, segment] of coded.entries()) {
    // column j of the segment's PCA rows as one vector of `dims` entries
    const columns = new Float64Array(d * segment.dims);
    for (let i = 0; i < segment.dims && segment.start + i < d; i++) {
      for (let j = 0; j < d; j++) {
        columns[j * segment.dims + i] = pca.components[(segment.start + i) * d + j] as number;
      }
    }
    rotateSegment(columns, d, segment.dims, new RandomStream(seed, `saq/rotation/${index}`));
    for (let i = 0; i < segment.dims; i++) {
      for (let j = 0; j < d; j++) projection[(row + i) * d + j] = columns[j * segment.dims + i] as number;
    }
    row += segment.dims;
  }
  return projection;
}

/** Mean square of each PCA coordinate of rows (n × d). */
function coordinateEnergy(core: Core, rows: Float32Array, pca: PcaModel): Float64Array {
  const { d } = pca;
  const n = rows.length / d;
  const energy = new Float64Array(d);
  projectRows(core, rows, d, pca.components, d, (projected, count) => {
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < d; j++) {
        const value = projected[i * d + j] as number;
        energy[j] = (energy[j] as number) + value * value;
      }
    }
  });
  return energy.map((sum) => sum / n);
}

function sum(values: Float64Array, start: number, end: number): number {
  let total = 0;
  for (let i = start; i < Math.min(end, values.length); i++) total += values[i] as number;
  return total;
}

/**
 * Trains a model on a sample (n × d). For inner products the energy about the origin is what counts, for l2 the
 * variance about the mean.
 * @throws RangeError on options out of range, on an empty sample, on values that are not finite or whose squares leave
 * the range of f32; TypeError if sample or residuals hold no numbers
 */
export function trainSaq(core: Core, given: VectorSetInput, options: SaqOptions): SaqModel {
  checkCore(core);
  checkOptions('options', options, SAQ_OPTIONS);
  const { d } = given;
  const metric = checkMetric(options.metric);
  const bits = checkNumber('bits', options.bits, 0.25, MAX_AVERAGE_BITS);
  if (!Number.isInteger(bits * 4)) throw new RangeError(`"bits" expected a multiple of 1/4, got ${bits}`);
  if (options.objective) checkOneOf('objective', options.objective, ['absolute', 'variance']);
  if (options.blockSize !== undefined && ![16, 32, 64].includes(options.blockSize)) {
    throw new RangeError(`"blockSize" expected 16, 32 or 64, got ${options.blockSize}`);
  }
  if (options.singleSegment && bits < 1) {
    throw new RangeError(`"bits" expected at least 1 with singleSegment, got ${bits}`);
  }
  const seed = checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER);
  checkInteger('sample.d', d, 1, MAX_DIMENSION);
  const sample = boundedSet(given.data, d, 'sample', { isSample: true });
  if (sample.n === 0) throw new RangeError('"sample" expected at least 1 vector, got 0');
  const residuals = options.residuals && boundedSet(options.residuals, d, 'residuals').data;
  if (residuals?.length === 0) {
    throw new RangeError('"residuals" expected at least 1 vector, got 0');
  }
  const pca = trainPca(core, sample, { center: metric === 'l2' });
  const own = residuals ? coordinateEnergy(core, residuals, pca) : pca.variances;
  const plan = segmentPlan(own, pca.variances, options);
  const { coded } = saqLayout(plan);

  const total = sum(own, 0, d);
  const shares = new Float32Array(coded.length + 1);
  const end = coded.length > 0 ? (coded[coded.length - 1] as SaqSegment) : { start: 0, dims: 0 };
  shares[0] = total > 0 ? Math.sqrt(sum(own, 0, end.start + end.dims) / total) : 0;
  const factorUnits = new Float32Array(coded.length);
  for (const [s, segment] of coded.entries()) {
    const after = segment.start + segment.dims;
    shares[s + 1] = total > 0 ? Math.sqrt(sum(own, after, end.start + end.dims) / total) : 0;
    // about the mean step: a half range of two rms coordinates over 2^(bits-1) levels
    const rms = Math.sqrt(sum(own, segment.start, after) / segment.dims);
    factorUnits[s] = powerOfTwoBelow((4 * rms) / (1 << segment.bits));
  }
  return {
    d,
    metric,
    bits,
    seed,
    mean: pca.mean,
    plan,
    projection: rotatedProjection(pca, plan, seed),
    factorUnits,
    shares,
  };
}
