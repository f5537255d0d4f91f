/** Texts found by their words: scores by the formula, changes as if built anew, files that come back. */
import { ByteWriter, FormatError, RandomStream, writeContainer } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import {
  fuseHits,
  LexicalIndex,
  loadLexicalIndex,
  saveLexicalIndex,
  tokenize,
} from '../../src/text/index.ts';

const TEXTS = [
  'steam drives the turbine; steam',
  'flowers in the garden',
  'a turbine in a garden of turbines',
  'soil',
];

/** The formula, written out over all texts. */
function expected(texts: readonly string[], query: string, k1 = 1.6, b = 0.5): number[] {
  const bags = texts.map(tokenize);
  const mean = bags.reduce((sum, bag) => sum + bag.length, 0) / texts.length;
  return bags.map((bag) =>
    tokenize(query).reduce((score, term) => {
      const f = bag.filter((one) => one === term).length;
      const df = bags.filter((other) => other.includes(term)).length;
      const idf = Math.log(1 + (texts.length - df + 0.5) / (df + 0.5));
      return score + (idf * f * (k1 + 1)) / (f + k1 * (1 - b + (b * bag.length) / mean));
    }, 0),
  );
}

function filled(texts: readonly string[], options = {}): LexicalIndex {
  const index = new LexicalIndex(options);
  index.add({ texts });
  return index;
}

/** Texts of few made words. */
function madeTexts(n: number, seed: number): string[] {
  const random = new RandomStream(seed, 'made-texts');
  return Array.from({ length: n }, () =>
    Array.from(
      { length: 1 + random.nextBelow(12) },
      () => `w${'abcdefghij'[random.nextBelow(10)]}${random.nextBelow(4)}x`,
    ).join(' '),
  );
}

describe('scores', () => {
  it.each([
    ['turbine garden', {}],
    ['steam steam', { k1: 0.9, b: 0.3 }],
    ['turbines', { k1: 0, b: 1 }],
  ])('of "%s" are those of the formula', (query, options: { k1?: number; b?: number }) => {
    const all = expected(TEXTS, query, options.k1, options.b);
    const hits = filled(TEXTS, options).search(query, 10);
    expect(hits.length).toBe(all.filter((score) => score > 0).length);
    for (const { id, similarity } of hits) expect(similarity).toBeCloseTo(all[id as number] as number, 5);
    expect(hits.map(({ similarity }) => similarity)).toEqual(
      [...hits.map(({ similarity }) => similarity)].sort((x, y) => y - x),
    );
  });

  it('go by id where they tie, and few are the best of all', () => {
    const index = new LexicalIndex();
    index.add({ ids: ['c', 'a', 'b'], texts: ['word here', 'word here', 'word here'] });
    expect(index.search('word', 2).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(index.search('word', 0)).toEqual([]);
    expect(index.search('nothing known', 5)).toEqual([]);
    expect(new LexicalIndex().search('word', 5)).toEqual([]);
    expect(index.searchBatch(['word', 'none'], 1).map((hits) => hits.length)).toEqual([1, 0]);
  });
});

describe('changes', () => {
  it('give the scores of an index that never knew what is gone, before and after a compaction', () => {
    const texts = madeTexts(300, 1);
    const index = filled(texts);
    index.delete(Array.from({ length: 40 }, (_, i) => 3 * i));
    index.upsert({ ids: [1, 500], texts: ['wa1x wb2x wb2x', 'wc3x'] });
    expect(index.delete(7)).toBe(1);
    expect(index.delete([7, 9999])).toBe(0);
    expect(index.dead).toBeGreaterThan(0);
    const live = index.ids() as number[];
    const kept = live.map((id) =>
      id === 1 ? 'wa1x wb2x wb2x' : id === 500 ? 'wc3x' : (texts[id] as string),
    );
    const again = new LexicalIndex();
    again.add({ ids: live, texts: kept });
    const queries = ['wa1x wb2x', 'wc3x wc3x wd0x', 'wj3x'];
    const before = index.searchBatch(queries, 50);
    expect(before).toEqual(again.searchBatch(queries, 50));
    expect(Buffer.compare(saveLexicalIndex(index), saveLexicalIndex(again))).toBe(0);
    index.compact();
    expect(index.dead).toBe(0);
    expect(index.searchBatch(queries, 50)).toEqual(before);
    expect(index.has(7)).toBe(false);
    expect(index.n).toBe(live.length);
  });

  it('compact by themselves where a quarter is dead, and terms go with their last text', () => {
    const index = filled(madeTexts(400, 2));
    index.add({ ids: ['rare'], texts: ['unheard'] });
    const { terms } = index;
    index.delete(['rare', ...Array.from({ length: 150 }, (_, i) => i)]);
    expect(index.dead).toBe(0);
    expect(index.terms).toBe(terms - 1);
    expect(index.bytesUsed()).toBeGreaterThan(0);
  });

  it('are all made, or none', () => {
    const index = filled(TEXTS);
    const before = saveLexicalIndex(index);
    for (const [rows, message] of [
      [{ ids: [0], texts: ['x'] }, /"ids\[0\]"/],
      [{ ids: ['a', 'a'], texts: ['x', 'y'] }, /"ids\[1\]"/],
      [{ texts: ['fine', 7] }, /"texts\[1\]" expected a string, got/],
      [{ texts: 'fine' }, /"texts" expected an array/],
      [{ ids: ['a'], texts: ['x', 'y'] }, /"ids"/],
      [{ texts: ['x'], text: [] }, /text/],
    ] as const) {
      expect(() => index.add(rows as never)).toThrow(message);
    }
    expect(saveLexicalIndex(index)).toEqual(before);
    expect(() => index.search(undefined as never, 1)).toThrow(/"words" expected a string/);
    expect(() => index.search('x', -1)).toThrow(/"k"/);
    expect(() => new LexicalIndex({ k1: -1 })).toThrow(/"k1"/);
    expect(() => new LexicalIndex({ b: 2 })).toThrow(/"b"/);
  });
});

it('finds among what a filter allows, with metadata, scored as among all', () => {
  const index = new LexicalIndex<{ kind: string }>();
  index.add({ ids: ['a', 'b'], texts: ['steam engine', 'steam'], metadata: [{ kind: 'x' }, { kind: 'y' }] });
  const [all] = index.search('steam engine', 1);
  expect(all).toEqual({ id: 'a', similarity: expect.any(Number), metadata: { kind: 'x' } });
  expect(index.search('steam engine', 5, { filter: { kind: 'x' } })).toEqual([all]);
  expect(index.search('steam', 5, { filter: ['b'] }).map(({ id }) => id)).toEqual(['b']);
  expect(() => index.search('steam', 5, { filter: 7 as never })).toThrow(/"filter"/);
});

describe('files', () => {
  const index = new LexicalIndex<{ i: number }>({ k1: 1.1, b: 0.3 });
  const texts = madeTexts(200, 3);
  index.add({ ids: texts.map((_, i) => `t${i}`), texts, metadata: texts.map((_, i) => ({ i })) });

  it('come back, and go on', () => {
    index.delete('t5');
    const bytes = saveLexicalIndex(index);
    const loaded = loadLexicalIndex<{ i: number }>(bytes);
    expect([loaded.k1, loaded.b, loaded.n]).toEqual([1.1, 0.3, 199]);
    expect(loaded.search('wa1x wb2x', 20)).toEqual(index.search('wa1x wb2x', 20));
    expect(Buffer.compare(saveLexicalIndex(loaded), bytes)).toBe(0);
    for (const one of [index, loaded]) one.upsert({ ids: ['t1', 'new'], texts: ['wa1x', 'wb2x wb2x'] });
    expect(loaded.search('wa1x wb2x', 20)).toEqual(index.search('wa1x wb2x', 20));
    const empty = saveLexicalIndex(new LexicalIndex());
    expect(loadLexicalIndex(empty).n).toBe(0);
  });

  it('are refused where a byte is cut or flipped', () => {
    const small = filled(TEXTS);
    const bytes = saveLexicalIndex(small);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => loadLexicalIndex(bytes.subarray(0, length))).toThrow(FormatError);
    }
    for (let at = 0; at < bytes.length; at++) {
      const broken = bytes.slice();
      broken[at] = (broken[at] as number) ^ 0x41;
      expect(() => loadLexicalIndex(broken), `byte ${at}`).toThrow(FormatError);
    }
  });
});

it('refuses postings that no index has', () => {
  const file = (post: readonly number[], lengths = [1, 2], n = 2): Uint8Array =>
    writeContainer({
      kind: 'lexical',
      version: 1,
      sections: [
        { id: 'META', pieces: [new ByteWriter().u32(n).u32(2).f64(1.6).f64(0.5).finish()] },
        { id: 'TERM', pieces: [new ByteWriter().string('aa').string('bb').finish()] },
        { id: 'POST', pieces: [Uint8Array.from(post)] },
        { id: 'LENS', pieces: [Uint8Array.from(lengths)] },
      ],
    });
  expect(loadLexicalIndex(file([2, 0, 1, 0, 3, 1, 1, 1], [1, 4])).search('aa', 5).length).toBe(2);
  for (const [post, message] of [
    [[0, 1, 1, 1], /texts of a term expected 1 to 2, got 0/],
    [[3, 0, 1, 0, 1, 0, 1], /texts of a term expected 1 to 2, got 3/],
    [[2, 1, 1, 0, 1, 1, 1, 1], /a text expected a number below 2, got 2/],
    [[1, 0, 0, 1, 1, 1], /times of a term in a text expected from 1, got 0/],
    [[1, 128, 0, 1, 1, 0, 1], /no more bytes than it needs/],
    [[255, 255, 255, 255, 127], /at most 32 bits/],
    [[1, 0, 1], /more bytes|expected/],
    [[1, 0, 1, 1, 1, 2, 9], /bytes/],
    [[1, 0, 1, 1, 1, 1], /terms of text 1 expected 2, got 1/],
  ] as const) {
    expect(() => loadLexicalIndex(file(post)), String(post)).toThrow(FormatError);
    expect(() => loadLexicalIndex(file(post)), String(post)).toThrow(message);
  }
  expect(() => loadLexicalIndex(file([1, 0, 1, 1, 1, 2], [1, 2], 2 ** 32 - 2))).toThrow(FormatError);
});

describe('fuseHits', () => {
  it('fuses by ranks, keeps metadata of the first that has it, and takes any ids', () => {
    const words = [
      { id: 'a', similarity: 9, metadata: 1 },
      { id: 5n, similarity: 1, metadata: 2 },
    ];
    const vectors = [
      { id: 5n, distance: 0.1, metadata: 3 },
      { id: 7, distance: 2, metadata: 4 },
    ];
    const hits = fuseHits([words, vectors], 2);
    expect(hits.map(({ id }) => id)).toEqual([5n, 'a']);
    expect(hits[0]).toEqual({ id: 5n, fused: 1 / 62 + 1 / 61, metadata: 2 });
    expect(fuseHits([words, vectors], 10, { weights: [0, 1] })[1]?.id).toBe(7);
    expect(() => fuseHits([[...words, { id: 'a' }]], 3)).toThrow(/once/);
    expect(() => fuseHits([words], -1)).toThrow(/"k"/);
  });
});
