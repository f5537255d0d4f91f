import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMatrixI32 } from '../../src/readers/matrix-i32.ts';
import { openVectors } from '../../src/readers/open-vectors.ts';
import { isRandomAccess, readAll } from '../../src/readers/vector-source.ts';
import { bytesOf, xvecs } from '../support/bytes.ts';
import { expectFormatError } from '../support/expect-format-error.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = temporaryFolder();
const ROWS = [
  [1.5, -2, 0.25],
  [0, 1e-40, 3e38],
  [4, 5, 6],
  [7, 8, 9],
  [10, 11, 12],
];

describe('.fvecs', () => {
  const path = folder.write('good.fvecs', xvecs(ROWS, 'f'));

  it('gives the same values for every size of chunk', async () => {
    const source = await openVectors(path);
    expect([source.n, source.d, source.path]).toEqual([5, 3, path]);
    for (const rows of [1, 2, 3, 5, 100]) {
      const seen: number[] = [];
      for await (const chunk of source.chunks(rows)) {
        expect(chunk.length % 3).toBe(0);
        expect(chunk.length).toBeLessThanOrEqual(3 * rows);
        seen.push(...chunk);
      }
      expect(seen).toEqual([...new Float32Array(ROWS.flat())]);
    }
    await source.close();
    await source.close();
  });

  it('reads any rows directly', async () => {
    const source = await openVectors(path);
    if (!isRandomAccess(source)) throw new Error('expected random access');
    expect([...(await source.readRows(2, 2))]).toEqual([4, 5, 6, 7, 8, 9]);
    expect((await source.readRows(5, 0)).length).toBe(0);
    await expect(source.readRows(4, 2)).rejects.toThrow(RangeError);
    await expect(source.readRows(-1, 1)).rejects.toThrow(RangeError);
    await source.close();
  });

  it('reads all rows, or the first of them', async () => {
    const source = await openVectors(path, { d: 3 });
    expect(await readAll(source)).toEqual({ data: new Float32Array(ROWS.flat()), n: 5, d: 3 });
    expect(await readAll(source, 2)).toEqual({ data: new Float32Array(ROWS.slice(0, 2).flat()), n: 2, d: 3 });
    expect((await readAll(source, 0)).n).toBe(0);
    await source.close();
    await expect(openVectors(path, { d: 4 })).rejects.toThrow(/"d" expected 3/);
  });

  it('names file, row and byte of what is wrong', async () => {
    const cut = folder.write('cut.fvecs', xvecs(ROWS, 'f').subarray(0, 4 * 16 + 5));
    await expectFormatError(
      openVectors(cut),
      new RegExp(`${basename(cut)}: row 4 is cut short.*16 bytes, got 5`),
      64,
    );
    const other = folder.write(
      'other.fvecs',
      xvecs(
        [
          [1, 2],
          [3, 4],
          [5, 6, 7],
          [8, 9],
        ],
        'f',
      ),
    );
    await expectFormatError(openVectors(other), /row 2: expected dimension 2 as in row 0, got 3/, 24);
    // two wrong rows whose bytes add up: found on reading
    const hidden = folder.write('hidden.fvecs', xvecs([[1, 2], [3], [5, 6, 7]], 'f'));
    const source = await openVectors(hidden);
    await expectFormatError(readAll(source), /row 1: expected dimension 2 as in row 0, got 1/, 12);
    await source.close();
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      const wrong = await openVectors(
        folder.write(
          'nan.fvecs',
          xvecs(
            [
              [1, 2],
              [3, bad],
            ],
            'f',
          ),
        ),
      );
      await expectFormatError(
        readAll(wrong),
        /nan\.fvecs: row 1, dimension 1: expected a finite float32/,
        20,
      );
      await wrong.close();
    }
  });

  it('refuses empty files and impossible dimensions', async () => {
    await expectFormatError(openVectors(folder.write('empty.fvecs', '')), /row 0: the file is empty/, 0);
    await expectFormatError(openVectors(folder.write('tiny.fvecs', 'ab')), /row 0 is cut short/, 0);
    for (const d of [0, -1, -2147483648, 65537, 2147483647]) {
      const bytes = bytesOf(new Int32Array([d, 0, 0]));
      await expectFormatError(
        openVectors(folder.write('d.fvecs', bytes)),
        /row 0: expected a dimension from 1/,
        0,
      );
    }
    await expectFormatError(openVectors(folder.path, { format: 'fvecs' }), /expected a regular file/);
    await expect(openVectors(`${folder.path}/missing.fvecs`)).rejects.toThrow(/ENOENT/);
  });
});

describe('.bvecs and .ivecs', () => {
  it('reads bytes as numbers from 0 to 255', async () => {
    const source = await openVectors(
      folder.write(
        'a.bvecs',
        xvecs(
          [
            [0, 127, 255],
            [1, 2, 3],
            [4, 5, 6],
          ],
          'b',
        ),
      ),
    );
    expect([...(await readAll(source)).data]).toEqual([0, 127, 255, 1, 2, 3, 4, 5, 6]);
    await source.close();
  });

  it('reads integers as vectors while they are exact', async () => {
    const source = await openVectors(
      folder.write(
        'a.ivecs',
        xvecs(
          [
            [-5, 1 << 24],
            [1, 2],
          ],
          'i',
        ),
      ),
    );
    expect([...(await readAll(source)).data]).toEqual([-5, 1 << 24, 1, 2]);
    await source.close();
    const large = await openVectors(
      folder.write(
        'b.ivecs',
        xvecs(
          [
            [1, 2],
            [3, (1 << 24) + 1],
          ],
          'i',
        ),
      ),
    );
    await expectFormatError(readAll(large), /row 1, dimension 1: .*exact as float32, got 16777217/, 20);
    await large.close();
  });

  it('reads integers as they are', async () => {
    const path = folder.write(
      'c.ivecs',
      xvecs(
        [
          [-1, 2147483647],
          [5, 16777217],
        ],
        'i',
      ),
    );
    expect(await readMatrixI32(path)).toEqual({
      data: new Int32Array([-1, 2147483647, 5, 16777217]),
      n: 2,
      d: 2,
    });
    const bad = folder.write('d.ivecs', xvecs([[1, 2], [3], [4, 5, 6]], 'i'));
    await expectFormatError(readMatrixI32(bad), /row 1: expected dimension 2/, 12);
  });
});

describe('raw float32', () => {
  it('takes the dimension from the caller', async () => {
    const path = folder.write('a.f32', bytesOf(new Float32Array([1, 2, 3, 4, 5, 6])));
    const source = await openVectors(path, { d: 2 });
    expect([source.n, source.d]).toEqual([3, 2]);
    expect([...(await readAll(source)).data]).toEqual([1, 2, 3, 4, 5, 6]);
    await source.close();
    await expect(openVectors(path)).rejects.toThrow(/"d" expected the dimension/);
    await expect(openVectors(path, { d: 0 })).rejects.toThrow(RangeError);
    await expectFormatError(openVectors(path, { d: 4 }), /row 1 is cut short: expected 16 bytes, got 8/, 16);
  });

  it('names the byte of a value that is not finite', async () => {
    const source = await openVectors(folder.write('b.raw', bytesOf(new Float32Array([1, 2, 3, NaN]))), {
      d: 2,
    });
    await expectFormatError(readAll(source), /row 1, dimension 1/, 12);
    await source.close();
  });
});

describe('openVectors', () => {
  it('goes by the extension unless told otherwise', async () => {
    const path = folder.write('base.data', xvecs(ROWS, 'f'));
    await expect(openVectors(path)).rejects.toThrow(/"path" expected one of the extensions \.fvecs/);
    const source = await openVectors(path, { format: 'fvecs' });
    expect(source.n).toBe(5);
    await source.close();
    const upper = await openVectors(folder.write('UPPER.FVECS', xvecs(ROWS, 'f')));
    expect(upper.n).toBe(5);
    await upper.close();
  });
});
