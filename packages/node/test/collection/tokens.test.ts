/** Collections of token sets: what they answer beside an index in memory, through folds and reopening; what is damaged; what is refused. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCore, RandomStream, readContainerTable, type TokenSet } from '@sagitta/core-wasm';
import { buildMultiVectorIndex, fdeIndexes, MuveraFde } from '@sagitta/retrieval';
import type { TokenCollection, TokenCollectionOptions } from '@sagitta/retrieval/collection';
import { loadMultiVectorIndex } from '@sagitta/retrieval/multi-vector-index';
import { trainStaticTokens } from '@sagitta/retrieval/text';
import { beforeAll, describe, expect, it } from 'vitest';
import { collectionsIn, tokenCollectionsIn } from '../support/collections.ts';
import { temporaryFolder } from '../support/temporary.ts';

const D = 8;
const folder = temporaryFolder();
const bundles = temporaryFolder();
const open = tokenCollectionsIn(bundles.path);
const openVectors = collectionsIn(bundles.path);
let made = 0;
const fresh = (): string => join(folder.path, `c${made++}`);

type Note = { tag: number };
type Tokens = readonly (readonly number[])[];

/** Documents of 1 to 5 tokens, one in nine without. */
function documents(n: number, seed: number): Tokens[] {
  const random = new RandomStream(seed, 'documents');
  return Array.from({ length: n }, (_, i) =>
    Array.from({ length: i % 9 === 8 ? 0 : 1 + random.nextBelow(5) }, () =>
      Array.from({ length: D }, () => (random.nextBelow(129) - 64) / 64 + 1 / 1024),
    ),
  );
}
function setOf(all: readonly Tokens[]): TokenSet {
  const offsets = new Uint32Array(all.length + 1);
  for (const [i, tokens] of all.entries()) offsets[i + 1] = (offsets[i] as number) + tokens.length;
  return { data: Float32Array.from(all.flat(2)), offsets, n: all.length, d: D };
}
const flat = (tokens: Tokens): Float32Array => Float32Array.from(tokens.flat());
const ids = (hits: readonly { readonly id: unknown }[]): unknown[] => hits.map(({ id }) => id);

/** MaxSim of unit tokens, in doubles. */
function maxsim(query: Tokens, document: Tokens): number {
  const unit = (row: readonly number[]): number[] => {
    const length = Math.hypot(...row);
    return row.map((value) => value / length);
  };
  const rows = document.map(unit);
  return query
    .map(unit)
    .reduce(
      (sum, q) => sum + Math.max(...rows.map((p) => p.reduce((dot, v, j) => dot + v * (q[j] as number), 0))),
      0,
    );
}

describe('a collection of token sets', () => {
  it('answers as exact MaxSim does, through folds, deletes, upserts, compaction and reopening', async () => {
    const path = fresh();
    const options = { d: D, foldAt: 40, tokenEncoding: 'float32', indexed: ['tag'] } as const;
    let c: TokenCollection<Note> = await open<Note>(path, options);
    const random = new RandomStream(5, 'steps');
    const model = new Map<number, { tokens: Tokens; tag: number }>();
    const all = documents(600, 7);
    for (let step = 0; step < 60; step++) {
      const chosen = [
        ...new Set(Array.from({ length: 1 + random.nextBelow(12) }, () => random.nextBelow(200))),
      ];
      if (random.nextBelow(4) === 0) {
        expect(await c.delete(chosen)).toBe(chosen.filter((id) => model.delete(id)).length);
      } else {
        const rows = chosen.map((id) => ({
          id,
          tokens: all[random.nextBelow(600)] as Tokens,
          tag: random.nextBelow(4),
        }));
        for (const { id, ...row } of rows) model.set(id, row);
        await c.upsert({
          ids: chosen,
          tokens: setOf(rows.map(({ tokens }) => tokens)),
          metadata: rows.map(({ tag }) => ({ tag })),
        });
      }
      if (step % 11 === 10) await c.compact();
      if (step % 17 === 16) {
        await c.close();
        c = await open<Note>(path);
      }
      const query = all[9 * random.nextBelow(60)] as Tokens;
      const tag = random.nextBelow(5);
      const hits = await c.search(query, 7, { exact: true, ...(tag < 4 && { filter: { tag } }) });
      const best = [...model]
        .filter(([, row]) => row.tokens.length > 0 && (tag === 4 || row.tag === tag))
        .map(([, { tokens }]) => maxsim(query, tokens))
        .sort((a, b) => b - a);
      expect(hits.map(({ similarity }) => Math.fround(similarity))).toHaveLength(Math.min(7, best.length));
      for (const [i, { id, similarity, metadata }] of hits.entries()) {
        expect(similarity).toBeCloseTo(best[i] as number, 4);
        expect(metadata).toEqual({ tag: model.get(id as number)?.tag });
      }
      expect(c.n).toBe(model.size);
    }
    await c.settled();
    expect((await c.report()).foldError).toBeUndefined();
    for await (const { id, tokens, metadata } of c.iterate()) {
      const known = model.get(id as number);
      expect(metadata).toEqual({ tag: known?.tag });
      expect(tokens.length).toBe(flat(known?.tokens ?? []).length);
      const rows = Array.from({ length: tokens.length / D }, (_, i) => [
        ...tokens.subarray(i * D, (i + 1) * D),
      ]);
      if (rows.length > 0) expect(maxsim(rows, known?.tokens ?? [])).toBeCloseTo(rows.length, 4);
      model.delete(id as number);
    }
    expect(model.size).toBe(0);
    expect(await c.verify()).toMatchObject({ isWhole: true });
    await c.close();
  });

  it('is searched as one index of its documents is, and its segments are such indexes', async () => {
    const path = fresh();
    const all = documents(900, 3);
    const c = await open<Note>(path, { d: D });
    const names = all.map((_, i) => `d${i}`);
    await c.add({ ids: names, tokens: setOf(all), metadata: all.map((_, i) => ({ tag: i % 3 })) });
    await c.compact();
    using core = createCore();
    using index = buildMultiVectorIndex(core, {
      ids: names,
      tokens: setOf(all),
      metadata: all.map((_, i) => ({ tag: i % 3 })),
    });
    for (const at of [0, 100, 300]) {
      const query = all[at] as Tokens;
      expect(ids(await c.search(query, 10))).toEqual(ids(index.search(query, 10)));
      const filter = { tag: 1 };
      expect(await c.search(query, 10, { filter, exact: true })).toEqual(
        index.search(query, 10, { filter, exact: true }),
      );
      expect(ids(await c.search({ tokens: query, weights: query.map(() => 2) }, 3))).toEqual(
        ids(await c.search(query, 3)),
      );
    }
    const queries = setOf([all[1] as Tokens, [], all[2] as Tokens]);
    expect(await c.searchBatch(queries, 4)).toEqual([
      await c.search(all[1] as Tokens, 4),
      [],
      await c.search(all[2] as Tokens, 4),
    ]);
    const [best] = await c.search(all[4] as Tokens, 1);
    const explained = await c.explain(all[4] as Tokens, best?.id as string);
    expect(explained.similarity).toBeCloseTo(best?.similarity as number, 2);
    expect(explained.matches.map(({ documentToken }) => documentToken)).toEqual(
      (all[4] as Tokens).map((_, i) => i),
    );
    const [name] = readdirSync(path).filter((one) => one.endsWith('.sag'));
    using loaded = loadMultiVectorIndex(core, readFileSync(join(path, name as string)));
    expect(loaded.n).toBe(900);
    await c.close();
  });

  it('codes int8 tokens once: a second merge changes no token and no score', async () => {
    const c = await open(fresh(), { d: D });
    const all = documents(200, 11);
    await c.add({ tokens: setOf(all) });
    await c.compact();
    // coded from float32, and once from codes, whose length is then 1
    await c.upsert({ ids: [1000], tokens: setOf([[Array(D).fill(1)]]) });
    await c.compact();
    const before = [await c.tokens(3), await c.tokens(100)];
    const query = all[0] as Tokens;
    const scores = (await c.search(query, 20, { exact: true })).map(({ similarity }) => similarity);
    for (let round = 0; round < 3; round++) {
      // another document, so that there is something to merge
      await c.upsert({ ids: [1000], tokens: setOf([[Array(D).fill(-1)]]) });
      await c.compact();
    }
    for (const [i, tokens] of [await c.tokens(3), await c.tokens(100)].entries()) {
      for (const [j, value] of tokens.entries()) expect(value).toBeCloseTo(before[i]?.[j] as number, 6);
    }
    const after = (await c.search(query, 20, { exact: true })).map(({ similarity }) => similarity);
    for (const [i, score] of after.entries()) expect(score).toBeCloseTo(scores[i] as number, 5);
    await c.close();
  });

  it('holds FDEs in a graph, finer tokens and trained codes where segments are large enough', async () => {
    const path = fresh();
    const encoder = new MuveraFde({ d: D, numSimhashProjections: 2, numRepetitions: 8, seed: 4 });
    const options: TokenCollectionOptions = {
      d: D,
      encoder,
      fdeIndex: 'graph',
      degree: 16,
      finerTokenEncoding: 'float16',
      indexes: fdeIndexes,
    };
    const c = await open(path, options);
    const all = documents(5000, 13);
    await c.add({ tokens: setOf(all) });
    await c.compact();
    await c.delete([0, 9]);
    const found = await Promise.all(
      [10, 20, 30, 40].map(async (at) => ids(await c.search(all[at] as Tokens, 1))),
    );
    expect(found).toEqual([[10], [20], [30], [40]]);
    expect(ids(await c.search(all[9] as Tokens, 5))).not.toContain(9);
    await c.close();
    await expect(open(path)).rejects.toThrow(/"fdeIndex" expected a scan of FDEs, got an index of them/);
    const again = await open(path, { indexes: fdeIndexes });
    expect(ids(await again.search(all[10] as Tokens, 1))).toEqual([10]);
    await again.close();
    await expect(
      open(path, {
        indexes: fdeIndexes,
        encoder: new MuveraFde({ d: D, numSimhashProjections: 3, numRepetitions: 8 }),
      }),
    ).rejects.toThrow(/"encoder" expected parameters/);
  });

  it('embeds texts and words by static tokens, and copies and exports itself', async () => {
    const texts = Array.from(
      { length: 60 },
      (_, i) => `${['red apple tree', 'deep blue sea', 'fast grey train'][i % 3]} number${i % 10} of many`,
    );
    const textModel = trainStaticTokens(texts, { dimension: 4, minimumTexts: 1 });
    const path = fresh();
    const c = await open<Note>(path, { textModel });
    await c.add({ ids: texts.map((_, i) => i), texts });
    await c.compact();
    const [best] = await c.search('sea', 1);
    expect((best?.id as number) % 3).toBe(1);
    expect(await c.get(best?.id as number)).toMatchObject({ text: texts[best?.id as number] });
    expect(await c.search('xyzzy', 3)).toEqual([]);
    expect(await c.searchBatch(['sea', 'train'], 1)).toEqual([
      await c.search('sea', 1),
      await c.search('train', 1),
    ]);
    const copy = fresh();
    await c.snapshot(copy);
    const second = await open<Note>(copy, { readOnly: true });
    expect(await second.search('train', 3)).toEqual(await c.search('train', 3));
    const chunks: Uint8Array[] = [];
    for await (const chunk of second.export()) chunks.push(chunk);
    const lines = Buffer.concat(chunks).toString();
    await second.close();
    await c.close();
    const first = JSON.parse(lines.split('\n')[0] as string);
    expect(first.text).toBe(texts[first.id]);
    expect(first.tokens.every((token: number[]) => token.length === 4)).toBe(true);
    expect(lines.trim().split('\n')).toHaveLength(60);
  });

  it('refuses by name what does not belong, and writes nothing', async () => {
    const path = fresh();
    for (const [options, message] of [
      [{}, /"d" expected a number, got undefined/],
      [{ d: D, metric: 'l2' }, /"metric" expected/],
      [{ d: D, quantizer: 'saq' }, /"quantizer"/],
      [{ d: D, nlist: 4 }, /"nlist"/],
      [{ d: D, fdeIndex: 'lists' }, /"fdeIndex" expected/],
      [{ d: D, fdeIndex: 'graph' }, /"fdeIndex" expected a scan/],
      [{ d: D, degree: 16 }, /"degree" expected none/],
      [{ d: D, tokenEncoding: 'int4' }, /tokenEncoding|encoding/],
      [{ d: D, tokenEncoding: 'saq', tokenBits: 99 }, /bits/i],
      [
        { d: D, metric: 'ip', tokenEncoding: 'float16' },
        /"tokenEncoding" expected one that holds all numbers/,
      ],
      [{ d: D, encoder: new MuveraFde({ d: 4, numSimhashProjections: 2, numRepetitions: 2 }) }, /d/],
    ] as const) {
      await expect(
        open(path, options as unknown as TokenCollectionOptions),
        JSON.stringify(options),
      ).rejects.toThrow(message);
      expect(readdirSync(path).filter((name) => name.endsWith('.sag'))).toEqual([]);
    }
    const c = await open(path, { d: D });
    for (const [tokens, message] of [
      [setOf([[Array(D).fill(0)]]), /"tokens" expected rows of length above 0/],
      [{ data: new Float32Array(3), offsets: Uint32Array.of(0, 1), d: 3 }, /"tokens" expected d = 8, got 3/],
      [
        { data: Float32Array.of(...Array(D).fill(Number.NaN)), offsets: Uint32Array.of(0, 1), d: D },
        /"tokens"/,
      ],
    ] as const) {
      await expect(c.add({ tokens })).rejects.toThrow(message);
    }
    await expect(c.search('words', 3)).rejects.toThrow(/"query" expected numbers, since/);
    await expect(c.search([[1, 2]], 3)).rejects.toThrow(/"query.tokens\[0\]" expected d = 8/);
    await expect(c.tokens('none')).rejects.toThrow(/"id" expected a record's id/);
    expect(c.n).toBe(0);
    await c.close();
    await expect(openVectors(path, { d: D })).rejects.toThrow(
      /"folder" expected a collection of vectors, got one of tokens/,
    );
    const vectors = fresh();
    await (await openVectors(vectors, { d: D, metric: 'l2' })).close();
    await expect(open(vectors, { d: D })).rejects.toThrow(
      /"folder" expected a collection of tokens, got one of vectors/,
    );
  });
});

describe('a damaged segment of token sets', () => {
  const model = join(folder.path, 'model');
  const FIRST = 'segment-000001.sag';
  const all = documents(300, 17);

  beforeAll(async () => {
    const c = await open<Note>(model, { d: D, finerTokenEncoding: 'float32' });
    await c.add({ tokens: setOf(all), metadata: all.map((_, i) => ({ tag: i })) });
    await c.compact();
    await c.delete([5]);
    await c.add({ ids: ['new'], tokens: setOf([all[5] as Tokens]) });
    await c.close();
  });

  function damaged(sections: readonly string[]): string {
    const path = fresh();
    mkdirSync(path);
    for (const name of readdirSync(model)) copyFileSync(join(model, name), join(path, name));
    damage(path, sections);
    return path;
  }
  function damage(path: string, sections: readonly string[]): void {
    const bytes = readFileSync(join(path, FIRST));
    for (const section of sections) {
      const found = readContainerTable(bytes).sections.find(({ id }) => id === section);
      if (!found) throw new Error(`no section ${section}`);
      const at = found.offset + Math.floor(found.length / 2);
      bytes[at] = (bytes[at] as number) ^ 0x10;
    }
    writeFileSync(join(path, FIRST), bytes);
  }

  it.each([[['FDEC']], [['FDEN', 'FDEP']], [['TOKC']], [['TK2C']], [['RIDS']], [['META', 'TOKP']]])(
    'is named and coded anew from tokens where %j are damaged',
    async (sections) => {
      const path = damaged(sections.filter((id) => id !== 'RIDS' || hasSection(model, id)));
      const c = await open<Note>(path, { damaged: 'leave out' });
      const { damage: found } = await c.verify({ repair: true });
      if (found.length > 0) expect(found).toMatchObject([{ segment: FIRST, sections, lost: [] }]);
      expect(c.n).toBe(300);
      expect(await c.get(7)).toEqual({ id: 7, metadata: { tag: 7 } });
      expect(ids(await c.search(all[7] as Tokens, 1))).toEqual([7]);
      expect(await c.verify()).toMatchObject({ isWhole: true });
      await c.close();
    },
  );

  it('loses what it has no tokens of, loaded before or not, and says which', async () => {
    for (const isLoaded of [false, true]) {
      const path = isLoaded ? damaged([]) : damaged(['TOKC', 'TK2C']);
      const c = await open<Note>(path, { damaged: 'leave out' });
      if (isLoaded) damage(path, ['TOKC', 'TK2C']);
      const { damage: found } = await c.verify({ repair: true });
      expect(found).toMatchObject([{ segment: FIRST, sections: ['TOKC', 'TK2C'] }]);
      expect(new Set(found[0]?.lost)).toEqual(new Set(all.map((_, i) => i).filter((i) => i !== 5)));
      expect(c.n).toBe(1);
      expect(ids(await c.search(all[5] as Tokens, 3))).toEqual(['new']);
      expect(await c.verify()).toMatchObject({ isWhole: true });
      await c.close();
    }
  });

  it('is repaired from memory where its tokens are whole', async () => {
    const path = damaged([]);
    const c = await open<Note>(path);
    damage(path, ['FDEC', 'RMDA']);
    const { damage: found } = await c.verify({ repair: true });
    expect(found).toMatchObject([{ segment: FIRST, lost: [], withoutMetadata: [] }]);
    expect(await c.get(7)).toEqual({ id: 7, metadata: { tag: 7 } });
    expect(await c.verify()).toMatchObject({ isWhole: true });
    await c.close();
  });

  function hasSection(path: string, id: string): boolean {
    return readContainerTable(readFileSync(join(path, FIRST))).sections.some((one) => one.id === id);
  }
});
