/** Files that numpy, DuckDB, polars and apache-arrow wrote (fixtures/files): read exactly, or refused with file and place. */
import { fileURLToPath } from 'node:url';
import { FormatError } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import {
  type AllTokenSets,
  type OpenVectorsOptions,
  openTokenSets,
  openVectors,
  readAll,
  readAllTokenSets,
  type VectorSet,
} from '../../src/index.ts';

const pathOf = (name: string): string => fileURLToPath(new URL(`../fixtures/files/${name}`, import.meta.url));

async function vectors(name: string, options: OpenVectorsOptions = {}): Promise<VectorSet> {
  const source = await openVectors(pathOf(name), options);
  try {
    return await readAll(source);
  } finally {
    await source.close();
  }
}

async function sets(name: string, column?: string): Promise<AllTokenSets> {
  const source = await openTokenSets(pathOf(name), { column });
  try {
    return await readAllTokenSets(source);
  } finally {
    await source.close();
  }
}

const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);

describe('vectors', () => {
  it('are the same in .fbin, big-endian and Fortran order', async () => {
    const base = await vectors('base.fbin');
    expect([base.n, base.d]).toEqual([300, 16]);
    expect([...base.data.subarray(0, 3)]).toEqual(
      [0.14196327, 0.33751431, 0.13574097].map((x) => expect.closeTo(x, 7)),
    );
    for (const name of ['be.npy', 'fortran.npy']) expect(await vectors(name), name).toEqual(base);
    const first = await vectors('openai_batch.jsonl');
    expect([first.n, first.d]).toEqual([20, 16]);
    expect(first.data).toEqual(base.data.subarray(0, 320));
    const named = await vectors('openai_batch.jsonl', { column: 'response.body.data[0].embedding' });
    expect(named).toEqual(first);
  });

  it('are read from ZSTD, structs and 64-bit integers in .parquet', async () => {
    const plain = await vectors('c_zstd.parquet');
    expect([plain.n, plain.d]).toEqual([300, 16]);
    expect(plain.data[1]).toBeCloseTo(0.78332692, 7);
    expect(await vectors('c_zstd.parquet', { column: 'embedding' })).toEqual(plain);
    expect(await vectors('nested.parquet', { column: 'emb.vec' })).toEqual(plain);
    expect(await vectors('nested.parquet')).toEqual(plain);
    const integers = await vectors('i64.parquet');
    expect([integers.n, integers.d, ...integers.data.subarray(0, 4)]).toEqual([300, 16, 0, 78, 97, 43]);
    expect(integers.data.every(Number.isInteger)).toBe(true);
    await expect(vectors('nested.parquet', { column: 'emb' })).rejects.toThrow(
      /got "emb", which is not there/,
    );
    await expect(vectors('i64.parquet', { column: 'id' })).rejects.toThrow(
      /got "id", which is int64 and no list/,
    );
  });

  it('are read from .arrow', async () => {
    const { n, d, data } = await vectors('ta_flat.arrow');
    expect([n, d, data[0]]).toEqual([20, 8, 0]);
    expect(sum(data)).toBeCloseTo(sum((await vectors('ta_flat.arrow', { column: 'embedding' })).data), 10);
  });
});

describe('token sets', () => {
  it('are read from lists of lists in .arrow and .parquet', async () => {
    const arrow = await sets('ta_listlist.arrow', 'tokens');
    expect([arrow.tokens.n, arrow.tokens.d, arrow.ids?.[2]]).toEqual([20, 8, 'd2']);
    expect([...arrow.tokens.offsets.subarray(0, 5)]).toEqual([0, 0, 1, 3, 6]);
    const parquet = await sets('multi.parquet');
    expect([parquet.tokens.n, parquet.tokens.d]).toEqual([300, 16]);
    expect(parquet.ids?.slice(0, 3)).toEqual([0, 1, 2]);
    expect([...parquet.tokens.offsets.subarray(0, 3)]).toEqual([0, 2, 4]);
  });

  it('are read from LZ4, also where the writer gives the wrong size', async () => {
    const { tokens, ids } = await sets('tz_lz4.feather');
    expect([tokens.n, tokens.d, tokens.offsets[40], ids?.[39]]).toEqual([40, 8, 120, 'd39']);
    expect([...tokens.data.subarray(0, 3)]).toEqual([0, 0.75, 1]);
    expect(tokens.data.every((value) => Math.abs(value) <= 1)).toBe(true);
  });

  it('are read from padded arrays and their mask', async () => {
    const { tokens } = await sets('t_pad.npz');
    expect([tokens.n, tokens.d]).toEqual([10, 8]);
    expect(tokens.data.length).toBe(8 * (tokens.offsets[10] as number));
    expect(tokens.data[0]).toBeCloseTo(-1.95139253, 7);
  });
});

describe('files that brought the process down', () => {
  it.each([
    ['parquet-abort.parquet', false, /row 0, column "v": expected \d+ more bytes in the page/],
    ['parquet-hang.parquet', false, /row 7, column "v": expected 1 more bytes in the page/],
    ['arrow-hang.arrow', false, /damaged Arrow file/],
    ['arrow-hang.arrow', true, /damaged Arrow file/],
    ['arrow-typeerror.arrow', true, /footer: expected a record batch at/],
    ['shape-lies.npz', true, /tokens\.npy: row 0 is cut short: expected 262144 bytes, got 16/],
    ['shape-lies.npz', false, /tokens\.npy: row 0 is cut short/],
    ['deep.jsonl', true, /set 1 \(line 2\): expected JSON nested at most 100 deep \(at byte 8\)/],
    ['deep.jsonl', false, /row 0 \(line 1\): dimension 0: expected a finite float32, got an array of 2/],
    ['ta_nullrow.arrow', true, /row 3: expected a list of tokens, got null/],
  ] as const)('%s (token sets: %s) ends in FormatError', async (name, isTokenSets, message) => {
    const error: unknown = await (isTokenSets ? sets(name) : vectors(name)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(FormatError);
    expect(String(error)).toMatch(message);
  });
});
