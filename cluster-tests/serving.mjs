// Searches over members that are killed: never a wrong answer, and what is missing is said.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createCore, loadIndexFile, writeNpy } from '@sagitta/node';
import { ClusterClient, connectNats, kvManifests, openPlace, UnavailableError } from '@sagitta/node/cluster';
import { makeRows } from './builds.mjs';
import { sagitta, start } from './command.mjs';
import { BUCKET, environmentOf, faultyWay } from './servers.mjs';

const [ROWS, D, SHARDS, K] = [8000, 32, 4, 10];
const FLAGS = ['--index', 'ivf', '--nlist', 16, '--bits', 4];
const HOW = { nprobe: 16, gamma: 1000 };

let made = 0;

/** A collection that is built, an index of all of it beside, and a client. */
export async function stage({ folder, s3, nats: servers }) {
  const name = `serve-${made++}`;
  const own = join(folder, name);
  await mkdir(own);
  const rows = makeRows(ROWS, D);
  const input = join(own, 'rows.npy');
  await writeNpy(input, rows, D);
  const env = { ...environmentOf(s3.url), NATS_URL: servers.urls.join(',') };
  const place = `s3://${BUCKET}/${name}`;
  const buildWords = (shards) => ['--input', input, ...FLAGS, '--shards', shards];
  const publish = async (shards) => {
    const worker = start(['cluster', 'work', '--threads', 2], env);
    const result = await sagitta(['cluster', 'build', place, ...buildWords(shards)], env);
    worker.child.kill('SIGTERM');
    await worker.done;
    return result;
  };
  await publish(SHARDS);
  await sagitta(['build', input, '--out', join(own, 'whole.sag'), ...FLAGS]);
  const core = createCore();
  const whole = await loadIndexFile(core, join(own, 'whole.sag'));
  Object.assign(process.env, environmentOf(s3.url));
  const nats = await connectNats({ servers: servers.urls });
  const manifests = await kvManifests(nats, name, await openPlace(place));
  const client = await ClusterClient.open(nats, name, manifests);
  const query = (q) => rows.subarray((q % ROWS) * D, ((q % ROWS) + 1) * D);
  const member = (...more) => start(['cluster', 'serve', place, '--cache', join(own, 'cache'), ...more], env);
  return {
    ...{
      name,
      place,
      env,
      core,
      rows,
      client,
      nats,
      manifests,
      buildWords,
      publish,
      member,
      wholeFile: join(own, 'whole.sag'),
    },
    search: (q, how = {}) => client.search(query(q), K, { ...HOW, ...how }),
    expected: (q) => whole.search(query(q), K, HOW),
    async close() {
      client.dispose();
      await nats.close();
      core.dispose();
    },
  };
}

export const serves = (member, count) => member.saw(new RegExp(`("what":"serving"[^]*){${count}}`));

export function check(answer, { ids, scores }) {
  assert.deepEqual([...answer.ids], [...ids]);
  assert.deepEqual([...answer.scores], [...scores]);
  assert.deepEqual(answer.partial, []);
}

export async function ends({ child, done }) {
  child.kill('SIGTERM');
  assert.equal((await done).status, 0);
}

export const servingSteps = [
  {
    name: 'serve: as one index, members −9',
    async run(world) {
      const play = await stage(world);
      const members = [play.member(), play.member()];
      await Promise.all(members.map((member) => serves(member, SHARDS)));
      for (let q = 0; q < 50; q++) check(await play.search(q * 17), play.expected(q * 17));
      let asked = 0;
      let hedged = 0;
      let slowest = 0;
      let isOver = false;
      const load = (async () => {
        for (let q = 0; !isOver; q++) {
          const from = performance.now();
          const answer = await play.search(q * 13, { deadlineMs: 3000 });
          slowest = Math.max(slowest, performance.now() - from);
          check(answer, play.expected(q * 13));
          asked++;
          hedged += answer.hedged;
          await wait(2);
        }
      })();
      load.catch(() => undefined);
      await wait(500);
      members[0].child.kill('SIGKILL');
      const third = play.member();
      await serves(third, SHARDS);
      members[1].child.kill('SIGKILL');
      await wait(1000);
      isOver = true;
      await load;
      await ends(third);
      await play.close();
      return `${asked} queries, 0 wrong, 0 failed, ${hedged} hedged, slowest ${slowest.toFixed(0)} ms`;
    },
  },
  {
    name: 'serve: shards without members',
    async run(world) {
      const play = await stage(world);
      const member = play.member('--shards', 2);
      await serves(member, 2);
      await assert.rejects(play.search(0), UnavailableError);
      const answer = await play.search(0, { allowPartial: true });
      assert.deepEqual(answer.partial, [2, 3]);
      assert.ok(answer.ids.every((id) => id < ROWS / 2));
      // a member that says nothing: the answer is there at its deadline
      member.child.kill('SIGSTOP');
      const from = performance.now();
      const none = await play.search(1, { allowPartial: true, deadlineMs: 300 });
      const ms = performance.now() - from;
      assert.deepEqual(none.partial, [0, 1, 2, 3]);
      member.child.kill('SIGCONT');
      await ends(member);
      await assert.rejects(play.client.search(new Float32Array(3), K), /"query" expected 32 numbers/);
      await play.close();
      return `answered ${ms.toFixed(0)} ms after a deadline of 300 was set`;
    },
  },
  {
    name: 'serve: a storage that stands still',
    async run(world) {
      let still = Promise.resolve();
      let release;
      const way = await faultyWay(world.s3.url, () => still);
      const play = await stage({ ...world, s3: { url: way.url } });
      const member = play.member();
      await serves(member, SHARDS);
      still = new Promise((resolve) => {
        release = resolve;
      });
      // longer than a lease lasts
      const from = performance.now();
      let asked = 0;
      for (; performance.now() - from < 16_500; asked++) {
        if (performance.now() - from > 13_000) release();
        check(await play.search(asked * 13, { deadlineMs: 3000 }), play.expected(asked * 13));
        await wait(100);
      }
      assert.doesNotMatch(member.stderr, /"what":"left"/);
      member.child.kill('SIGKILL');
      await member.done;
      await play.close();
      way.close();
      return `${asked} queries, 0 wrong, 0 failed`;
    },
  },
  {
    name: 'serve: a new version',
    async run(world) {
      const play = await stage(world);
      const member = play.member();
      await serves(member, SHARDS);
      assert.equal((await play.search(3)).version, 1);
      const building = play.publish(3);
      let version = 1;
      const seen = new Set();
      for (const from = performance.now(); version === 1 && performance.now() - from < 40_000; ) {
        const answer = await play.search(3, { deadlineMs: 3000 });
        check(answer, play.expected(3));
        version = answer.version;
        seen.add(version);
        await wait(20);
      }
      assert.equal((await building).version, 2);
      assert.deepEqual([...seen], [1, 2]);
      await ends(member);
      await play.close();
    },
  },
];
