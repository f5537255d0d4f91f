/** Raw rows: n × d values and nothing else, so that d has to be told. int8 stands for value / 127: unit vectors in a byte a dimension. */
import { checkInteger, MAX_DIMENSION } from '@sagitta/core-wasm';
import type { DataFile } from '../files/data-file.ts';
import { countRows, fixedRowSource, plainLayout } from './fixed-rows.ts';
import type { RandomVectorSource } from './vector-source.ts';

/** @throws RangeError if d is missing or not 1 … 65,536; FormatError if the size of the file is no multiple of a row */
export async function openRaw(
  file: DataFile,
  d: number | undefined,
  type: 'float32' | 'int8',
): Promise<RandomVectorSource> {
  if (d === undefined)
    throw new RangeError(`"d" expected the dimension of the raw ${type} file ${file.path}, got none`);
  checkInteger('d', d, 1, MAX_DIMENSION);
  const n = countRows(file, 0, d * (type === 'int8' ? 1 : 4));
  const layout = plainLayout(file.path, { n, d, dataOffset: 0 }, type);
  if (type === 'float32') return fixedRowSource(file, layout);
  return fixedRowSource(file, {
    ...layout,
    decode: (bytes, _rows, _firstRow, out) => {
      const values = new Int8Array(bytes.buffer, bytes.byteOffset, out.length);
      for (let i = 0; i < out.length; i++) out[i] = (values[i] as number) / 127;
    },
  });
}
