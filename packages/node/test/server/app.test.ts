/** The app without a socket: what every route answers, and what it says to what is wrong. */
import { CapacityError, FormatError } from '@sagitta/core-wasm';
import type { JsonValue } from '@sagitta/retrieval';
import { type Collection, StorageError } from '@sagitta/retrieval/collection';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp, type RequestEntry, type ServedCollection } from '../../src/server/index.ts';
import type { ServerApp } from '../../src/server/route.ts';
import { ask, base64Of, bytesOf, D, N, places, row, vectors, type WireHits } from './support.ts';

const { filled, open, fresh } = places();
let c: Collection<JsonValue>;
let app: ServerApp;
const log: RequestEntry[] = [];
beforeAll(async () => {
  c = await filled();
  app = createApp(c, { log: (entry) => log.push(entry) });
});
afterAll(() => c.close());

describe('searches', () => {
  const filter = { group: { in: [1, 2] } };

  it('answers JSON, base64 and float32 alike, as the collection does', async () => {
    const expected = await c.search(row(7), 5, { filter });
    const hits = expected.map(({ id, metadata, ...score }) => ({ id, ...score, metadata }));
    const options = encodeURIComponent(JSON.stringify({ k: 5, filter }));
    const json = await ask<WireHits>(app, 'POST', '/search', { query: [...row(7)], k: 5, filter });
    const text = await ask<WireHits>(app, 'POST', '/search', { query: base64Of(row(7)), k: 5, filter });
    const binary = await ask<WireHits>(app, 'POST', `/search?options=${options}`, bytesOf(row(7)));
    expect(json).toMatchObject({ status: 200, body: { hits } });
    expect(json.body.hits).toHaveLength(5);
    expect(text.body).toEqual(json.body);
    expect(binary.body).toEqual(json.body);
  });

  it('takes ten results where nothing is said, and passes options on', async () => {
    const { body } = await ask<WireHits>(app, 'POST', '/search', { query: [...row(7)] });
    expect(body.hits).toHaveLength(10);
    const rerank = { candidates: 20 };
    const found = await ask<WireHits>(app, 'POST', '/search', { query: [...row(7)], k: 3, rerank });
    expect(found.body.hits.map(({ id }) => id)).toEqual(
      (await c.search(row(7), 3, { rerank })).map(({ id }) => id),
    );
  });

  it('answers several queries at once', async () => {
    const queries = [row(3), row(4), row(5)];
    const expected = (await c.searchBatch(vectors.subarray(3 * D, 6 * D), 4)).map((hits) =>
      hits.map(({ id }) => id),
    );
    const idsOf = (body: { readonly results: WireHits['hits'][] }) =>
      body.results.map((hits) => hits.map(({ id }) => id));
    const json = await ask<{ results: WireHits['hits'][] }>(app, 'POST', '/search/batch', {
      queries: queries.map((query) => [...query]),
      k: 4,
    });
    const binary = await ask<{ results: WireHits['hits'][] }>(
      app,
      'POST',
      '/search/batch?options={"k":4}',
      bytesOf(vectors.subarray(3 * D, 6 * D)),
    );
    expect(idsOf(json.body)).toEqual(expected);
    expect(binary.body).toEqual(json.body);
  });

  it('finds what is like a record, without the record', async () => {
    const { body } = await ask<WireHits>(app, 'POST', '/search', { id: 'n7', k: 5 });
    const expected = (await c.search(await c.vector('n7'), 6)).map(({ id }) => id);
    expect(body.hits.map(({ id }) => id)).toEqual(expected.filter((id) => id !== 'n7').slice(0, 5));
    const big = await ask<WireHits>(app, 'POST', '/search', { id: { bigint: String(2n ** 60n + 1n) }, k: 1 });
    expect(big.status).toBe(200);
    expect((await ask(app, 'POST', '/search', { id: 'gone' })).status).toBe(404);
  });

  it('names scores by the metric', async () => {
    await using other = await filled('l2');
    const { body } = await ask<{ hits: object[] }>(createApp(other), 'POST', '/search', {
      query: [...row(7)],
      k: 1,
    });
    expect(body.hits).toEqual([{ id: 'n7', distance: expect.closeTo(0, 6), metadata: { group: 0 } }]);
  });
});

describe('records', () => {
  it('are added, replaced, read and deleted', async () => {
    const put = {
      ids: ['x', 77, { bigint: '-3' }],
      vectors: [row(400), row(401), row(402)].map((v) => [...v]),
    };
    const added = await ask<{ ids: unknown[] }>(app, 'POST', '/records', {
      ...put,
      metadata: [{ a: 1 }, null, [2]],
    });
    expect(added).toMatchObject({ status: 201, body: { ids: put.ids } });
    expect(await c.get(-3n)).toEqual({ id: -3n, metadata: [2] });
    const replaced = await ask<{ ids: unknown[] }>(app, 'PUT', '/records', {
      ids: ['x'],
      vectors: base64Of(row(410)),
      metadata: ['new'],
    });
    expect(replaced).toMatchObject({ status: 200, body: { ids: ['x'] } });
    const read = await ask<{ vector: number[] }>(app, 'GET', '/records/x?vector=true');
    expect(read).toMatchObject({ status: 200, body: { id: 'x', metadata: 'new' } });
    expect(read.body.vector).toEqual([...(await c.vector('x'))]);
    const gone = await ask<object>(app, 'DELETE', '/records', { ids: [...put.ids, 'never there'] });
    expect(gone).toMatchObject({ status: 200, body: { deleted: 3 } });
    expect((await ask(app, 'GET', '/records/x')).status).toBe(404);
  });

  it('come as float32 too, with row numbers or the ids that options name', async () => {
    const numbered = await ask<{ ids: number[] }>(
      app,
      'POST',
      '/records',
      bytesOf(vectors.subarray(0, 2 * D)),
    );
    expect(numbered.status).toBe(201);
    expect(numbered.body.ids.every(Number.isInteger)).toBe(true);
    const options = encodeURIComponent(JSON.stringify({ ids: ['f'], metadata: [{ of: 'floats' }] }));
    expect((await ask(app, 'PUT', `/records?options=${options}`, bytesOf(row(9)))).status).toBe(200);
    expect(await c.get('f')).toEqual({ id: 'f', metadata: { of: 'floats' } });
    await c.delete(['f', ...numbered.body.ids]);
  });

  it('are told apart by the type of their ids', async () => {
    const of = async (path: string) =>
      (await ask<{ metadata: { is: string } }>(app, 'GET', path)).body.metadata?.is;
    expect(await of('/records/5')).toBe('string');
    expect(await of('/records/5?type=number')).toBe('number');
    expect(await of(`/records/${2n ** 60n + 1n}?type=bigint`)).toBe('bigint');
    const hits = await ask<WireHits>(app, 'POST', '/search', { query: [...row(N + 1)], k: 1 });
    expect(hits.body.hits[0]?.id).toEqual({ bigint: String(2n ** 60n + 1n) });
  });

  it('have ids of any characters in the path', async () => {
    const id = 'a/b c?ü%';
    await c.upsert({ ids: [id], vectors: row(3) });
    const { body } = await ask<{ id: string }>(app, 'GET', `/records/${encodeURIComponent(id)}`);
    expect(body).toEqual({ id });
    await c.delete(id);
  });

  it('are not added where one of them is there', async () => {
    const before = c.n;
    const { status, body } = await ask(app, 'POST', '/records', {
      ids: ['brand new', 'n3'],
      vectors: [[...row(1)], [...row(2)]],
    });
    expect(status).toBe(409);
    expect(body.error).toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/^"ids\[1\]" expected a new id/),
    });
    expect(c.n).toBe(before);
  });
});

describe('who may ask', () => {
  it('is who has the token, where there is one', async () => {
    const guarded = createApp(c, { token: 'secret' });
    for (const authorization of ['', 'Bearer', 'Bearer Secret', 'Bearer secret2', 'Basic secret', 'secret']) {
      const { status, headers, body } = await ask(guarded, 'GET', '/report', undefined, { authorization });
      expect([status, headers.get('www-authenticate'), body.error.code]).toEqual([
        401,
        'Bearer',
        'unauthorized',
      ]);
    }
    expect((await ask(guarded, 'GET', '/report', undefined, { authorization: 'Bearer secret' })).status).toBe(
      200,
    );
    for (const path of ['/', '/health', '/openapi.json'])
      expect((await ask(guarded, 'GET', path)).status).toBe(200);
    for (const path of ['/metrics', '/records/n1'])
      expect((await ask(guarded, 'GET', path)).status).toBe(401);
  });

  it('is who names the host, where hosts are named', async () => {
    const local = createApp(c, { hosts: ['localhost'] });
    expect((await ask(local, 'GET', '/report', undefined, { host: 'localhost:7244' })).status).toBe(200);
    const { status, body } = await ask(local, 'GET', '/report', undefined, { host: 'evil.example' });
    expect([status, body.error.message]).toEqual([
      403,
      '"host" expected one of localhost, got "evil.example"',
    ]);
  });

  it('reads alone where the collection is served for reading', async () => {
    const before = c.n;
    const reading = createApp(c, { readOnly: true });
    const rows = { ids: ['z'], vectors: [[...row(1)]] };
    for (const [method, body] of [
      ['POST', rows],
      ['PUT', rows],
      ['DELETE', { ids: ['n1'] }],
    ] as const) {
      const { status, body: answer } = await ask(reading, method, '/records', body);
      expect([status, answer.error.code]).toEqual([403, 'forbidden']);
      expect(answer.error.message).not.toContain(c.name);
    }
    expect(c.n).toBe(before);
    expect((await ask(reading, 'POST', '/search', { id: 'n1' })).status).toBe(200);
    const path = fresh();
    await (await open(path, { d: D, metric: 'l2' })).close();
    await using reader = await open<JsonValue>(path, { readOnly: true });
    expect((await ask(createApp(reader), 'PUT', '/records', rows)).status).toBe(403);
  });

  it('waits where as many requests run as may', async () => {
    let end = (): void => {};
    const held = new Promise<void>((resolve) => {
      end = resolve;
    });
    const slow: ServedCollection = stub({ report: () => held.then(() => c.report()) });
    const bounded = createApp(slow, { concurrency: 2 });
    const running = [ask(bounded, 'GET', '/report'), ask(bounded, 'GET', '/report')];
    const { status, headers, body } = await ask(bounded, 'GET', '/report');
    expect([status, headers.get('retry-after'), body.error.code]).toEqual([429, '1', 'too_many_requests']);
    expect((await ask(bounded, 'GET', '/health')).status).toBe(200);
    end();
    expect((await Promise.all(running)).map((one) => one.status)).toEqual([200, 200]);
    expect((await ask(bounded, 'GET', '/report')).status).toBe(200);
  });
});

describe('what a collection refuses', () => {
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  const cases: readonly (readonly [error: unknown, status: number, code: string, said: RegExp])[] = [
    [
      new StorageError('/secret/place', 'expected room on the disk, got none', full),
      507,
      'no_room',
      /^"collection" expected room/,
    ],
    [
      new StorageError('/secret/place', 'expected room', Object.assign(new Error(), { errcode: 13 })),
      507,
      'no_room',
      /room/,
    ],
    [
      new StorageError('/secret/place', 'expected to be there, got nothing'),
      503,
      'unavailable',
      /^"collection" expected to be there/,
    ],
    [new CapacityError(10, 5), 507, 'no_room', /./],
    [new FormatError('/secret/place: broken'), 503, 'unavailable', /damaged/],
    [new TypeError("Cannot read properties of undefined (reading 'x')"), 500, 'internal', /log has more/],
  ];
  it.each(cases)('%s is a failure of its own', async (error, status, code, said) => {
    const entries: RequestEntry[] = [];
    const broken = createApp(stub({ upsert: () => Promise.reject(error) }), {
      log: (entry) => entries.push(entry),
    });
    const { status: got, body } = await ask(broken, 'PUT', '/records', { vectors: [] });
    expect([got, body.error.code]).toEqual([status, code]);
    expect(body.error.message).toMatch(said);
    expect(body.error.message).not.toContain('secret');
    expect(entries).toMatchObject([{ status, requestId: body.error.requestId }]);
    if (status === 500) expect(entries[0]?.error).toContain('Cannot read properties');
  });

  it('says so when it is closed', async () => {
    const closed = await filled();
    await closed.close();
    const { status, body } = await ask(createApp(closed), 'POST', '/search', { query: [...row(1)] });
    expect([status, body.error.code]).toEqual([503, 'unavailable']);
  });
});

describe('around the collection', () => {
  it('tells how it does', async () => {
    const { body } = await ask<Record<string, unknown>>(app, 'GET', '/report');
    expect(body).toMatchObject({
      metric: 'cosine',
      d: D,
      n: c.n,
      isReadOnly: false,
      tail: c.n,
      segments: [],
      foldError: null,
    });
    expect((await ask<object>(app, 'GET', '/health')).body).toEqual({ status: 'ok' });
  });

  it('keeps the id that a request came with, and makes one where there is none or a wild one', async () => {
    const given = await ask(app, 'GET', '/health', undefined, { 'x-request-id': 'abc-1' });
    expect(given.headers.get('x-request-id')).toBe('abc-1');
    for (const wild of ['a b', 'x'.repeat(200)]) {
      const made = await ask(app, 'GET', '/health', undefined, { 'x-request-id': wild });
      expect(made.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
    }
  });

  it('logs each request once, without what it held', async () => {
    log.length = 0;
    await ask(app, 'POST', '/search?options={"k":"secret"}', new Uint8Array(32), { 'x-request-id': 'r1' });
    await ask(app, 'GET', '/health');
    expect(log).toMatchObject([
      {
        requestId: 'r1',
        method: 'POST',
        path: '/search',
        status: 400,
        error: expect.stringContaining('"k"'),
      },
      { method: 'GET', path: '/health', status: 200 },
    ]);
    expect(log[1]).not.toHaveProperty('error');
    expect(log[0]?.milliseconds).toBeGreaterThanOrEqual(0);
  });

  it('counts requests by route, never by id', async () => {
    const counted = createApp(c);
    for (const path of ['/records/n1', '/records/n2', '/records/none', '/nothing'])
      await ask(counted, 'GET', path);
    const { headers, body } = await ask<string>(counted, 'GET', '/metrics');
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const lines = body.split('\n');
    expect(lines).toContain('sagitta_requests_total{method="GET",route="/records/{id}",status="200"} 2');
    expect(lines).toContain('sagitta_requests_total{method="GET",route="/records/{id}",status="404"} 1');
    expect(lines).toContain('sagitta_requests_total{method="any",route="none",status="404"} 1');
    expect(lines).toContain('sagitta_request_seconds_count{method="GET",route="/records/{id}"} 3');
    expect(lines).toContain('sagitta_request_seconds_bucket{method="GET",route="/records/{id}",le="+Inf"} 3');
    expect(lines).toContain(`sagitta_records ${c.n}`);
    expect(lines).toContain(`sagitta_tail_records ${c.n}`);
    expect(lines).toContain('sagitta_requests_running 1');
    expect(body).not.toContain('n1');
    // every line is one of the format's
    const line = /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [\d.e+-]+)$/;
    for (const one of lines.slice(0, -1)) expect(one).toMatch(line);
  });

  it('has a page that runs its own script alone', async () => {
    const { headers, body } = await ask<string>(app, 'GET', '/');
    const policy = headers.get('content-security-policy') ?? '';
    const nonce = /script-src 'nonce-([\w-]+)'/.exec(policy)?.[1];
    expect(body).toContain(`<script type="module" nonce="${nonce}">`);
    expect(body).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect((await ask<string>(app, 'GET', '/')).headers.get('content-security-policy')).not.toBe(policy);
  });

  it('refuses options that are wrong', () => {
    expect(() => createApp(c, { tokens: 'x' } as object)).toThrow(/did you mean "token"/);
    expect(() => createApp(c, { token: '' })).toThrow(/^"token" expected characters/);
    expect(() => createApp(c, { concurrency: 0 })).toThrow(/^"concurrency" expected/);
    expect(() => createApp(c, { maxBody: 1.5 })).toThrow(/^"maxBody" expected/);
  });
});

/** The collection with some methods of one's own. */
function stub(methods: Partial<ServedCollection>): ServedCollection {
  const bound = { has: c.has, get: c.get, vector: c.vector, search: c.search, report: c.report };
  const real = Object.fromEntries(Object.entries(bound).map(([name, method]) => [name, method.bind(c)]));
  const { name, metric, d, n, isReadOnly } = c;
  return { name, metric, d, n, isReadOnly, ...real, ...methods } as ServedCollection;
}
