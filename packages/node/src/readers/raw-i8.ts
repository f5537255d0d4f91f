/** Raw int8 rows without a header, value = int8 / 127: unit vectors in a byte a dimension. */
import { checkInteger, MAX_DIMENSION } from '@sagitta/core-wasm';
import { openWith } from './data-file.ts';
import { countRows, fixedRowSource } from './fixed-rows.ts';
import type { RandomVectorSource } from './vector-source.ts';

/** @throws FormatError if the size is no multiple of d, RangeError on d */
export function openRawI8(path: string, d: number): Promise<RandomVectorSource> {
  checkInteger('d', d, 1, MAX_DIMENSION);
  return openWith(path, async (file) =>
    fixedRowSource(file, {
      n: countRows(file, 0, d),
      d,
      dataOffset: 0,
      rowBytes: d,
      valueOffset: 0,
      valueBytes: 1,
      decode: (bytes, _rows, _firstRow, out) => {
        const values = new Int8Array(bytes.buffer, bytes.byteOffset, out.length);
        for (let i = 0; i < out.length; i++) out[i] = (values[i] as number) / 127;
      },
    }),
  );
}
