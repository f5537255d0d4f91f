import { describe, expect, it } from 'vitest';
import { decodeFloat16 } from '../../src/readers/float16.ts';
import { readMatrixI32 } from '../../src/readers/matrix-i32.ts';
import { openVectors } from '../../src/readers/open-vectors.ts';
import { readAll } from '../../src/readers/vector-source.ts';
import { bytesOf, npy, npyFields } from '../support/bytes.ts';
import { expectFormatError } from '../support/expect-format-error.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = temporaryFolder();

async function valuesOf(path: string): Promise<number[]> {
  const source = await openVectors(path);
  const { data } = await readAll(source);
  await source.close();
  return [...data];
}

describe('.npy', () => {
  it.each([
    ['<f4', new Float32Array([1.5, 2, 3, -4, 5, 6])],
    ['<f8', new Float64Array([1.5, 0.1, 3, -4, 5, 6])],
    ['|i1', new Int8Array([-128, 127, 0, 1, 2, 3])],
    ['|u1', new Uint8Array([255, 127, 0, 1, 2, 3])],
    ['<f2', new Uint16Array([0x3c00, 0xc000, 0x0001, 0x7bff, 0x3555, 0x8000])],
  ])('reads %s in versions 1, 2 and 3', async (descr, values) => {
    for (const version of [1, 2, 3]) {
      const path = folder.write('a.npy', npy(npyFields(descr, 2, 3), bytesOf(values), version));
      const expected =
        descr === '<f2' ? [1, -2, 2 ** -24, 65504, 0.333251953125, -0] : [...new Float32Array(values)];
      expect(await valuesOf(path)).toEqual(expected);
    }
  });

  it('takes headers of any spacing and with either quote', async () => {
    const header = '{"shape":(2,3),"fortran_order":False,"descr":"<f4"}   ';
    expect(await valuesOf(folder.write('b.npy', npy(header, bytesOf(new Float32Array(6)))))).toEqual([
      0, 0, 0, 0, 0, 0,
    ]);
  });

  it.each([
    ['other types', npyFields('<c8', 2, 3), /expected values of type bool, int8.*got "<c8"/],
    [
      'records',
      "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3), }",
      /"descr" with a plain type/,
    ],
    [
      'one dimension',
      "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }",
      /expected a shape \(n, d\), got \(6,\)/,
    ],
    ['three dimensions', npyFields('<f4', 2, '3, 1'), /expected a shape/],
    ['negative sizes', npyFields('<f4', -2, 3), /expected a shape/],
    ['dimension 0', npyFields('<f4', 2, 0), /expected a dimension from 1 to 65536, got 0/],
    ['huge dimensions', npyFields('<f4', 2, 1e9), /expected a dimension from 1 to 65536/],
    [
      'huge numbers of rows',
      npyFields('<f4', '9007199254740991', 3),
      /row 2: expected 9007199254740991 rows, the file holds 2/,
    ],
    ['numbers beyond any', npyFields('<f4', '99999999999999999999', 3), /expected a shape/],
    ['no rows', npyFields('<f4', 0, 3), /holds no vectors/],
    ['missing fields', "{'descr': '<f4'}", /fortran_order/],
    ['text', 'hello', /expected a dictionary/],
  ])('refuses %s', async (_, header, message) => {
    const path = folder.write('bad.npy', npy(header, bytesOf(new Float32Array(6))));
    await expectFormatError(openVectors(path), message);
  });

  it('refuses wrong magic, versions and lengths', async () => {
    const good = npy(npyFields('<f4', 2, 3), bytesOf(new Float32Array(6)));
    const changed = (at: number, value: number): string => {
      const bytes = Uint8Array.from(good);
      bytes[at] = value;
      return folder.write('changed.npy', bytes);
    };
    await expectFormatError(openVectors(changed(3, 0)), /magic/, 3);
    await expectFormatError(openVectors(changed(6, 9)), /version 1 to 3, got 9/, 6);
    await expectFormatError(openVectors(changed(9, 255)), /expected a header of at most/, 8);
    await expectFormatError(openVectors(folder.write('empty.npy', '')), /empty/);
    for (let length = 1; length < good.length; length++) {
      await expectFormatError(openVectors(folder.write('cut.npy', good.subarray(0, length))), /cut\.npy/);
    }
    await expectFormatError(
      openVectors(folder.write('cut.npy', good.subarray(0, -5))),
      /row 1 is cut short/,
      good.length - 12,
    );
    await expectFormatError(
      openVectors(folder.write('long.npy', Buffer.concat([good, good]))),
      /row 2.*more bytes/,
    );
  });

  it('refuses values that are not finite as float32', async () => {
    const header = npyFields('<f8', 2, 2);
    const offset = npy(header, new Uint8Array()).length;
    const source = await openVectors(
      folder.write('inf.npy', npy(header, bytesOf(new Float64Array([1, 2, 3, 1e39])))),
    );
    await expectFormatError(readAll(source), /row 1, dimension 1: .*got Infinity/, offset + 24);
    await source.close();
  });

  it('reads int32 and uint32 as integers', async () => {
    const fields = npyFields('<u4', 2, 2);
    const path = folder.write('u4.npy', npy(fields, bytesOf(new Uint32Array([1, 2, 3, 0xffffffff]))));
    expect(await readMatrixI32(path)).toEqual({ data: new Int32Array([1, 2, 3, -1]), n: 2, d: 2 });
    const floats = folder.write('f4.npy', npy(npyFields('<f4', 1, 1), bytesOf(new Float32Array(1))));
    await expectFormatError(readMatrixI32(floats), /expected values of an integer type, got float32/);
  });
});

describe('decodeFloat16', () => {
  it('is exact for all 65,536 patterns', () => {
    const halves = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const out = new Float32Array(65536);
    decodeFloat16(halves, out);
    let wrong = 0;
    for (let half = 0; half < 65536; half++) {
      const sign = half & 0x8000 ? -1 : 1;
      const exponent = (half >> 10) & 31;
      const mantissa = half & 1023;
      // the definition, in double precision
      const expected =
        exponent === 31
          ? mantissa === 0
            ? sign * Infinity
            : Number.NaN
          : sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
      if (!Object.is(out[half], expected)) wrong++;
    }
    expect(wrong).toBe(0);
  });
});
