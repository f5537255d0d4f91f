import { brotliCompressSync, deflateRawSync, gzipSync } from 'node:zlib';
import { FormatError, RandomStream, UnsupportedError } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { openVectors } from '../../src/readers/open-vectors.ts';
import { readAll } from '../../src/readers/vector-source.ts';
import { expectFormatError } from '../support/expect-format-error.ts';
import { type ParquetColumn, type ParquetFileOptions, parquetFile } from '../support/parquet-file.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = temporaryFolder();
const ROWS = Array.from({ length: 10 }, (_, i) => [i, -i, i / 4]);
const VECTORS: ParquetColumn = { name: 'embedding', rows: ROWS };

async function read(bytes: Uint8Array, column?: string): Promise<number[]> {
  const source = await openVectors(folder.write('a.parquet', bytes), { column });
  try {
    return [...(await readAll(source)).data];
  } finally {
    await source.close();
  }
}

function readColumns(
  columns: readonly ParquetColumn[],
  column?: string,
  options?: ParquetFileOptions,
): Promise<number[]> {
  return read(parquetFile(columns, options), column);
}

describe('.parquet', () => {
  it('reads the only column of lists, in row groups and chunks of any size', async () => {
    const id: ParquetColumn = { name: 'id', rows: ROWS.map((_, i) => i) };
    for (const rowsPerGroup of [1, 3, 10]) {
      const path = folder.write('groups.parquet', parquetFile([id, VECTORS], { rowsPerGroup }));
      const source = await openVectors(path);
      expect([source.n, source.d]).toEqual([10, 3]);
      for (const rows of [1, 4, 100]) {
        const seen: number[] = [];
        for await (const chunk of source.chunks(rows)) {
          expect(chunk.length).toBeLessThanOrEqual(3 * rows);
          seen.push(...chunk);
        }
        expect(seen).toEqual(ROWS.flat());
      }
      expect((await readAll(source, 4)).n).toBe(4);
      await source.close();
    }
  });

  it('takes a column by name where there are several', async () => {
    const other: ParquetColumn = { name: 'other', rows: ROWS.map((_, i) => [i + 0.5]) };
    expect(await readColumns([VECTORS, other], 'other')).toEqual(ROWS.map((_, i) => i + 0.5));
    await expect(readColumns([VECTORS, other])).rejects.toThrow(/"column" expected one of embedding, other/);
    await expect(readColumns([VECTORS, other], 'x')).rejects.toThrow(/got "x", which is not there/);
    const id: ParquetColumn = { name: 'id', rows: ROWS.map((_, i) => i) };
    await expect(readColumns([VECTORS, id], 'id')).rejects.toThrow(
      /"id", which is float32 and no list of numbers/,
    );
    await expectFormatError(readColumns([id]), /expected a column that is a list of numbers, found none/);
  });

  it.each([
    ['gzip', 2, gzipSync],
    ['brotli', 4, brotliCompressSync],
  ])('reads %s', async (_, id, compress) => {
    expect(await readColumns([VECTORS], undefined, { codec: { id, compress } })).toEqual(ROWS.flat());
  });

  it('says which compression it lacks', async () => {
    const lzo = { codec: { id: 3, compress: deflateRawSync } };
    await expect(readColumns([VECTORS], undefined, lzo)).rejects.toThrow(UnsupportedError);
    await expect(readColumns([VECTORS], undefined, lzo)).rejects.toThrow(/compression LZO is not one of/);
  });

  it.each([
    ['another dimension', [[1, 2], [3, 4], [5]], /row 2: expected dimension 2 as in row 0, got 1/],
    ['missing vectors', [[1, 2], null, [5, 6]], /row 1: expected dimension 2 as in row 0, got no list/],
    ['empty vectors', [[1, 2], [], [5, 6]], /row 1: expected dimension 2 as in row 0, got 0/],
    ['a missing first vector', [null, [1, 2]], /row 0: expected a dimension from 1 to 65536, got no list/],
    [
      'missing numbers',
      [
        [1, 2],
        [3, null],
      ],
      /row 1: dimension 1: expected a number, got null/,
    ],
    [
      'NaN',
      [
        [1, 2],
        [NaN, 1],
      ],
      /row 1, dimension 0: expected a finite float32, got NaN/,
    ],
  ])('refuses %s', async (_, rows, message) => {
    await expectFormatError(readColumns([{ name: 'v', rows }]), message, 4);
  });

  it('names the row in the file, not in its group', async () => {
    const rows = [...ROWS.slice(0, 8), [1, Infinity, 2], [1, 2, 3]];
    await expectFormatError(
      readColumns([{ name: 'v', rows }], undefined, { rowsPerGroup: 3 }),
      /row 8, dimension 1/,
    );
  });

  it('refuses files that are cut or no Parquet files', async () => {
    const good = parquetFile([VECTORS]);
    await expectFormatError(read(new Uint8Array()), /empty/);
    await expectFormatError(
      read(new TextEncoder().encode('not parquet at all')),
      /footer: expected the magic "PAR1"/,
    );
    for (const length of [1, 4, 11, 12, 50, good.length - 1]) {
      await expectFormatError(read(good.subarray(0, length)), /a\.parquet/);
    }
  });

  it('survives damage anywhere: good values or an error, never anything else', async () => {
    const good = parquetFile([{ name: 'v', rows: ROWS.slice(0, 4) }], { rowsPerGroup: 2 });
    const random = new RandomStream(7, 'parquet damage');
    for (let round = 0; round < 400; round++) {
      const bytes = Uint8Array.from(good);
      for (let i = random.nextBelow(3); i >= 0; i--)
        bytes[random.nextBelow(bytes.length)] = random.nextBelow(256);
      try {
        for (const value of await read(bytes)) expect(Number.isFinite(value)).toBe(true);
      } catch (error) {
        const known =
          error instanceof FormatError || error instanceof UnsupportedError || error instanceof RangeError;
        expect(known, String(error)).toBe(true);
      }
    }
  });
});
