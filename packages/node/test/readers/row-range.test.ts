/** Ranges of rows and joined files give the rows that the whole has, whatever the files can do. */
import { join } from 'node:path';
import { gaussianRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { readBatches, writeNpy } from '../../src/index.ts';
import { openVectors } from '../../src/readers/open-vectors.ts';
import { joinSources, rowRange } from '../../src/readers/row-range.ts';
import { isRandomAccess, readAll, type VectorSource } from '../../src/readers/vector-source.ts';
import { memorySource } from '../support/memory-source.ts';
import { temporaryFolder } from '../support/temporary.ts';

const D = 3;
const N = 50;
const rows = gaussianRows(N, D, 4);
const folder = temporaryFolder();
const part = (from: number, to: number): Float32Array => rows.subarray(from * D, to * D);

beforeAll(async () => {
  await writeNpy(join(folder.path, 'a.npy'), part(0, 20), D);
  await writeNpy(join(folder.path, 'b.npy'), part(20, N), D);
});

const files = async (): Promise<VectorSource> =>
  joinSources([await openVectors(join(folder.path, 'a.npy')), await openVectors(join(folder.path, 'b.npy'))]);
const streams = (): VectorSource =>
  joinSources([memorySource(part(0, 20), D, [7, 2]), memorySource(part(20, N), D, [5])]);

describe.each([
  ['files whose rows can be read anywhere', files],
  ['streams', async () => streams()],
])('%s', (_, open) => {
  it('are one, and any range of it', async () => {
    const source = await open();
    expect((await readAll(source)).data).toEqual(rows);
    for (const [first, n] of [
      [0, N],
      [0, 1],
      [19, 2],
      [20, 30],
      [7, 33],
      [N, 0],
    ] as const) {
      const batches: number[] = [];
      for await (const { data } of readBatches(rowRange(source, first, n), 8)) batches.push(...data);
      expect(batches, `${n} rows from ${first}`).toEqual([...part(first, first + n)]);
    }
    await source.close();
  });

  it('end with an error where there are fewer rows', async () => {
    const source = await open();
    const beyond = async (): Promise<unknown> => readAll(rowRange(source, 45, 6));
    await expect(beyond()).rejects.toThrow(
      source.n === undefined ? 'expected rows up to 50, got 50' : '"n" expected',
    );
    await source.close();
  });
});

it('reads nothing in front of a range where it can', async () => {
  const source = await files();
  expect([source.n, isRandomAccess(source)]).toEqual([N, true]);
  if (isRandomAccess(source)) expect(await source.readRows(18, 4)).toEqual(part(18, 22));
  expect(streams().n).toBeUndefined();
  await source.close();
});

it('refuses files of other dimensions', () => {
  expect(() => joinSources([memorySource(rows, D), memorySource(rows, 2)])).toThrow('expected 3 dimensions');
});
