// Upkeep of a collection: jobs that failed are queued again, inputs are objects, an old version is served again, and what nobody needs goes.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createCore, loadIndex, writeNpy } from '@sagitta/node';
import {
  buildCluster,
  connectNats,
  FailedJobsError,
  kvManifests,
  objectBytes,
  openPlace,
  publishManifest,
} from '@sagitta/node/cluster';
import { makeRows } from './builds.mjs';
import { sagitta, start } from './command.mjs';
import { BUCKET, environmentOf } from './servers.mjs';

const [ROWS, D, SHARDS] = [600, 16, 2];
const FLAGS = ['--index', 'flat', '--bits', 8];
const ORPHAN = `segments/${'0'.repeat(64)}.sgta`;

async function keysOf(storage, prefix) {
  const keys = [];
  for await (const { key } of storage.list(prefix)) keys.push(key);
  return keys;
}

const keyOf = ({ segment }) => `segments/${segment}.sgta`;

export const upkeepSteps = [
  {
    name: 'upkeep: retry, s3 in, back, sweep',
    async run({ folder, s3, nats: servers }) {
      const env = { ...environmentOf(s3.url), NATS_URL: servers.urls.join(',') };
      const worker = start(['cluster', 'work', '--threads', SHARDS], env);
      Object.assign(process.env, environmentOf(s3.url));
      const place = `s3://${BUCKET}/upkeep`;
      const storage = await openPlace(place);
      const nats = await connectNats({ servers: servers.urls });
      const log = await kvManifests(nats, 'upkeep', storage);

      // rows of two files, which are not there yet
      const rows = makeRows(ROWS, D);
      const own = join(folder, 'upkeep');
      await mkdir(own);
      const raw = await openPlace(`s3://${BUCKET}/upkeep-in`);
      const parts = [rows.subarray(0, 250 * D), rows.subarray(250 * D)];
      const files = [];
      for (const [i, part] of parts.entries()) {
        const path = join(own, `${i}.npy`);
        await writeNpy(path, part, D);
        files.push({ name: `${i}.npy`, content: await readFile(path) });
      }
      const build = () =>
        buildCluster(nats, storage, {
          ...{ collection: 'upkeep', inputs: files.map(({ name }) => `${raw.name}/day=1/${name}`) },
          files: files.map(({ name, content }) => ({ name, bytes: content.length })),
          ...{ trainFlags: FLAGS.map(String), encodeFlags: [], shards: SHARDS, tries: 1, pollMs: 100 },
        });
      await assert.rejects(build(), FailedJobsError);
      for (const { name, content } of files) await raw.put(`day=1/${name}`, objectBytes(content));
      const { queued } = await sagitta(['cluster', 'retry', place], env);
      assert.match(queued.join(' '), /^upkeep\.train\.[0-9a-f]{16}$/);
      while ((await keysOf(storage, 'trainings/')).length === 0) await wait(50);
      const { manifest } = await build();
      worker.child.kill('SIGTERM');

      // its shards have the rows of the objects
      const core = createCore();
      for (const shard of manifest.shards) {
        const index = loadIndex(core, await storage.get(keyOf(shard)));
        for (let id = shard.firstId; id < shard.firstId + shard.rows; id += 37) {
          const { ids } = index.search(rows.subarray(id * D, (id + 1) * D), 1, { gamma: 1000 });
          assert.equal(shard.firstId + ids[0], id);
        }
        index.dispose();
      }
      core.dispose();
      // the same, by a pattern
      const words = ['cluster', 'build', place, '--input', `${raw.name}/day=*/*.npy`];
      const again = await sagitta([...words, ...FLAGS, '--shards', SHARDS], env);
      assert.deepEqual([again.version, again.isNew, again.build], [1, false, manifest.build]);

      const { build: id, model, metric, dimensions, index, shards } = manifest;
      const half = { build: id, model, metric, dimensions, index, shards: shards.slice(1), missing: [0] };
      assert.equal((await publishManifest(log, half)).manifest.version, 2);
      await storage.put(ORPHAN, objectBytes(new Uint8Array(7)));
      // by s3rver's clock, which tells seconds, what is swept has to be older than the sweep
      const [back] = await Promise.all([sagitta(['cluster', 'rollback', place, 1], env), wait(1100)]);
      assert.deepEqual([back.version, back.parent, back.isNew], [3, 2, true]);
      assert.deepEqual((await log.head()).shards, shards);
      const swept = await sagitta(['cluster', 'sweep', place, '--keep', 1, '--older-than', 0], env);
      assert.deepEqual(swept.kept, [3]);
      const gone = swept.removed.map(({ key }) => key);
      assert.deepEqual(gone.map((key) => key.split('/')[0]).sort(), ['segments', 'versions', 'versions']);
      assert.equal(gone[2], ORPHAN);
      assert.deepEqual(await keysOf(storage, 'segments/'), shards.map(keyOf).sort());
      assert.equal((await worker.done).status, 0);
      await nats.close();
    },
  },
];
