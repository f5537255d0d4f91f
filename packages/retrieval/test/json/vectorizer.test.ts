import { readFileSync } from 'node:fs';
import { RandomStream } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { JsonVectorizer, type JsonVectorOptions } from '../../src/json/index.ts';
import type { JsonValue } from '../../src/records/json.ts';
import { type Order, Orders } from './orders.ts';

const vectorizer = new JsonVectorizer();
const dot = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, j) => sum + value * (b[j] as number), 0);
const cosine = (a: JsonValue, b: JsonValue, by = vectorizer): number => dot(by.encode(a), by.encode(b));
const { numberKernel: golden } = JSON.parse(
  readFileSync(new URL('../golden/kin-golden.json', import.meta.url), 'utf8'),
) as { numberKernel: { scale: number; pairs: { a: number; b: number; expectedCosine: number }[] } };

describe('numbers', () => {
  it('are as alike as the golden kernel says, up to what atoms have in common by chance', () => {
    const wide = new JsonVectorizer({ d: 65_536, numberScale: golden.scale });
    for (const { a, b, expectedCosine } of golden.pairs) {
      // 4 standard deviations of 16 products of atoms, and .02 of the spline
      expect(Math.abs(cosine(a, b, wide) - expectedCosine)).toBeLessThan(0.02 + 4 / Math.sqrt(65_536));
    }
  });

  it('are near where they are near, of any size and sign', () => {
    expect(cosine(100, 105)).toBeGreaterThan(0.97);
    expect(cosine(100, 105)).toBeGreaterThan(cosine(100, 120));
    expect(Math.abs(cosine(100, 1e6))).toBeLessThan(0.2);
    expect(Math.abs(cosine(-50, 50))).toBeLessThan(0.2);
    expect(vectorizer.encode(-0)).toEqual(vectorizer.encode(0));
    for (const x of [1e308, -1e308, 5e-324, 2 ** 53]) expect(cosine(x, x)).toBeCloseTo(1, 5);
  });

  it('take scales by path, and dates where asked', () => {
    const scaled = new JsonVectorizer({ numberScale: { 'a.b': 0.01 } });
    expect(cosine({ a: { b: 100 } }, { a: { b: 110 } }, scaled)).toBeLessThan(0.3);
    expect(cosine({ a: { c: 100 } }, { a: { c: 110 } }, scaled)).toBeGreaterThan(0.9);
    const dated = new JsonVectorizer({ dates: true });
    expect(cosine('2024-05-31', '2024-06-02', dated)).toBeGreaterThan(0.9);
    expect(Math.abs(cosine('2024-05-31', '2025-05-31', dated))).toBeLessThan(0.2);
    expect(cosine('2024-05-31T12:00:00Z', '2024-05-31', dated)).toBeGreaterThan(0.99);
    expect(dated.encode('no date')).toEqual(vectorizer.encode('no date'));
  });
});

describe('records', () => {
  const record = {
    from: { city: 'Ulm' },
    to: { city: 'Bonn' },
    price: 12.5,
    tags: ['red', 'small'],
    paid: true,
    note: null,
  };

  it('have length 1, whatever order keys are in', () => {
    const v = vectorizer.encode(record);
    expect(dot(v, v)).toBeCloseTo(1, 5);
    const reversed = Object.fromEntries(Object.entries(record).reverse());
    expect(vectorizer.encode(reversed)).toEqual(v);
    expect(vectorizer.encode({ ...record, more: undefined } as JsonValue)).toEqual(v);
  });

  it('differ by which field holds what, and by the order of items as far as it counts', () => {
    expect(cosine(record, { ...record, from: record.to, to: record.from })).toBeLessThan(0.9);
    expect(cosine(record, { ...record, price: 13 })).toBeGreaterThan(0.99);
    const swapped = { tags: ['small', 'red'] };
    expect(cosine({ tags: ['red', 'small'] }, swapped)).toBeLessThan(0.9);
    expect(cosine({ tags: ['red', 'small'] }, swapped, new JsonVectorizer({ order: 0 }))).toBeCloseTo(1, 5);
    // 3 of 5 and 6 trigrams, beside words that differ
    expect(cosine('color', 'colour')).toBeGreaterThan(0.2);
    expect(Math.abs(cosine('color', 'bread'))).toBeLessThan(0.15);
    expect(Math.abs(cosine({ a: true }, { b: false }))).toBeLessThan(0.15);
  });

  it('keep their length 32 levels deep, and are refused beyond', () => {
    const nested = (levels: number): JsonValue => (levels === 0 ? 'core' : { a: nested(levels - 1) });
    const deep = vectorizer.encode(nested(32));
    expect(dot(deep, deep)).toBeCloseTo(1, 4);
    expect(() => vectorizer.encode(nested(33))).toThrow(/"value" expected at most 32 levels/);
    expect(() => vectorizer.encode(new Array<number>(10_001).fill(1))).toThrow(/at most 10000 leaves/);
  });

  it('take any key and any value of JSON', () => {
    const odd = JSON.parse(
      '{"__proto__": 5, "constructor": "x", "ключ": [], "": {}, "a.b": "", "漢": [[], [null]]}',
    ) as JsonValue;
    expect(cosine(odd, odd)).toBeCloseTo(1, 5);
    const other = JSON.parse(
      '{"__proto__": 500, "constructor": "x", "ключ": [], "": {}, "a.b": "", "漢": [[], [null]]}',
    ) as JsonValue;
    expect(cosine(odd, other)).toBeLessThan(0.95);
    expect(cosine(['a', 'a'], ['a'])).toBeGreaterThan(0.8);
    for (const value of [null, true, false, [], {}, '', '!?']) expect(cosine(value, value)).toBeCloseTo(1, 5);
    expect(() => vectorizer.encode(Number.NaN)).toThrow(/"value" expected finite numbers, got NaN/);
    expect(() => vectorizer.encode((() => 1) as never)).toThrow(
      /"value" expected a JSON value, got function/,
    );
  });

  it('count fields by their weights, and leave out what is ignored', () => {
    const weighed = new JsonVectorizer({ weights: { 'from.city': 0, to: 3 }, ignore: ['note', 'tags'] });
    const other = { ...record, from: { city: 'Rome' }, note: 'x', tags: [] };
    expect(weighed.encode(other)).toEqual(weighed.encode(record));
    expect(cosine(record, { ...record, to: { city: 'Rome' } }, weighed)).toBeLessThan(
      cosine(record, { ...record, price: 9e9 }, weighed),
    );
  });

  it('are the same vectors by the same parameters, and others by another seed', () => {
    const options: JsonVectorOptions = {
      d: 256,
      seed: 5,
      weights: { price: 2 },
      numberScale: { price: 0.2 },
      order: 0.3,
    };
    const one = new JsonVectorizer(options);
    const again = new JsonVectorizer(JSON.parse(JSON.stringify(one.parameters)) as JsonVectorOptions);
    expect(again.encode(record)).toEqual(one.encode(record));
    expect(new JsonVectorizer({ ...options, seed: 6 }).encode(record)).not.toEqual(one.encode(record));
    // as every engine has it
    expect(
      [...one.encode({ price: 3, tags: ['a'] }).subarray(0, 4)].map((value) => value.toPrecision(6)),
    ).toMatchInlineSnapshot(`
      [
        "-0.0718872",
        "0.0169171",
        "-0.0554297",
        "-0.0170042",
      ]
    `);
  });

  it('refuse options that do not fit', () => {
    expect(() => new JsonVectorizer({ d: 100 })).toThrow(/"d" expected a multiple of 64, got 100/);
    expect(() => new JsonVectorizer({ order: 2 })).toThrow(/"order" expected a number from 0 to 1/);
    expect(() => new JsonVectorizer({ weights: { a: -1 } })).toThrow(/"weights of a" expected/);
    expect(() => new JsonVectorizer({ dimension: 64 } as JsonVectorOptions)).toThrow(
      /expected known options/,
    );
  });
});

describe('explain', () => {
  it('gives shares that sum up to the cosine with those of keys, largest first', () => {
    const query = { a: 'red apple', b: 5, c: { d: true } };
    const found = vectorizer.explain(query, { a: 'red apples', b: 500, c: { d: true } });
    expect(found.map(({ path }) => path).sort()).toEqual(['a', 'b', 'c.d']);
    const [first] = found;
    expect(first?.path).toBe('c.d');
    expect(first?.similarity).toBeCloseTo(1, 5);
    expect(found.at(-1)?.path).toBe('b');
    expect(found.find(({ path }) => path === 'a')?.similarity).toBeGreaterThan(0.5);
    const self = vectorizer.explain(query, query).reduce((sum, { share }) => sum + share, 0);
    // what is left is keys, .09 of 1.09 in each object, and what happens to be alike
    expect(self).toBeGreaterThan(0.85);
    expect(self).toBeLessThan(1);
    expect(vectorizer.explain(query, { z: 1 }).every(({ similarity }) => similarity === 0)).toBe(true);
  });
});

describe('probe', () => {
  it('reads every field of records of twelve back', () => {
    const random = new RandomStream(5, 'probe');
    const words = Array.from({ length: 40 }, (_, i) => `w${i * 7919}q`);
    let right = 0;
    let all = 0;
    for (let r = 0; r < 40; r++) {
      const values = Object.fromEntries(
        Array.from({ length: 12 }, (_, i) => [`field ${i}`, words[random.nextBelow(40)] as string]),
      );
      const vector = vectorizer.encode(values);
      for (const [path, value] of Object.entries(values)) {
        all++;
        if (vectorizer.probe(vector, path, words)[0]?.value === value) right++;
      }
    }
    expect(right / all).toBeGreaterThanOrEqual(0.99);
  });

  it('reads nested fields and items of arrays', () => {
    const record = { buyer: { city: 'Ulm', age: 31 }, tags: ['red', 'small', 'cheap'] };
    const vector = vectorizer.encode(record);
    const first = (path: string, candidates: readonly JsonValue[]): JsonValue | undefined =>
      vectorizer.probe(vector, path, candidates)[0]?.value;
    expect(first('buyer.city', ['Bonn', 'Ulm', 'Rome'])).toBe('Ulm');
    expect(first('buyer.age', [20, 30.5, 60])).toBe(30.5);
    const colours = ['red', 'small', 'cheap', 'green', 'large', 'dear'];
    expect(
      new Set(
        vectorizer
          .probe(vector, 'tags[]', colours)
          .slice(0, 3)
          .map(({ value }) => value),
      ),
    ).toEqual(new Set(record.tags));
    expect(first('tags[1]', record.tags)).toBe('small');
    expect(() => vectorizer.probe(new Float32Array(3), 'a', [])).toThrow(/"vector length" expected/);
  });
});

describe('orders', () => {
  it('are found by changed copies of them', () => {
    const orders = new Orders(3);
    const all: Order[] = Array.from({ length: 400 }, () => orders.order());
    const base = vectorizer.encodeAll(all as unknown[] as JsonValue[]);
    let first = 0;
    for (let i = 0; i < 40; i++) {
      const query = vectorizer.encode(orders.light(all[i] as Order) as object as JsonValue);
      let best = 0;
      let most = -1;
      for (let j = 0; j < all.length; j++) {
        const score = dot(query, base.subarray(j * vectorizer.d, (j + 1) * vectorizer.d));
        if (score > most) [best, most] = [j, score];
      }
      if (best === i) first++;
    }
    expect(first).toBe(40);
  });
});
