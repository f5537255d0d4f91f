// Builds with workers, servers and storages that fail: the bytes are those of a build that nothing disturbed.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { writeNpy } from '@sagitta/node';
import { openPlace } from '@sagitta/node/cluster';
import { sagitta, start } from './command.mjs';
import { BUCKET, environmentOf, faultyWay } from './servers.mjs';

const D = 48;
const ROWS = 9_600;
const SHARDS = 6;
const FLAGS = ['--index', 'graph', '--bits', 4, '--metric', 'cosine', '--degree', 16];

/** Rows that follow from their numbers. */
export function makeRows(n, d) {
  const rows = new Float32Array(n * d);
  let state = 12_345;
  for (let i = 0; i < rows.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    rows[i] = state / 2 ** 32 - 0.5 + ((Math.floor(i / d) * 7 + (i % d)) % 13 === 0 ? 1 : 0);
  }
  return rows;
}

let made = 0;
/** Of the input that nothing is wrong with: hashes of its segments by the plain commands, in a folder. */
let plain;

async function plainSegments(folder, inputs) {
  const model = join(folder, 'plain.sgta');
  await sagitta(['train', ...inputs, '--out', model, ...FLAGS, '--shards', SHARDS]);
  const out = join(folder, 'plain');
  for (let shard = 0; shard < SHARDS; shard++) {
    await sagitta(['encode', ...inputs, '--model', model, '--shard', `${shard}/${SHARDS}`, '--out', out]);
  }
  return (await readdir(join(out, 'segments'))).sort();
}

/** What a test builds in: an input, and a place of its own in the storage. */
export async function workshop({ folder, s3, nats }, { url = s3.url, bad } = {}) {
  const name = `build-${made++}`;
  const rows = makeRows(ROWS, D);
  if (bad !== undefined) rows[bad * D + 5] = Number.NaN;
  const input = bad === undefined ? 'good' : 'bad';
  const inputs = [join(folder, `${input}-a.npy`), join(folder, `${input}-b.npy`)];
  await writeNpy(inputs[0], rows.subarray(0, 5000 * D), D);
  await writeNpy(inputs[1], rows.subarray(5000 * D), D);
  const env = { ...environmentOf(url), NATS_URL: nats.urls.join(',') };
  const place = `s3://${BUCKET}/${name}`;
  const words = [
    'cluster',
    'build',
    place,
    '--input',
    ...inputs,
    ...FLAGS,
    '--shards',
    SHARDS,
    '--ack-wait',
    2,
  ];
  return {
    ...{ name, inputs, env, place },
    build: (...more) => start([...words, ...more, '--json'], env),
    worker: (...more) => start(['cluster', 'work', ...more], env),
    status: () => sagitta(['cluster', 'status', place], env),
    segments: () => segmentsOf(place, s3.url),
    expected() {
      plain ??= plainSegments(folder, inputs);
      return plain;
    },
  };
}

export async function segmentsOf(place, url) {
  Object.assign(process.env, environmentOf(url));
  const found = [];
  for await (const { key } of (await openPlace(place)).list('segments/'))
    found.push(key.slice('segments/'.length));
  return found.sort();
}

async function ended(run, status = 0) {
  const { status: got, stdout, stderr } = await run.done;
  assert.equal(got, status, stderr);
  return stdout === '' ? undefined : JSON.parse(stdout);
}

async function stop(...workers) {
  for (const { child } of workers) child.kill('SIGTERM');
  for (const { done } of workers) assert.equal((await done).status, 0);
}

const count = (text, pattern) => text.match(pattern)?.length ?? 0;

export const buildSteps = [
  {
    name: 'build: worker −9, server −9',
    async run(world) {
      const shop = await workshop(world);
      const builder = shop.build();
      const first = shop.worker('--threads', 2);
      await first.saw(/"begun","job":"shard/);
      const killed = performance.now();
      first.child.kill('SIGKILL');
      const second = shop.worker('--threads', 2);
      await second.saw(/"begun","job":"shard/);
      const server = world.nats.servers[0];
      await server.kill();
      const result = await ended(builder);
      const seconds = (performance.now() - killed) / 1000;
      server.start();
      assert.deepEqual([result.shards, result.rows, result.missing, result.version], [SHARDS, ROWS, [], 1]);
      assert.deepEqual(await shop.segments(), await shop.expected());
      await stop(second);
      assert.match(second.stderr, /"done","job":"shard \d of 6","tries":2/);
      const { queued, failed } = await shop.status();
      assert.deepEqual([queued, failed], [0, []]);
      return `published ${seconds.toFixed(1)} s after the first kill`;
    },
  },
  {
    name: 'build: two builders, twice',
    async run(world) {
      const shop = await workshop(world);
      const worker = shop.worker('--threads', 2);
      const results = await Promise.all([shop.build(), shop.build()].map((builder) => ended(builder)));
      assert.deepEqual(results.map(({ isNew }) => isNew).sort(), [false, true]);
      assert.deepEqual(
        results.map(({ version }) => version),
        [1, 1],
      );
      assert.equal(count(worker.stderr, /"done","job":"shard/g), SHARDS);
      const before = await shop.segments();
      const again = await ended(shop.build());
      assert.deepEqual([again.version, again.isNew], [1, false]);
      assert.deepEqual(await shop.segments(), before);
      assert.equal(count(worker.stderr, /"begun"/g), SHARDS + 1);
      await stop(worker);
    },
  },
  {
    name: 'build: worker stopped, goes on',
    async run(world) {
      const shop = await workshop(world);
      const builder = shop.build();
      const slow = shop.worker();
      await slow.saw(/"begun","job":"shard/);
      slow.child.kill('SIGSTOP');
      const quick = shop.worker('--threads', 2);
      const result = await ended(builder);
      slow.child.kill('SIGCONT');
      await wait(1500);
      await stop(slow, quick);
      assert.deepEqual([result.version, result.shards], [1, SHARDS]);
      assert.deepEqual(await shop.segments(), await shop.expected());
    },
  },
  {
    name: 'build: a poisoned shard',
    isLong: true,
    async run(world) {
      // in the last shard, and not in the sample
      const shop = await workshop(world, { bad: ROWS - 1 });
      const train = ['--train-size', 140];
      const worker = shop.worker('--threads', 2);
      const { status, stderr } = await shop.build('--tries', 2, ...train).done;
      assert.equal(status, 1, stderr);
      assert.match(
        stderr,
        /failure after 2 tries: shard 5 of 6: .*row 4599, dimension 5: expected a finite float32/,
      );
      assert.equal((await shop.status()).failed.length, 1);
      assert.equal((await shop.status()).version, 0);
      const some = await ended(shop.build('--tries', 2, '--allow-missing', ...train));
      assert.deepEqual([some.version, some.missing, some.rows], [1, [5], ROWS - ROWS / SHARDS]);
      await stop(worker);
      assert.equal(count(worker.stderr, /"buried"/g), 2);
      assert.equal(count(worker.stderr, /"begun","job":"shard 5/g), 4);
    },
  },
  {
    name: 'build: a storage that fails',
    async run(world) {
      let requests = 0;
      let isDown = false;
      const way = await faultyWay(world.s3.url, () => (isDown || requests++ % 4 === 0 ? 'busy' : undefined));
      try {
        const shop = await workshop(world, { url: way.url });
        const builder = shop.build();
        const worker = shop.worker('--threads', 2);
        await worker.saw(/"done","job":"shard/);
        isDown = true;
        await wait(1500);
        isDown = false;
        const result = await ended(builder);
        assert.deepEqual([result.version, result.shards, result.missing], [1, SHARDS, []]);
        assert.deepEqual(await shop.segments(), await shop.expected());
        await stop(worker);
        return `${requests} requests`;
      } finally {
        way.close();
      }
    },
  },
  {
    name: 'build: workers that only die',
    async run(world) {
      const shop = await workshop(world);
      const builder = shop.build('--tries', 1, '--ack-wait', 1);
      const first = shop.worker();
      await first.saw(/"begun","job":"training/);
      first.child.kill('SIGKILL');
      // the server finds it out when a worker asks
      const second = shop.worker('--threads', 2);
      const { status, stderr } = await builder.done;
      assert.equal(status, 1, stderr);
      assert.match(stderr, /failure after 1 tries: training: its workers ended without a word/);
      // nothing is left of it in the queue
      assert.equal((await ended(shop.build())).version, 1);
      await stop(second);
    },
  },
];
