import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTokenSets } from '../../src/token-sets/open-token-sets.ts';
import { readAllTokenSets } from '../../src/token-sets/token-set-source.ts';
import { writeMvecs } from '../../src/writers/mvecs.ts';
import { expectFormatError } from '../support/expect-format-error.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { readSets, setsOf, smallTokenSets } from '../support/token-sets.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);

async function write(name: string, sets = smallTokenSets(9, 3)): Promise<Uint8Array> {
  await writeMvecs(at(name), [sets], sets.d);
  return new Uint8Array(readFileSync(at(name)));
}

describe('.mvecs', () => {
  it('gives back what was written, in any batches', async () => {
    const sets = smallTokenSets(40, 5);
    const counts = await writeMvecs(at('a.mvecs'), [sets, smallTokenSets(3, 5, 2)], 5);
    expect(counts).toEqual({
      sets: 43,
      tokens: (sets.offsets[40] as number) + (smallTokenSets(3, 5, 2).offsets[3] as number),
    });
    const expected = [...setsOf(sets), ...setsOf(smallTokenSets(3, 5, 2))];
    for (const tokens of [1, 5, 1000])
      expect(await readSets(await openTokenSets(at('a.mvecs')), tokens)).toEqual(expected);
    const source = await openTokenSets(at('a.mvecs'));
    expect([source.n, source.d]).toEqual([43, 5]);
    expect(setsOf((await readAllTokenSets(source)).tokens)).toEqual(expected);
    expect(setsOf((await readAllTokenSets(source, 7)).tokens)).toEqual(expected.slice(0, 7));
    await source.close();
  });

  it('holds int8 within half a step, and reads float16', async () => {
    const sets = smallTokenSets(9, 3);
    await writeMvecs(at('i8.mvecs'), [sets], 3, { type: 'int8' });
    const read = (await readSets(await openTokenSets(at('i8.mvecs')))).flat(2);
    read.forEach((value, i) => {
      expect(Math.abs(value - (sets.data[i] as number))).toBeLessThanOrEqual(0.5 / 127 + 1e-7);
    });
    // 1, -2 and 0.5 as half precision
    const head = (
      await write('h.mvecs', { data: new Float32Array(3), offsets: Uint32Array.of(0, 1), n: 1, d: 3 })
    ).slice(0, 36);
    head[6] = 1;
    folder.write(
      'h.mvecs',
      Buffer.concat([head, new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x3800).buffer)]),
    );
    expect(await readSets(await openTokenSets(at('h.mvecs')))).toEqual([[[1, -2, 0.5]]]);
  });

  it('refuses damage with its place', async () => {
    const bytes = await write('good.mvecs');
    const broken = (change: (copy: Uint8Array<ArrayBuffer>) => Uint8Array | undefined): Promise<unknown> => {
      const copy = bytes.slice();
      const path = folder.write('bad.mvecs', change(copy) ?? copy);
      return openTokenSets(path).then(readSets);
    };
    const u32 = (copy: Uint8Array<ArrayBuffer>, offset: number, value: number): undefined => {
      new DataView(copy.buffer).setUint32(offset, value, true);
    };
    await expectFormatError(
      broken((copy) => u32(copy, 0, 7)),
      /magic "MVEC"/,
      0,
    );
    await expectFormatError(
      broken((copy) => u32(copy, 4, 2)),
      /version 1, got 2/,
      4,
    );
    await expectFormatError(
      broken((copy) => u32(copy, 4, 1 + (9 << 16))),
      /type of values from 0 to 2, got 9/,
      6,
    );
    await expectFormatError(
      broken((copy) => u32(copy, 8, 0)),
      /dimension from 1/,
      8,
    );
    await expectFormatError(
      broken((copy) => u32(copy, 12, 1)),
      /expected 0, got 1/,
      12,
    );
    await expectFormatError(
      broken((copy) => u32(copy, 20, 0xffffffff)),
      /the file has/,
      16,
    );
    await expectFormatError(
      broken((copy) => copy.subarray(0, 20)),
      /header of 32 bytes, got 20/,
    );
    await expectFormatError(
      broken((copy) => copy.subarray(0, copy.length - 1)),
      /the file has/,
      16,
    );
    await expectFormatError(
      broken((copy) => u32(copy, 32, 0xffffffff)),
      /set 0: expected at most/,
      32,
    );
    await expectFormatError(
      broken((copy) => u32(copy, 32, 0)),
      /set \d: expected/,
    );
    await expectFormatError(
      broken((copy) => u32(copy, 36, 0x7fc00000)),
      /set 0: row 0, dimension 0: expected a finite/,
      36,
    );
  });

  it('never gives wrong numbers of sets or tokens, whatever byte of the frame is flipped', async () => {
    const sets = smallTokenSets(6, 2);
    const bytes = await write('frame.mvecs', sets);
    for (let offset = 0; offset < 36; offset++) {
      const copy = bytes.slice();
      copy[offset] = (copy[offset] as number) ^ 0x15;
      await expectFormatError(openTokenSets(folder.write('flip.mvecs', copy)).then(readSets), /./);
    }
  });

  it('refuses what it cannot write, and leaves no file', async () => {
    const sets = smallTokenSets(2, 3);
    await expect(writeMvecs(at('no.mvecs'), [sets], 4)).rejects.toThrow(/expected d = 4, got 3/);
    await expect(
      writeMvecs(at('no.mvecs'), [{ ...sets, data: sets.data.map((x) => 2 * x + 1.5) }], 3, { type: 'int8' }),
    ).rejects.toThrow(/from -1 to 1/);
    expect(() => readFileSync(at('no.mvecs'))).toThrow(/ENOENT/);
  });
});
