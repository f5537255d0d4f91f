/**
 * The network whose last hidden layer becomes the features of a RegressionFde, and its descent:
 *
 *   x → a₁ = max(0, N₁(x·W₁)) → a₂ = max(0, N₂(a₁·W₂)) → a₂·V,   N(z) = gain·(z - mean z)/√(var z + ε) + shift
 *
 * with squared error against the targets and Adam (Kingma & Ba, arXiv 1412.6980, β 0.9 and 0.999). V is thrown away after:
 * the ridge solves anew for all documents. Inputs are centred and scaled, which ends in the first layer's weights and bias.
 *
 * Products by matmulF32, the rest f64 and f32 in a fixed order with ÷ and √ alone: the same features on every engine.
 * Memory: W₁, W₂, V four times (gradient, both moments), six arrays of a batch.
 */
import { type Block, type Core, Owner, type RandomStream } from '@sagitta/core-wasm';
import { transpose } from '@sagitta/quantizers/internal';
import { normal } from './random-features.ts';
import type { FeatureLayer } from './token-features.ts';

const BETA1 = 0.9;
const BETA2 = 0.999;
const ADAM_EPSILON = 1e-8;
/** Keeps the root away from 0 where all numbers of a layer are alike: that of rectifyRows. */
const NORM_EPSILON = 1e-5;

/** Sizes of the network. */
export interface NetworkShape {
  readonly d: number;
  readonly hidden: number;
  readonly features: number;
  readonly targets: number;
  /** Rows of a batch. */
  readonly batch: number;
}

/** Numbers that are learned, with what Adam knows of them. */
class Parameter {
  readonly values: Float32Array;
  readonly gradient: Float32Array;
  readonly #first: Float32Array;
  readonly #second: Float32Array;

  constructor(values: Float32Array) {
    this.values = values;
    this.gradient = new Float32Array(values.length);
    this.#first = new Float32Array(values.length);
    this.#second = new Float32Array(values.length);
  }

  /** rate — of this step, with Adam's corrections of both moments. */
  descend(rate: number, secondCorrection: number): void {
    const { values, gradient } = this;
    const first = this.#first;
    const second = this.#second;
    for (let i = 0; i < values.length; i++) {
      const g = gradient[i] as number;
      const m = BETA1 * (first[i] as number) + (1 - BETA1) * g;
      const v = BETA2 * (second[i] as number) + (1 - BETA2) * g * g;
      first[i] = m;
      second[i] = v;
      values[i] = (values[i] as number) - (rate * m) / (Math.sqrt(v / secondCorrection) + ADAM_EPSILON);
    }
  }
}

/** A layer's norm and rectifier, forward and back. */
class NormLayer {
  readonly gain: Parameter;
  readonly shift: Parameter;
  readonly #width: number;
  /** What the norm made, before gain and shift. */
  readonly #normal: Float32Array;
  readonly #inverses: Float64Array;

  constructor(width: number, batch: number) {
    this.#width = width;
    this.gain = new Parameter(new Float32Array(width).fill(1));
    this.shift = new Parameter(new Float32Array(width));
    this.#normal = new Float32Array(batch * width);
    this.#inverses = new Float64Array(batch);
  }

  forward(z: Float32Array, rows: number, out: Float32Array): void {
    const width = this.#width;
    const gain = this.gain.values;
    const shift = this.shift.values;
    const kept = this.#normal;
    for (let i = 0; i < rows; i++) {
      const from = i * width;
      const { mean, inverse } = rowStatistics(z.subarray(from, from + width));
      this.#inverses[i] = inverse;
      for (let j = 0; j < width; j++) {
        const value = ((z[from + j] as number) - mean) * inverse;
        kept[from + j] = value;
        const y = value * (gain[j] as number) + (shift[j] as number);
        out[from + j] = Math.max(y, 0);
      }
    }
  }

  /** From the gradient of what forward gave (`out`) to that of z, in place; adds up those of gain and shift. */
  backward(gradient: Float32Array, out: Float32Array, rows: number): void {
    const width = this.#width;
    const gain = this.gain.values;
    const kept = this.#normal;
    const gains = this.gain.gradient.fill(0);
    const shifts = this.shift.gradient.fill(0);
    for (let i = 0; i < rows; i++) {
      const from = i * width;
      let sum = 0;
      let along = 0;
      for (let j = 0; j < width; j++) {
        const dy = (out[from + j] as number) > 0 ? (gradient[from + j] as number) : 0;
        const x = kept[from + j] as number;
        gains[j] = (gains[j] as number) + dy * x;
        shifts[j] = (shifts[j] as number) + dy;
        const dx = dy * (gain[j] as number);
        gradient[from + j] = dx;
        sum += dx;
        along += dx * x;
      }
      const inverse = this.#inverses[i] as number;
      sum /= width;
      along /= width;
      for (let j = 0; j < width; j++) {
        const dx = gradient[from + j] as number;
        gradient[from + j] = inverse * (dx - sum - (kept[from + j] as number) * along);
      }
    }
  }
}

/** Learns features batch by batch. */
export class FeatureNetwork extends Owner {
  readonly #shape: NetworkShape;
  readonly #weights: readonly [Parameter, Parameter, Parameter];
  readonly #norms: readonly [NormLayer, NormLayer];
  readonly #left: Block;
  readonly #right: Block;
  readonly #product: Block;
  readonly #scratch: Float32Array;
  readonly #hidden: Float32Array;
  readonly #features: Float32Array;
  #powers: readonly [number, number] = [1, 1];

  constructor(core: Core, shape: NetworkShape, random: RandomStream) {
    super(core);
    const { d, hidden, features, targets, batch } = shape;
    this.#shape = shape;
    const drawn = (inputs: number, outputs: number): Parameter => {
      const scale = 1 / Math.sqrt(inputs);
      return new Parameter(Float32Array.from({ length: inputs * outputs }, () => scale * normal(random)));
    };
    this.#weights = [drawn(d, hidden), drawn(hidden, features), drawn(features, targets)];
    this.#norms = [new NormLayer(hidden, batch), new NormLayer(features, batch)];
    const widest = Math.max(d, hidden, features, targets);
    const most = Math.max(batch * widest, d * hidden, hidden * features, features * targets);
    this.#left = this.allocate(4 * batch * widest);
    this.#right = this.allocate(4 * most);
    this.#product = this.allocate(4 * most);
    this.#scratch = new Float32Array(most);
    this.#hidden = new Float32Array(batch * hidden);
    this.#features = new Float32Array(batch * features);
  }

  /** Mean squared error of rows (n × d, at most a batch) against targets (n × targets). */
  error(rows: Float32Array, targets: Float32Array): number {
    this.checkLive('network');
    const n = rows.length / this.#shape.d;
    return this.#residuals(this.#forward(rows, n), targets);
  }

  /** One step of Adam on a batch; returns the error before it. */
  step(rows: Float32Array, targets: Float32Array, rate: number): number {
    this.checkLive('network');
    const { d, hidden, features, targets: width } = this.#shape;
    const n = rows.length / d;
    const [first, second, last] = this.#weights;
    const [hiddenNorm, featureNorm] = this.#norms;
    const output = this.#forward(rows, n);
    const error = this.#residuals(output, targets);
    for (let i = 0; i < output.length; i++) output[i] = (output[i] as number) / n;
    this.#multiply(
      transpose(this.#features, n, features, this.#scratch),
      output,
      features,
      width,
      n,
      last.gradient,
    );
    const toFeatures = this.#multiply(
      output,
      transpose(last.values, features, width, this.#scratch),
      n,
      features,
      width,
    );
    featureNorm.backward(toFeatures, this.#features, n);
    this.#multiply(
      transpose(this.#hidden, n, hidden, this.#scratch),
      toFeatures,
      hidden,
      features,
      n,
      second.gradient,
    );
    const toHidden = this.#multiply(
      toFeatures,
      transpose(second.values, hidden, features, this.#scratch),
      n,
      hidden,
      features,
    );
    hiddenNorm.backward(toHidden, this.#hidden, n);
    this.#multiply(transpose(rows, n, d, this.#scratch), toHidden, d, hidden, n, first.gradient);
    this.#powers = [this.#powers[0] * BETA1, this.#powers[1] * BETA2];
    const corrected = rate / (1 - this.#powers[0]);
    for (const parameter of this.#parameters()) parameter.descend(corrected, 1 - this.#powers[1]);
    return error;
  }

  /** Both layers as they are now, for inputs that were not centred by mean and spread. */
  layers(mean: Float64Array, spread: number): readonly FeatureLayer[] {
    const { d, hidden, features } = this.#shape;
    const [first, second] = this.#weights;
    const weights = first.values.map((value) => value / spread);
    const bias = new Float64Array(hidden);
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < hidden; j++) {
        bias[j] = (bias[j] as number) - (mean[i] as number) * (weights[i * hidden + j] as number);
      }
    }
    const [hiddenNorm, featureNorm] = this.#norms.map(({ gain, shift }) => ({
      gain: gain.values.slice(),
      shift: shift.values.slice(),
    })) as [{ gain: Float32Array; shift: Float32Array }, { gain: Float32Array; shift: Float32Array }];
    return [
      { inputs: d, outputs: hidden, weights, bias: Float32Array.from(bias), norm: hiddenNorm },
      {
        inputs: hidden,
        outputs: features,
        weights: second.values.slice(),
        bias: new Float32Array(features),
        norm: featureNorm,
      },
    ];
  }

  #parameters(): Parameter[] {
    return [...this.#weights, ...this.#norms.flatMap(({ gain, shift }) => [gain, shift])];
  }

  /** a₂·V of n rows. */
  #forward(rows: Float32Array, n: number): Float32Array {
    const { d, hidden, features, targets } = this.#shape;
    const [first, second, last] = this.#weights;
    this.#norms[0].forward(this.#multiply(rows, first.values, n, hidden, d), n, this.#hidden);
    this.#norms[1].forward(
      this.#multiply(this.#hidden, second.values, n, features, hidden),
      n,
      this.#features,
    );
    return this.#multiply(this.#features, last.values, n, targets, features);
  }

  /** Makes residuals of output, in place; returns the mean of their squares. */
  #residuals(output: Float32Array, targets: Float32Array): number {
    let sum = 0;
    for (let i = 0; i < output.length; i++) {
      const residual = (output[i] as number) - (targets[i] as number);
      output[i] = residual;
      sum += residual * residual;
    }
    return sum / output.length;
  }

  /** The first m × k numbers of a · the first k × n of b, into out or fresh. */
  #multiply(
    a: Float32Array,
    b: Float32Array,
    m: number,
    n: number,
    k: number,
    out: Float32Array = new Float32Array(m * n),
  ): Float32Array {
    this.#left.f32(0, m * k).set(a.subarray(0, m * k));
    this.#right.f32(0, k * n).set(b.subarray(0, k * n));
    this.core.kernels.matmulF32(this.#left.at(), this.#right.at(), m, n, k, this.#product.at());
    out.set(this.#product.f32(0, m * n));
    return out;
  }
}

/** Mean of a row and 1/√(variance + ε). */
function rowStatistics(row: Float32Array): { readonly mean: number; readonly inverse: number } {
  let sum = 0;
  for (let j = 0; j < row.length; j++) sum += row[j] as number;
  const mean = sum / row.length;
  let squares = 0;
  for (let j = 0; j < row.length; j++) {
    const off = (row[j] as number) - mean;
    squares += off * off;
  }
  return { mean, inverse: 1 / Math.sqrt(squares / row.length + NORM_EPSILON) };
}
