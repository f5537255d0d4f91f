/**
 * SAQ training: PCA, bit allocation, one random rotation a segment (SAQ, sections 4.1 and 4.3; spec sections 1.2–1.4).
 *
 * The rotation is multiplied into the PCA rows, and dims without bits are not kept at all, so a query costs one
 * product with keptDims × d numbers. Centred for l2 only: centring changes inner products, not distances.
 *
 * Above 1,024 dimensions only the leading three quarters of the directions are found, at most 9.5·2²⁰/d, and instead of a projection
 * there are reflections (reflections.ts): the other directions get one random rotation and share their energy evenly.
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
  type VectorSet,
  type VectorSetInput,
  type Vectors,
} from '@sagitta/core-wasm';
import { EXACT_PCA_DIMS, principalDirections } from '../training/leading-pca.ts';
import { allocateBits, singleSegmentPlan } from './bit-allocation.ts';
import { MAX_AVERAGE_BITS } from './code-quality.ts';
import { energyAlong, evened, type Spectrum, spread } from './energy.ts';
import { powerOfTwoBelow } from './factors.ts';
import { FACTOR_BITS, NORM_BITS, type SaqSegment, saqLayout } from './layout.ts';
import type { SaqModel } from './model.ts';
import { REFLECTED_TOGETHER, reflectOnto } from './reflections.ts';
import { rotateSegment } from './rotation.ts';

/** Most dims of the first segment of a plan with several. */
const LEAD_DIMS = 32;
/** Most entries of the directions that reflections are made of. */
const MOST_REFLECTED = 9.5 * 2 ** 20;

/** Says how many bits SAQ spends, and how it shares them out. */
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

/** Cuts the segment of some bits that a border lies inside of: the part before it and the part from it on. */
function cutAt(plan: readonly SaqSegment[], border: number): readonly SaqSegment[] {
  return plan.flatMap((segment) => {
    const before = border - segment.start;
    if (segment.bits === 0 || before <= 0 || before >= segment.dims) return [segment];
    return [
      { ...segment, dims: before },
      { ...segment, start: border, dims: segment.dims - before },
    ];
  });
}

/** The plan for spectra of as many dims; leading — dims whose directions are known, at which a segment has to end. */
function segmentPlan(
  variances: Float64Array,
  queries: Float64Array,
  d: number,
  leading: number,
  options: SaqOptions,
): readonly SaqSegment[] {
  const blockSize = options.blockSize ?? 16;
  const quota = quotaBits(options.bits, d) - NORM_BITS;
  if (options.singleSegment) return singleSegmentPlan(variances.length, options.bits, blockSize);
  const made = new Map<number, readonly SaqSegment[]>();
  const allocate = (quotaBits: number): readonly SaqSegment[] => {
    const plan =
      made.get(quotaBits) ??
      allocateBits({
        variances,
        queryVariances: queries,
        blockSize,
        quotaBits: Math.max(0, quotaBits),
        factorBits: FACTOR_BITS,
        objective: options.objective ?? 'variance',
      });
    made.set(quotaBits, plan);
    return plan;
  };
  // A short first segment lets a scan leave most vectors after a few bytes; its own factor is paid from the quota.
  const lead = Math.max(LEAD_DIMS, blockSize);
  const planned = (quotaBits: number): readonly SaqSegment[] => {
    const isShort = (plan: readonly SaqSegment[]): boolean =>
      plan[0] === undefined || plan[0].bits === 0 || plan[0].dims <= lead;
    const plan = allocate(quotaBits);
    if (isShort(plan)) return plan;
    const next = allocate(quotaBits - FACTOR_BITS);
    return isShort(next) ? next : cutAt(next, lead);
  };
  const plan = planned(quota);
  const hasCut = cutAt(plan, leading).length > plan.length;
  return hasCut ? cutAt(planned(quota - FACTOR_BITS), leading) : plan;
}

/**
 * Rows of the coded segments' directions (known × d) up to `end`, rotated segment by segment; padded dims are zero columns
 * of the directions.
 */
function rotatedDirections(
  directions: Float32Array,
  d: number,
  plan: readonly SaqSegment[],
  end: number,
  seed: number,
): Float32Array {
  const { coded } = saqLayout(plan.filter((segment) => segment.start + segment.dims <= end));
  const known = directions.length / d;
  const rows = new Float32Array(coded.reduce((dims, segment) => dims + segment.dims, 0) * d);
  let row = 0;
  for (const [index, segment] of coded.entries()) {
    // column j of the segment's rows as one vector of `dims` entries
    const columns = new Float64Array(d * segment.dims);
    for (let i = 0; i < segment.dims && segment.start + i < known; i++) {
      for (let j = 0; j < d; j++) {
        columns[j * segment.dims + i] = directions[(segment.start + i) * d + j] as number;
      }
    }
    rotateSegment(columns, d, segment.dims, new RandomStream(seed, `saq/rotation/${index}`));
    for (let i = 0; i < segment.dims; i++) {
      for (let j = 0; j < d; j++) rows[(row + i) * d + j] = columns[j * segment.dims + i] as number;
    }
    row += segment.dims;
  }
  return rows;
}

/** Directions of which there is a row each in what is found. */
function leadingDims(d: number, n: number, options: SaqOptions): number {
  if (options.singleSegment) return 0;
  const most = Math.min((3 * d) / 4, MOST_REFLECTED / d);
  const wanted = Math.min(REFLECTED_TOGETHER * Math.ceil(n / REFLECTED_TOGETHER), most);
  return REFLECTED_TOGETHER * Math.floor(wanted / REFLECTED_TOGETHER);
}

/** The mean, the leading directions, and the energy along them and along the others. */
function findSpectrum(core: Core, sample: VectorSet, options: SaqOptions): Spectrum {
  const { d, n } = sample;
  const center = options.metric === 'l2';
  const dims = d <= EXACT_PCA_DIMS ? d : leadingDims(d, n, options);
  const found = principalDirections(core, sample, { center, dims, seed: options.seed ?? 1 });
  const { mean, components: directions } = found;
  if (dims === d) return { d, mean, directions, variances: found.variances };
  const blockSize = options.blockSize ?? 16;
  const all = blockSize * Math.ceil(d / blockSize);
  const variances = spread(found.variances.subarray(0, Math.min(dims, n)), found.total, all);
  return { d, mean, directions, variances };
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
  const spectrum = findSpectrum(core, sample, options);
  const { mean, directions } = spectrum;
  const found = residuals ? energyAlong(core, residuals, spectrum) : spectrum.variances;
  const [queries, own] = evened(sample, spectrum, found);
  const all = own.length;
  const isReflected = d > EXACT_PCA_DIMS;
  const leading = isReflected ? directions.length / d : 0;
  const plan = segmentPlan(own, queries, d, leading, options);
  const { coded, keptDims } = saqLayout(plan);

  const total = sum(own, 0, all);
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
  const model = { d, metric, bits, seed, mean, plan, factorUnits, shares };
  if (!isReflected) {
    return { ...model, projection: rotatedDirections(directions, d, plan, keptDims, seed) };
  }
  const rotated = rotatedDirections(directions, d, plan, leading, seed);
  // whole groups of reflections: what they miss of a last one are directions as they were found
  const count = REFLECTED_TOGETHER * Math.ceil(rotated.length / d / REFLECTED_TOGETHER);
  const reflected = new Float32Array(count * d);
  reflected.set(rotated);
  reflected.set(directions.subarray(rotated.length, count * d), rotated.length);
  return { ...model, projection: new Float32Array(0), reflections: reflectOnto(core, reflected, d, all) };
}
