/** The server behind a socket: several clients, slow and malformed requests, and an end that loses no acknowledged write. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonValue } from '@sagitta/retrieval';
import type { Collection } from '@sagitta/retrieval/collection';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CollectionServer, listen } from '../../src/server/listen.ts';
import { ask, bytesOf, D, type Failure, places, row, type WireHits } from './support.ts';

const { filled, open, fresh } = places();
let c: Collection<JsonValue>;
let server: CollectionServer;
beforeAll(async () => {
  c = await filled();
  server = await listen(c, { port: 0, timeout: 300 });
});
afterAll(() => server.close());

/** Writes to a bare socket and gives all that comes back until it is closed. */
async function raw(
  to: CollectionServer,
  ...pieces: readonly string[]
): Promise<{ status: number; head: string; body: Failure }> {
  const socket = connect(to.port, to.host);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  const ended = new Promise((resolve) => socket.once('close', resolve));
  for (const piece of pieces) {
    socket.write(piece);
    await sleep(20);
  }
  await ended;
  const [head = '', body = ''] = text.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), head, body: JSON.parse(body) as Failure };
}

describe('a server', () => {
  it('listens to this machine alone, and answers as the collection does', async () => {
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    const expected = (await c.search(row(7), 5)).map(({ id, metadata, ...score }) => ({
      id,
      ...score,
      metadata,
    }));
    const json = await ask<WireHits>(server.url, 'POST', '/search', { query: [...row(7)], k: 5 });
    const binary = await ask<WireHits>(server.url, 'POST', '/search?options={"k":5}', bytesOf(row(7)));
    expect(json.body).toEqual({ hits: expected });
    expect(binary.body).toEqual(json.body);
    const { body } = await ask<string>(server.url, 'GET', '/metrics');
    expect(body).toMatch(/^process_resident_memory_bytes \d{7,}$/m);
  });

  it('serves two clients at once, each what it wrote', async () => {
    const client = async (name: string): Promise<void> => {
      for (let i = 0; i < 40; i++) {
        const id = `${name}${i}`;
        const at = name === 'a' ? 500 + i : 600 + i;
        const put = await ask(server.url, 'PUT', '/records', {
          ids: [id],
          vectors: [[...row(at)]],
          metadata: [{ name }],
        });
        expect(put.status).toBe(200);
        const { body } = await ask<WireHits>(server.url, 'POST', '/search', {
          query: [...row(at)],
          k: 1,
          filter: { name },
        });
        expect(body.hits[0]?.id).toBe(id);
      }
    };
    await Promise.all([client('a'), client('b')]);
    expect((await c.search(row(500), 100, { filter: { name: 'a' } })).length).toBe(40);
    expect((await c.search(row(500), 100, { filter: { name: 'b' } })).length).toBe(40);
  });

  it('refuses names that were bound to this machine', async () => {
    const { status, body } = await raw(
      server,
      'GET /report HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n',
    );
    expect([status, body.error.code]).toEqual([403, 'forbidden']);
  });

  it('ends slow bodies and slow headers with 408', async () => {
    const start = performance.now();
    const post = 'POST /search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
    const [declared, chunked, headers] = await Promise.all([
      raw(server, `${post}content-length: 100\r\n\r\n{"id":`),
      raw(server, `${post}transfer-encoding: chunked\r\n\r\n`, '4\r\n{"id\r\n'),
      raw(server, 'GET /report HTTP/1.1\r\nhost: loc'),
    ]);
    expect(performance.now() - start).toBeLessThan(3000);
    for (const { status, head, body } of [declared, chunked, headers]) {
      expect([status, body.error.code]).toEqual([408, 'timeout']);
      expect(body.error.message).toMatch(/^"(body|request)" expected to come/);
      expect(head.toLowerCase()).toContain(`x-request-id: ${body.error.requestId}`);
    }
  });

  it('ends what is no HTTP with 400, and headers without end with 431', async () => {
    const other = await raw(server, 'hello\r\n\r\n');
    expect([other.status, other.body.error.code]).toEqual([400, 'bad_request']);
    const long = await raw(server, `GET / HTTP/1.1\r\nx: ${'x'.repeat(70_000)}`);
    expect([long.status, long.body.error.message]).toEqual([
      431,
      '"headers" expected at most 65536 bytes, got more',
    ]);
  });

  it('ends too large a body with 413, whatever the client goes on to send', async () => {
    await using other = await listen(await filled(), { port: 0, maxBody: 1000 });
    const declared = await ask(other.url, 'POST', '/search', ' '.repeat(200_000));
    expect([declared.status, declared.body.error.code]).toEqual([413, 'too_large']);
    const post =
      'POST /search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
    const chunked = await raw(other, post, `1000\r\n${' '.repeat(4096)}\r\n`);
    expect([chunked.status, chunked.body.error.code]).toEqual([413, 'too_large']);
    expect((await ask(other.url, 'GET', '/health')).status).toBe(200);
  });

  it('lives on where a client goes away in the midst of a request', async () => {
    const socket = connect(server.port, server.host);
    socket.write(
      'POST /records HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"ve',
    );
    await sleep(30);
    socket.destroy();
    await sleep(30);
    const { body } = await ask<string>(server.url, 'GET', '/metrics');
    expect(body).toContain('sagitta_requests_running 1\n');
    expect(body).not.toContain('status="500"');
  });

  it('tells more requests than it runs to come again', async () => {
    await using other = await listen(await filled(), { port: 0, concurrency: 1 });
    const held = connect(other.port, other.host);
    held.write(
      'POST /search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"id":',
    );
    await sleep(50);
    const { status, headers, body } = await ask(other.url, 'POST', '/search', { id: 'n1' });
    expect([status, headers.get('retry-after'), body.error.code]).toEqual([429, '1', 'too_many_requests']);
    const answered = new Promise((resolve) => held.once('data', (data) => resolve(String(data))));
    held.write('"n1"}');
    expect(await answered).toContain('200 OK');
    held.destroy();
    expect((await ask(other.url, 'POST', '/search', { id: 'n1' })).status).toBe(200);
  });

  it('says what is wrong with its options, and closes nothing of the caller then', async () => {
    await expect(listen(c, { port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(listen(c, { port: 70_000 })).rejects.toThrow(/^"port" expected an integer from 0 to 65535/);
    await expect(listen(c, { prot: 1 } as object)).rejects.toThrow(/did you mean "port"/);
    expect(await c.has('n1')).toBe(true);
  });
});

describe('the end of a server', () => {
  it('lets requests that run end, takes no more, and loses nothing that was acknowledged', async () => {
    const path = fresh();
    const other = await listen(await open(path, { d: D, metric: 'l2', quantizer: 'float32', foldAt: 256 }), {
      port: 0,
    });
    const acknowledged: string[] = [];
    const outcomes = { refused: 0, odd: [] as unknown[] };
    const writer = async (name: string): Promise<void> => {
      for (let i = 0; ; i++) {
        const ids = Array.from({ length: 5 }, (_, j) => `${name}-${i}-${j}`);
        const vectors = ids.map((_, j) => [...row((5 * i + j) % 2000)]);
        try {
          const { status } = await ask(other.url, 'POST', '/records', { ids, vectors });
          if (status === 201) acknowledged.push(...ids);
          else outcomes.odd.push(status);
        } catch {
          // connections are not taken any more
          outcomes.refused++;
          return;
        }
      }
    };
    const writers = Array.from({ length: 8 }, (_, i) => writer(`w${i}`));
    await sleep(600);
    const [, again] = [other.close(), other.close()];
    await again;
    await Promise.all(writers);
    expect(outcomes).toEqual({ refused: 8, odd: [] });
    expect(acknowledged.length).toBeGreaterThan(100);
    await expect(fetch(`${other.url}/health`)).rejects.toThrow();
    // what was not acknowledged may be there as well, nothing acknowledged may lack
    await using after = await open(path);
    for (const id of acknowledged) expect(await after.has(id)).toBe(true);
    expect(after.n % 5).toBe(0);
  });

  it('waits for a client that is slow no longer than it grants', async () => {
    const other = await listen(await filled(), { port: 0, grace: 100 });
    const held = connect(other.port, other.host);
    held.on('error', () => {});
    held.write(
      'POST /search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
    );
    await sleep(30);
    const start = performance.now();
    await other.close();
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
