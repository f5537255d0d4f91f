/**
 * The feature map φ of RegressionFde: a token becomes `width` numbers that are not negative.
 *
 *   layer      z = x·W + b,  then with a norm  z ← gain·(z - mean z)/√(var z + ε) + shift,  then  max(z, 0)
 *   random     one layer without a norm, W and b drawn
 *   trained    two layers with a norm
 *
 * Only +, -, ×, ÷, √ and max in a fixed order, products by matmulF32 whose order is part of its contract: the same bytes on
 * every engine.
 */
import { type Block, type Core, Owner } from '@sagitta/core-wasm';

/** One layer of a feature map. */
export interface FeatureLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** inputs × outputs. */
  readonly weights: Float32Array;
  /** outputs. */
  readonly bias: Float32Array;
  readonly norm?: FeatureNorm;
}

/** What stands behind a layer's norm. */
export interface FeatureNorm {
  /** outputs each. */
  readonly gain: Float32Array;
  readonly shift: Float32Array;
}

/** Keeps the root away from 0 where all numbers of a layer are alike. */
export const NORM_EPSILON = 1e-5;
/** Bytes of one layer's numbers at a time. */
const SCRATCH_BYTES = 4 * 1024 * 1024;

/** A feature map whose matrices are in a core's memory. */
export class TokenFeatures extends Owner {
  readonly width: number;
  readonly #layers: readonly { readonly layer: FeatureLayer; readonly weights: Block }[];

  constructor(core: Core, layers: readonly FeatureLayer[]) {
    super(core);
    this.#layers = layers.map((layer) => {
      const weights = this.allocate(layer.weights.byteLength);
      weights.f32().set(layer.weights);
      return { layer, weights };
    });
    this.width = layers.at(-1)?.outputs ?? 0;
  }

  /** φ of rows (m × inputs of the first layer): m × width, fresh. */
  apply(rows: Float32Array, m: number): Float32Array {
    this.checkLive('features');
    const widest = Math.max(...this.#layers.map(({ layer }) => Math.max(layer.inputs, layer.outputs)));
    const step = Math.max(1, Math.floor(SCRATCH_BYTES / (4 * widest)));
    const out = new Float32Array(m * this.width);
    const d = rows.length / Math.max(1, m);
    for (let first = 0; first < m; first += step) {
      const count = Math.min(step, m - first);
      let values = rows.subarray(first * d, (first + count) * d);
      for (const { layer, weights } of this.#layers) values = this.#applyLayer(values, count, layer, weights);
      out.set(values, first * this.width);
    }
    return out;
  }

  #applyLayer(values: Float32Array, m: number, layer: FeatureLayer, weights: Block): Float32Array {
    const { inputs, outputs } = layer;
    return this.core.scope((scope) => {
      const from = scope.reserve(4 * m * inputs);
      const to = scope.reserve(4 * m * outputs);
      from.f32(0, m * inputs).set(values);
      this.core.kernels.matmulF32(from.at(), weights.at(), m, outputs, inputs, to.at());
      const out = to.f32(0, m * outputs).slice();
      activate(out, m, layer);
      return out;
    });
  }
}

/** What comes behind the product, in place. */
function activate(values: Float32Array, m: number, { outputs, bias, norm }: FeatureLayer): void {
  for (let i = 0; i < m; i++) {
    const row = values.subarray(i * outputs, (i + 1) * outputs);
    for (let j = 0; j < outputs; j++) row[j] = (row[j] as number) + (bias[j] as number);
    if (norm) {
      const { mean, inverse } = rowStatistics(row);
      for (let j = 0; j < outputs; j++) {
        row[j] = ((row[j] as number) - mean) * inverse * (norm.gain[j] as number) + (norm.shift[j] as number);
      }
    }
    for (let j = 0; j < outputs; j++) if ((row[j] as number) < 0) row[j] = 0;
  }
}

/** Mean of a row and 1/√(variance + ε). */
export function rowStatistics(row: Float32Array): { readonly mean: number; readonly inverse: number } {
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
