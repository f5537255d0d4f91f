import { describe, expect, it } from 'vitest';
import { openTokenSets, tokenSetFormatOf } from '../../src/token-sets/open-token-sets.ts';
import { writeNpy } from '../../src/writers/npy.ts';
import { expectFormatError } from '../support/expect-format-error.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { readSets, setsOf, smallTokenSets } from '../support/token-sets.ts';

const folder = temporaryFolder();
const sets = smallTokenSets(30, 4);
const lengths = Int32Array.from(
  { length: 30 },
  (_, i) => (sets.offsets[i + 1] as number) - (sets.offsets[i] as number),
);
const raw = (values: Int32Array | Int8Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

describe('vectors beside a file of lengths', () => {
  it('cuts any file of vectors into sets', async () => {
    const path = `${folder.path}/tokens.npy`;
    await writeNpy(path, sets.data, 4);
    const lens = folder.write('lens.i32', raw(lengths));
    for (const tokens of [1, 7, 10_000]) {
      expect(await readSets(await openTokenSets(path, { lengths: lens }), tokens)).toEqual(setsOf(sets));
    }
    const bytes = Int8Array.from(sets.data, (value) => Math.round(127 * value));
    const i8 = folder.write('tokens.i8', raw(bytes));
    const read = await readSets(await openTokenSets(i8, { lengths: lens, d: 4 }));
    expect(read.flat(2)).toEqual([...Float32Array.from(bytes, (value) => value / 127)]);
    await expect(openTokenSets(i8, { lengths: lens })).rejects.toThrow(/"d" expected the dimension/);
    await expect(openTokenSets(path, { lengths: lens, d: 5 })).rejects.toThrow(/"d" expected 4/);
  });

  it('refuses lengths that do not add up', async () => {
    const path = `${folder.path}/tokens.npy`;
    await writeNpy(path, sets.data, 4);
    const open = (values: Int32Array) =>
      openTokenSets(path, { lengths: folder.write('bad.i32', raw(values)) });
    await expectFormatError(open(lengths.subarray(0, 29)), /expected \d+ vectors, the sum of 29 lengths/);
    await expectFormatError(
      open(lengths.map((x, i) => (i === 3 ? -1 : x))),
      /set 3: expected a length from 0, got -1/,
      12,
    );
    const lens = folder.write('odd.i32', new Uint8Array(5));
    await expectFormatError(openTokenSets(path, { lengths: lens }), /expected int32 values, got 5 bytes/);
    // a source that does not know its number of rows
    const jsonl = folder.write('tokens.jsonl', '{"vector":[1]}\n{"vector":[2]}\n');
    const few = openTokenSets(jsonl, { lengths: folder.write('few.i32', raw(Int32Array.of(1))) });
    await expectFormatError(few.then(readSets), /expected 1 vectors, the sum of the lengths, got more/);
    const many = openTokenSets(jsonl, { lengths: folder.write('many.i32', raw(Int32Array.of(0, 3, 0))) });
    await expectFormatError(many.then(readSets), /expected 3 vectors, the sum of the lengths, got 2/);
  });

  it('knows formats by their extension', () => {
    expect(['a.mvecs', 'a.NPZ', 'a.feather', 'a.ndjson'].map(tokenSetFormatOf)).toEqual([
      'mvecs',
      'npz',
      'arrow',
      'jsonl',
    ]);
    expect(() => tokenSetFormatOf('a.npy')).toThrow(/"path" expected one of the extensions \.npz/);
  });
});
