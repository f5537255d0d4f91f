/** Vectors → blocks of any linear method: by kernels straight into the blocks where the coder has them, else row by row. */
import {
  type Block,
  type Core,
  checkFinite,
  checkLength,
  NO_PTR,
  Owner,
  type Ptr,
  shapedSet,
  type Vectors,
} from '@sagitta/core-wasm';
import { BLOCK } from '../blocks.ts';
import type { Encoder } from '../quantizer.ts';
import { factorAt, type LinearLayout, putCode, putFactors } from './block-layout.ts';
import {
  type BlockEncoder,
  type BlockFactors,
  type CodedRows,
  FACTOR_ADD,
  FACTOR_ERROR,
  FACTOR_OFFSET,
  FACTOR_PART,
  FACTOR_SCALE,
} from './coder.ts';
import { centreOf, FRAME_CHUNK, FrameTransform } from './frame.ts';
import type { LinearParts } from './linear-parts.ts';

export function emptyRows(n: number, codeBytes: number): CodedRows {
  return {
    codes: new Uint8Array(n * codeBytes),
    scales: new Float32Array(n),
    offsets: new Float32Array(n),
    norms: new Float32Array(n),
    partScales: new Float32Array(n),
    errors: new Float32Array(n),
  };
}

/** What an encoder takes of a LinearQuantizer. */
type Encoded = LinearParts & { readonly places: LinearLayout };

export class LinearEncoder extends Owner implements Encoder {
  readonly #quantizer: Encoded;
  readonly #transform: FrameTransform;
  readonly #blockEncoder: BlockEncoder | undefined;
  /** FRAME_CHUNK vectors, then the origin and c', for the kernels. */
  readonly #input: Block | undefined;
  readonly #factors: BlockFactors = {
    norms: new Float32Array(BLOCK),
    scales: new Float32Array(BLOCK),
    offsets: new Float32Array(BLOCK),
    errors: new Float32Array(BLOCK),
    crosses: new Float32Array(BLOCK),
  };

  constructor(core: Core, quantizer: Encoded) {
    super(core);
    this.#quantizer = quantizer;
    const { d, frame, coder } = quantizer;
    this.#transform = this.own(() => new FrameTransform(core, frame, 'data'));
    this.#blockEncoder = this.own(() => coder.createBlockEncoder?.(core));
    if (this.#blockEncoder) this.#input = this.allocate(4 * (FRAME_CHUNK * d + paddedTo4(d) + frame.dims));
  }

  encode(given: Vectors, origin: Float32Array, blocks: Block, first: number): void {
    this.checkLive('encoder');
    const { d, coder, metric, frame } = this.#quantizer;
    const { data: vectors, n } = shapedSet(given, d, 'vectors');
    checkLength('origin', origin.length, d, 'd');
    const centre = metric === 'l2' ? centreOf(this.core, frame, this.#quantizer.origin, origin) : undefined;
    if (this.#blockEncoder) {
      this.#encodeByKernels(this.#blockEncoder, vectors, n, origin, centre, blocks, first);
      return;
    }
    // a norm tells what is not finite; where none is computed every value is looked at
    if (metric !== 'l2' || !coder.writesNorms) checkFinite('vectors', vectors, d);
    const coded = emptyRows(Math.min(n, FRAME_CHUNK), coder.codeBytes);
    const residuals = new Float32Array(Math.min(n, FRAME_CHUNK) * d);
    for (let start = 0; start < n; start += FRAME_CHUNK) {
      const count = Math.min(FRAME_CHUNK, n - start);
      for (let i = 0; i < count; i++) {
        const at = i * d;
        const from = (start + i) * d;
        for (let j = 0; j < d; j++) residuals[at + j] = (vectors[from + j] as number) - (origin[j] as number);
      }
      this.#encodeChunk(residuals.subarray(0, count * d), count, centre, coded, blocks, first + start);
    }
  }

  #encodeByKernels(
    encoder: BlockEncoder,
    vectors: Float32Array,
    n: number,
    origin: Float32Array,
    centre: Float32Array | undefined,
    blocks: Block,
    first: number,
  ): void {
    const { d, frame } = this.#quantizer;
    const input = this.#input as Block;
    const originAt = 4 * FRAME_CHUNK * d;
    const centreAt = originAt + 4 * paddedTo4(d);
    input.f32(originAt, d).set(origin);
    if (centre) input.f32(centreAt, frame.dims).set(centre);
    const centrePtr = centre ? input.at(centreAt) : NO_PTR;
    for (let start = 0; start < n; start += FRAME_CHUNK) {
      const count = Math.min(FRAME_CHUNK, n - start);
      const chunk = vectors.subarray(start * d, (start + count) * d);
      input.f32(0, count * d).set(chunk);
      const rows = this.#transform.load(input.at(), count, input.at(originAt));
      for (let i = 0; i < count; ) {
        const at = first + start + i;
        const part = Math.min(BLOCK - (at % BLOCK), count - i);
        const row = (rows + 4 * i * frame.dims) as Ptr;
        if (!this.#encodePart(encoder, row, part, centrePtr, blocks, at)) {
          checkFinite('vectors', chunk, d);
          throw new RangeError('"vectors" expected values whose squares fit in f32, got larger ones');
        }
        i += part;
      }
    }
  }

  /** `n` rows that go to one block, from position `first` of all. @returns whether their norms are finite */
  #encodePart(
    encoder: BlockEncoder,
    rows: Ptr,
    n: number,
    centre: Ptr,
    blocks: Block,
    first: number,
  ): boolean {
    const { coder, places: layout } = this.#quantizer;
    const lane = first % BLOCK;
    const block = Math.floor(first / BLOCK) * layout.blocks.blockBytes;
    const { norms, scales, offsets, errors, crosses } = this.#factors;
    const codes = blocks.at(block + layout.codesAt + lane * coder.codeBytes);
    encoder.encode(rows, n, centre, codes, this.#factors);
    for (let i = 0; i < n; i++) {
      const norm = norms[i] as number;
      if (!(norm < Number.POSITIVE_INFINITY)) return false;
      if (centre !== NO_PTR) norms[i] = norm + 2 * (crosses[i] as number);
    }
    const put = (bit: number, values: Float32Array): void => {
      const offset = factorAt(layout, bit);
      if (offset >= 0) blocks.f32(block + offset + 4 * lane, n).set(values.subarray(0, n));
    };
    put(FACTOR_ADD, norms);
    put(FACTOR_SCALE, scales);
    put(FACTOR_OFFSET, offsets);
    put(FACTOR_ERROR, errors);
    return true;
  }

  #encodeChunk(
    residuals: Float32Array,
    n: number,
    centre: Float32Array | undefined,
    coded: CodedRows,
    blocks: Block,
    first: number,
  ): void {
    const { coder, places: layout, metric } = this.#quantizer;
    const { codeBytes } = coder;
    const rows = this.#transform.apply(residuals);
    coder.encode(this.core, rows, n, coded);
    if (metric === 'l2')
      putFactors(blocks, layout, FACTOR_ADD, first, this.#adds(residuals, n, centre, coded));
    putFactors(blocks, layout, FACTOR_SCALE, first, coded.scales.subarray(0, n));
    putFactors(blocks, layout, FACTOR_OFFSET, first, coded.offsets.subarray(0, n));
    putFactors(blocks, layout, FACTOR_PART, first, coded.partScales.subarray(0, n));
    putFactors(blocks, layout, FACTOR_ERROR, first, coded.errors.subarray(0, n));
    const bytes = blocks.u8();
    for (let i = 0; i < n; i++) {
      putCode(bytes, layout, first + i, coded.codes.subarray(i * codeBytes, (i + 1) * codeBytes));
    }
  }

  /** N + 2·<c', r̂> of each vector. */
  #adds(
    residuals: Float32Array,
    n: number,
    centre: Float32Array | undefined,
    coded: CodedRows,
  ): Float32Array {
    const { coder, d } = this.#quantizer;
    const { dims } = coder;
    const isExact = coder.norm === 'exact';
    const adds = new Float32Array(n);
    if (coder.writesNorms) adds.set(coded.norms.subarray(0, n));
    else if (isExact) {
      for (let i = 0, at = 0; i < n; i++) {
        let norm = 0;
        for (let j = 0; j < d; j++, at++) norm += (residuals[at] as number) * (residuals[at] as number);
        adds[i] = norm;
      }
    }
    const hasNorms = coder.writesNorms || isExact;
    if (!hasNorms || centre) {
      const decoded = new Float32Array(n * dims);
      coder.decode(coded, n, decoded);
      for (let i = 0, at = 0; i < n; i++) {
        let norm = 0;
        let product = 0;
        for (let t = 0; t < dims; t++, at++) {
          const value = decoded[at] as number;
          norm += value * value;
          if (centre) product += value * (centre[t] as number);
        }
        adds[i] = (hasNorms ? (adds[i] as number) : norm) + 2 * product;
      }
    }
    const bad = adds.find((value) => !Number.isFinite(value));
    if (bad !== undefined) {
      checkFinite('vectors', residuals, d);
      throw new RangeError(
        `"vectors" expected values whose squares fit in f32, got a squared norm of ${bad}`,
      );
    }
    return adds;
  }
}

function paddedTo4(d: number): number {
  return 4 * Math.ceil(d / 4);
}
