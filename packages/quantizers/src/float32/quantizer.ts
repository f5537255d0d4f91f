/** Plain float32 vectors under the contract of every quantizer: exact scores, 4·d bytes a vector, no origin, no model. */
import {
  type Block,
  type Core,
  checkFinite,
  checkLength,
  longestStored,
  type Metric,
  type Numbers,
  Owner,
  type Ptr,
  rowsDefect,
  toFloat32,
  type Vectors,
  vectorSet,
} from '@sagitta/core-wasm';
import { BlockLayout } from '../block-layout.ts';
import type { Encoder, Estimator, Quantizer } from '../quantizer.ts';

/** Keeps vectors as they are: exact scores, 4·d bytes a vector. */
export class Float32Quantizer implements Quantizer {
  readonly name = 'float32';
  readonly metric: Metric;
  readonly d: number;
  readonly bits = 32;
  readonly layout: BlockLayout;
  readonly plan: readonly [] = [];
  readonly hasLevels = false;
  readonly isUnbiased = true;
  readonly hasErrorBound = false;
  readonly origin: Float32Array;

  constructor(d: number, metric: Metric) {
    this.metric = metric;
    this.d = d;
    this.layout = new BlockLayout([{ kind: 'rows', bytesPerVector: 4 * d }]);
    this.origin = new Float32Array(d);
  }

  /** It holds no memory. */
  createEncoder(): Encoder {
    const { d } = this;
    return {
      encode(vectors: Vectors, origin: Float32Array, blocks: Block, first: number): void {
        checkLength('origin', origin.length, d, 'd');
        const rows = vectorSet(vectors, d, 'vectors').data;
        blocks.f32(first * d * 4, rows.length).set(rows);
      },
      [Symbol.dispose]() {},
    };
  }

  createEstimator(core: Core): Estimator {
    return new Float32Estimator(core, this);
  }

  decode(_core: Core, blocks: Block, n: number): Float32Array {
    return blocks.f32(0, n * this.d).slice();
  }

  defect(blocks: Block, n: number): string | undefined {
    return rowsDefect('vectors', blocks.f32(0, n * this.d), this.d, longestStored(this.metric));
  }

  /** There is no model. */
  write(): void {}
}

class Float32Estimator extends Owner implements Estimator {
  readonly centroidDims = 0;
  readonly #d: number;
  readonly #metric: Metric;
  readonly #query: Block;

  constructor(core: Core, { d, metric }: Float32Quantizer) {
    super(core);
    this.#d = d;
    this.#metric = metric;
    this.#query = this.allocate(d * 4);
  }

  project(): Float32Array {
    this.checkLive('estimator');
    return new Float32Array(0);
  }

  setQuery(query: Numbers): void {
    this.checkLive('estimator');
    const values = toFloat32('query', query);
    checkLength('query', values.length, this.#d, 'd');
    checkFinite('query', values);
    // the score is the negated inner product, so the sign goes into the query
    this.#query.f32(0, this.#d).set(this.#metric === 'l2' ? values : values.map((value) => -value));
  }

  scores(blocks: Ptr, n: number, _centroid: Ptr, _base: number, out: Ptr): void {
    this.checkLive('estimator');
    const kernel = this.#metric === 'l2' ? 'l2F32Rows' : 'dotF32Rows';
    this.core.kernels[kernel](this.#query.at(), blocks, n, this.#d, out);
  }
}
