import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMatrixI32 } from '../../src/readers/matrix-i32.ts';
import { openVectors } from '../../src/readers/open-vectors.ts';
import { readAll } from '../../src/readers/vector-source.ts';
import { writeIvecs } from '../../src/writers/ivecs.ts';
import { writeNpy } from '../../src/writers/npy.ts';
import { xvecs } from '../support/bytes.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = temporaryFolder();

describe('writeIvecs', () => {
  const path = join(folder.path, 'a.ivecs');

  it('writes the bytes of the format', async () => {
    await writeIvecs(path, new Int32Array([1, -2, 3, 4, 5, 6]), 3);
    expect(new Uint8Array(readFileSync(path))).toEqual(
      Uint8Array.from(
        xvecs(
          [
            [1, -2, 3],
            [4, 5, 6],
          ],
          'i',
        ),
      ),
    );
  });

  it('turns missing ids into -1 and refuses ids that do not fit', async () => {
    await writeIvecs(path, new Uint32Array([7, 0xffffffff]), 2);
    expect((await readMatrixI32(path)).data).toEqual(new Int32Array([7, -1]));
    await expect(writeIvecs(path, new Uint32Array([1, 2, 3, 0x80000000]), 2)).rejects.toThrow(
      /below 2\^31.*row 1/,
    );
    await expect(writeIvecs(path, new Int32Array(5), 2)).rejects.toThrow(/"data" expected length/);
    expect((await readMatrixI32(path)).n).toBe(1);
  });

  it('writes more than one block', async () => {
    const data = Int32Array.from({ length: 3 * 120_000 }, (_, i) => i);
    await writeIvecs(path, data, 3);
    const back = await readMatrixI32(path);
    expect([back.n, back.d]).toEqual([120_000, 3]);
    expect(back.data.every((value, i) => value === i)).toBe(true);
  });
});

describe('writeNpy', () => {
  const path = join(folder.path, 'a.npy');

  it('writes an aligned header that numpy takes, and reads back', async () => {
    await writeNpy(path, new Float32Array([1.5, 2, 3, 4, 5, 6]), 3);
    const bytes = readFileSync(path);
    expect(bytes.length).toBe(128 + 24);
    expect(bytes.toString('latin1', 10, 128)).toBe(
      `${"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".padEnd(117)}\n`,
    );
    const source = await openVectors(path);
    expect((await readAll(source)).data).toEqual(new Float32Array([1.5, 2, 3, 4, 5, 6]));
    await source.close();
  });

  it('writes integers, from views into larger arrays too', async () => {
    await writeNpy(path, new Int32Array([9, 9, 1, -2]).subarray(2), 2);
    expect(await readMatrixI32(path)).toEqual({ data: new Int32Array([1, -2]), n: 1, d: 2 });
    await writeNpy(path, new Uint32Array([1, 2]), 1);
    expect((await readMatrixI32(path)).n).toBe(2);
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
