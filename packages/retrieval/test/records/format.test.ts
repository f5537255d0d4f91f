/** Sections of records from elsewhere: FormatError or records that work, within bounded memory. */
import { ByteWriter, FormatError, RandomStream, readContainer, writeContainer } from '@sagitta/core-wasm';
import { applyMutations, drawMutations } from '@sagitta/testing';
import { expect, it } from 'vitest';
import type { JsonValue, RecordId } from '../../src/index.ts';
import { readRecords, recordSections } from '../../src/records/format.ts';
import { Records } from '../../src/records/records.ts';

const N = 30;
const ids: RecordId[] = Array.from(
  { length: N },
  (_, i) => [i, `é ${i}`, BigInt(-i), 2n ** 64n - BigInt(i)][i % 4] as RecordId,
);
const metadata: (JsonValue | undefined)[] = ids.map((_, i) =>
  i % 5 === 0
    ? undefined
    : i === 7
      ? JSON.parse('{"__proto__":{"a":[]}}')
      : { folder: `f${i % 3}`, half: '\ud800', n: i / 3, o: { list: [null, true, i] } },
);

function fileOf(records: Records): Uint8Array {
  return writeContainer({
    kind: 'RECORDS',
    version: 1,
    sections: recordSections(records, records.liveSlots()),
  });
}

function made(): Records {
  const records = new Records({ indexed: ['folder', 'o.list'] });
  records.commit(records.prepare('add', N, { ids, metadata }));
  return records;
}

/** One section with other bytes, the rest as it was. */
function changed(id: string, bytes: Uint8Array): Uint8Array {
  const sections = recordSections(made(), made().liveSlots()).filter((one) => one.id !== id);
  return writeContainer({ kind: 'RECORDS', version: 1, sections: [...sections, { id, pieces: [bytes] }] });
}

const read = (bytes: Uint8Array): Records => readRecords(readContainer(bytes), N);

it('gives back what was saved, and the same bytes again', () => {
  const file = fileOf(made());
  const records = read(file);
  expect(Array.from({ length: N }, (_, i) => records.idAt(i))).toEqual(ids);
  for (const [i, value] of metadata.entries()) expect(records.metadataAt(i)).toEqual(value);
  expect(records.indexed).toEqual(['folder', 'o.list']);
  expect(Buffer.compare(fileOf(records), file)).toBe(0);
});

it('keeps nothing of the bytes, also where they are a Buffer', () => {
  const file = Buffer.concat([Buffer.alloc(5), fileOf(made())]).subarray(5);
  const records = read(file);
  file.fill(0xff);
  expect(Array.from({ length: N }, (_, i) => records.idAt(i))).toEqual(ids);
  for (const [i, id] of ids.entries()) expect(records.slotOf(id)).toBe(i);
});

it('refuses ids that are none or come twice', () => {
  const numbers = (next: number, ...values: number[]): Uint8Array => {
    const writer = new ByteWriter().f64(next).u8(0);
    for (let i = 0; i < N; i++) writer.f64(values[i] ?? 100 + i);
    return writer.finish();
  };
  expect(read(changed('RIDS', numbers(200))).idAt(3)).toBe(103);
  for (const bad of [-1, 1.5, Number.NaN, -0, 2 ** 53, 105]) {
    expect(() => read(changed('RIDS', numbers(2 ** 53, bad)))).toThrow(FormatError);
  }
  expect(() => read(changed('RIDS', numbers(129)))).toThrow(/below 129, got 129/);
  expect(() => read(changed('RIDS', numbers(-1)))).toThrow(/next row number/);
  expect(() => read(changed('RIDS', numbers(200).subarray(0, 90)))).toThrow(FormatError);
  const small = new ByteWriter().f64(0).u8(1);
  for (let i = 0; i < N; i++) small.u8(3).u32(i).u32(1);
  expect(() => read(changed('RIDS', small.finish()))).toThrow(/expected 2\^63 or more/);
});

it('refuses metadata out of range, strings and shapes that are not there, and keys that come twice', () => {
  const text = (writer: ByteWriter, value: string): void =>
    void writer.u32(2 * value.length).bytes(Buffer.from(value));
  const section = (words: number[], keys: string[] = ['a', 'b'], present = 1): Uint8Array => {
    const writer = new ByteWriter().u32(2).u32(1).u32(words.length).u32(present);
    text(writer, 's');
    text(writer, 't');
    writer.u32(keys.length);
    for (const key of keys) text(writer, key);
    for (const word of words) writer.u32(word);
    return writer.finish();
  };
  const [LITERAL, INTEGER, NUMBER, STRING, ARRAY, SHAPED, OBJECT] = [0, 1, 2, 3, 4, 5, 6];
  const word = (tag: number | undefined, payload: number): number => payload * 8 + (tag as number);
  const good = section([
    word(SHAPED, 0),
    word(ARRAY, 2),
    word(STRING, 1),
    word(LITERAL, 2),
    word(INTEGER, 2 ** 28 + 5),
  ]);
  expect(read(changed('RMDA', good)).metadataAt(0)).toEqual({ a: ['t', true], b: 5 });
  for (const words of [
    [],
    [word(LITERAL, 3)],
    [word(STRING, 2)],
    [word(SHAPED, 1)],
    [word(SHAPED, 0), 0],
    [word(ARRAY, 2), 0],
    [word(ARRAY, 2 ** 29 - 1), 0],
    [word(OBJECT, 2 ** 29 - 1), word(STRING, 0), 0],
    [word(OBJECT, 1), 0, 0],
    [word(OBJECT, 2), word(STRING, 0), 0, word(STRING, 0), 0],
    [word(OBJECT, 1), word(STRING, 2), 0],
    [word(NUMBER, 0), 0],
    [word(NUMBER, 0), 0, 0x7ff00000],
    [word(NUMBER, 0), 0, 0x80000000],
    [7],
    [0, 0],
    [...Array.from({ length: 600 }, () => word(ARRAY, 1)), 0],
  ]) {
    expect(() => read(changed('RMDA', section(words))), String(words.slice(0, 4))).toThrow(FormatError);
  }
  expect(() => read(changed('RMDA', section([0], ['a', 'a'])))).toThrow(/each key once/);
  expect(() => read(changed('RMDA', section([0], ['a'], 3)))).toThrow(FormatError);
  for (let at = 0; at < 12; at += 4) {
    for (const value of [0x7fffffff, 0xffffffff]) {
      const huge = good.slice();
      new DataView(huge.buffer).setUint32(at, value, true);
      expect(() => read(changed('RMDA', huge))).toThrow(FormatError);
    }
  }
  expect(() => read(changed('RIDX', new ByteWriter().u32(0xffffffff).finish()))).toThrow(FormatError);
  expect(() => read(changed('RIDX', new ByteWriter().u32(2).string('a').finish()))).toThrow(FormatError);
});

it('ends in FormatError or works, whatever is changed', () => {
  const file = fileOf(made());
  const random = new RandomStream(3, 'records');
  let accepted = 0;
  for (let run = 0; run < 1500; run++) {
    const bytes = applyMutations(file, drawMutations(random, file));
    let records: Records;
    try {
      records = read(bytes);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      continue;
    }
    accepted++;
    for (let slot = 0; slot < N; slot++) expect(records.slotOf(records.idAt(slot))).toBe(slot);
    records.allowed({ folder: 'f1', 'o.list': { contains: 4 } });
    expect(read(fileOf(records)).liveSlots()).toEqual(records.liveSlots());
    expect(Object.getPrototypeOf(records.metadataAt(7) ?? {})).not.toBe(null);
  }
  expect(accepted).toBeLessThan(1200);
});
