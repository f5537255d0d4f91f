/** Parquet files from the generator that the readers' tests use. */
import { parquetFile } from '../../../../packages/node/test/support/parquet-file.ts';

const rows: readonly (readonly number[])[] = Array.from({ length: 9 }, (_, i) => [i, 0.5, -i / 4, 1]);

export function parquetFiles(): Uint8Array[] {
  const plain = { name: 'id', rows: rows.map((_, i) => i) };
  return [
    parquetFile([{ name: 'embedding', rows }]),
    parquetFile([plain, { name: 'embedding', rows }], { rowsPerGroup: 4 }),
  ];
}
