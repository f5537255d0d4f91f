/** Requests that are wrong: each gets a status of 4xx and a sentence that names what is wrong. */
import type { JsonValue } from '@sagitta/retrieval';
import type { Collection } from '@sagitta/retrieval/collection';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/server/index.ts';
import type { ServerApp } from '../../src/server/route.ts';
import { ask, base64Of, D, places, row } from './support.ts';

const { filled } = places();
let c: Collection<JsonValue>;
let app: ServerApp;
beforeAll(async () => {
  c = await filled();
  app = createApp(c);
});
afterAll(() => c.close());

describe('what is wrong with a request', () => {
  const query = [...new Float32Array(D)];
  const bad: readonly (readonly [what: string, method: string, path: string, body: unknown, said: RegExp])[] =
    [
      ['no JSON', 'POST', '/search', '{"query":', /^"body" expected JSON, got /],
      ['nothing', 'POST', '/search', '', /^"body" expected JSON/],
      ['a number', 'POST', '/search', '3', /^"body" expected Object, got 3/],
      ['an unknown option', 'POST', '/search', { query, K: 3 }, /^"body" expected known members, got "K"/],
      [
        'an unknown option of rerank',
        'POST',
        '/search',
        { query, rerank: { candidates: 3, of: 1 } },
        /got "rerank.of"/,
      ],
      [
        'no query',
        'POST',
        '/search',
        { k: 3 },
        /^"query" expected one of it, "id" and "text", got none or several/,
      ],
      ['both', 'POST', '/search', { query, id: 'n1' }, /got none or several/],
      ['another dimension', 'POST', '/search', { query: [1, 2] }, /^"query" expected length d = 8, got 2/],
      [
        'a string among numbers',
        'POST',
        '/search',
        { query: [1, 'x'] },
        /^"query\[1\]" expected number, got "x"/,
      ],
      [
        'base64 of another length',
        'POST',
        '/search',
        { query: base64Of(row(1).subarray(1)) },
        /expected length d = 8, got 7/,
      ],
      ['no base64', 'POST', '/search', { query: '§§' }, /^"query" expected base64/],
      [
        'beyond float32',
        'POST',
        '/search',
        { query: [1e39, ...query.slice(1)] },
        /^"query" expected finite values/,
      ],
      ['half a k', 'POST', '/search', { query, k: 1.5 }, /^"k" expected an integer, got 1.5/],
      ['no results', 'POST', '/search', { query, k: 0 }, /^"k" expected >=1, got 0/],
      ['too many results', 'POST', '/search', { query, k: 10_001 }, /^"k" expected <=10000, got 10001/],
      [
        'ids as a filter',
        'POST',
        '/search',
        { query, filter: ['n1'] },
        /^"filter" expected an object of conditions/,
      ],
      ['an operator that is none', 'POST', '/search', { query, filter: { a: { near: 3 } } }, /near/],
      [
        'a kind of precision',
        'POST',
        '/search',
        { query, precision: 'half' },
        /^"precision" expected \("full" \| "head"\), got "half"/,
      ],
      [
        'half a float',
        'POST',
        '/search',
        new Uint8Array(31),
        /^"query" expected float32 of 4 bytes, got 31 bytes/,
      ],
      [
        'floats of another dimension',
        'POST',
        '/search',
        new Uint8Array(36),
        /^"query" expected length d = 8, got 9/,
      ],
      [
        'options that are no JSON',
        'POST',
        '/search?options=x',
        new Uint8Array(32),
        /^"options" expected JSON/,
      ],
      [
        'options that are unknown',
        'POST',
        '/search?options={"q":1}',
        new Uint8Array(32),
        /^"options" expected known members, got "q"/,
      ],
      [
        'no queries',
        'POST',
        '/search/batch',
        { queries: [] },
        /^"queries" expected an integer from 1 to 1024, got 0/,
      ],
      [
        'a query of another dimension',
        'POST',
        '/search/batch',
        { queries: [query, [1]] },
        /^"queries\[1\]" expected length d = 8, got 1/,
      ],
      [
        'floats that are no rows',
        'POST',
        '/search/batch',
        new Uint8Array(36),
        /^"queries" expected rows of d = 8/,
      ],
      [
        'too many results in all',
        'POST',
        '/search/batch',
        { queries: Array(11).fill(query), k: 10_000 },
        /^"k" expected at most 100000 results/,
      ],
      ['no vectors', 'POST', '/records', { ids: ['a'] }, /^"vectors" expected them, got nothing/],
      [
        'fewer ids than vectors',
        'POST',
        '/records',
        { ids: ['a'], vectors: [row(1), row(2)].map((v) => [...v]) },
        /^"ids"/,
      ],
      [
        'an id twice',
        'PUT',
        '/records',
        { ids: ['a', 'a'], vectors: [row(1), row(2)].map((v) => [...v]) },
        /^"ids\[1\]" expected each id once/,
      ],
      ['an id below 0', 'DELETE', '/records', { ids: [-1] }, /^"ids\[0\]" expected/],
      [
        'digits that numbers lose',
        'DELETE',
        '/records',
        '{"ids":[9007199254740993]}',
        /^"ids\[0\]" expected an integer up to 2\^53/,
      ],
      [
        'letters in a bigint',
        'DELETE',
        '/records',
        { ids: [{ bigint: 'x' }] },
        /^"ids\[0\].bigint" expected/,
      ],
      [
        'a bigint of 70 bits',
        'DELETE',
        '/records',
        { ids: [{ bigint: '99999999999999999999' }] },
        /bigint of 64 bits/,
      ],
      ['a kind of id', 'GET', '/records/n1?type=uuid', undefined, /^"type" expected/],
      [
        'a number that is none',
        'GET',
        '/records/n1?type=number',
        undefined,
        /^"id" expected digits, got "n1"/,
      ],
      [
        'an unknown parameter',
        'GET',
        '/records/n1?vectors=true',
        undefined,
        /^"query" expected known members, got "vectors"/,
      ],
    ];
  it.each(bad)('is said: %s', async (_, method, path, body, said) => {
    const { status, body: answer, headers } = await ask(app, method, path, body);
    expect(answer.error?.message).toMatch(said);
    expect(status).toBe(400);
    expect(answer.error).toEqual({
      code: 'bad_request',
      message: expect.any(String),
      requestId: headers.get('x-request-id'),
    });
  });

  it('is said in few words, however much came', async () => {
    const { status, body } = await ask(app, 'POST', '/search', { ['x'.repeat(100_000)]: 1 });
    expect([status, body.error.message.length]).toEqual([400, 501]);
    const nested = `{"id":"n1","filter":${'{"not":'.repeat(100_000)}{}${'}'.repeat(100_000)}}`;
    expect((await ask(app, 'POST', '/search', nested)).status).toBe(400);
  });

  it('is said where a body is of another type', async () => {
    for (const type of ['text/plain', '']) {
      const { status, body } = await ask(app, 'POST', '/search', '{}', { 'content-type': type });
      expect(status).toBe(415);
      expect(body.error.message).toMatch(
        /^"content-type" expected application\/json or application\/octet-stream, got /,
      );
    }
    expect((await ask(app, 'DELETE', '/records', new Uint8Array(4))).status).toBe(415);
  });

  it('is said where a path or method is none', async () => {
    const missing = await ask(app, 'GET', '/nothing');
    expect([missing.status, missing.body.error.code]).toEqual([404, 'not_found']);
    const method = await ask(app, 'GET', '/search');
    expect([method.status, method.body.error.code, method.headers.get('allow')]).toEqual([
      405,
      'method_not_allowed',
      'POST',
    ]);
    expect((await ask(app, 'PATCH', '/records')).headers.get('allow')).toBe('POST, PUT, DELETE');
  });

  it('is said where a body is too large, declared or not', async () => {
    const small = createApp(c, { maxBody: 100 });
    const declared = await ask(small, 'POST', '/search', ' '.repeat(101), { 'content-length': '101' });
    expect([declared.status, declared.body.error.message]).toEqual([
      413,
      '"body" expected at most 100 bytes, got 101',
    ]);
    const streamed = await ask(small, 'POST', '/search', ' '.repeat(101));
    expect([streamed.status, streamed.body.error.code]).toEqual([413, 'too_large']);
    expect((await ask(small, 'POST', '/search', { id: 'n1' })).status).toBe(200);
  });
});
