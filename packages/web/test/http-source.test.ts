import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCore, FormatError } from '@sagitta/core-wasm';
import { buildIvf, type IvfIndex, openIndex, saveIndex } from '@sagitta/retrieval';
import { clusteredRows } from '@sagitta/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { httpSource } from '../src/index.ts';

const D = 16;
const rows = clusteredRows(3000, D, { seed: 8, clusters: 20, spread: 0.5 });
const core = createCore();
let index: IvfIndex;
let file: Uint8Array;
let server: Server;
let origin: string;
let etag = '"1"';
let requests: string[] = [];

beforeAll(async () => {
  index = buildIvf(core, rows, D, { metric: 'l2', bits: 4, nlist: 24 });
  file = saveIndex(index);
  server = createServer((request, response) => {
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    requests.push(request.headers.range ?? '');
    if (request.url === '/gone') return response.writeHead(404).end();
    if (request.url === '/whole') return response.writeHead(200).end(file);
    if (!range) return response.writeHead(400).end();
    const [start, end] = [Number(range[1]), Math.min(Number(range[2]), file.length - 1)];
    const length = request.url === '/unknown' ? '*' : file.length;
    response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${length}`, etag });
    return response.end(file.subarray(start, request.url === '/short' && start > 0 ? end : end + 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  requests = [];
  etag = '"1"';
});
afterAll(async () => {
  index.dispose();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('httpSource', () => {
  it('answers as the index in memory does, with few and small requests', async () => {
    using paged = await openIndex(core, await httpSource(`${origin}/index.sag`), { gapBytes: 0 });
    expect(requests.length).toBeLessThanOrEqual(3);
    for (let q = 0; q < 10; q++) {
      const query = rows.subarray(q * D, (q + 1) * D);
      expect(await paged.search(query, 10, { nprobe: 3 })).toEqual(index.search(query, 10, { nprobe: 3 }));
    }
    expect(paged.reads.bytes).toBeLessThan(file.length);
    const before = requests.length;
    await paged.search(rows.subarray(0, D), 10, { nprobe: 3 });
    expect(requests.length).toBe(before);
  });

  it('refuses a server that sends everything, that hides the length, or has no such file', async () => {
    await expect(httpSource(`${origin}/whole`)).rejects.toMatchObject({ code: 'SAGITTA_UNSUPPORTED' });
    await expect(httpSource(`${origin}/unknown`)).rejects.toMatchObject({ code: 'SAGITTA_UNSUPPORTED' });
    await expect(httpSource(`${origin}/gone`)).rejects.toThrow(/got 404/);
  });

  it('notices a file that changes, and an answer that is short', async () => {
    const source = await httpSource(`${origin}/index.sag`);
    etag = '"2"';
    await expect(source.read(0, 10)).rejects.toThrow(FormatError);
    await expect(source.read(0, 10)).rejects.toThrow(/has changed since it was opened/);
    etag = '"1"';
    const short = await httpSource(`${origin}/short`);
    await expect(short.read(10, 10)).rejects.toThrow(/expected 10 bytes from 10, got 9 from 10/);
    await expect(source.read(file.length - 1, 2)).rejects.toThrow(RangeError);
    expect((await source.read(3, 0)).length).toBe(0);
  });

  it('stops at a signal', async () => {
    const source = await httpSource(`${origin}/index.sag`);
    const reason = new Error('no more');
    await expect(source.read(0, 10, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
