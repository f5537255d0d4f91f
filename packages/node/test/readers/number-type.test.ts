import { describe, expect, it } from 'vitest';
import { openVectors, readAll } from '../../src/index.ts';
import { bytesOf, decodeDoubles, decodeNumbers, type NumberType } from '../../src/readers/number-type.ts';
import { npy, npyFields, bytesOf as viewOf } from '../support/bytes.ts';
import { expectFormatError } from '../support/expect-format-error.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = temporaryFolder();

/** Values that the type holds, as its bytes and as numbers. */
const VALUES: readonly (readonly [NumberType, ArrayBufferView, readonly number[]])[] = [
  ['bool', Uint8Array.of(0, 1, 2), [0, 1, 1]],
  ['int8', Int8Array.of(-128, 0, 127), [-128, 0, 127]],
  ['uint8', Uint8Array.of(0, 128, 255), [0, 128, 255]],
  ['int16', Int16Array.of(-32768, 1, 32767), [-32768, 1, 32767]],
  ['uint16', Uint16Array.of(0, 1, 65535), [0, 1, 65535]],
  ['int32', Int32Array.of(-(2 ** 31), -(2 ** 24), 2 ** 30), [-(2 ** 31), -(2 ** 24), 2 ** 30]],
  ['uint32', Uint32Array.of(2 ** 31, 3, 2 ** 24), [2 ** 31, 3, 2 ** 24]],
  ['int64', BigInt64Array.of(-(2n ** 63n), 5n, 2n ** 40n), [-(2 ** 63), 5, 2 ** 40]],
  ['uint64', BigUint64Array.of(2n ** 63n, 5n, 0n), [2 ** 63, 5, 0]],
  ['float16', Uint16Array.of(0x3c00, 0xc000, 0x0001), [1, -2, 2 ** -24]],
  ['bfloat16', Uint16Array.of(0x3f80, 0xc000, 0x0080), [1, -2, 2 ** -126]],
  ['float32', Float32Array.of(1.5, -2, 1e-40), [...Float32Array.of(1.5, -2, 1e-40)]],
  ['float64', Float64Array.of(1.5, 0.1, -2), [1.5, Math.fround(0.1), -2]],
];

/** The bytes of each value the other way round. */
function swapped(view: ArrayBufferView, valueBytes: number): Uint8Array {
  const bytes = Uint8Array.from(viewOf(view));
  for (let at = 0; at < bytes.length; at += valueBytes) bytes.subarray(at, at + valueBytes).reverse();
  return bytes;
}

describe.each(VALUES)('%s', (type, view, expected) => {
  it('is read little- and big-endian, at any place', () => {
    const little = viewOf(view);
    for (const [order, bytes] of [
      ['little', little],
      ['big', swapped(view, bytesOf(type))],
    ] as const) {
      const before = [...bytes];
      const out = new Float32Array(expected.length);
      expect(decodeNumbers(type, bytes, out, order)).toBeUndefined();
      expect([...out]).toEqual(expected);
      const odd = new Uint8Array(bytes.length + 1);
      odd.set(bytes, 1);
      expect(decodeNumbers(type, odd.subarray(1), out.fill(7), order)).toBeUndefined();
      expect([...out]).toEqual(expected);
      expect([...bytes]).toEqual(before);
    }
  });
});

describe('integers', () => {
  it.each([
    ['int32', Int32Array.of(1, 2 ** 24 + 1), 2 ** 24 + 1],
    ['uint32', Uint32Array.of(1, 2 ** 32 - 1), 2 ** 32 - 1],
    ['int64', BigInt64Array.of(1n, 2n ** 60n + 1n), 2n ** 60n + 1n],
    ['uint64', BigUint64Array.of(1n, 2n ** 64n - 1n), 2n ** 64n - 1n],
  ] as const)('of %s that float32 cannot hold are named', (type, view, value) => {
    expect(decodeNumbers(type, viewOf(view), new Float32Array(2))).toEqual({ at: 1, value });
  });

  it('are refused with their place in the file', async () => {
    const head = npyFields('<i8', 2, 2);
    const offset = npy(head, new Uint8Array()).length;
    const values = BigInt64Array.of(1n, 2n, 3n, 2n ** 53n + 1n);
    const source = await openVectors(folder.write('a.npy', npy(head, viewOf(values))));
    const message = /row 1, dimension 1: expected an integer that is exact as float32, got 9007199254740993/;
    await expectFormatError(readAll(source), message, offset + 24);
    await source.close();
    const columns = npyFields('>i4', 3, 2, 'True');
    const bytes = Buffer.from(viewOf(Int32Array.of(1, 2, 3, 4, 2 ** 24 + 1, 6))).swap32();
    const fortran = await openVectors(folder.write('b.npy', npy(columns, bytes)));
    await expectFormatError(readAll(fortran), /row 1, dimension 1: .* got 16777217/);
    await fortran.close();
  });

  it('beyond 2^53 are no number where doubles are wanted', () => {
    const values = BigInt64Array.of(-(2n ** 53n) + 1n, 2n ** 53n, 7n);
    expect([...decodeDoubles('int64', viewOf(values), 3)]).toEqual([-(2 ** 53) + 1, Number.NaN, 7]);
    expect([...decodeDoubles('float16', viewOf(Uint16Array.of(0x3c00)), 1)]).toEqual([1]);
  });
});
