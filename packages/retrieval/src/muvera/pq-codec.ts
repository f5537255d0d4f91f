/**
 * FDEs by product quantization as the paper has it, PQ-256-8: one of 256 centroids for 8 dimensions each, an eighth of a
 * byte a number; queries stay floats and are tabulated. Codebooks come from a sample of FDEs.
 *
 * Segments are runs of the encoder's blocks where 8 divides them, else the whole FDE.
 */
import {
  type Block,
  type ByteReader,
  type ByteWriter,
  type Core,
  NO_PTR,
  Owner,
  type Ptr,
} from '@sagitta/core-wasm';
import { PqCoder, trainPqCoder } from '@sagitta/quantizers/internal';
import {
  type BlockCodec,
  type BlockScan,
  type CodeTarget,
  numbersDefect,
  plainWidth,
  touchedSegments,
} from './block-codec.ts';

const DSUB = 8;
const KSUB = 256;

export class PqBlocks implements BlockCodec {
  readonly encoding = 'pq256x8';
  readonly length: number;
  readonly width: number;
  readonly segments: number;
  readonly codeBytes: number;
  readonly hasFactors = false;
  readonly hasScales = false;
  readonly reach = 1;
  readonly coder: PqCoder;

  /** codebooks — ⌈length/8⌉ × 256 × 8. */
  constructor(length: number, blockLength: number, codebooks: Float32Array) {
    this.length = length;
    this.width = blockLength % DSUB === 0 ? plainWidth(length, blockLength) : DSUB * Math.ceil(length / DSUB);
    this.segments = Math.ceil(length / this.width);
    this.codeBytes = this.width / DSUB;
    this.coder = new PqCoder(length, Math.ceil(length / DSUB), 8, codebooks);
  }

  encode(core: Core, fdes: Float32Array, target: CodeTarget): void {
    const { length, segments, codeBytes, coder } = this;
    const m = fdes.length / length;
    const numbers = coder.assign(core, fdes, m);
    for (let s = 0; s < segments; s++) {
      const { bytes } = target.codes(s);
      for (let i = 0; i < m; i++) {
        const from = i * coder.m + s * codeBytes;
        bytes.set(numbers.subarray(from, from + codeBytes), i * codeBytes);
      }
    }
  }

  createScan(core: Core): BlockScan {
    return new PqScan(core, this);
  }

  defect(_codes: Uint8Array): undefined {
    return undefined;
  }

  write(writer: ByteWriter): void {
    writer.array(this.coder.codebooks);
  }
}

/** Codebooks from a sample of FDEs (rows × length). @throws RangeError on fewer than 256 rows */
export function trainPqBlocks(
  core: Core,
  sample: Float32Array,
  length: number,
  blockLength: number,
  seed: number,
): PqBlocks {
  const rows = sample.length / length;
  const m = Math.ceil(length / DSUB);
  const coder = trainPqCoder(core, sample, rows, length, { m, nbits: 8, seed, iterations: 6 });
  return new PqBlocks(length, blockLength, coder.codebooks);
}

/** @throws FormatError */
export function readPqBlocks(reader: ByteReader, length: number, blockLength: number): PqBlocks {
  const codebooks = reader.f32Array('codebooks', Math.ceil(length / DSUB) * KSUB * DSUB);
  const defect = numbersDefect('codebooks', codebooks);
  if (defect !== undefined) reader.fail(defect);
  return new PqBlocks(length, blockLength, codebooks);
}

class PqScan extends Owner implements BlockScan {
  touched: Uint32Array = new Uint32Array(0);
  readonly base = 0;
  readonly #codec: PqBlocks;
  /** Of every segment; those of touched ones are filled. */
  readonly #tables: Block;

  constructor(core: Core, codec: PqBlocks) {
    super(core);
    this.#codec = codec;
    this.#tables = this.allocate(codec.segments * this.#tableBytes);
  }

  /** Of one segment. */
  get #tableBytes(): number {
    return 4 * KSUB * this.#codec.codeBytes;
  }

  setQuery(query: Float32Array): void {
    this.checkLive('scan');
    const { width, codeBytes, coder } = this.#codec;
    this.touched = touchedSegments(query, width);
    for (const segment of this.touched) {
      const tables = this.#tables.f32(this.#tableBytes * segment, KSUB * codeBytes);
      for (let g = 0; g < codeBytes; g++) {
        const codebook = coder.codebook(segment * codeBytes + g);
        const start = segment * width + g * DSUB;
        for (let c = 0; c < KSUB; c++) {
          let sum = 0;
          for (let t = 0; t < DSUB && start + t < query.length; t++) {
            sum += (query[start + t] as number) * (codebook[c * DSUB + t] as number);
          }
          tables[g * KSUB + c] = sum;
        }
      }
    }
  }

  add(segment: number, codes: Ptr, _factors: Ptr, n: number, scratch: Ptr, out: Ptr): void {
    this.checkLive('scan');
    const { kernels } = this.core;
    const tables = this.#tables.at(this.#tableBytes * segment);
    kernels.tableRowsU8(codes, n, this.#codec.codeBytes, tables, scratch);
    kernels.addScores(scratch, NO_PTR, n, 1, 0, out);
  }

  bytesUsed(): number {
    this.checkLive('scan');
    return this.#tables.byteLength;
  }
}
