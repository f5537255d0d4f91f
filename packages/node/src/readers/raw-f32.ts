/** Raw float32: n × d little-endian values and nothing else, so that d has to be told. */
import { checkInteger, MAX_DIMENSION } from '@sagitta/core-wasm';
import { openWith } from './data-file.ts';
import { countRows, fixedRowSource } from './fixed-rows.ts';
import type { RandomVectorSource } from './vector-source.ts';

/**
 * @throws RangeError if d is not 1 … 65,536; FormatError if the size of the file is no multiple of 4·d
 */
export async function openRawF32(path: string, d: number): Promise<RandomVectorSource> {
  checkInteger('d', d, 1, MAX_DIMENSION);
  return openWith(path, async (file) => {
    const n = countRows(file, 0, 4 * d);
    return fixedRowSource(file, { n, d, dataOffset: 0, rowBytes: 4 * d, valueOffset: 0, valueBytes: 4 });
  });
}
