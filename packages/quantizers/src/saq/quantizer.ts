/** A SAQ model under the contract of every quantizer. */
import {
  type Block,
  type ByteWriter,
  type Core,
  type Metric,
  Owner,
  toFloat32Rows,
  type Vectors,
} from '@sagitta/core-wasm';
import type { BlockLayout } from '../block-layout.ts';
import type { Coordinates, Encoder, Quantizer } from '../quantizer.ts';
import type { RowLayout } from '../row-layout.ts';
import { SaqCoordinates } from './coordinates.ts';
import { SaqDecoder } from './decoder.ts';
import { SaqEncoder } from './encoder.ts';
import { SaqEstimator } from './estimator.ts';
import { writeSaqModel } from './format.ts';
import { BLOCK, blockCount, type SaqSegment, saqLayout } from './layout.ts';
import type { SaqModel } from './model.ts';
import { saqRowLayout } from './row-layout.ts';
import { saqDefect } from './stored-range.ts';

/** Encodes vectors by SAQ: bits go to the principal directions that carry the most variance. */
export class SaqQuantizer implements Quantizer {
  readonly name = 'saq';
  readonly metric: Metric;
  readonly d: number;
  readonly bits: number;
  readonly layout: BlockLayout;
  readonly rows: RowLayout;
  readonly plan: readonly SaqSegment[];
  readonly hasLevels = false;
  readonly isUnbiased = true;
  readonly hasErrorBound = false;
  readonly origin: Float32Array;
  readonly model: SaqModel;

  constructor(model: SaqModel) {
    this.metric = model.metric;
    this.d = model.d;
    this.bits = model.bits;
    const layout = saqLayout(model.plan);
    this.layout = layout.blocks;
    this.rows = saqRowLayout(layout, model.shares).rows;
    this.plan = model.plan;
    this.origin = model.mean;
    this.model = model;
  }

  createEncoder(core: Core): Encoder {
    return new PlacingEncoder(core, this);
  }

  createEstimator(core: Core): SaqEstimator {
    return new SaqEstimator(core, this.model);
  }

  createCoordinates(core: Core, dims: number): Coordinates {
    return new SaqCoordinates(core, this.model, dims);
  }

  decode(core: Core, blocks: Block, n: number, origin: Float32Array): Float32Array {
    using decoder = new SaqDecoder(core, this.model);
    return decoder.decode(blocks, n, { origin });
  }

  defect(blocks: Block, n: number): string | undefined {
    return saqDefect(this.model, blocks, n);
  }

  write(writer: ByteWriter): void {
    writer.bytes(writeSaqModel(this.model));
  }
}

/** SaqEncoder makes whole blocks; this puts vectors at any position. */
class PlacingEncoder extends Owner implements Encoder {
  readonly #quantizer: SaqQuantizer;
  readonly #encoder: SaqEncoder;

  constructor(core: Core, quantizer: SaqQuantizer) {
    super(core);
    this.#quantizer = quantizer;
    this.#encoder = this.own(() => new SaqEncoder(core, quantizer.model));
  }

  encode(vectors: Vectors, origin: Float32Array, blocks: Block, first: number): void {
    this.checkLive('encoder');
    const { layout, d } = this.#quantizer;
    const rows = toFloat32Rows('vectors', vectors, d);
    const whole = first % BLOCK === 0 ? d * BLOCK * Math.floor(rows.length / d / BLOCK) : 0;
    if (whole > 0) {
      const offset = (first / BLOCK) * layout.blockBytes;
      this.#encoder.encode(rows.subarray(0, whole), blocks, offset, origin);
    }
    const rest = rows.subarray(whole);
    if (rest.length === 0) return;
    // blocks that others share: code into scratch, then move vector by vector
    this.core.scope((scope) => {
      const n = rest.length / d;
      const scratch = scope.reserve(blockCount(n) * layout.blockBytes);
      this.#encoder.encode(rest, scratch, 0, origin);
      layout.move(scratch, 0, blocks, first + whole / d, n);
    });
  }
}
