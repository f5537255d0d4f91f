/** One name table: options → trained quantizer, and its file. */
import {
  type ByteReader,
  ByteWriter,
  boundedSet,
  type Core,
  checkCore,
  checkInteger,
  checkMetric,
  checkNumber,
  checkOneOf,
  MAX_DIMENSION,
  METRICS,
  type Metric,
  RandomStream,
  type VectorSetInput,
  type Vectors,
} from '@sagitta/core-wasm';
import { readLatentCoder, trainLatentCoder } from './latent/index.ts';
import { ExactNormCoder } from './leanvec/index.ts';
import { makeLeanVec } from './leanvec/train.ts';
import type { Coder } from './linear/coder.ts';
import {
  type Frame,
  FrameTransform,
  identityFrame,
  matrixFrame,
  paddedDims,
  readFrame,
  rotatedFrame,
} from './linear/frame.ts';
import { LINEAR_VERSION, LinearQuantizer } from './linear/linear-quantizer.ts';
import { readLowRankPqCoder, trainLowRankPq } from './low-rank-pq/index.ts';
import { LvqCoder, MAX_MEANS, readLvqCoder } from './lvq/index.ts';
import { balancedAxes, type PqOptions, readPqCoder, trainOpqFrame, trainPqCoder } from './pq/index.ts';
import { PRIMARY_NAMES, QUANTIZER_NAMES, type Quantizer, type QuantizerName } from './quantizer.ts';
import {
  checkAllQuantizerOptions,
  type Made,
  type QuantizerOptions,
  type Sample,
} from './quantizer-options.ts';
import { makeRabitqCoder, readRabitqCoder } from './rabitq/index.ts';
import {
  BinaryCoder,
  checkHalves,
  HalfCoder,
  readAnyScalarCoder,
  readBinaryCoder,
  SCALAR_RANGES,
  trainScalarCoder,
  VectorScalarCoder,
} from './scalar/index.ts';
import { trainKmeans } from './training/kmeans.ts';
import { principalDirections } from './training/leading-pca.ts';
import { checkTrainingSample, spannedDirections } from './training-minimum.ts';
import { readTurboQuantCoder, SignSketch, TurboQuantCoder } from './turboquant/index.ts';

/** Most dimensions of quantizers that learn a rotation of all of them. */
const MOST_CUBIC_DIMS = 2048;

type Maker = (sample: Sample, options: QuantizerOptions) => Made;

/** Rows of the sample in a frame. */
function inFrame({ core, rows }: Sample, frame: Frame): Float32Array {
  using transform = new FrameTransform(core, frame, 'data');
  return transform.apply(rows);
}

/** Sub-quantizers and rounds of PQ and its kin. */
function pqOptions({ d, seed }: Sample, options: QuantizerOptions): PqOptions {
  const nbits = options.nbits ?? 8;
  if (nbits !== 4 && nbits !== 8) throw new RangeError(`"nbits" expected 4 or 8, got ${nbits}`);
  const bits = checkNumber('bits', options.bits ?? 1, 1 / 16, 8);
  const m = Math.max(1, Math.min(d, Math.round((bits * d) / nbits)));
  const iterations = checkInteger('iterations', options.iterations ?? 10, 1, 1000);
  return { m, nbits, seed, iterations };
}

/** A rotation learned from all principal axes: its time grows by d³, minutes at 2,048. */
function checkCubic(name: QuantizerName, d: number): void {
  if (d <= MOST_CUBIC_DIMS) return;
  throw new RangeError(
    `"d" expected at most ${MOST_CUBIC_DIMS} for ${name}, whose rotation takes hours of more dimensions, got ${d}: use pq, saq or rabitq, or reduce first`,
  );
}

function makePq(sample: Sample, options: QuantizerOptions, isRotated: boolean): Made {
  const { d, n, core } = sample;
  const pq = pqOptions(sample, options);
  if (isRotated) checkCubic('opq', d);
  const frame = isRotated ? trainOpqFrame(core, sample.rows, n, d, pq) : identityFrame(d);
  const coder = trainPqCoder(core, inFrame(sample, frame), n, frame.dims, pq);
  return { frame, coder, bits: (coder.m * pq.nbits) / d, isUnbiased: false };
}

const MAKERS: Record<QuantizerName, Maker> = {
  rabitq({ d, random }, options) {
    const bits = checkInteger('bits', options.bits ?? 1, 1, 9);
    const mode = checkOneOf('mode', options.mode ?? 'fast', ['fast', 'optimal']);
    const frame = rotatedFrame(d, random.fork('rotation'));
    const coder = makeRabitqCoder(frame.dims, bits, mode, random.fork('step'));
    return { frame, coder, bits: (bits * frame.dims) / d, isUnbiased: true };
  },
  pq: (sample, options) => makePq(sample, options, false),
  opq: (sample, options) => makePq(sample, options, true),
  lvq(sample, options) {
    const { core, d, n, seed, random } = sample;
    const asked = checkInteger('bits', options.bits ?? 8, 1, options.secondBits === undefined ? 16 : 8);
    const bits = Math.min(8, asked);
    const second = checkInteger('secondBits', options.secondBits ?? asked - bits, 0, 8);
    const frame = options.rotate ? rotatedFrame(d, random.fork('rotation')) : identityFrame(d);
    const used = options.rotate ? frame.dims : d;
    const count = checkInteger('means', options.means ?? 1, 1, MAX_MEANS);
    if (n < count)
      throw new RangeError(`"sample" expected at least ${count} vectors for ${count} means, got ${n}`);
    const means =
      count > 1
        ? trainKmeans(core, { data: inFrame(sample, frame), n, d: frame.dims }, { nlist: count, seed })
            .centroids
        : undefined;
    const coder = new LvqCoder(frame.dims, used, bits, second, options.ratio ?? false, means);
    const isUnbiased = options.rotate === true && options.ratio === true;
    return { frame, coder, bits: ((bits + second) * frame.dims) / d, isUnbiased };
  },
  scalar(sample, options) {
    const bits = checkInteger('bits', options.bits ?? 8, 1, 8);
    const clip = checkNumber('clip', options.clip ?? 0, 0, 0.49);
    const ranges = checkOneOf('ranges', options.ranges ?? 'dimension', SCALAR_RANGES);
    const frame = identityFrame(sample.d);
    const coder =
      ranges === 'vector'
        ? new VectorScalarCoder(frame.dims, sample.d, checkInteger('bits', bits, 2, 8), clip)
        : trainScalarCoder(inFrame(sample, frame), sample.n, frame.dims, bits, clip);
    return { frame, coder, bits: (bits * frame.dims) / sample.d, isUnbiased: false };
  },
  binary({ d }, options) {
    checkInteger('bits', options.bits ?? 1, 1, 1);
    const frame = identityFrame(d);
    return { frame, coder: new BinaryCoder(frame.dims, d), bits: frame.dims / d, isUnbiased: false };
  },
  turboquant({ d, random }, options) {
    const isSketched = options.sketch ?? false;
    const bits = checkInteger('bits', options.bits ?? 4, isSketched ? 2 : 1, 4);
    const hasRatio = options.ratio ?? true;
    const frame = rotatedFrame(d, random.fork('rotation'));
    const coder = isSketched
      ? new TurboQuantCoder(frame.dims, bits - 1, SignSketch.random(frame.dims, random.fork('sketch')))
      : new TurboQuantCoder(frame.dims, bits, hasRatio);
    return { frame, coder, bits: (bits * frame.dims) / d, isUnbiased: isSketched || hasRatio };
  },
  pca({ core, d, n, rows, data, seed }, options) {
    const bits = checkNumber('bits', options.bits ?? 4, 1 / 16, 16);
    const share = Math.max(1, Math.min(d, Math.round((bits * d) / 16)));
    const kept = checkInteger('dims', options.dims ?? share, 1, d);
    checkHalves('vectors', data);
    const found = principalDirections(core, { data: rows, n, d }, { center: false, dims: kept, seed });
    const frame = matrixFrame(d, found.components);
    return {
      frame,
      coder: new HalfCoder(frame.dims, 'exact'),
      bits: (16 * frame.dims) / d,
      isUnbiased: false,
    };
  },
  leanvec(sample, options) {
    const primary = checkOneOf('primary', options.primary ?? 'lvq', PRIMARY_NAMES);
    return makeLeanVec(sample, options, primary, (projected) => MAKERS[primary](projected, options));
  },
  latent(sample, options) {
    const bits = checkInteger('bits', options.bits ?? 4, 1, 8);
    const frame = identityFrame(sample.d);
    const coder = trainLatentCoder(inFrame(sample, frame), sample.n, frame.dims, bits);
    return { frame, coder, bits: (bits * frame.dims) / sample.d, isUnbiased: false };
  },
  'low-rank-pq'(sample, options) {
    const { core, d, n, rows } = sample;
    checkCubic('low-rank-pq', d);
    const pq = pqOptions(sample, options);
    const dsub = Math.ceil(paddedDims(d) / pq.m);
    const { clusterDims } = options;
    if (clusterDims !== undefined) checkInteger('clusterDims', clusterDims, 1, dsub);
    const frame = matrixFrame(d, balancedAxes(core, rows, n, d, pq.m));
    const coder = trainLowRankPq(core, inFrame(sample, frame), n, frame.dims, {
      ...pq,
      ...(clusterDims !== undefined && { clusterDims }),
    });
    return { frame, coder, bits: (coder.m * pq.nbits) / d, isUnbiased: false };
  },
  fp16({ d, data }, options) {
    checkInteger('bits', options.bits ?? 16, 16, 16);
    checkHalves('vectors', data);
    const frame = identityFrame(d);
    return {
      frame,
      coder: new HalfCoder(frame.dims, 'decoded'),
      bits: (16 * frame.dims) / d,
      isUnbiased: false,
    };
  },
};

/**
 * Trains a quantizer on a sample (n × d, at least as many vectors as fewestVectors says), of vectors of lengths up to 2^56 that
 * are not all below 2^-56.
 *
 * residuals — n × d, where vectors will be coded as residuals x - c of lists: what is learned is learned from them.
 * For cosine pass vectors of length 1.
 * @throws RangeError on options out of range, too few vectors or vectors that hardly differ where something is learned of
 * them, values that are not finite
 */
export function trainQuantizer(
  core: Core,
  sample: VectorSetInput,
  options: QuantizerOptions,
  residuals?: Vectors,
): LinearQuantizer {
  checkCore(core);
  const { d } = sample;
  checkAllQuantizerOptions('options', options);
  const { name } = options;
  const metric = checkMetric(options.metric);
  const seed = checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER);
  checkInteger('sample.d', d, 1, MAX_DIMENSION);
  const { data, n } = boundedSet(sample.data, d, 'sample', { isSample: true });
  checkTrainingSample('sample', { data, n, d }, name, options);
  const origin = new Float32Array(d);
  if (metric === 'l2') {
    const sums = new Float64Array(d);
    for (let i = 0; i < data.length; i++) sums[i % d] = (sums[i % d] as number) + (data[i] as number);
    for (let j = 0; j < d; j++) origin[j] = (sums[j] as number) / n;
  }
  const own = residuals && boundedSet(residuals, d, 'residuals');
  // residuals of vectors that are centroids themselves are 0 and teach nothing
  const rows =
    own && spannedDirections(own, 1) > 0
      ? own.data
      : data.map((value, i) => value - (origin[i % d] as number));
  const random = new RandomStream(seed, `quantizer/${name}`);
  const made = MAKERS[name]({ core, d, n: rows.length / d, rows, data, origin, random, seed }, options);
  return new LinearQuantizer({ name, metric, d, origin, ...made });
}

const READERS: Record<QuantizerName, (reader: ByteReader, dims: number) => Coder> = {
  rabitq: readRabitqCoder,
  pq: readPqCoder,
  opq: readPqCoder,
  lvq: readLvqCoder,
  scalar: readAnyScalarCoder,
  binary: readBinaryCoder,
  turboquant: readTurboQuantCoder,
  pca: readHalfCoder,
  fp16: readHalfCoder,
  latent: readLatentCoder,
  'low-rank-pq': readLowRankPqCoder,
  leanvec(reader, dims) {
    const primary = QUANTIZER_NAMES[reader.u32In('primary', 0, QUANTIZER_NAMES.length - 1)] as QuantizerName;
    return primary === 'leanvec'
      ? reader.fail('"primary" expected any other quantizer, got leanvec')
      : new ExactNormCoder(READERS[primary](reader, dims), primary);
  },
};

function readHalfCoder(reader: ByteReader, dims: number): HalfCoder {
  return new HalfCoder(dims, reader.u32In('norm', 0, 1) === 1 ? 'exact' : 'decoded');
}

/** The section's bytes. */
export function writeQuantizer(quantizer: Quantizer): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  quantizer.write(writer);
  return writer.finish();
}

/** Reads one section to its end. @throws FormatError on anything writeQuantizer would not have written */
export function readQuantizer(reader: ByteReader): LinearQuantizer {
  reader.u32In('quantizer version', LINEAR_VERSION, LINEAR_VERSION);
  const name = QUANTIZER_NAMES[reader.u32In('quantizer', 0, QUANTIZER_NAMES.length - 1)] as QuantizerName;
  const d = reader.u32In('d', 1, MAX_DIMENSION);
  const metric = METRICS[reader.u32In('metric', 0, METRICS.length - 1)] as Metric;
  const bits = reader.f64();
  if (!(bits > 0 && bits <= 16 * 16)) reader.fail(`"bits" expected a number above 0, got ${bits}`);
  const isUnbiased = reader.u32In('unbiased', 0, 1) === 1;
  const origin = reader.f32Array('origin', d);
  const frame = readFrame(reader, d);
  if (!frame.matrix && frame.dims !== paddedDims(d)) reader.fail(`"dims" expected ${paddedDims(d)}`);
  const coder = READERS[name](reader, frame.dims);
  reader.end();
  const quantizer = new LinearQuantizer({ name, metric, d, bits, isUnbiased, origin, frame, coder });
  const defect = quantizer.modelDefect();
  return defect === undefined ? quantizer : reader.fail(defect);
}
