import { gzipSync } from 'node:zlib';
import { createCore } from '@sagitta/core-wasm';
import { buildIvf, type IvfIndex, openIndex, saveIndex } from '@sagitta/retrieval';
import { clusteredRows } from '@sagitta/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { download } from '../src/http-download.ts';
import { type HttpSourceOptions, httpSource, NetworkError } from '../src/index.ts';
import { type Asked, type ScriptedServer, scriptedServer } from './support/scripted-server.ts';

const D = 16;
const rows = clusteredRows(3000, D, { seed: 8, clusters: 20, spread: 0.5 });
const core = createCore();
let index: IvfIndex;
let file: Uint8Array;
let server: ScriptedServer;
let endlessHasEnded: Promise<void>;

/** The first byte, which opening asks for, is answered well; `then` answers what is read later. */
const later =
  (then: (asked: Asked) => void): ((asked: Asked) => void) =>
  (asked) =>
    asked.before === 0 ? part(asked) : then(asked);

/** An answer as it should be, but for what `change` says. */
function part(
  { response, start, end }: Asked,
  change: { range?: string; headers?: Record<string, string>; body?: Uint8Array } = {},
): void {
  const range = change.range ?? `bytes ${start}-${end}/${file.length}`;
  response.writeHead(206, { ...(range && { 'content-range': range }), etag: '"1"', ...change.headers });
  response.end(change.body ?? file.subarray(start, end + 1));
}

function pour(asked: Asked, status: number): void {
  const { response, start, end } = asked;
  response.writeHead(status, { 'content-range': `bytes ${start}-${end}/${file.length}`, etag: '"1"' });
  const zeros = new Uint8Array(1 << 16);
  endlessHasEnded = new Promise((resolve) => response.once('close', resolve));
  const go = (): void => {
    if (response.destroyed) return;
    server.poured += zeros.length;
    if (response.write(zeros)) setImmediate(go);
    else response.once('drain', go);
  };
  go();
}

const status = (code: number) => (asked: Asked) => asked.response.writeHead(code).end('x');
const SCRIPT: Record<string, (asked: Asked) => void> = {
  good: (asked) => part(asked),
  moved: ({ response }) => response.writeHead(302, { location: '/good' }).end(),
  circle: ({ response }) => response.writeHead(302, { location: '/circle' }).end(),
  whole: ({ response }) => response.writeHead(200).end(file),
  'whole-later': later(({ response }) => response.writeHead(200, { etag: '"1"' }).end(file)),
  'new-whole': later(({ response }) => response.writeHead(200, { etag: '"2"' }).end(file)),
  'endless-whole': (asked) => pour(asked, 200),
  endless: (asked) => pour(asked, 206),
  'endless-later': later((asked) => pour(asked, 206)),
  'wrong-start': later((asked) =>
    part(asked, { range: `bytes ${asked.start + 1}-${asked.end + 1}/${file.length}` }),
  ),
  'wrong-end': later((asked) =>
    part(asked, { range: `bytes ${asked.start}-${asked.end + 9}/${file.length}` }),
  ),
  'less-range': later((asked) =>
    part(asked, { range: `bytes ${asked.start}-${asked.end - 1}/${file.length}` }),
  ),
  short: later((asked) => part(asked, { body: file.subarray(0, 5) })),
  long: later((asked) => part(asked, { body: file.subarray(0, 11) })),
  empty: later((asked) => part(asked, { body: new Uint8Array(0) })),
  'first-long': (asked) => part(asked, { body: file.subarray(0, 2) }),
  cut: later(({ response, start, end }) => {
    response.writeHead(206, {
      'content-range': `bytes ${start}-${end}/${file.length}`,
      'content-length': 10,
      etag: '"1"',
    });
    response.write(file.subarray(0, 4), () => response.destroy());
  }),
  'cut-chunked': later(({ response, start, end }) => {
    response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${file.length}`, etag: '"1"' });
    response.write(file.subarray(0, 4), () => response.destroy());
  }),
  hangup: ({ request }) => request.socket.destroy(),
  nonsense: ({ request }) => request.socket.end('I do not speak HTTP\r\n\r\n'),
  silent: () => {},
  'silent-later': later(() => {}),
  stalled: later(({ response, start, end }) => {
    response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${file.length}`, etag: '"1"' });
    response.write(file.subarray(0, 4));
  }),
  slow: later(({ response, start, end }) => {
    response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${file.length}`, etag: '"1"' });
    let at = start;
    const timer = setInterval(() => {
      if (at <= end) response.write(file.subarray(at, ++at));
      else response.end();
      if (at > end || response.destroyed) clearInterval(timer);
      if (at > end) response.end();
    }, 20);
  }),
  'gzip-first': (asked) =>
    part(asked, { headers: { 'content-encoding': 'gzip' }, body: gzipSync(file.subarray(0, 1)) }),
  gzip: later((asked) =>
    part(asked, { headers: { 'content-encoding': 'gzip' }, body: gzipSync(new Uint8Array(1 << 22)) }),
  ),
  'no-range': (asked) => part(asked, { range: '' }),
  'star-size': (asked) => part(asked, { range: `bytes ${asked.start}-${asked.end}/*` }),
  'star-range': (asked) => part(asked, { range: `bytes */${file.length}` }),
  'huge-size': (asked) => part(asked, { range: 'bytes 0-0/99999999999999999999999' }),
  'zero-size': (asked) => part(asked, { range: 'bytes 0-0/0' }),
  multipart: (asked) =>
    part(asked, { range: '', headers: { 'content-type': 'multipart/byteranges; boundary=x' } }),
  etag: (asked) => part(asked, { headers: { etag: `"${asked.before}"` } }),
  'etag-gone': ({ response, start, end, before }) => {
    response.writeHead(206, {
      'content-range': `bytes ${start}-${end}/${file.length}`,
      ...(before === 0 && { etag: '"1"' }),
    });
    response.end(file.subarray(start, end + 1));
  },
  date: ({ response, start, end, before }) => {
    const date = new Date(1e12 + 1000 * before).toUTCString();
    response.writeHead(206, {
      'content-range': `bytes ${start}-${end}/${file.length}`,
      'last-modified': date,
    });
    response.end(file.subarray(start, end + 1));
  },
  grown: later((asked) => part(asked, { range: `bytes ${asked.start}-${asked.end}/${file.length + 1}` })),
  shrunk: later(({ response }) => response.writeHead(416, { 'content-range': 'bytes */5' }).end()),
  'nothing-there': ({ response }) => response.writeHead(416, { 'content-range': 'bytes */0' }).end(),
  removed: later(status(404)),
  'broken-later': later(status(503)),
  forbidden: status(403),
  broken: status(500),
  'no-content': ({ response }) => response.writeHead(204).end(),
};

beforeAll(async () => {
  index = buildIvf(core, rows, D, { metric: 'l2', bits: 4, nlist: 24 });
  file = saveIndex(index);
  server = await scriptedServer(file, SCRIPT);
});
afterEach(() => vi.unstubAllGlobals());
afterAll(async () => {
  index.dispose();
  await server.close();
});

let opened = 0;
/** Each with an address of its own, so that the script begins anew. */
const source = (path: string, options: HttpSourceOptions = {}) =>
  httpSource(`${server.origin}/${path}?${++opened}`, options);

/** Whether a test waits for the limit, which is long enough for the answers before on a busy machine. */
const isSilent = (path: string): boolean => /^(silent|stalled)/.test(path);

/** What opening, or else a read of ten bytes, rejects with. */
async function failure(path: string, options: HttpSourceOptions = {}) {
  let stage = 'open';
  try {
    const opened = await source(path, { idleTimeoutMs: isSilent(path) ? 500 : 30_000, ...options });
    stage = 'read';
    await opened.read(20, 10);
    return { stage: 'none', error: undefined };
  } catch (error) {
    return { stage, error };
  }
}

describe('httpSource', () => {
  it('answers as the index in memory does, with few and small requests', async () => {
    const before = server.ranges.length;
    using paged = await openIndex(core, await source('good'), { gapBytes: 0 });
    expect(server.ranges.length - before).toBeLessThanOrEqual(3);
    for (let q = 0; q < 10; q++) {
      const query = rows.subarray(q * D, (q + 1) * D);
      expect(await paged.search(query, 10, { nprobe: 3 })).toEqual(index.search(query, 10, { nprobe: 3 }));
    }
    expect(paged.reads.bytes).toBeLessThan(file.length);
    const requests = server.ranges.length;
    await paged.search(rows.subarray(0, D), 10, { nprobe: 3 });
    expect(server.ranges.length).toBe(requests);
  });

  it.each(['moved', 'slow'])('reads from a server that is %s', async (path) => {
    const opened = await source(path, { idleTimeoutMs: 5000 });
    expect(opened.size).toBe(file.length);
    expect(Buffer.compare(await opened.read(20, 10), file.subarray(20, 30))).toBe(0);
    expect((await opened.read(3, 0)).length).toBe(0);
    await expect(opened.read(file.length - 1, 2)).rejects.toThrow(RangeError);
  });

  it.each([
    ['whole', 'open', 'SAGITTA_UNSUPPORTED', /got 200 and the whole file from/],
    ['whole-later', 'read', 'SAGITTA_UNSUPPORTED', /got 200 and the whole file from/],
    ['endless-whole', 'open', 'SAGITTA_UNSUPPORTED', /got 200 and the whole file from/],
    [
      'no-range',
      'open',
      'SAGITTA_UNSUPPORTED',
      /Content-Range.* got ""; a server of another origin has to expose/,
    ],
    ['star-size', 'open', 'SAGITTA_UNSUPPORTED', /got "bytes 0-0\/\*"/],
    ['star-range', 'open', 'SAGITTA_UNSUPPORTED', /got "bytes \*\//],
    ['multipart', 'open', 'SAGITTA_UNSUPPORTED', /Content-Range/],
    ['gzip-first', 'open', 'SAGITTA_UNSUPPORTED', /got Content-Encoding "gzip"/],
    ['gzip', 'read', 'SAGITTA_UNSUPPORTED', /got Content-Encoding "gzip"/],
    ['huge-size', 'open', 'SAGITTA_FORMAT', /Content-Range/],
    ['zero-size', 'open', 'SAGITTA_FORMAT', /Content-Range/],
    ['first-long', 'open', 'SAGITTA_FORMAT', /expected 1 bytes of .*, got more/],
    ['endless', 'open', 'SAGITTA_FORMAT', /expected 1 bytes of .*, got more/],
    ['endless-later', 'read', 'SAGITTA_FORMAT', /expected 10 bytes of .*, got more/],
    ['long', 'read', 'SAGITTA_FORMAT', /expected 10 bytes of .*, got more/],
    ['short', 'read', 'SAGITTA_FORMAT', /expected 10 bytes of .*, got 5/],
    ['empty', 'read', 'SAGITTA_FORMAT', /expected 10 bytes of .*, got 0/],
    ['wrong-start', 'read', 'SAGITTA_FORMAT', /expected bytes 20-29\/\d+ of .*, got 21-30\//],
    ['wrong-end', 'read', 'SAGITTA_FORMAT', /expected bytes 20-29\/\d+ of .*, got 20-38\//],
    ['less-range', 'read', 'SAGITTA_FORMAT', /expected bytes 20-29\/\d+ of .*, got 20-28\//],
    ['new-whole', 'read', 'SAGITTA_CHANGED', /another version/],
    ['etag', 'read', 'SAGITTA_CHANGED', /another version/],
    ['etag-gone', 'read', 'SAGITTA_CHANGED', /another version/],
    ['date', 'read', 'SAGITTA_CHANGED', /another version/],
    ['grown', 'read', 'SAGITTA_CHANGED', /another version/],
    ['shrunk', 'read', 'SAGITTA_CHANGED', /another version/],
    ['nothing-there', 'open', 'SAGITTA_NETWORK', /got 416/],
    ['missing', 'open', 'SAGITTA_NETWORK', /got 404/],
    ['removed', 'read', 'SAGITTA_NETWORK', /got 404/],
    ['forbidden', 'open', 'SAGITTA_NETWORK', /got 403/],
    ['broken', 'open', 'SAGITTA_NETWORK', /got 500/],
    ['broken-later', 'read', 'SAGITTA_NETWORK', /got 503/],
    ['no-content', 'open', 'SAGITTA_NETWORK', /got 204/],
    ['circle', 'open', 'SAGITTA_NETWORK', /got none or part of one/],
    ['cut', 'read', 'SAGITTA_NETWORK', /got none or part of one/],
    ['cut-chunked', 'read', 'SAGITTA_NETWORK', /got none or part of one/],
    ['hangup', 'open', 'SAGITTA_NETWORK', /got none or part of one/],
    ['nonsense', 'open', 'SAGITTA_NETWORK', /got none or part of one/],
    ['silent', 'open', 'SAGITTA_NETWORK', /got nothing for 500 ms/],
    ['silent-later', 'read', 'SAGITTA_NETWORK', /got nothing for 500 ms/],
    ['stalled', 'read', 'SAGITTA_NETWORK', /got nothing for 500 ms/],
  ])('%s: refuses to %s, %s', async (path, stage, code, message) => {
    const seen = await failure(path);
    expect(seen).toMatchObject({ stage, error: { code } });
    expect(String(seen.error)).toMatch(message);
    expect(String(seen.error)).toContain(server.origin);
    if (!(seen.error instanceof NetworkError)) return;
    expect(seen.error.url).toBe(`${server.origin}/${path}?${opened}`);
    const status = /got (\d{3})$/.exec(seen.error.message)?.[1];
    expect(seen.error.status).toBe(status && Number(status));
  });

  it.each(['endless', 'endless-later', 'endless-whole'])('hangs up on %s', async (path) => {
    server.poured = 0;
    await failure(path);
    await endlessHasEnded;
    // what the sockets' buffers hold on both sides
    expect(server.poured).toBeLessThan(16 << 20);
  });

  it('stops at a signal wherever it waits, with its reason', async () => {
    const reason = new Error('no more');
    await expect(source('good', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const opened = await source('good');
    await expect(opened.read(0, 10, AbortSignal.abort(reason))).rejects.toBe(reason);
    for (const path of ['silent-later', 'stalled']) {
      const waiting = await source(path);
      const stop = new AbortController();
      const read = waiting.read(20, 10, stop.signal);
      setTimeout(() => stop.abort(reason), 30);
      await expect(read).rejects.toBe(reason);
    }
    const stop = new AbortController();
    const opening = source('silent', { signal: stop.signal });
    stop.abort(reason);
    await expect(opening).rejects.toBe(reason);
    // a fetch of one's own that takes no notice, and whose answer comes late
    const cancel = vi.fn();
    const body = new ReadableStream({ cancel });
    const answers: ((response: Response) => void)[] = [];
    const deaf = source('good', {
      idleTimeoutMs: 20,
      fetch: () => new Promise((resolve) => answers.push(resolve)),
    });
    await expect(deaf).rejects.toMatchObject({ code: 'SAGITTA_NETWORK' });
    answers[0]?.(new Response(body, { status: 206 }));
    await vi.waitFor(() => expect(cancel).toHaveBeenCalledOnce());
  });

  it('waits for ever where it is told to, and refuses a limit that is none', async () => {
    const read = (await source('slow', { idleTimeoutMs: Number.POSITIVE_INFINITY })).read(20, 3);
    expect(Buffer.compare(await read, file.subarray(20, 23))).toBe(0);
    for (const idleTimeoutMs of [0, -1, Number.NaN, 1.5, 2 ** 31]) {
      await expect(source('good', { idleTimeoutMs })).rejects.toThrow(/"idleTimeoutMs" expected/);
    }
  });

  it('refuses options that it does not know', async () => {
    const typo = { idleTimeout: 5 } as HttpSourceOptions;
    await expect(source('good', typo)).rejects.toThrow('did you mean "idleTimeoutMs"?');
    const text = { idleTimeoutMs: '5' } as object;
    await expect(source('good', text)).rejects.toThrow(TypeError);
  });

  it('takes addresses relative to the page, and names them in full', async () => {
    await expect(httpSource('data/index.sag')).rejects.toThrow(
      '"url" expected an absolute address, as there is no page, got "data/index.sag"',
    );
    vi.stubGlobal('location', new URL(`${server.origin}/app/page.html`));
    expect((await httpSource('../good')).size).toBe(file.length);
    await expect(httpSource('missing')).rejects.toMatchObject({
      url: `${server.origin}/app/missing`,
      status: 404,
    });
    vi.stubGlobal('document', { baseURI: `${server.origin}/base/` });
    await expect(httpSource('missing')).rejects.toMatchObject({ url: `${server.origin}/base/missing` });
    await expect(httpSource('http://[')).rejects.toThrow(RangeError);
  });
});

describe('download', () => {
  const all = async (path: string) => {
    const { size, chunks } = await download(`${server.origin}/${path}`, {
      idleTimeoutMs: isSilent(path) ? 100 : 30_000,
    });
    let bytes = 0;
    for await (const chunk of chunks) bytes += chunk.length;
    return { size, bytes };
  };

  it('gives the file, and its length where the server says it', async () => {
    expect(await all('whole')).toEqual({ size: undefined, bytes: file.length });
  });

  it('rejects with the address where it is refused or falls silent', async () => {
    await expect(all('missing')).rejects.toMatchObject({ url: `${server.origin}/missing`, status: 404 });
    await expect(all('silent')).rejects.toMatchObject({ url: `${server.origin}/silent`, status: undefined });
    await expect(all('hangup')).rejects.toMatchObject({ url: `${server.origin}/hangup` });
  });

  it('hangs up when its reader stops', async () => {
    server.poured = 0;
    const { chunks } = await download(`${server.origin}/endless-whole`);
    for await (const _ of chunks) break;
    await endlessHasEnded;
    expect(server.poured).toBeLessThan(16 << 20);
  });
});
