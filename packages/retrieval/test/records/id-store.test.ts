import { RandomStream } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { hashBytes } from '../../src/records/id-hash.ts';
import { IdStore } from '../../src/records/id-store.ts';
import type { RecordId } from '../../src/records/ids.ts';

describe('hashBytes', () => {
  // the first vectors of the reference implementation are for HalfSipHash-2-4; these are a plain reading of the paper for 1-3
  it('is a plain reading of HalfSipHash-1-3', () => {
    const random = new RandomStream(1, 'hash');
    const bytes = Uint8Array.from({ length: 64 }, () => random.nextBelow(256));
    for (let size = 0; size < 40; size++) {
      const key = [random.nextU32(), random.nextU32()] as const;
      expect(hashBytes(key, bytes, 5, 5 + size)).toBe(plainHash(key, bytes.subarray(5, 5 + size)));
    }
  });
});

function plainHash([k0, k1]: readonly [number, number], bytes: Uint8Array): number {
  const v = [k0, k1, 0x6c796765n, 0x74656462n].map((x) => BigInt(x));
  v[2] = (v[2] as bigint) ^ BigInt(k0);
  v[3] = (v[3] as bigint) ^ BigInt(k1);
  const mask = 0xffffffffn;
  const rotated = (x: bigint, by: bigint) => ((x << by) | (x >> (32n - by))) & mask;
  const round = () => {
    let [a, b, c, d] = v as [bigint, bigint, bigint, bigint];
    a = (a + b) & mask;
    b = rotated(b, 5n) ^ a;
    a = rotated(a, 16n);
    c = (c + d) & mask;
    d = rotated(d, 8n) ^ c;
    a = (a + d) & mask;
    d = rotated(d, 7n) ^ a;
    c = (c + b) & mask;
    b = rotated(b, 13n) ^ c;
    c = rotated(c, 16n);
    v.splice(0, 4, a, b, c, d);
  };
  const padded = new Uint8Array(4 * Math.floor(bytes.length / 4) + 4);
  padded.set(bytes);
  padded[padded.length - 1] = bytes.length;
  const words = new Uint32Array(padded.buffer);
  for (const word of words) {
    v[3] = (v[3] as bigint) ^ BigInt(word);
    round();
    v[0] = (v[0] as bigint) ^ BigInt(word);
  }
  v[2] = (v[2] as bigint) ^ 0xffn;
  for (let i = 0; i < 3; i++) round();
  return Number((v[1] as bigint) ^ (v[3] as bigint));
}

const ODD: RecordId[] = [
  0,
  1,
  1n,
  '1',
  '',
  2 ** 53 - 1,
  -(2n ** 63n),
  2n ** 64n - 1n,
  2n ** 63n,
  2n ** 63n - 1n,
  'ä',
  '\ufffd',
  '😀',
  '\ufeffx',
  'x'.repeat(63),
  'x'.repeat(64),
  'x'.repeat(65),
  `${'x'.repeat(63)}ä`,
  `${'x'.repeat(64)}ä`,
  'x'.repeat(65_535),
];

describe('IdStore', () => {
  it('keeps ids of every kind and length, each apart from the others', () => {
    const store = IdStore.from(ODD);
    for (const [slot, id] of ODD.entries()) {
      expect(store.at(slot)).toBe(id);
      expect(store.slotOf(id)).toBe(slot);
    }
    expect(store.slotOf(-0)).toBe(0);
    const again = IdStore.from([...ODD].reverse()).compacted(Uint32Array.from(ODD.keys()).reverse());
    for (const slot of ODD.keys()) expect(again.record(slot)).toEqual(store.record(slot));
  });

  it.each<unknown>([
    -1,
    1.5,
    Number.NaN,
    2 ** 53,
    2n ** 64n,
    -(2n ** 63n) - 1n,
    '\ud800',
    'x'.repeat(65_536),
    undefined,
    null,
    {},
    Symbol('1'),
  ])('finds no %s, which is no id', (id) => {
    const store = IdStore.from([...ODD, 2n ** 63n + 5n]);
    expect(store.slotOf(id as RecordId)).toBeUndefined();
  });

  it('does what a Map does, through deletes, other slots and compaction', () => {
    const random = new RandomStream(2, 'ids');
    let store = new IdStore();
    let slots = new Map<RecordId, number>();
    for (let step = 0; step < 40_000; step++) {
      const number = random.nextBelow(3000);
      const id = [number, BigInt(number), `id ${number}`][random.nextBelow(3)] as RecordId;
      const what = random.nextBelow(1000);
      if (what < 600) {
        slots.set(id, store.length);
        store.push(id);
      } else if (what < 999) {
        slots.delete(id);
        store.delete(id);
      } else {
        const keep = Uint32Array.from(slots.values()).sort();
        const ids = Array.from(keep, (slot) => store.at(slot));
        store = store.compacted(keep);
        slots = new Map(ids.map((one, slot) => [one, slot]));
      }
      expect(store.slotOf(id)).toBe(slots.get(id));
    }
    for (const [id, slot] of slots) {
      expect(store.slotOf(id)).toBe(slot);
      expect(store.at(slot)).toBe(id);
    }
  });

  it('says which of the records it takes has an id of an earlier one', () => {
    const { store, starts } = recordsOf(['a', 'b', 'a', 'b']);
    expect(IdStore.of(store, starts).twice).toBe(2);
    const apart = recordsOf(['a', 'b', 1, 1n]);
    expect(IdStore.of(apart.store, apart.starts).twice).toBeUndefined();
  });
});

function recordsOf(ids: readonly RecordId[]) {
  const records = ids.map((id) => IdStore.from([id]).record(0));
  const store = Uint8Array.from(records.flatMap((record) => [...record]));
  let at = 0;
  const starts = Uint32Array.from([0, ...records.map((record) => (at += record.length))]);
  return { store, starts };
}
