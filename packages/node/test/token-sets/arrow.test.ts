import {
  Bool,
  type Data,
  Field,
  FixedSizeList,
  Float16,
  Float32,
  Float64,
  Int64,
  List,
  makeData,
  makeVector,
  Table,
  tableToIPC,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { openTokenSets } from '../../src/token-sets/open-token-sets.ts';
import { type AllTokenSets, readAllTokenSets } from '../../src/token-sets/token-set-source.ts';
import { expectFormatError } from '../support/expect-format-error.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { readSets, setsOf, smallTokenSets } from '../support/token-sets.ts';

const folder = temporaryFolder();
const sets = smallTokenSets(20, 3);
const names = Array.from({ length: 20 }, (_, i) => `text ${i}`);

/** The sets as list<fixed_size_list<float>>. */
function listColumn(
  type: Float16 | Float32 | Float64,
  data: Uint16Array | Float32Array | Float64Array,
): Vector {
  const tokens = new FixedSizeList(3, new Field('item', type, false));
  const floats = floatData(data);
  const fixed = makeData({ type: tokens, length: data.length / 3, nullCount: 0, child: floats });
  const list = new List(new Field('item', tokens, false));
  const valueOffsets = Int32Array.from(sets.offsets);
  return makeVector(makeData({ type: list, length: 20, nullCount: 0, valueOffsets, child: fixed }));
}

function floatData(data: Uint16Array | Float32Array | Float64Array): Data<Float16 | Float32 | Float64> {
  const shape = { length: data.length, nullCount: 0 };
  if (data instanceof Uint16Array) return makeData({ type: new Float16(), ...shape, data });
  if (data instanceof Float32Array) return makeData({ type: new Float32(), ...shape, data });
  return makeData({ type: new Float64(), ...shape, data });
}

function write(name: string, columns: Record<string, Vector>, kind: 'file' | 'stream' = 'file'): string {
  return folder.write(name, tableToIPC(new Table(columns), kind));
}

async function readAllSets(path: string): Promise<AllTokenSets> {
  const source = await openTokenSets(path);
  try {
    return await readAllTokenSets(source);
  } finally {
    await source.close();
  }
}

describe('.arrow', () => {
  it('reads files and streams, with ids and metadata', async () => {
    for (const kind of ['file', 'stream'] as const) {
      const path = write(
        `${kind}.arrow`,
        {
          id: vectorFromArray(names, new Utf8()),
          year: vectorFromArray(
            names.map((_, i) => BigInt(1900 + i)),
            new Int64(),
          ),
          open: vectorFromArray(
            names.map((_, i) => (i === 3 ? null : i % 2 === 0)),
            new Bool(),
          ),
          tokens: listColumn(new Float32(), sets.data),
        },
        kind,
      );
      expect(await readSets(await openTokenSets(path))).toEqual(setsOf(sets));
      const all = await readAllSets(path);
      expect(all.ids).toEqual(names);
      expect(all.metadata?.slice(2, 5)).toEqual([
        { year: 1902, open: true },
        { year: 1903, open: null },
        { year: 1904, open: true },
      ]);
    }
  });

  it('reads several record batches one after the other', async () => {
    const table = new Table({ tokens: listColumn(new Float32(), sets.data) });
    const path = folder.write('two.arrow', tableToIPC(table.concat(table), 'stream'));
    expect(await readSets(await openTokenSets(path))).toEqual([...setsOf(sets), ...setsOf(sets)]);
  });

  it('reads half and double precision, and integers as ids', async () => {
    const double = write('f64.arrow', {
      _id: vectorFromArray(
        names.map((_, i) => BigInt(i + 5)),
        new Int64(),
      ),
      x: listColumn(new Float64(), Float64Array.from(sets.data)),
    });
    expect(await readSets(await openTokenSets(double, { column: 'x' }))).toEqual(setsOf(sets));
    expect((await readAllSets(double)).ids?.slice(0, 2)).toEqual([5, 6]);
    const half = Uint16Array.from(sets.data, (value) => (value < 0 ? 0xbc00 : 0x3c00));
    const path = write('f16.arrow', { x: listColumn(new Float16(), half) });
    expect((await readSets(await openTokenSets(path))).flat(2)).toEqual(
      [...sets.data].map((value) => (value < 0 ? -1 : 1)),
    );
  });

  it('refuses other columns, missing values, and offsets that do not fit', async () => {
    const plain = write('plain.arrow', { id: vectorFromArray(names, new Utf8()) });
    await expectFormatError(
      openTokenSets(plain),
      /expected a column that is a list of lists of numbers, .* id utf8/,
    );
    const good = { tokens: listColumn(new Float32(), sets.data) };
    await expect(openTokenSets(write('named.arrow', good), { column: 'vectors' })).rejects.toThrow(
      /"column" expected one of tokens .* got "vectors", which is not there/,
    );
    const two = write('two-columns.arrow', { a: good.tokens, b: good.tokens });
    await expect(openTokenSets(two)).rejects.toThrow(/"column" expected one of a, b .* got none/);
    expect(await readSets(await openTokenSets(two, { column: 'b' }))).toEqual(setsOf(sets));
    const nan = write('nan.arrow', {
      tokens: listColumn(
        new Float32(),
        sets.data.map((x, i) => (i === 5 ? Number.NaN : x)),
      ),
    });
    await expectFormatError(openTokenSets(nan).then(readSets), /expected a finite float32/);
    const noId = write('no-id.arrow', {
      id: vectorFromArray(
        names.map((name, i) => (i === 4 ? null : name)),
        new Utf8(),
      ),
      ...good,
    });
    await expectFormatError(
      openTokenSets(noId).then(readSets),
      /row 4: expected a text or an integer as id, got null/,
    );
  });

  it('refuses damage', async () => {
    const path = write('good.arrow', { tokens: listColumn(new Float32(), sets.data) }, 'stream');
    const bytes = tableToIPC(new Table({ tokens: listColumn(new Float32(), sets.data) }), 'stream');
    expect(await readSets(await openTokenSets(path))).toHaveLength(20);
    await expectFormatError(openTokenSets(folder.write('empty.arrow', '')), /the file is empty/);
    await expectFormatError(
      openTokenSets(folder.write('text.arrow', 'this is no Arrow file at all, only text')),
      /./,
    );
    for (const length of [5, 40, 200, bytes.length - 200]) {
      await expectFormatError(
        openTokenSets(folder.write('cut.arrow', bytes.subarray(0, length))).then(readSets),
        /./,
      );
    }
    // the offsets of the lists begin the body of the record batch
    const at = indexOf(bytes, new Uint8Array(Int32Array.from(sets.offsets).buffer));
    const wild = bytes.slice();
    new DataView(wild.buffer).setInt32(at + 8, 1 << 30, true);
    await expectFormatError(
      openTokenSets(folder.write('wild.arrow', wild)).then(readSets),
      /expected offsets that ascend/,
    );
  });
});

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  return Buffer.from(bytes).indexOf(part);
}
