/**
 * Covariance matrices as vectors by the log-Euclidean map (Arsigny et al., 2006), and those of signals.
 *
 *   v = [diag(log S), √2·upper(log S)],   ‖v₁ - v₂‖ = ‖log S₁ - log S₂‖_F
 *
 * Only + - * / and sqrt in a fixed order, and a logarithm of these: the same bits in every engine.
 */
import {
  checkInteger,
  checkLength,
  checkNumber,
  checkOptions,
  MAX_MAGNITUDE,
  type OptionTable,
} from '@sagitta/core-wasm';
import { symmetricEigen } from '@sagitta/quantizers/training';
import { kindOf } from '../records/json.ts';
import { naturalLog } from '../text/natural-log.ts';

/** Largest side of a matrix: its vector has 2 M numbers. */
const MAX_SIDE = 2048;
/** Of the largest entry: by how much two entries that should be equal may differ. */
const ASYMMETRY = 1e-9;

/** Says how a signal becomes a covariance matrix. */
export interface CovarianceOptions {
  /** Delayed copies of every channel, the signal itself among them. Default 1: plain covariance. */
  readonly order?: number;
  /** Instants between two copies. Default 1. */
  readonly lag?: number;
  /** Share of the mean variance in the matrix, 0 to 1: (1 - λ)·S + λ·tr(S)/d·I. Default: by Ledoit and Wolf. */
  readonly shrinkage?: number;
}

const COVARIANCE_OPTIONS: OptionTable<CovarianceOptions> = {
  order: 'number',
  lag: 'number',
  shrinkage: 'number',
};

/** @throws TypeError on what is no array of numbers */
function checkNumbers(label: string, values: unknown): void {
  const isList = Array.isArray(values) || (ArrayBuffer.isView(values) && !(values instanceof DataView));
  if (!isList) throw new TypeError(`"${label}" expected an array of numbers, got ${kindOf(values)}`);
  for (const [i, value] of (values as readonly unknown[]).entries()) {
    if (typeof value !== 'number') {
      throw new TypeError(`"${label}" expected numbers, got ${kindOf(value)} at position ${i}`);
    }
  }
}

/**
 * Maps a symmetric positive definite matrix to d(d + 1)/2 numbers: the diagonal of its logarithm, then what is above the
 * diagonal row by row, times √2. diag(1, e²) becomes [0, 2, 0]. The matrix is not changed; the vector is the caller's.
 *
 * matrix — d × d, row by row; entries that mirror each other may differ by 1e-9 of the largest.
 * @throws TypeError on what is no array of numbers; RangeError if the length is not d², an entry is not finite, or the matrix is not symmetric or not positive definite
 */
export function logEuclidean(matrix: ArrayLike<number>, d: number): Float64Array {
  checkInteger('d', d, 1, MAX_SIDE);
  checkNumbers('matrix', matrix);
  checkLength('matrix', matrix.length, d * d, `d*d (d=${d})`);
  const own = Float64Array.from(matrix);
  let scale = 0;
  for (const value of own) {
    if (!Number.isFinite(value)) throw new RangeError(`"matrix" expected finite entries, got ${value}`);
    scale = Math.max(scale, Math.abs(value));
  }
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < i; j++) {
      const below = own[i * d + j] as number;
      const above = own[j * d + i] as number;
      if (Math.abs(below / scale - above / scale) <= ASYMMETRY || below === above) continue;
      throw new RangeError(
        `"matrix" expected a symmetric matrix, got ${above} at row ${j}, column ${i}, and ${below} mirrored`,
      );
    }
  }
  return logVector(own, d, '"matrix" expected a positive definite matrix');
}

/**
 * Describes a signal by the covariance of its channels, and of their delayed copies, as `logEuclidean` gives it: of
 * d = channels × order the vector has d(d + 1)/2 numbers. Means are taken off; the sum is divided by the number of instants at
 * which all copies are at hand, T - (order - 1)·lag. The signal is not changed; the vector is the caller's.
 *
 * signal — T × channels, one instant after another.
 * @throws TypeError on what is no array of numbers; RangeError if numbers or options are out of range, the signal has under two such instants, or the matrix is not
 * positive definite: a channel that never changes, or too little shrinkage for so few instants
 */
export function covarianceDescriptor(
  signal: ArrayLike<number>,
  channels: number,
  options: CovarianceOptions = {},
): Float64Array {
  checkOptions('options', options, COVARIANCE_OPTIONS);
  checkInteger('channels', channels, 1, MAX_SIDE);
  const order = checkInteger('order', options.order ?? 1, 1, Math.floor(MAX_SIDE / channels));
  const lag = checkInteger('lag', options.lag ?? 1, 1, Number.MAX_SAFE_INTEGER);
  const { shrinkage } = options;
  if (shrinkage !== undefined) checkNumber('shrinkage', shrinkage, 0, 1);
  checkNumbers('signal', signal);
  const length = signal.length / channels;
  if (!Number.isInteger(length)) {
    throw new RangeError(
      `"signal" expected a multiple of channels = ${channels} numbers, got ${signal.length}`,
    );
  }
  const instants = length - (order - 1) * lag;
  if (instants < 2) {
    throw new RangeError(
      `"signal" expected at least ${(order - 1) * lag + 2} instants (order=${order}, lag=${lag}), got ${length}`,
    );
  }
  const d = channels * order;
  const rows = embed(signal, channels, order, lag, instants);
  const covariance = shrunk(rows, instants, d, shrinkage);
  const what = `"signal" expected ${d} independent channels and delayed copies, or a larger "shrinkage"`;
  return logVector(covariance, d, what);
}

/** instants × (order·channels): row t has the channels at t, t + lag …, each less its mean. */
function embed(
  signal: ArrayLike<number>,
  channels: number,
  order: number,
  lag: number,
  instants: number,
): Float64Array {
  const d = channels * order;
  const rows = new Float64Array(instants * d);
  for (let i = 0; i < signal.length; i++) {
    const value = signal[i] as number;
    if (Math.abs(value) <= MAX_MAGNITUDE) continue;
    throw new RangeError(`"signal" expected numbers of at most 2^56, got ${value} at position ${i}`);
  }
  for (let j = 0; j < d; j++) {
    const from = Math.floor(j / channels) * lag * channels + (j % channels);
    let sum = 0;
    for (let t = 0; t < instants; t++) sum += signal[from + t * channels] as number;
    const mean = sum / instants;
    for (let t = 0; t < instants; t++) rows[t * d + j] = (signal[from + t * channels] as number) - mean;
  }
  return rows;
}

/** (1 - λ)·S + λ·tr(S)/d·I of centred rows. Without λ: Ledoit and Wolf's, which errs least in expectation. */
function shrunk(rows: Float64Array, n: number, d: number, shrinkage: number | undefined): Float64Array {
  const s = new Float64Array(d * d);
  let fourth = 0;
  for (let t = 0; t < n; t++) {
    let square = 0;
    for (let i = 0; i < d; i++) {
      const x = rows[t * d + i] as number;
      square += x * x;
      for (let j = 0; j <= i; j++) s[i * d + j] = (s[i * d + j] as number) + x * (rows[t * d + j] as number);
    }
    fourth += square * square;
  }
  let trace = 0;
  let energy = 0;
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      const value = (s[i * d + j] as number) / n;
      s[i * d + j] = value;
      s[j * d + i] = value;
      energy += value * value * (i === j ? 1 : 2);
    }
    trace += s[i * d + i] as number;
  }
  const mean = trace / d;
  // ‖S - mean·I‖², and the part of it that is noise: Σ‖x·xᵀ - S‖²/n²
  const spread = energy - trace * mean;
  const noise = (fourth / n - energy) / n;
  const share = shrinkage ?? (spread > 0 ? Math.min(1, Math.max(0, noise / spread)) : 0);
  for (let i = 0; i < s.length; i++) s[i] = (1 - share) * (s[i] as number);
  for (let i = 0; i < d; i++) s[i * d + i] = (s[i * d + i] as number) + share * mean;
  return s;
}

/** The vector of log S; `expected` begins the error where an eigenvalue is no more than rounding. */
function logVector(matrix: Float64Array, d: number, expected: string): Float64Array {
  const { values, vectors } = symmetricEigen(matrix, d);
  const least = values[d - 1] as number;
  if (!(least > d * Number.EPSILON * (values[0] as number))) {
    throw new RangeError(`${expected}, got a smallest eigenvalue of ${least} beside ${values[0]}`);
  }
  const logs = values.map(naturalLog);
  const out = new Float64Array((d * (d + 1)) / 2);
  let upper = d;
  for (let i = 0; i < d; i++) {
    for (let j = i; j < d; j++) {
      let sum = 0;
      for (let e = 0; e < d; e++) {
        sum += (logs[e] as number) * ((vectors[e * d + i] as number) * (vectors[e * d + j] as number));
      }
      if (i === j) out[i] = sum;
      else out[upper++] = Math.SQRT2 * sum;
    }
  }
  return out;
}
