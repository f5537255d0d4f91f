/**
 * One codebook of many entries, learned by mini-batch gradient descent, without collapse (Zhu et al., *Addressing
 * Representation Collapse in Vector Quantized Models with One Linear Layer*, 2024).
 *
 * Plain gradient VQ moves only the entries that are chosen, so those that never are stay where they began: most of a
 * large codebook dies. SimVQ keeps a random basis E (K × d) fixed and learns a linear layer W: entries are the rows of
 * E·W, and every step turns and scales the space of all of them at once.
 *
 *   loss = mean |x - c(x)|²;   plain: ∂/∂c_k = -2/B·Σ_{x in k} (x - c_k);   SimVQ: ∂/∂W = -2/B·Σ_x e_{k(x)}ᵀ·(x - c_{k(x)})
 *
 * Steps are those of Adam (Kingma and Ba, 2015). Deterministic in the seed, on every engine: products by maddExact
 * kernels, everything else + - * / and sqrt.
 */
import {
  boundedSet,
  type Core,
  checkCore,
  checkInteger,
  checkNumber,
  checkOptions,
  type OptionTable,
  RandomStream,
  type VectorSetInput,
} from '@sagitta/core-wasm';
import { assignToNearest } from '../training/kmeans.ts';

/** Says how a codebook is learned by gradients. */
export interface GradientVqOptions {
  /** Entries, K. */
  readonly entries: number;
  /** 'simvq' learns the linear layer, 'plain' the entries themselves. */
  readonly method: 'simvq' | 'plain';
  readonly steps?: number;
  /** Vectors of one step. Default 256. */
  readonly batch?: number;
  /** Adam's first step; it falls to 0. Default 0.01 for simvq, 0.05 times the standard deviation for plain. */
  readonly rate?: number;
  readonly seed?: number;
}

const GRADIENT_VQ_OPTIONS: OptionTable<GradientVqOptions> = {
  entries: 'number',
  method: 'string',
  steps: 'number',
  batch: 'number',
  rate: 'number',
  seed: 'number',
};

/** Holds a codebook and the map that its entries go through. */
export interface GradientVqModel {
  readonly d: number;
  readonly entries: number;
  /** K × d. */
  readonly codebook: Float32Array;
}

/** Tells how a codebook serves vectors. */
export interface CodebookReport {
  /** Share of entries that are the nearest of at least one vector. */
  readonly utilisation: number;
  /** exp of the entropy of the entries' shares: how many entries would do as much if all were used alike. */
  readonly perplexity: number;
  /** Mean squared distance of a vector to its entry, over the variance of the vectors. */
  readonly relativeError: number;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/** Adam's moments and step for one array of parameters. */
class Adam {
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  readonly #rate: number;
  #power1 = 1;
  #power2 = 1;

  constructor(size: number, rate: number) {
    this.#first = new Float64Array(size);
    this.#second = new Float64Array(size);
    this.#rate = rate;
  }

  /** share — of the rate, for this step. */
  step(parameters: Float64Array, gradient: Float64Array, share: number): void {
    this.#power1 *= BETA1;
    this.#power2 *= BETA2;
    for (let i = 0; i < parameters.length; i++) {
      const g = gradient[i] as number;
      const first = BETA1 * (this.#first[i] as number) + (1 - BETA1) * g;
      const second = BETA2 * (this.#second[i] as number) + (1 - BETA2) * g * g;
      this.#first[i] = first;
      this.#second[i] = second;
      const size = Math.sqrt(second / (1 - this.#power2)) + EPSILON;
      parameters[i] = (parameters[i] as number) - (share * this.#rate * first) / (1 - this.#power1) / size;
    }
  }
}

/** Sums of eight uniforms: nearly normal entries of variance 1. */
function randomEntries(size: number, random: RandomStream): Float64Array {
  return Float64Array.from({ length: size }, () => {
    let sum = -4;
    for (let t = 0; t < 8; t++) sum += random.nextUnit();
    return sum * Math.sqrt(1.5);
  });
}

/**
 * Learns one codebook for whole vectors by gradients, as VQ or SimVQ does.
 * @throws RangeError on an empty sample or options out of range
 */
export function trainGradientVq(
  core: Core,
  sample: VectorSetInput,
  options: GradientVqOptions,
): GradientVqModel {
  checkCore(core);
  checkOptions('options', options, GRADIENT_VQ_OPTIONS);
  const { d } = sample;
  const { data, n } = boundedSet(sample.data, d, 'sample', { isSample: true });
  checkInteger('sample.n', n, 1, 0xffff_ffff);
  const entries = checkInteger('entries', options.entries, 1, 2 ** 20);
  const steps = checkInteger('steps', options.steps ?? 1000, 0, 1_000_000);
  const batch = checkInteger('batch', options.batch ?? 256, 1, 2 ** 20);
  const isSim = options.method === 'simvq';
  const random = new RandomStream(
    checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER),
    'gradient-vq',
  );
  const { means, spread } = moments(data, d);
  const rate = checkNumber('rate', options.rate ?? (isSim ? 0.01 : 0.05 * spread), 0, 1e6);
  const basis = randomEntries(entries * d, random.fork('entries'));
  // simvq learns W (d × d), which begins as the identity; plain learns the entries
  const layer = new Float64Array(d * d);
  for (let i = 0; i < d; i++) layer[i * d + i] = 1;
  const parameters = isSim ? layer : basis;
  const adam = new Adam(parameters.length, rate);
  const gradient = new Float64Array(parameters.length);
  const draw = random.fork('batches');
  for (let step = 0; step < steps; step++) {
    const codebook = entriesOf(basis, isSim ? layer : undefined, means);
    const rows = new Float32Array(batch * d);
    for (let b = 0; b < batch; b++) {
      const row = draw.nextBelow(n);
      rows.set(data.subarray(row * d, (row + 1) * d), b * d);
    }
    const { ids } = assignToNearest(core, { data: rows, n: batch, d }, codebook);
    gradient.fill(0);
    const weight = -2 / batch;
    for (let b = 0; b < batch; b++) {
      const k = ids[b] as number;
      for (let j = 0; j < d; j++) {
        const push = weight * ((rows[b * d + j] as number) - (codebook[k * d + j] as number));
        if (isSim) {
          for (let i = 0; i < d; i++) {
            const at = i * d + j;
            gradient[at] = (gradient[at] as number) + (basis[k * d + i] as number) * push;
          }
        } else gradient[k * d + j] = (gradient[k * d + j] as number) + push;
      }
    }
    // the rate falls to 0, so that the last entries stand still
    adam.step(parameters, gradient, 1 - step / steps);
  }
  return { d, entries, codebook: entriesOf(basis, isSim ? layer : undefined, means) };
}

/** The mean and E·W, or E. */
function entriesOf(basis: Float64Array, layer: Float64Array | undefined, means: Float64Array): Float32Array {
  const d = means.length;
  if (!layer) return Float32Array.from(basis, (value, i) => value + (means[i % d] as number));
  const out = new Float32Array(basis.length);
  const row = new Float64Array(d);
  for (let at = 0; at < basis.length; at += d) {
    row.set(means);
    for (let i = 0; i < d; i++) {
      const value = basis[at + i] as number;
      for (let j = 0; j < d; j++) row[j] = (row[j] as number) + value * (layer[i * d + j] as number);
    }
    out.set(row, at);
  }
  return out;
}

/** Means of the coordinates, and the root mean square about them. */
function moments(data: Float32Array, d: number): { means: Float64Array; spread: number } {
  const means = new Float64Array(d);
  const n = data.length / d;
  for (let i = 0; i < data.length; i++) means[i % d] = (means[i % d] as number) + (data[i] as number) / n;
  let squares = 0;
  for (let i = 0; i < data.length; i++) squares += ((data[i] as number) - (means[i % d] as number)) ** 2;
  return { means, spread: Math.sqrt(squares / data.length) };
}

/** Measures how a codebook (K × d) serves a set of vectors. */
export function codebookReport(core: Core, x: VectorSetInput, codebook: Float32Array): CodebookReport {
  const { d } = x;
  const { data, n } = boundedSet(x.data, d, 'x');
  checkInteger('x.n', n, 1, 0xffff_ffff);
  const { ids } = assignToNearest(core, { data, n, d }, codebook);
  const counts = new Uint32Array(codebook.length / d);
  const means = new Float64Array(d);
  let error = 0;
  for (let i = 0; i < n; i++) {
    const k = ids[i] as number;
    counts[k] = (counts[k] as number) + 1;
    for (let j = 0; j < d; j++) {
      const value = data[i * d + j] as number;
      means[j] = (means[j] as number) + value / n;
      error += (value - (codebook[k * d + j] as number)) ** 2;
    }
  }
  let variance = 0;
  for (let i = 0; i < data.length; i++) variance += ((data[i] as number) - (means[i % d] as number)) ** 2;
  let used = 0;
  let entropy = 0;
  for (const count of counts) {
    if (count === 0) continue;
    used++;
    entropy -= (count / n) * Math.log(count / n);
  }
  return {
    utilisation: used / counts.length,
    perplexity: Math.E ** entropy,
    relativeError: variance > 0 ? error / variance : 0,
  };
}
