/** Texts over HTTP: written, searched by words, and given back. */
import type { JsonValue } from '@sagitta/retrieval';
import type { Collection } from '@sagitta/retrieval/collection';
import { trainLsaEncoder } from '@sagitta/retrieval/text';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApp } from '../../src/server/index.ts';
import type { ServerApp } from '../../src/server/route.ts';
import { ask, base64Of, bytesOf, type Failure, places } from './support.ts';

const TEXTS = [
  'the roses and the compost',
  'garlic in the broth',
  'a violin and a choir',
  'compost for roses',
];
const model = trainLsaEncoder(TEXTS, { dimension: 3 });
const { open, fresh, filled } = places();
let c: Collection<JsonValue>;
let app: ServerApp;
beforeAll(async () => {
  c = await open<JsonValue>(fresh(), { textModel: model });
  app = createApp(c);
});
afterAll(() => c.close());

interface Hits {
  readonly hits: readonly { readonly id: string; readonly similarity: number; readonly text?: string }[];
}

it('embeds texts that are written, and finds them by words', async () => {
  const ids = TEXTS.map((_, i) => `t${i}`);
  const put = await ask(app, 'PUT', '/records', { ids, texts: TEXTS, metadata: ids.map((_, i) => ({ i })) });
  expect(put).toMatchObject({ status: 200, body: { ids } });
  const found = await ask<Hits>(app, 'POST', '/search', { text: 'violin', k: 1 });
  expect(found.body.hits).toEqual([{ id: 't2', similarity: expect.any(Number), metadata: { i: 2 } }]);
  const withTexts = await ask<Hits>(app, 'POST', '/search', { text: 'violin', k: 1, withTexts: true });
  expect(withTexts.body.hits).toEqual([{ ...found.body.hits[0], text: TEXTS[2] }]);
  const filtered = await ask<Hits>(app, 'POST', '/search', {
    text: 'compost',
    k: 5,
    filter: { i: { gte: 3 } },
  });
  expect(filtered.body.hits.map(({ id }) => id)).toEqual(['t3']);
  const none = await ask<Hits>(app, 'POST', '/search', { text: 'zzz' });
  expect(none).toMatchObject({ status: 200, body: { hits: [] } });
  const batch = await ask<{ results: Hits['hits'][] }>(app, 'POST', '/search/batch', {
    texts: ['zzz', 'violin'],
    k: 1,
    withTexts: true,
  });
  expect(batch.body.results).toEqual([[], withTexts.body.hits]);
  const query = model.embed(['violin']);
  const options = encodeURIComponent(JSON.stringify({ k: 1, withTexts: true }));
  const floats = await ask<Hits>(app, 'POST', `/search?options=${options}`, bytesOf(query));
  expect(floats.body).toEqual(withTexts.body);
});

it('gives a record with its text, and writes texts beside vectors', async () => {
  const vectors = base64Of(model.embed(['roses', 'broth']));
  const added = await ask(app, 'POST', '/records', {
    ids: ['own', 'bare'],
    vectors,
    texts: ['my own words', null],
  });
  expect(added.status).toBe(201);
  expect((await ask(app, 'GET', '/records/own')).body).toEqual({ id: 'own', text: 'my own words' });
  expect((await ask(app, 'GET', '/records/bare')).body).toEqual({ id: 'bare' });
  const taken = await ask<Failure>(app, 'POST', '/records', { ids: ['own'], texts: ['roses'] });
  expect(taken).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } });
  expect(taken.body.error.message).toBe(
    '"ids[0]" expected a new id (upsert replaces what has it), got "own"',
  );
  expect(await c.get('own')).toMatchObject({ text: 'my own words' });
  expect((await ask(app, 'GET', '/report')).body).toMatchObject({ keepsTexts: true, hasTextModel: true });
});

it.each([
  ['/search', { text: 'a', id: 't1' }, '"query" expected one of it, "id" and "text", got none or several'],
  ['/search', { text: 5 }, /"text" expected string/],
  ['/search/batch', { texts: ['a'], queries: [[1, 2, 3]] }, /"queries" expected either it or "texts"/],
  ['/search/batch', { texts: [] }, /"queries" expected/],
  ['/records', { ids: ['x'] }, '"vectors" expected them, or "texts", got nothing'],
  ['/records', { ids: ['x'], texts: [null] }, /"texts\[0\]" expected a string/],
  ['/records', { ids: ['x'], texts: ['\ud800'] }, /"texts\[0\]" expected whole characters/],
])('refuses at %s %j', async (path, body, message) => {
  const got = await ask<Failure>(app, 'POST', path, body);
  expect(got.status).toBe(400);
  expect(got.body.error.message).toMatch(message);
});

it('says that a collection of vectors knows no words', async () => {
  await using plain = await filled();
  const other = createApp(plain);
  for (const [path, body] of [
    ['/search', { text: 'roses' }],
    ['/search/batch', { texts: ['roses'] }],
    ['/records', { texts: ['roses'] }],
  ] as const) {
    const got = await ask<Failure>(other, 'POST', path, body);
    expect(got.status).toBe(400);
    expect(got.body.error.message).toMatch(/expected (a collection with a text model|them, got nothing)/);
  }
});
