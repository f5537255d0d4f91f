// `npm run bench:serve`: `sagitta serve` under mixed load from this process over loopback: searches in JSON and float32, batches,
// reads, upserts, inserts with their deletes, and requests that are wrong. Errors, p50 and p99 by route, memory at the begin and the end.
// --seconds S (600), --n N records (20,000), --scale X times as many requests a second (1), --folder PATH for the disk.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RandomStream } from '@sagitta/core-wasm';
import { openCollection } from '@sagitta/node/collection';
import { clusteredRows } from '../collection/clustered-rows.mjs';

const D = 384;
const BATCH = 20;
const COMMAND = fileURLToPath(new URL('../../packages/node/bin/sagitta.js', import.meta.url));
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    n: { type: 'string', default: '20000' },
    scale: { type: 'string', default: '1' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const [seconds, n, scale] = [values.seconds, values.n, values.scale].map(Number);
const random = new RandomStream(1, 'serve');
const rows = clusteredRows(random, D);
const metadataOf = (i) => ({ folder: `f${i % 50}`, mtime: i });
const base64 = (vectors) =>
  Buffer.from(vectors.buffer, vectors.byteOffset, vectors.byteLength).toString('base64');
const pool = rows(512);
const query = () => pool.subarray(...[random.nextBelow(512)].flatMap((i) => [i * D, (i + 1) * D]));
const idsFrom = (first) => Array.from({ length: BATCH }, (_, i) => `note-${(first + i) % n}`);

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
let address;
/** Resolves with status and body. */
function ask(method, path, body) {
  const isFloats = body instanceof Float32Array;
  const sent = isFloats
    ? Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    : Buffer.from(body ?? '');
  const headers = {
    'content-type': isFloats ? 'application/octet-stream' : 'application/json',
    'content-length': sent.length,
  };
  return new Promise((resolve, reject) => {
    const asked = request(
      `${address}${path}`,
      { method, agent, ...(body !== undefined && { headers }) },
      (response) => {
        const pieces = [];
        response.on('data', (piece) => pieces.push(piece));
        response.on('end', () =>
          resolve({ status: response.statusCode, text: Buffer.concat(pieces).toString() }),
        );
        response.on('error', reject);
      },
    );
    asked.on('error', reject);
    asked.end(sent);
  });
}

let added = 0;
const filter = encodeURIComponent(JSON.stringify({ k: 10, filter: { folder: 'f7' } }));
/** What is asked, how often a second, and the status that is right. */
const LOAD = [
  [
    'POST /search, JSON',
    40,
    200,
    () => ask('POST', '/search', JSON.stringify({ query: [...query()], k: 10 })),
  ],
  ['POST /search, float32', 40, 200, () => ask('POST', '/search?options={"k":10}', query())],
  ['POST /search, float32, filter', 10, 200, () => ask('POST', `/search?options=${filter}`, query())],
  [
    'POST /search, id',
    10,
    200,
    () => ask('POST', '/search', JSON.stringify({ id: `note-${random.nextBelow(n)}`, k: 10 })),
  ],
  ['POST /search/batch, 10 of float32', 5, 200, () => ask('POST', '/search/batch', pool.subarray(0, 10 * D))],
  ['GET /records/{id}', 40, 200, () => ask('GET', `/records/note-${random.nextBelow(n)}?vector=true`)],
  [
    'PUT /records, 20 as base64',
    10,
    200,
    () => {
      const ids = idsFrom(random.nextBelow(n));
      return ask(
        'PUT',
        '/records',
        JSON.stringify({ ids, vectors: base64(rows(BATCH)), metadata: ids.map((_, i) => metadataOf(i)) }),
      );
    },
  ],
  [
    'POST and DELETE /records, 1 as JSON',
    2,
    200,
    async () => {
      const ids = [`new-${added++}`];
      const made = await ask('POST', '/records', JSON.stringify({ ids, vectors: [[...query()]] }));
      return made.status === 201 ? ask('DELETE', '/records', JSON.stringify({ ids })) : made;
    },
  ],
  ['GET /metrics', 1, 200, () => ask('GET', '/metrics')],
  ['a malformed body', 1, 400, () => ask('POST', '/search', '{"query":[1,2')],
  ['another dimension', 1, 400, () => ask('POST', '/search', new Float32Array(3))],
];

const ms = (value) => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
const percentile = (sorted, p) => sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))];

async function memory() {
  const { text } = await ask('GET', '/metrics');
  const of = (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  return {
    resident: of('process_resident_memory_bytes'),
    core: of('sagitta_memory_bytes'),
    records: of('sagitta_records'),
  };
}
const MiB = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;
const shown = ({ resident, core, records }) =>
  `${MiB(resident)} resident, ${MiB(core)} of WebAssembly in use, ${records} records`;

/** Requests at their times, so that what holds them up counts. */
async function load(name, perSecond, status, body, until, taken, wrong) {
  const running = new Set();
  const every = 1000 / (perSecond * scale);
  for (let due = performance.now() + every * random.nextUnit(); due < until; due += every) {
    const wait = due - performance.now();
    if (wait > 0) await sleep(wait);
    const one = body()
      .then(
        (answer) => {
          taken.push(performance.now() - due);
          if (answer.status !== status) wrong.push(`${name}: ${answer.status} ${answer.text}`);
        },
        (error) => wrong.push(`${name}: ${error.message}`),
      )
      .finally(() => running.delete(one));
    running.add(one);
  }
  await Promise.all(running);
}

const root = await mkdtemp(join(values.folder, 'sagitta-serve-'));
let server;
try {
  const folder = join(root, 'collection');
  const c = await openCollection(folder, { d: D, metric: 'cosine', bits: 4 });
  for (let first = 0; first < n; first += 500) {
    const ids = Array.from({ length: Math.min(500, n - first) }, (_, i) => `note-${first + i}`);
    await c.add({ ids, vectors: rows(ids.length), metadata: ids.map((_, i) => metadataOf(first + i)) });
  }
  await c.compact();
  await c.close();
  server = spawn(process.execPath, [COMMAND, 'serve', folder, '--port', '0', '--json', '--quiet'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(server, 'close');
  const [line] = await once(server.stdout, 'data');
  address = JSON.parse(line).url;
  console.log(
    `${cpus()[0]?.model}, ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}, Node ${process.versions.node}; ${n} × ${D}, ${seconds} s`,
  );
  const measured = LOAD.map((one) => ({ one, taken: [], wrong: [] }));
  const run = (until, keep) =>
    Promise.all(
      measured.map(({ one: [name, rate, status, body], taken, wrong }) =>
        load(name, rate, status, body, until, keep ? taken : [], wrong),
      ),
    );
  // what is compiled and grown at first is no leak
  await run(performance.now() + Math.min(10, seconds / 4) * 1000, false);
  console.log(`begin: ${shown(await memory())}`);
  const begin = performance.now();
  const watch = (async () => {
    for (let part = 1; part < 6; part++) {
      await sleep(begin + (part * seconds * 1000) / 6 - performance.now());
      console.log(`after ${Math.round((part * seconds) / 6)} s: ${shown(await memory())}`);
    }
  })();
  await Promise.all([run(begin + seconds * 1000, true), watch]);
  console.log(`end: ${shown(await memory())}; load ${loadavg()[0].toFixed(1)}`);
  let requests = 0;
  let errors = 0;
  for (const {
    one: [name],
    taken,
    wrong,
  } of measured) {
    taken.sort((a, b) => a - b);
    requests += taken.length;
    errors += wrong.length;
    console.log(
      `${name}: ${taken.length}, p50 ${ms(percentile(taken, 0.5))}, p99 ${ms(percentile(taken, 0.99))}, errors ${wrong.length}`,
    );
    for (const text of wrong.slice(0, 3)) console.log(`  ${text}`);
  }
  console.log(`${requests} requests, ${errors} errors`);
  server.kill('SIGTERM');
  const [code, signal] = await ended;
  console.log(`ended with ${code ?? signal}`);
  server = undefined;
  if (errors > 0 || code !== 0) process.exitCode = 1;
} finally {
  server?.kill('SIGKILL');
  agent.destroy();
  await rm(root, { recursive: true, force: true });
}
