/**
 * The feature map φ of RegressionFde: a token becomes `width` numbers that are not negative.
 *
 *   layer      z = x·W + b,  then with a norm  z ← gain·(z - mean z)/√(var z + ε) + shift,  then  max(z, 0)
 *   random     one layer without a norm, W and b drawn
 *   trained    two layers with a norm
 *
 * Products in 16-bit integers, exact in any order (integer-rows.ts); behind them +, -, ×, ÷, √ and max in an order that is part of
 * the kernel's contract (rectifyRows): the same bytes on every engine.
 */
import { type Block, type Core, NO_PTR, Owner, type Scope } from '@sagitta/core-wasm';
import { transpose } from '@sagitta/quantizers/internal';
import { IntegerMatrix, toIntegerRows } from './integer-rows.ts';

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

/** Bytes of one layer's numbers at a time. */
const SCRATCH_BYTES = 4 * 1024 * 1024;

/** A layer in a core's memory. */
interface CoreLayer {
  readonly outputs: number;
  readonly matrix: IntegerMatrix;
  /** outputs each: scales of the matrix, bias, then gains and shifts where there is a norm. */
  readonly factors: Block;
  readonly hasNorm: boolean;
}

/** A feature map whose matrices are in a core's memory, as 16-bit integers with a scale a row. */
export class TokenFeatures extends Owner {
  readonly width: number;
  readonly #layers: readonly CoreLayer[];

  constructor(core: Core, layers: readonly FeatureLayer[]) {
    super(core);
    this.#layers = layers.map((layer) => this.#load(layer));
    this.width = layers.at(-1)?.outputs ?? 0;
  }

  #load({ inputs, outputs, weights, bias, norm }: FeatureLayer): CoreLayer {
    const rows = transpose(weights, inputs, outputs);
    const matrix = this.own(
      () => new IntegerMatrix(this.core, toIntegerRows(this.core, rows, outputs, inputs)),
    );
    const factors = this.allocate(4 * outputs * (norm ? 4 : 2));
    const parts = [matrix.right, bias, ...(norm ? [norm.gain, norm.shift] : [])];
    for (const [i, part] of parts.entries()) factors.f32(4 * i * outputs, outputs).set(part);
    return { outputs, matrix, factors, hasNorm: norm !== undefined };
  }

  /** φ of rows (m × inputs of the first layer): m × width, fresh. */
  apply(rows: Float32Array, m: number): Float32Array {
    this.checkLive('features');
    const d = rows.length / Math.max(1, m);
    const widest = this.#layers.reduce((most, { outputs }) => Math.max(most, outputs), d);
    const step = Math.max(1, Math.floor(SCRATCH_BYTES / (4 * widest)));
    const out = new Float32Array(m * this.width);
    for (let first = 0; first < m; first += step) {
      const count = Math.min(step, m - first);
      const values = rows.subarray(first * d, (first + count) * d);
      this.core.scope((scope) => {
        let at = scope.reserve(4 * count * d);
        at.f32(0, values.length).set(values);
        for (const layer of this.#layers) at = this.#applyLayer(scope, at, count, layer);
        out.set(at.f32(0, count * this.width), first * this.width);
      });
    }
    return out;
  }

  #applyLayer(scope: Scope, rows: Block, m: number, { outputs, matrix, factors, hasNorm }: CoreLayer): Block {
    const { out: products, scales } = matrix.productsOf(scope, rows, m);
    const out = scope.reserve(4 * m * outputs);
    this.core.kernels.rectifyRows(
      products.at(),
      m,
      outputs,
      matrix.stride,
      scales.at(),
      factors.at(),
      factors.at(4 * outputs),
      hasNorm ? factors.at(8 * outputs) : NO_PTR,
      out.at(),
    );
    return out;
  }
}
