/**
 * How FDEs become codes, segment by segment. A segment is what a query reads or skips as a whole: a block of the encoder
 * where its width suits the code, else a longer run.
 */
import { type ByteReader, type ByteWriter, type Core, largestAmount, type Ptr } from '@sagitta/core-wasm';
import type { FdeEncoding } from './fde-store.ts';

/** Where the codes of m documents go, one after the other. */
export interface CodeTarget {
  /** m × codeBytes of a segment. */
  codes(segment: number): { readonly ptr: Ptr; readonly bytes: Uint8Array };
  /** m f32 of a segment, where hasFactors. */
  factors(segment: number): { readonly ptr: Ptr; readonly values: Float32Array };
  /** m f32, where hasScales. */
  scales(): Float32Array;
}

export interface BlockCodec {
  readonly encoding: FdeEncoding;
  readonly length: number;
  readonly segments: number;
  /** Numbers of a segment; the last may reach beyond the length. */
  readonly width: number;
  /** Bytes of a document's code in one segment. */
  readonly codeBytes: number;
  /** One f32 a document and segment beside the code. */
  readonly hasFactors: boolean;
  /** One f32 a document. */
  readonly hasScales: boolean;
  /** The greatest amount of a code, which a factor or scale is multiplied by; 1 where there is none. */
  readonly reach: number;
  /** fdes — m × length, finite. Views of the target are taken anew after every allocation. */
  encode(core: Core, fdes: Float32Array, target: CodeTarget): void;
  createScan(core: Core): BlockScan;
  /** What is wrong with codes of a file, or undefined. */
  defect(codes: Uint8Array): string | undefined;
  /** What readBlockCodec needs besides encoding, length and block length. */
  write(writer: ByteWriter): void;
}

export interface BlockScan extends Disposable {
  /** Segments that the query touches, ascending. */
  readonly touched: Uint32Array;
  /** Part of each score that no code holds: <query, mean>. */
  readonly base: number;
  /** query — length values, finite. */
  setQuery(query: Float32Array): void;
  /** out f32[n] += part of a touched segment; scratch f32[n]. */
  add(segment: number, codes: Ptr, factors: Ptr, n: number, scratch: Ptr, out: Ptr): void;
  bytesUsed(): number;
  dispose(): void;
}

/** Numbers a segment should have at least, so that a product is worth its call and its sum. */
const LEAST_WIDTH = 64;

/** Width of segments of whole blocks: the fewest blocks that divide the FDE and hold 64 numbers. */
export function plainWidth(length: number, blockLength: number): number {
  const blocks = length / blockLength;
  for (let count = Math.min(blocks, Math.ceil(LEAST_WIDTH / blockLength)); count <= blocks; count++) {
    if (blocks % count === 0) return count * blockLength;
  }
  return length;
}

/** Segments with a number of the query that is not 0. */
export function touchedSegments(query: Float32Array, width: number): Uint32Array {
  const touched: number[] = [];
  for (let start = 0; start < query.length; start += width) {
    const end = Math.min(start + width, query.length);
    for (let i = start; i < end; i++) {
      if (query[i] !== 0) {
        touched.push(start / width);
        break;
      }
    }
  }
  return Uint32Array.from(touched);
}

/** <query, mean>, 0 without a mean. */
export function dotMean(query: Float32Array, mean: Float32Array | undefined): number {
  if (!mean) return 0;
  let sum = 0;
  for (let i = 0; i < query.length; i++) sum += (query[i] as number) * (mean[i] as number);
  return sum;
}

/** Mean of the rows of a sample (m × length), undefined without any. */
export function meanOfSample(sample: Float32Array | undefined, length: number): Float32Array | undefined {
  if (!sample || sample.length === 0) return undefined;
  const sums = new Float64Array(length);
  for (let start = 0; start < sample.length; start += length) {
    for (let j = 0; j < length; j++) sums[j] = (sums[j] as number) + (sample[start + j] as number);
  }
  const rows = sample.length / length;
  return Float32Array.from(sums, (sum) => sum / rows);
}

/**
 * The largest number of an FDE that files hold, 2^104: an inner product of two tokens of length MAX_MAGNITUDE, as learned
 * encoders write it, and some room. Sums over 2^20 of them stay in float32.
 */
export const MAX_FDE_NUMBER: number = 2 ** 104;

/** What is wrong with values of a file that stand for numbers of FDEs when multiplied by `reach`, or undefined. */
export function numbersDefect(label: string, values: ArrayLike<number>, reach = 1): string | undefined {
  const most = largestAmount(values);
  if (most * reach <= MAX_FDE_NUMBER) return undefined;
  return `"${label}" expected finite numbers up to ${MAX_FDE_NUMBER / reach}, got ${most}`;
}

export function writeMean(writer: ByteWriter, mean: Float32Array | undefined): void {
  writer.u32(mean ? 1 : 0);
  if (mean) writer.array(mean);
}

/** @throws FormatError */
export function readMean(reader: ByteReader, length: number): Float32Array | undefined {
  if (reader.u32In('has mean', 0, 1) === 0) return undefined;
  const mean = reader.f32Array('mean', length);
  const defect = numbersDefect('mean', mean);
  return defect === undefined ? mean : reader.fail(defect);
}
