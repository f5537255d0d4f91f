/** Records against a plain Map: the same answers after any changes, saves and loads. */
import { readContainer, writeContainer } from '@sagitta/core-wasm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue, RecordId } from '../../src/index.ts';
import { readRecords, recordSections } from '../../src/records/format.ts';
import { Records } from '../../src/records/records.ts';
import { listSlots } from '../../src/search/slot-set.ts';

function savedBytes(records: Records): Uint8Array {
  const sections = recordSections(records, records.liveSlots());
  return writeContainer({
    kind: 'RECORDS',
    version: 1,
    sections: [{ id: 'X', pieces: [new Uint8Array(1)] }, ...sections],
  });
}

function reloaded(records: Records): Records {
  return readRecords(readContainer(savedBytes(records)), records.n);
}

function put(records: Records, kind: 'add' | 'put', rows: Parameters<Records['prepare']>[2], count: number) {
  records.commit(records.prepare(kind, count, rows));
}

describe('ids', () => {
  it('are row numbers that cost nothing until others come', () => {
    const records = new Records();
    put(records, 'add', {}, 1000);
    expect(records.isImplicit).toBe(true);
    expect(records.bytesUsed()).toEqual({ ids: 256, metadata: 0, indexed: 0 });
    expect([records.idAt(999), records.slotOf(999), records.slotOf(1000)]).toEqual([999, 999, undefined]);
    expect([records.slotOf(0.5), records.slotOf('5'), records.slotOf(5n)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    put(records, 'add', { ids: [1000, 1001] }, 2);
    expect(records.isImplicit).toBe(true);
    expect(recordSections(records, records.liveSlots())).toEqual([]);
    put(records, 'add', { ids: ['a', 7n] }, 2);
    expect(records.isImplicit).toBe(false);
    put(records, 'add', {}, 2);
    expect(Array.from({ length: 5 }, (_, i) => records.idAt(1001 + i))).toEqual([1001, 'a', 7n, 1002, 1003]);
  });

  it('stay what they are after deletes and a compaction, and are not given twice', () => {
    const records = new Records();
    put(records, 'add', {}, 10);
    expect(records.delete(3)).toBe(true);
    expect(records.delete(3)).toBe(false);
    expect(records.delete(9)).toBe(true);
    expect([records.n, records.slots, records.dead, records.isImplicit]).toEqual([8, 10, 2, true]);
    expect(records.slotOf(3)).toBeUndefined();
    records.compact(records.liveSlots());
    expect([records.n, records.slots, records.idAt(3), records.slotOf(4)]).toEqual([8, 8, 4, 3]);
    const again = reloaded(records);
    for (const one of [records, again]) {
      put(one, 'add', {}, 1);
      expect(one.idAt(8)).toBe(10);
    }
  });

  it('are checked, and named where they are bad', () => {
    const records = new Records();
    put(records, 'add', { ids: ['a', 5, 5n] }, 3);
    for (const [ids, message] of [
      [['a'], /"ids\[0\]" expected a new id \(upsert replaces what has it\), got "a"/],
      [['b', 5n], /"ids\[1\]" expected a new id .* got 5n/],
      [['b', 'b'], /"ids\[1\]" expected each id once, got "b" twice/],
      [[2n ** 64n], /"ids\[0\]" expected a bigint of 64 bits/],
      [[-(2n ** 63n) - 1n], /"ids\[0\]" expected a bigint of 64 bits/],
      [[null], /"ids\[0\]" expected a string, a number or a bigint, got null/],
      [[-1], /"ids\[0\]"/],
      [['x'.repeat(65_536)], /"ids\[0\]" expected at most 65535 bytes/],
      [new Array(2), /"ids\[0\]"/],
      ['ab', /"ids" expected an array/],
    ] as const) {
      expect(() => records.prepare('add', ids.length, { ids: ids as never })).toThrow(message);
    }
    expect(() => records.prepare('add', 2, { ids: ['x'] })).toThrow(/"ids" expected length/);
    expect(() => records.prepare('put', 2, { ids: ['a', 'a'] })).toThrow(/each id once/);
    put(records, 'put', { ids: [2 ** 53 - 1] }, 1);
    expect(() => records.prepare('add', 1, {})).toThrow(/"ids" expected ids of one's own/);
    expect([records.n, records.dead]).toEqual([4, 0]);
  });

  it('are ordered: numbers, bigints, strings', () => {
    const records = new Records();
    const ids: RecordId[] = ['b', 10, 2n, 9, 'a', -3n];
    put(records, 'add', { ids }, ids.length);
    const order = [...ids.keys()].sort(records.compare).map((slot) => ids[slot]);
    expect(order).toEqual([9, 10, -3n, 2n, 'a', 'b']);
  });
});

it('copies metadata as JSON, prototypes and all left alone', () => {
  const records = new Records();
  const bad = JSON.parse('{"__proto__": {"polluted": true}, "a": {"__proto__": 1}, "constructor": null}');
  const value = { list: [1, { b: [] }], '2': 'two', '1': 'one', gone: undefined, no: Number.NaN };
  put(records, 'add', { metadata: [bad, value as never, undefined, null] }, 4);
  value.list.push(5);
  for (const one of [records, reloaded(records)]) {
    const got = one.metadataAt(0) as object;
    expect(Object.keys(got)).toEqual(['__proto__', 'a', 'constructor']);
    expect(Object.getPrototypeOf(got)).toBe(Object.prototype);
    expect(JSON.stringify(got)).toBe(JSON.stringify(bad));
    expect(JSON.stringify(one.metadataAt(1))).toBe('{"1":"one","2":"two","list":[1,{"b":[]}],"no":null}');
    expect([one.metadataAt(2), one.metadataAt(3)]).toEqual([undefined, null]);
  }
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  const deep = JSON.parse('['.repeat(513) + ']'.repeat(513));
  expect(() => records.prepare('add', 1, { metadata: [deep] })).toThrow(
    /"metadata\[0\]" expected at most 512/,
  );
  put(records, 'add', { metadata: [deep[0]] }, 1);
  expect(reloaded(records).metadataAt(4)).toEqual(deep[0]);
  expect(() => records.prepare('add', 1, { metadata: [1n as never] })).toThrow(
    /"metadata\[0\]" expected a JSON/,
  );
});

it('takes objects of any number of shapes', () => {
  const records = new Records();
  const metadata = Array.from({ length: 1500 }, (_, i) => ({ [`key ${i}`]: i, shared: { [`${i}`]: [i] } }));
  put(records, 'add', { metadata }, metadata.length);
  for (const one of [records, reloaded(records)]) {
    for (const [i, value] of metadata.entries()) expect(one.metadataAt(i)).toEqual(value);
    for (const i of [0, 1499]) {
      expect([...listSlots(one.allowed({ [`key ${i}`]: i }))]).toEqual([i]);
      expect([...listSlots(one.allowed({ [`shared.${i}`]: { contains: i } }))]).toEqual([i]);
    }
  }
});

it('gives the memory of what changed back', () => {
  const records = new Records();
  put(records, 'add', { metadata: Array.from({ length: 100 }, () => 'x') }, 100);
  for (let i = 0; i < 20_000; i++) records.setMetadata(i % 100, { title: `title ${i}`, at: i + 0.5 });
  expect(records.metadataAt(99)).toEqual({ title: 'title 19999', at: 19_999.5 });
  // a share of 16,384 words and what is remembered of lately
  expect(records.bytesUsed().metadata).toBeLessThan(3 << 20);
});

type Change =
  | { readonly kind: 'add' | 'put'; readonly rows: readonly (readonly [RecordId, JsonValue | undefined])[] }
  | { readonly kind: 'rows'; readonly metadata: readonly (JsonValue | undefined)[] }
  | { readonly kind: 'delete' | 'set'; readonly which: number; readonly value: JsonValue | undefined }
  | { readonly kind: 'compact' | 'reload' };

const someId: fc.Arbitrary<RecordId> = fc.oneof(
  fc.nat({ max: 30 }),
  fc.bigInt({ min: -5n, max: 5n }),
  fc.constantFrom<RecordId>('a', 'b', '1', 'é', '', 2 ** 53 - 100, -(2n ** 63n), 2n ** 64n - 1n),
);
const json = fc.jsonValue({ noUnicodeString: false, maxDepth: 3 }) as fc.Arbitrary<JsonValue>;
const someValue = fc.option(json, { nil: undefined });
const someChange: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('add' as const, 'put' as const),
    rows: fc.uniqueArray(fc.tuple(someId, someValue), { selector: ([id]) => id, maxLength: 6 }),
  }),
  fc.record({ kind: fc.constant('rows' as const), metadata: fc.array(someValue, { maxLength: 4 }) }),
  fc.record({
    kind: fc.constantFrom('delete' as const, 'set' as const),
    which: fc.nat({ max: 99 }),
    value: someValue,
  }),
  fc.record({ kind: fc.constantFrom('compact' as const, 'reload' as const) }),
);

it('answers as a Map of ids and values does, whatever happens', () => {
  fc.assert(
    fc.property(fc.array(someChange, { maxLength: 25 }), (changes) => {
      let records = new Records({ indexed: ['a'] });
      const model = new Map<RecordId, JsonValue | undefined>();
      let next = 0;
      const set = (id: RecordId, value: JsonValue | undefined): void => {
        // a record that is put anew is the last
        model.delete(id);
        model.set(id, copied(value));
        if (typeof id === 'number') next = Math.max(next, id + 1);
      };
      for (const change of changes) {
        const ids = [...model.keys()];
        switch (change.kind) {
          case 'add':
          case 'put': {
            const rows = {
              ids: change.rows.map(([id]) => id),
              metadata: change.rows.map(([, value]) => value),
            };
            if (change.kind === 'add' && rows.ids.some((id) => model.has(id))) {
              expect(() => records.prepare('add', rows.ids.length, rows)).toThrow(RangeError);
              break;
            }
            put(records, change.kind, rows, rows.ids.length);
            for (const [id, value] of change.rows) set(id, value);
            break;
          }
          case 'rows': {
            put(records, 'add', { metadata: change.metadata }, change.metadata.length);
            for (const value of change.metadata) set(next, value);
            break;
          }
          case 'delete': {
            const id = ids[change.which % Math.max(1, ids.length)] ?? 'nobody';
            expect(records.delete(id)).toBe(model.delete(id));
            break;
          }
          case 'set': {
            const id = ids[change.which % Math.max(1, ids.length)];
            if (id === undefined) break;
            records.setMetadata(records.slotOf(id) as number, copied(change.value));
            model.set(id, copied(change.value));
            break;
          }
          case 'compact':
            records.compact(records.liveSlots());
            expect(records.dead).toBe(0);
            break;
          case 'reload': {
            const bytes = savedBytes(records);
            records = reloaded(records);
            expect(Buffer.compare(savedBytes(records), bytes)).toBe(0);
          }
        }
        expect(records.n).toBe(model.size);
        const live = [...records.liveSlots()];
        expect(live.map((slot) => records.idAt(slot))).toEqual([...model.keys()]);
        for (const [i, [id, value]] of [...model].entries()) {
          expect(records.slotOf(id)).toBe(live[i]);
          expect(records.metadataAt(live[i] as number)).toEqual(value);
        }
        const named = live.filter((slot) => typeof records.idAt(slot) === 'string');
        expect([...listSlots(records.allowed(named.map((slot) => records.idAt(slot))))]).toEqual(named);
        const defined = live.filter((slot) => records.metadataAt(slot) !== undefined);
        expect([...listSlots(records.allowed(() => true))]).toEqual(defined);
        expect(records.indexed).toEqual(['a']);
      }
    }),
    { seed: 4, numRuns: 300 },
  );
});

/** As JSON gives it back: -0 is 0. */
function copied(value: JsonValue | undefined): JsonValue | undefined {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as JsonValue);
}
