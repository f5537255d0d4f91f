/** The contract of every reader: a file of n vectors of d dimensions, read a chunk of rows at a time. */
import { FormatError, type VectorSet } from '@sagitta/core-wasm';
import type { RecordCursor } from '../columns/table-records.ts';

/** Reads the vectors of a file from front to back, as often as asked. */
export interface VectorSource {
  readonly path: string;
  /** Dimensions of a vector. */
  readonly d: number;
  /** Vectors in the file; undefined where only reading the file to its end would tell. */
  readonly n: number | undefined;
  /**
   * The vectors in file order, `rows × d` values a chunk, 1 to `rowsPerChunk` rows each (a chunk may be short before
   * the end of the file too). A chunk belongs to the source and is **valid until the next one is asked for**: copy what
   * is to be kept. Every value is finite. Several iterations may run at once.
   * @throws FormatError naming file, row and byte
   */
  chunks(rowsPerChunk: number): AsyncIterable<Float32Array>;
  /** Begins to read what columns beside the vectors say of their records; undefined where there are none. @internal */
  records?(): RecordCursor | undefined;
  /** Closes the file; idempotent. */
  close(): Promise<void>;
}

/** A source whose rows all have the same number of bytes, so that any of them can be read directly. */
export interface RandomVectorSource extends VectorSource {
  readonly n: number;
  /** Rows start … start+count−1 in a fresh array of count × d values that the caller owns. */
  readRows(start: number, count: number): Promise<Float32Array>;
}

/** Tells whether rows of a source may be read in any order. */
export function isRandomAccess(source: VectorSource): source is RandomVectorSource {
  return source.n !== undefined && 'readRows' in source;
}

const FIRST_VALUES = 1 << 22;

/** Reads every vector of the source, or the first `limit`, in one fresh array. The source stays open. */
export async function readAll(source: VectorSource, limit: number = Infinity): Promise<VectorSet> {
  const { d } = source;
  if (!(limit >= 0)) throw new RangeError(`"limit" expected a number from 0, got ${limit}`);
  const expected = Math.min(source.n ?? 1024, Math.floor(limit));
  // rows of a fixed size were counted against the file; other numbers of rows are what the file says, so memory grows with what comes
  const first = isRandomAccess(source) ? expected : Math.min(expected, Math.ceil(FIRST_VALUES / d));
  let data = new Float32Array(first * d);
  let length = 0;
  if (expected > 0) {
    const rowsPerChunk = Math.max(1, Math.min(expected, Math.floor((1 << 20) / d)));
    for await (const chunk of source.chunks(rowsPerChunk)) {
      const take = Math.min(chunk.length, limit * d - length);
      if (length + take > data.length) {
        const most = source.n === undefined ? Infinity : expected * d;
        const grown = new Float32Array(Math.max(length + take, Math.min(most, 2 * data.length)));
        grown.set(data.subarray(0, length));
        data = grown;
      }
      data.set(chunk.subarray(0, take), length);
      length += take;
      if (length >= limit * d) break;
    }
  }
  if (length < data.length) data = data.slice(0, length);
  return { data, n: length / d, d };
}

/**
 * Refuses NaN and infinities among rows × d values.
 * @param byteAt where the value of (row of the file, dimension) lies in the file
 */
export function checkFiniteRows(
  path: string,
  values: Float32Array,
  d: number,
  firstRow: number,
  byteAt: (row: number, dimension: number) => number,
): void {
  let sum = 0;
  // x - x is 0 for finite x and NaN otherwise: no branch in the loop
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) - (values[i] as number);
  if (sum === 0) return;
  const at = values.findIndex((value) => !Number.isFinite(value));
  const row = firstRow + Math.floor(at / d);
  const dimension = at % d;
  const message = `${path}: row ${row}, dimension ${dimension}: expected a finite float32, got ${values[at]}`;
  throw new FormatError(message, byteAt(row, dimension));
}
