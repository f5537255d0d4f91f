import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { openTokenSets } from '../../src/token-sets/open-token-sets.ts';
import { expectFormatError } from '../support/expect-format-error.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { readSets, setsOf, smallTokenSets } from '../support/token-sets.ts';

const folder = temporaryFolder();
const sets = smallTokenSets(30, 4);
const rows = sets.offsets[30] as number;
const lengths = Int32Array.from(
  { length: 30 },
  (_, i) => (sets.offsets[i + 1] as number) - (sets.offsets[i] as number),
);

function npy(descr: string, shape: string, values: ArrayBufferView): Uint8Array {
  const fields = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;
  const text = `${fields.padEnd(117)}\n`;
  const head = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length, 0);
  return Buffer.concat([
    head,
    Buffer.from(text),
    Buffer.from(values.buffer, values.byteOffset, values.byteLength),
  ]);
}

const tokens = npy('<f4', `${rows}, 4`, sets.data);
const good = { 'tokens.npy': tokens, 'offsets.npy': npy('<u4', '31,', sets.offsets) };

function write(entries: Record<string, Uint8Array>, level: 0 | 6 = 6): string {
  return folder.write('sets.npz', zipSync(entries, { level }));
}

describe('.npz', () => {
  it('reads stored and compressed files, offsets and lengths, in either order', async () => {
    const wide = BigInt64Array.from(lengths, BigInt);
    const half = Uint16Array.from(sets.data, (value) => (value === 0.5 ? 0x3800 : 0));
    for (const level of [0, 6] as const) {
      expect(await readSets(await openTokenSets(write(good, level)))).toEqual(setsOf(sets));
      const other = { 'lengths.npy': npy('<i8', '30,', wide), 'values.npy': tokens };
      expect(await readSets(await openTokenSets(write(other, level)))).toEqual(setsOf(sets));
      const named = { 'x.npy': npy('<f2', `${rows}, 4`, half), 'lens.npy': npy('<i4', '30,', lengths) };
      const values = (await readSets(await openTokenSets(write(named, level), { column: 'x' }))).flat(2);
      expect(values).toEqual([...sets.data].map((value) => (value === 0.5 ? 0.5 : 0)));
    }
    const source = await openTokenSets(write(good));
    expect([source.n, source.d]).toEqual([30, 4]);
    await source.close();
  });

  it('refuses files that do not fit together', async () => {
    const open = (entries: Record<string, Uint8Array>): Promise<unknown> =>
      openTokenSets(write(entries)).then(readSets);
    await expectFormatError(
      open({ 'offsets.npy': good['offsets.npy'] }),
      /expected an array tokens, .* found: offsets/,
    );
    await expectFormatError(open({ 'tokens.npy': tokens }), /expected an array offsets, lengths/);
    await expectFormatError(
      open({ ...good, 'offsets.npy': npy('<u4', '30,', sets.offsets.subarray(0, 30)) }),
      /expected \d+ vectors, the sum of 29 lengths/,
    );
    await expectFormatError(
      open({ ...good, 'offsets.npy': npy('<u4', '31,', sets.offsets.slice().reverse()) }),
      /expected to begin with 0/,
    );
    await expectFormatError(
      open({ ...good, 'offsets.npy': npy('<u4', '2, 2', Uint32Array.of(0, 1, 2, 3)) }),
      /one row of integers/,
    );
    await expectFormatError(
      open({ ...good, 'offsets.npy': npy('<f4', '31,', new Float32Array(31)) }),
      /expected integers, got float32/,
    );
    await expectFormatError(
      open({ 'lengths.npy': npy('<i4', '1,', Int32Array.of(-1)), 'tokens.npy': tokens }),
      /numbers from 0 to 2\^32/,
    );
    await expectFormatError(
      open({ ...good, 'tokens.npy': tokens.subarray(0, tokens.length - 4) }),
      /cut short/,
    );
    await expectFormatError(
      open({ ...good, 'tokens.npy': tokens.subarray(0, tokens.length - 16) }),
      /expected 96 rows, the file holds 95 rows/,
    );
    await expectFormatError(
      open({ ...good, 'tokens.npy': Buffer.concat([tokens, new Uint8Array(16)]) }),
      /the file holds more bytes/,
    );
    await expectFormatError(
      open({
        ...good,
        'tokens.npy': npy(
          '<f4',
          `${rows}, 4`,
          sets.data.map((x, i) => (i === 9 ? Number.NaN : x)),
        ),
      }),
      /row 2, dimension 1: expected a finite/,
    );
    await expectFormatError(
      open({ ...good, 'tokens.npy': npy('<c8', `${rows}, 4`, sets.data) }),
      /expected values of type/,
    );
  });

  it('refuses damaged archives', async () => {
    const bytes = zipSync(good);
    for (const length of [1, 10, 60, bytes.length >> 2, bytes.length >> 1]) {
      await expectFormatError(
        openTokenSets(folder.write('cut.npz', bytes.subarray(0, length))).then(readSets),
        /./,
      );
    }
    const noise = bytes.slice().fill(0x55, 60, 200);
    await expectFormatError(openTokenSets(folder.write('noise.npz', noise)).then(readSets), /./);
    await expectFormatError(
      openTokenSets(folder.write('text.npz', 'no archive at all')).then(readSets),
      /expected a .zip file/,
    );
  });
});
