/** A collection of token sets over HTTP: the answers of the collection, in JSON, base64 and float32. */
import { join } from 'node:path';
import type { JsonValue } from '@sagitta/retrieval';
import type { TokenCollection } from '@sagitta/retrieval/collection';
import { trainStaticTokens } from '@sagitta/retrieval/text';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApp } from '../../src/server/index.ts';
import type { ServerApp } from '../../src/server/route.ts';
import { tokenCollectionsIn } from '../support/collections.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { setsOf, smallTokenSets } from '../support/token-sets.ts';
import { ask, base64Of, bytesOf, type WireHits } from './support.ts';

const D = 4;
const folder = temporaryFolder();
const open = tokenCollectionsIn(temporaryFolder().path);
const sets = smallTokenSets(60, D);
const rows = setsOf(sets);
const query = rows[2] as number[][];
let c: TokenCollection<JsonValue>;
let app: ServerApp;

beforeAll(async () => {
  c = await open(join(folder.path, 'c'), { d: D });
  await c.add({
    ids: rows.map((_, i) => `p${i}`),
    tokens: sets,
    metadata: rows.map((_, i) => ({ i })),
  });
  await c.compact();
  app = createApp(c);
});
afterAll(() => c.close());

it('answers JSON, base64 and float32 alike, as the collection does', async () => {
  const filter = { i: { lt: 40 } };
  const expected = await c.search(query, 5, { filter, candidates: 30 });
  const body = { k: 5, filter, candidates: 30 };
  const json = await ask<WireHits>(app, 'POST', '/search', { query, ...body });
  expect(json).toMatchObject({ status: 200, body: { hits: expected } });
  const flat = Float32Array.from(query.flat());
  const text = await ask<WireHits>(app, 'POST', '/search', { query: base64Of(flat), ...body });
  expect(text.body).toEqual(json.body);
  const options = encodeURIComponent(JSON.stringify(body));
  const binary = await ask<WireHits>(app, 'POST', `/search?options=${options}`, bytesOf(flat));
  expect(binary.body).toEqual(json.body);
  const like = await ask<WireHits>(app, 'POST', '/search', { id: 'p2', k: 3, exact: true });
  expect(like.body.hits.map(({ id }) => id)).toEqual(
    (await c.search(await c.tokens('p2'), 4, { exact: true }))
      .map(({ id }) => id)
      .filter((id) => id !== 'p2'),
  );
  const weights = query.map((_, i) => i + 1);
  const weighted = await ask<WireHits>(app, 'POST', '/search', { query, weights, k: 2 });
  expect(weighted.body.hits).toEqual(await c.search({ tokens: query, weights }, 2));
  const queries = [rows[3], rows[4]];
  const batch = await ask<{ results: unknown }>(app, 'POST', '/search/batch', { queries, k: 2 });
  expect(batch.body.results).toEqual([
    await c.search(rows[3] as number[][], 2),
    await c.search(rows[4] as number[][], 2),
  ]);
});

it('adds, replaces, gives and takes out documents', async () => {
  const tokens = [[[1, 0, 0, 0]], base64Of(Float32Array.of(0, 1, 0, 0, 0, 0, 1, 0))];
  const added = await ask(app, 'POST', '/records', { ids: ['x', 'y'], tokens, metadata: [{ i: 1 }, null] });
  expect(added).toMatchObject({ status: 201, body: { ids: ['x', 'y'] } });
  expect(await ask(app, 'GET', '/records/y?vector=true')).toMatchObject({
    body: {
      id: 'y',
      tokens: [
        [0, 1, 0, 0],
        [0, 0, 1, 0],
      ],
    },
  });
  expect(await ask(app, 'POST', '/records', { ids: ['x'], tokens: [[[1, 1, 1, 1]]] })).toMatchObject({
    status: 409,
  });
  expect(await ask(app, 'PUT', '/records', { ids: ['x'], tokens: [[[1, 1, 1, 1]]] })).toMatchObject({
    status: 200,
  });
  expect(await ask(app, 'DELETE', '/records', { ids: ['x', 'y'] })).toMatchObject({ body: { deleted: 2 } });
  expect(await ask(app, 'GET', '/report')).toMatchObject({ body: { kind: 'tokens', d: D, n: 60 } });
});

it.each([
  ['/search', { query: [[1, 2]] }, '"query[0]" expected length d = 4, got 2'],
  ['/search', { query: [1, 2, 3, 4] }, 'query'],
  ['/search', { query, gamma: 2 }, 'gamma'],
  ['/search', { query, weights: [1] }, 'query.weights'],
  ['/search', { text: 'words' }, '"text" expected a collection with a text model, got one of tokens alone'],
  ['/search/batch', { queries: [[[1, 2]]] }, '"queries[0][0]" expected length d = 4'],
  ['/records', { ids: ['z'], tokens: [[[0, 0, 0, 0]]] }, '"tokens" expected rows of length above 0'],
  ['/records', { ids: ['z'], vectors: [[1, 2, 3, 4]] }, 'vectors'],
  ['/records', { ids: ['z'] }, '"tokens" expected them, got nothing'],
])('%s refuses what is wrong (%#)', async (path, body, message) => {
  const answer = await ask<{ error: { message: string } }>(app, 'POST', path, body);
  expect(answer.body.error.message).toContain(message);
  expect(answer.status).toBe(400);
  expect(c.n).toBe(60);
});

it('refuses float32 of several documents, which do not say where each ends', async () => {
  for (const path of ['/records', '/search/batch']) {
    expect(await ask(app, 'POST', path, bytesOf(new Float32Array(8)))).toMatchObject({ status: 415 });
  }
});

it('searches by words where there is a text model, and describes itself', async () => {
  const texts = ['red apple tree', 'deep blue sea', 'fast grey train'];
  const textModel = trainStaticTokens(texts, { dimension: 2 });
  const notes = await open<JsonValue>(join(folder.path, 'texts'), { textModel });
  const served = createApp(notes);
  expect(await ask(served, 'POST', '/records', { ids: ['a', 'b', 'c'], texts })).toMatchObject({
    status: 201,
  });
  const found = await ask<WireHits>(served, 'POST', '/search', { text: 'sea', k: 1, withTexts: true });
  expect(found.body.hits).toMatchObject([{ id: 'b', text: 'deep blue sea' }]);
  const { body } = await ask<{ paths: Record<string, { post?: { requestBody: { content: object } } }> }>(
    served,
    'GET',
    '/openapi.json',
  );
  expect(Object.keys(body.paths['/records']?.post?.requestBody.content ?? {})).toEqual(['application/json']);
  await notes.close();
});
