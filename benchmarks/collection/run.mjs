// `npm run bench:collection`: a collection in a folder: acknowledged inserts a second, what searches take while it is
// written, and how long opening takes. --n N records for the last (default 100,000), --seconds S for the searches (10),
// --only inserts, searches or opening;
// --folder PATH for the disk (default: the system's folder for temporary files), --rate R inserts a second under the searches (5,000).
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { RandomStream } from '@sagitta/core-wasm';
import { openCollection } from '@sagitta/node/collection';
import { clusteredRows } from './clustered-rows.mjs';

const D = 384;
const BATCH = 100;
const OPTIONS = { d: D, metric: 'cosine', bits: 4 };
const { values } = parseArgs({
  options: {
    n: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '10' },
    rate: { type: 'string', default: '5000' },
    folder: { type: 'string', default: tmpdir() },
    only: { type: 'string' },
  },
});
const isWanted = (part) => values.only === undefined || values.only === part;
const n = Number(values.n);
const rate = Number(values.rate);
const root = await mkdtemp(join(values.folder, 'sagitta-collection-'));

const random = new RandomStream(1, 'collection');
const rows = clusteredRows(random, D);
const batch = (first, vectors) => ({
  ids: Array.from({ length: BATCH }, (_, i) => `note-${first + i}`),
  vectors,
  metadata: Array.from({ length: BATCH }, (_, i) => ({ folder: `f${(first + i) % 50}`, mtime: first + i })),
});
const ms = (value) => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
const percentile = (sorted, p) => sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))];

try {
  console.log(
    `${cpus()[0]?.model}, ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}, Node ${process.versions.node}`,
  );
  if (isWanted('inserts')) for (const durability of ['sync', 'relaxed']) await inserts(durability);
  if (isWanted('searches')) await searches();
  if (isWanted('opening')) await opening();
} finally {
  await rm(root, { recursive: true, force: true });
}

async function inserts(durability) {
  const c = await openCollection(join(root, `inserts-${durability}`), { ...OPTIONS, durability });
  const vectors = rows(20 * BATCH);
  const one = (i) => batch(i * BATCH, vectors.subarray((i % 20) * BATCH * D, ((i % 20) + 1) * BATCH * D));
  for (const writers of [1, 4]) {
    const batches = 300;
    let next = 0;
    const taken = [];
    const begin = performance.now();
    await Promise.all(
      Array.from({ length: writers }, async () => {
        while (next < batches) {
          const start = performance.now();
          await c.upsert(one(next++));
          taken.push(performance.now() - start);
        }
      }),
    );
    const seconds = (performance.now() - begin) / 1000;
    taken.sort((a, b) => a - b);
    console.log(
      `inserts, ${durability}, ${writers} at a time: ${Math.round((batches * BATCH) / seconds)} acknowledged a second in batches of ${BATCH}; a batch p50 ${ms(percentile(taken, 0.5))}, p99 ${ms(percentile(taken, 0.99))}`,
    );
    await c.settled();
  }
  await c.close();
}

/** Searches at their times, so that what holds them up counts. */
async function scheduled(c, queries, seconds, everyMs) {
  const taken = [];
  const begin = performance.now();
  const count = Math.floor((1000 * seconds) / everyMs);
  const running = [];
  for (let i = 0; i < count; i++) {
    const due = begin + i * everyMs;
    const wait = due - performance.now();
    if (wait > 0) await sleep(wait);
    const at = i % (queries.length / D);
    running.push(
      c.search(queries.subarray(at * D, (at + 1) * D), 10).then(() => taken.push(performance.now() - due)),
    );
  }
  await Promise.all(running);
  return taken.sort((a, b) => a - b);
}

async function searches() {
  const seconds = Number(values.seconds);
  const c = await openCollection(join(root, 'searches'), OPTIONS);
  for (let first = 0; first < 50_000; first += BATCH) await c.add(batch(first, rows(BATCH)));
  await c.compact();
  const queries = rows(200);
  const idle = await scheduled(c, queries, seconds, 10);
  const supply = rows(20 * BATCH);
  let isOver = false;
  let written = 0;
  const writer = (async () => {
    const begin = performance.now();
    for (let i = 0; !isOver; i++) {
      const wait = begin + (1000 * i * BATCH) / rate - performance.now();
      if (wait > 0) await sleep(wait);
      const from = (i % 20) * BATCH * D;
      await c.add(batch(50_000 + i * BATCH, supply.subarray(from, from + BATCH * D)));
      written += BATCH;
    }
  })();
  const busy = await scheduled(c, queries, seconds, 10);
  isOver = true;
  await writer;
  const { segments, foldError } = await c.report();
  console.log(
    `searches of 50,000, 100 a second: p50 ${ms(percentile(idle, 0.5))}, p99 ${ms(percentile(idle, 0.99))}; with ${Math.round(written / seconds)} inserts a second: p50 ${ms(percentile(busy, 0.5))}, p99 ${ms(percentile(busy, 0.99))} (${(percentile(busy, 0.99) / percentile(idle, 0.99)).toFixed(2)} ×); ${segments.length} segments${foldError ? `, ${foldError}` : ''}`,
  );
  await c.close();
}

async function opening() {
  const path = join(root, 'opening');
  let c = await openCollection(path, { ...OPTIONS, durability: 'relaxed', foldAt: 65_536 });
  for (let first = 0; first < n; first += BATCH) await c.add(batch(first, rows(BATCH)));
  await c.compact();
  await c.close();
  const taken = [];
  for (let round = 0; round < 5; round++) {
    const begin = performance.now();
    c = await openCollection(path, { readOnly: true });
    taken.push(performance.now() - begin);
    if (round < 4) await c.close();
  }
  taken.sort((a, b) => a - b);
  const { memoryBytes, segments } = await c.report();
  const query = rows(1);
  const begin = performance.now();
  for (let i = 0; i < 100; i++) await c.search(query, 10);
  const perSearch = (performance.now() - begin) / 100;
  let bytes = 0;
  for (const name of await readdir(path)) bytes += (await stat(join(path, name))).size;
  console.log(
    `opening ${n} × ${D} at 4 bits: best ${ms(taken[0])}, median ${ms(taken[2])}; ${segments.length} segments, ${(memoryBytes / 2 ** 20).toFixed(0)} MiB of WebAssembly memory, ${(bytes / 2 ** 20).toFixed(0)} MiB on disk with float32; a search ${ms(perSearch)}`,
  );
  await c.close();
}
