// Upkeep of a collection: jobs that failed are queued again, an old version is served again, and what nobody needs goes.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { writeNpy } from '@sagitta/node';
import { buildCluster, connectNats, FailedJobsError, kvManifests, openPlace } from '@sagitta/node/cluster';
import { makeRows } from './builds.mjs';
import { sagitta, start } from './command.mjs';
import { BUCKET, environmentOf } from './servers.mjs';

const [ROWS, D] = [600, 16];

async function keysOf(storage, prefix) {
  const keys = [];
  for await (const { key } of storage.list(prefix)) keys.push(key);
  return keys;
}

export const upkeepSteps = [
  {
    name: 'upkeep: retry, rollback, sweep',
    async run({ folder, s3, nats: servers }) {
      const env = { ...environmentOf(s3.url), NATS_URL: servers.urls.join(',') };
      Object.assign(process.env, environmentOf(s3.url));
      const place = `s3://${BUCKET}/upkeep`;
      const worker = start(['cluster', 'work', '--threads', 2], env);
      const storage = await openPlace(place);
      const nats = await connectNats({ servers: servers.urls });
      const input = join(folder, 'upkeep.npy');
      const rows = makeRows(ROWS, D);
      const build = (shards) =>
        buildCluster(nats, storage, {
          ...{
            collection: 'upkeep',
            inputs: [input],
            files: [{ name: 'upkeep.npy', bytes: 128 + 4 * rows.length }],
          },
          ...{ trainFlags: ['--index', 'flat'], encodeFlags: [], shards, tries: 1, pollMs: 100 },
        });
      // its file is not there yet
      await assert.rejects(build(1), FailedJobsError);
      const { failed } = await sagitta(['cluster', 'status', place], env);
      assert.match(failed[0].job, /^upkeep\.train\.[0-9a-f]{16}$/);
      await writeNpy(input, rows, D);
      assert.deepEqual(await sagitta(['cluster', 'retry', place, failed[0].job], env), {
        queued: [failed[0].job],
      });
      while ((await keysOf(storage, 'trainings/')).length === 0) await wait(50);
      const first = (await build(1)).manifest;
      assert.equal((await build(2)).manifest.version, 2);
      const back = await sagitta(['cluster', 'rollback', place, 1], env);
      assert.deepEqual([back.version, back.parent, back.shards, back.isNew], [3, 2, 1, true]);
      const log = await kvManifests(nats, 'upkeep', storage);
      assert.deepEqual((await log.head()).shards, first.shards);
      // s3rver tells seconds
      await wait(1100);
      const swept = await sagitta(['cluster', 'sweep', place, '--keep', 1, '--older-than', 0], env);
      assert.deepEqual(swept.kept, [3]);
      const gone = swept.removed.map(({ key }) => key.split('/')[0]);
      assert.deepEqual(
        [...new Set(gone)],
        ['versions', 'shards', 'trainings', 'models', 'segments'].filter((name) => gone.includes(name)),
      );
      assert.equal(gone.filter((name) => name === 'versions').length, 2);
      assert.deepEqual(await keysOf(storage, 'segments/'), [`segments/${first.shards[0].segment}.sgta`]);
      const { status, stderr } = await start(['cluster', 'rollback', place, 2], env).done;
      assert.deepEqual([status, /expected one that is known, 3 to 3, got 2/.test(stderr)], [1, true], stderr);
      worker.child.kill('SIGTERM');
      assert.equal((await worker.done).status, 0);
      await nats.close();
      return `${swept.removed.length} objects, ${swept.bytes} bytes swept`;
    },
  },
];
