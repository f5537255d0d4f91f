/** Rows that are found one after the other, as chunks: for texts, whose number of rows is not known before their end. */
import { checkInteger } from '@sagitta/core-wasm';

/** Rows that a chunk is first sized for. */
const FIRST_ROWS = 256;
/** Bytes of a chunk, whatever is asked for. */
const MOST_BYTES = 1 << 26;

/** Writes a row's d values. @throws FormatError naming its place */
export type RowFiller = (out: Float32Array) => void;

export async function* rowChunks(
  rows: AsyncIterable<RowFiller>,
  d: number,
  rowsPerChunk: number,
): AsyncGenerator<Float32Array> {
  checkInteger('rowsPerChunk', rowsPerChunk, 1, Number.MAX_SAFE_INTEGER);
  const most = Math.min(rowsPerChunk, Math.max(1, Math.floor(MOST_BYTES / (4 * d))));
  let out = new Float32Array(Math.min(most, FIRST_ROWS) * d);
  let filled = 0;
  for await (const fill of rows) {
    if ((filled + 1) * d > out.length) {
      const grown = new Float32Array(Math.min(most, 2 * filled) * d);
      grown.set(out);
      out = grown;
    }
    fill(out.subarray(filled * d, (filled + 1) * d));
    filled++;
    if (filled < most) continue;
    yield out.subarray(0, filled * d);
    filled = 0;
  }
  if (filled > 0) yield out.subarray(0, filled * d);
}
