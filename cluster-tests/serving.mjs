// Searches over members that come and go: never a wrong answer, and what is missing is said.
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { UnavailableError } from '@sagitta/node/cluster';
import { faultyWay } from './servers.mjs';
import { check, ends, serves, stage, told, underLoad, until } from './stage.mjs';

export const servingSteps = [
  {
    name: 'serve: as one index, members −9',
    async run(world) {
      const play = await stage(world);
      const members = [play.member(), play.member()];
      await Promise.all(members.map((member) => serves(member)));
      for (let q = 0; q < 50; q++) check(await play.search(q * 17), play.expected(q * 17));
      const load = underLoad(play);
      await wait(500);
      members[0].child.kill('SIGKILL');
      const killed = performance.now();
      const third = play.member();
      await serves(third);
      const seconds = (performance.now() - killed) / 1000;
      members[1].child.kill('SIGKILL');
      await wait(1000);
      const counts = await load.stop();
      await ends(third);
      await play.close();
      return `${told(counts)}; shards taken ${seconds.toFixed(1)} s after the kill`;
    },
  },
  {
    name: 'serve: shards without members',
    async run(world) {
      const play = await stage(world);
      const member = play.member(['--shards', 2]);
      await serves(member, 2);
      await assert.rejects(play.search(0), UnavailableError);
      check(await play.search(0, { allowPartial: true }), play.expected(0, [0, 1]), [2, 3]);
      // a member that says nothing: the answer is there at its deadline
      member.child.kill('SIGSTOP');
      const from = performance.now();
      const none = await play.search(1, { allowPartial: true, deadlineMs: 300 });
      const ms = performance.now() - from;
      assert.deepEqual(none.partial, [0, 1, 2, 3]);
      member.child.kill('SIGCONT');
      await assert.rejects(play.client.search(new Float32Array(3), 10), /"query" expected 32 numbers/);
      // who leaves gives its shards back: another has them at once
      await ends(member);
      const next = play.member();
      const taken = performance.now();
      await serves(next);
      const seconds = ((performance.now() - taken) / 1000).toFixed(1);
      await ends(next);
      await play.close();
      return `answered ${ms.toFixed(0)} ms after a deadline of 300 was set; another served ${seconds} s after its start`;
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
      await serves(member);
      still = new Promise((resolve) => {
        release = resolve;
      });
      const load = underLoad(play);
      // longer than a lease lasts
      await wait(12_000);
      release();
      await wait(500);
      const counts = await load.stop();
      assert.doesNotMatch(member.stderr, /"what":"left"/);
      await ends(member);
      await play.close();
      way.close();
      return told(counts);
    },
  },
  {
    name: 'serve: a new version',
    isLong: true,
    async run(world) {
      const play = await stage(world);
      const member = play.member();
      await serves(member);
      assert.equal((await play.search(3)).version, 1);
      const building = play.publish(3);
      const seen = new Set();
      await until(async () => {
        const answer = await play.search(3, { deadlineMs: 3000 });
        check(answer, play.expected(3));
        seen.add(answer.version);
        return answer.version === 2;
      }, 40);
      assert.equal((await building).version, 2);
      assert.deepEqual([...seen], [1, 2]);
      await ends(member);
      await play.close();
    },
  },
];
