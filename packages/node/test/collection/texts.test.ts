/** Texts in collections: kept, found by words, and changed in the transaction of their write. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { RandomStream } from '@sagitta/core-wasm';
import type { Collection } from '@sagitta/retrieval/collection';
import { trainLsaEncoder, trainStaticTokens } from '@sagitta/retrieval/text';
import { describe, expect, it } from 'vitest';
import { collectionsIn } from '../support/collections.ts';
import { temporaryFolder } from '../support/temporary.ts';

const WORDS = {
  garden: 'tomato seedling compost pruning rose hedge watering frost trellis bulb mulch slug lawn'.split(' '),
  kitchen: 'flour dough oven simmer garlic broth skillet recipe pastry yeast roast spice kettle'.split(' '),
  music: 'chord rhythm violin rehearsal tempo choir melody piano score concert bass drummer octave'.split(
    ' ',
  ),
};
type Topic = keyof typeof WORDS;
const TOPICS = Object.keys(WORDS) as Topic[];

function textsOf(count: number, seed = 1): { texts: string[]; metadata: { topic: Topic }[] } {
  const random = new RandomStream(seed, 'texts');
  const metadata = Array.from({ length: count }, () => ({ topic: TOPICS[random.nextBelow(3)] as Topic }));
  const texts = metadata.map(({ topic }) =>
    Array.from({ length: 9 }, () => WORDS[topic][random.nextBelow(13)]).join(' '),
  );
  return { texts, metadata };
}

const N = 300;
const { texts, metadata } = textsOf(N);
const ids = texts.map((_, i) => `note ${i}`);
const model = trainLsaEncoder(texts, { dimension: 16 });
const folder = temporaryFolder();
const open = collectionsIn(temporaryFolder().path);
let made = 0;
const fresh = (): string => join(folder.path, `c${made++}`);
async function filled(path = fresh()): Promise<Collection<{ topic: Topic }>> {
  const c = await open<{ topic: Topic }>(path, { textModel: model });
  await c.upsert({ ids, texts, metadata });
  return c;
}

async function recordsOf(
  c: Pick<Collection<{ topic: Topic }>, 'iterate'>,
): Promise<Map<unknown, string | undefined>> {
  const there = new Map<unknown, string | undefined>();
  for await (const { id, text } of c.iterate()) there.set(id, text);
  return there;
}

describe('a collection with a text model', () => {
  it.each([
    ['TF-IDF and LSA', model],
    ['static tokens', trainStaticTokens(texts, { dimension: 16 })],
  ])('embeds texts and words, keeps texts, and knows its model again (%s)', async (_, textModel) => {
    const path = fresh();
    const c = await open<{ topic: Topic }, 'cosine'>(path, { textModel });
    expect([c.d, c.metric, c.keepsTexts]).toEqual([textModel.d, 'cosine', true]);
    expect(await c.upsert({ ids, texts, metadata })).toEqual(ids);
    const look = async (one: Collection<{ topic: Topic }, 'cosine'>): Promise<void> => {
      expect(await one.get('note 3')).toEqual({ id: 'note 3', metadata: metadata[3], text: texts[3] });
      expect(await one.get('nobody')).toBeUndefined();
      expect(await one.texts(['note 5', 'nobody', 'note 6'])).toEqual([texts[5], undefined, texts[6]]);
      const hits = await one.search('oven and garlic', 10);
      expect(hits).toHaveLength(10);
      for (const hit of hits) expect(hit.metadata?.topic).toBe('kitchen');
      expect(await one.search(textModel.embed(['oven and garlic']), 10)).toEqual(hits);
      const filter = { topic: { in: ['garden', 'music'] } } as const;
      for (const hit of await one.search('violin', 10, { filter })) expect(hit.metadata?.topic).toBe('music');
      const [found] = await one.search(texts[40] as string, 1);
      expect(found?.similarity).toBeCloseTo(1, 2);
      // no known word: nothing; the others keep their places
      expect(await one.search('zzz', 5)).toEqual([]);
      const batch = await one.searchBatch(['zzz', 'oven and garlic'], 10);
      expect(batch).toEqual([[], hits]);
      expect(await one.searchBatch(['zzz', 'yyy'], 10)).toEqual([[], []]);
      expect((await one.ids()).sort()).toEqual([...ids].sort());
      expect(await recordsOf(one)).toEqual(new Map(ids.map((id, i) => [id, texts[i]])));
    };
    await look(c);
    await c.compact();
    await look(c);
    await c.close();
    const again = await open<{ topic: Topic }, 'cosine'>(path);
    await look(again);
    expect(await again.verify()).toMatchObject({ isWhole: true, damagedTexts: [] });
    await again.snapshot(`${path}-copy`);
    await again.close();
    const copy = await open<{ topic: Topic }, 'cosine'>(`${path}-copy`, { readOnly: true });
    await look(copy);
    await copy.close();
  });

  it('writes texts into lines of JSON', async () => {
    const c = await filled();
    await c.upsert({ ids: [7n], vectors: [new Float32Array(c.d).fill(1)], texts: ['quote " and\nline'] });
    const pieces: Uint8Array[] = [];
    for await (const piece of c.export()) pieces.push(piece);
    const lines = Buffer.concat(pieces).toString().trim().split('\n');
    expect(lines).toHaveLength(N + 1);
    expect(JSON.parse(lines[0] as string)).toMatchObject({ id: 'note 0', text: texts[0] });
    expect(lines.at(-1)).toContain('{"id":7,"text":"quote \\" and\\nline","vector":[');
    await c.close();
  });

  it('replaces and removes texts with their records', async () => {
    const c = await filled();
    await c.upsert({ ids: ['note 1', 'note 2'], texts: ['rose', 'violin'] });
    // without a text: the older one goes
    await c.upsert({ ids: ['note 3'], vectors: [new Float32Array(c.d).fill(1)] });
    await c.delete(['note 4', 'nobody']);
    const look = async (one: Collection<{ topic: Topic }>): Promise<void> => {
      expect(await one.texts(['note 1', 'note 2', 'note 3', 'note 4'])).toEqual([
        'rose',
        'violin',
        undefined,
        undefined,
      ]);
      expect(await one.get('note 3')).toEqual({ id: 'note 3', metadata: undefined });
      expect(await one.get('note 3')).not.toHaveProperty('text');
      expect((await one.search('rose', 1))[0]?.id).toBe('note 1');
    };
    await look(c);
    const { name } = c;
    await c.close();
    const again = await open<{ topic: Topic }>(name);
    await look(again);
    // added anew without a text: nothing of the old one comes back
    await again.add({ ids: ['note 4'], vectors: [new Float32Array(c.d).fill(1)] });
    expect(await again.get('note 4')).toEqual({ id: 'note 4', metadata: undefined });
    await again.close();
  });

  it('keeps every kind of id and every character', async () => {
    const c = await filled();
    const odd = [
      0,
      1,
      12,
      1n,
      -(2n ** 63n),
      2n ** 64n - 1n,
      '1',
      '',
      ' ',
      'a!',
      'a',
      'a/b#c',
      'ä%20😀',
      "it's(*)~",
    ];
    const words = odd.map((id, i) => `${typeof id} ${i} \u0000 😀 \ufeff`);
    await c.upsert({ ids: odd, texts: words });
    expect(await c.texts(odd)).toEqual(words);
    await c.delete(['a', 1, 1n]);
    expect(await c.texts(odd)).toEqual(
      words.map((word, i) => (['a', 1, 1n].includes(odd[i] as string) ? undefined : word)),
    );
    await c.upsert({ ids: ['empty'], texts: [''] });
    expect(await c.get('empty')).toEqual({ id: 'empty', metadata: undefined, text: '' });
    await c.close();
  });

  it('refuses what it cannot embed or keep, and changes nothing', async () => {
    const c = await filled();
    const vectors = [new Float32Array(c.d)];
    for (const [rows, message] of [
      [{ ids: ['a'] }, /"vectors" expected them, or texts, got undefined/],
      [{ ids: ['a'], texts: [undefined] }, /"texts\[0\]" expected a string, since there are no vectors/],
      [
        { ids: ['a'], texts: [5] },
        /"texts\[0\]" expected a string, got a number|"texts\[0\]" expected a string/,
      ],
      [{ ids: ['a'], texts: 'words' }, /"texts" expected an array/],
      [{ ids: ['a'], texts: ['\ud800'] }, /"texts\[0\]" expected whole characters/],
      [{ ids: ['a'], vectors, texts: ['x', 'y'] }, /"texts" expected length/],
      [{ ids: ['note 1'], texts: ['x'] }, /"ids\[0\]" expected a new id/],
    ] as const) {
      await expect(c.add(rows as never), JSON.stringify(rows)).rejects.toThrow(message);
    }
    await expect(c.add({ ids: ['note 1'], texts: ['x'] })).rejects.toMatchObject({
      name: 'ConflictError',
      code: 'SAGITTA_CONFLICT',
      id: 'note 1',
    });
    expect(await c.get('note 1')).toMatchObject({ text: texts[1] });
    expect(c.n).toBe(N);
    const { name } = c;
    await c.close();
    for (const [options, message] of [
      [{ keepTexts: false }, /"keepTexts" expected true, as .* has it, got false/],
      [
        { textModel: trainLsaEncoder(texts, { dimension: 8 }) },
        /"textModel" expected the one it was made with/,
      ],
      [{ textModel: {} as never }, /"textModel" expected a model/],
      [{ d: 7 }, /"d" expected/],
    ] as const) {
      await expect((async () => open(name, options))(), JSON.stringify(options)).rejects.toThrow(message);
    }
    await expect(open(fresh(), { textModel: model, d: 7 })).rejects.toThrow(
      /"d" expected 16, as the text model/,
    );
    const other = await open(fresh(), { d: 4, metric: 'l2' });
    await expect(other.search('words', 1)).rejects.toThrow(
      /"query" expected numbers, .* no text model, got words/,
    );
    await expect(other.upsert({ vectors: [[1, 2, 3, 4]], texts: ['x'] })).rejects.toThrow(
      /"texts" expected a collection/,
    );
    await other.close();
  });
});

it('keeps texts beside vectors of one’s own, without a model', async () => {
  const path = fresh();
  const c = await open(path, { d: 2, metric: 'l2', keepTexts: true });
  await c.add({
    ids: ['a', 'b'],
    vectors: [
      [1, 0],
      [0, 1],
    ],
    texts: ['first', undefined],
  });
  await c.close();
  const again = await open(path, { keepTexts: true });
  expect(await again.get('a')).toEqual({ id: 'a', metadata: undefined, text: 'first' });
  expect(await again.get('b')).toEqual({ id: 'b', metadata: undefined });
  await again.close();
});

it('keeps no texts where it is told so, and embeds all the same', async () => {
  const c = await open(fresh(), { textModel: model, keepTexts: false });
  await c.upsert({ ids, texts });
  expect(await c.get('note 1')).toEqual({ id: 'note 1', metadata: undefined });
  expect(await c.texts(['note 1'])).toEqual([undefined]);
  expect(await c.search('violin', 3)).toHaveLength(3);
  await c.close();
});

it('texts and metadata that get gives are of one write, for the writer and a reader beside it', async () => {
  const path = fresh();
  const c = await open<{ version: number }>(path, { textModel: model, foldAt: 200 });
  const reader = await open<{ version: number }>(path, { readOnly: true });
  let version = 0;
  let isDone = false;
  const write = async (): Promise<void> => {
    while (version < 100) {
      version++;
      if (version % 7 === 0) await c.delete('a');
      else
        await c.upsert({
          ids: ['a', `n${version}`],
          texts: [`${version} rose`, 'x'],
          metadata: [{ version }, undefined],
        });
    }
    isDone = true;
  };
  const read = async (one: Collection<{ version: number }>): Promise<number> => {
    let seen = 0;
    while (!isDone) {
      const record = await one.get('a');
      if (record) expect(record.text).toBe(`${record.metadata?.version} rose`);
      for await (const { id, text, metadata: value } of one.iterate()) {
        if (id === 'a') expect(text).toBe(`${value?.version} rose`);
      }
      seen++;
      // a reader in one process with the writer leaves it a turn
      await turn();
    }
    return seen;
  };
  const [, ...counts] = await Promise.all([write(), read(c), read(reader)]);
  for (const seen of counts) expect(seen).toBeGreaterThan(3);
  await c.close();
  await reader.close();
});

it('a snapshot that is taken while texts are written is of one moment', async () => {
  const path = fresh();
  const c = await open<{ version: number }>(path, { textModel: model });
  const many = Array.from({ length: 900 }, (_, i) => i);
  const put = (version: number, some: readonly number[]) =>
    c.upsert({
      ids: some,
      texts: some.map((id) => `${id} of ${version}`),
      metadata: some.map(() => ({ version })),
    });
  await put(0, many);
  await c.compact();
  const copied = c.snapshot(`${path}-copy`);
  for (let version = 1; version <= 60; version++) {
    await put(
      version,
      many.filter((id) => id % 60 === version % 60),
    );
    if (version % 5 === 0) await c.delete(many.filter((id) => id % 90 === version));
  }
  await copied;
  const copy = await open<{ version: number }>(`${path}-copy`);
  expect(copy.n).toBeGreaterThan(700);
  for await (const { id, text, metadata: value } of copy.iterate())
    expect(text).toBe(`${id} of ${value?.version}`);
  expect(await copy.verify()).toMatchObject({ isWhole: true });
  await expect(c.snapshot(`${path}-copy`)).rejects.toThrow();
  await copy.close();
  await c.close();
});

describe('damage', () => {
  /** Changes a byte at every `marker` in the database: pages that SQLite has moved leave copies. */
  function hurt(path: string, marker: string, behind = 0): void {
    const file = join(path, 'collection.db');
    const bytes = readFileSync(file);
    let at = bytes.indexOf(marker);
    expect(at).toBeGreaterThan(0);
    for (; at >= 0; at = bytes.indexOf(marker, at + 1)) {
      bytes[at + behind] = (bytes[at + behind] as number) ^ 1;
    }
    writeFileSync(file, bytes);
  }

  it('of a text is named, found by verify, and taken out by a repair', async () => {
    const c = await filled();
    await c.upsert({ ids: ['hurt'], texts: ['compost unmistakable compost'] });
    const { name } = c;
    await c.close();
    hurt(name, 'unmistakable');
    const again = await open<{ topic: Topic }>(name);
    await expect(again.get('hurt')).rejects.toThrow(`${name}/text/s:hurt: `);
    await expect(again.get('hurt')).rejects.toMatchObject({ code: 'SAGITTA_FORMAT' });
    expect(await again.get('note 1')).toMatchObject({ text: texts[1] });
    expect(await again.verify()).toMatchObject({ isWhole: false, isRepaired: false, damagedTexts: ['hurt'] });
    expect(await again.verify({ repair: true })).toMatchObject({ isRepaired: true, damagedTexts: ['hurt'] });
    expect(await again.verify()).toMatchObject({ isWhole: true, damagedTexts: [] });
    expect(await again.get('hurt')).toEqual({ id: 'hurt', metadata: undefined });
    expect(await again.has('hurt')).toBe(true);
    await again.close();
  });

  it('of the model is named', async () => {
    const c = await filled();
    const { name } = c;
    await c.close();
    // the model's vocabulary
    hurt(name, '\t\0rehearsal', 2);
    await expect(open(name)).rejects.toThrow(`${name}/model/text: `);
    await expect(open(name)).rejects.toMatchObject({ code: 'SAGITTA_FORMAT' });
  });
});
