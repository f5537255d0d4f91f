// Members that stop for a while or have another clock: shards are held and handed over, and nobody answers for a version that is not asked.
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { installFromDebian } from '../runtime-tests/install.mjs';
import { mustExecute } from '../tools/checks/process.mjs';
import { check, ends, leases, leaves, serves, stage, told, underLoad, until } from './stage.mjs';

/** Environment of a process whose clock is off by so many hours; its timers are not. */
async function skewed(hours) {
  await installFromDebian(['faketime']);
  const listed = await mustExecute('dpkg', ['-L', 'libfaketime']);
  const library = listed.split('\n').find((path) => path.endsWith('/libfaketime.so.1'));
  return {
    LD_PRELOAD: library,
    FAKETIME: `${hours > 0 ? '+' : ''}${hours}h`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

/** Hours by which the times that a member tells are off. */
function hoursOf({ stderr }) {
  const { time } = JSON.parse(stderr.split('\n').find((line) => line.startsWith('{')));
  return Math.round((Date.parse(time) - Date.now()) / 3_600_000);
}

export const memberSteps = [
  {
    name: 'member: cut off, and back',
    async run(world) {
      const play = await stage(world);
      const stopped = play.member();
      const other = play.member();
      await Promise.all([serves(stopped), serves(other)]);
      const load = underLoad(play);
      stopped.child.kill('SIGSTOP');
      const from = performance.now();
      const third = play.member();
      await serves(third);
      const taken = (performance.now() - from) / 1000;
      await wait(Math.max(0, 15_000 - 1000 * taken));
      stopped.child.kill('SIGCONT');
      const back = performance.now();
      await leaves(stopped);
      const left = (performance.now() - back) / 1000;
      const counts = await load.stop();
      await ends(stopped, other, third);
      await play.close();
      return `${told(counts)}; taken after ${taken.toFixed(1)} s, found out ${left.toFixed(1)} s after it went on`;
    },
  },
  {
    name: 'member: cut off, nobody else',
    isLong: true,
    async run(world) {
      const play = await stage(world);
      const member = play.member();
      await serves(member);
      member.child.kill('SIGSTOP');
      await wait(15_000);
      assert.deepEqual((await play.search(5, { allowPartial: true, deadlineMs: 100 })).partial, [0, 1, 2, 3]);
      assert.equal(await leases(play), 0);
      member.child.kill('SIGCONT');
      const back = performance.now();
      check(await play.search(5, { deadlineMs: 5000 }), play.expected(5));
      const ms = performance.now() - back;
      const seconds = await until(async () => (await leases(play)) === 4, 20);
      assert.doesNotMatch(member.stderr, /"what":"left"/);
      await ends(member);
      assert.equal(await leases(play), 0);
      await play.close();
      return `answers ${ms.toFixed(0)} ms after it went on, leases taken again after ${seconds.toFixed(1)} s`;
    },
  },
  {
    name: 'member: of an old version',
    isLong: true,
    async run(world) {
      const play = await stage(world);
      const stopped = play.member(['--replicas', 2]);
      const other = play.member(['--replicas', 2]);
      await Promise.all([serves(stopped), serves(other)]);
      stopped.child.kill('SIGSTOP');
      const load = underLoad(play);
      await play.publishLess();
      const published = performance.now();
      await until(() => play.client.version === 2, 20);
      const seconds = (performance.now() - published) / 1000;
      stopped.child.kill('SIGCONT');
      // asks for version 1 until it looks for another one
      const late = await play.clientOn(world.nats.urls);
      await serves(stopped, 7);
      await leaves(stopped);
      play.checkVersion(3, await late.search(3));
      const counts = await load.stop();
      assert.equal((await play.search(3)).version, 2);
      await ends(stopped, other);
      await play.close();
      return `${told(counts)}; gone over ${seconds.toFixed(1)} s after it was published`;
    },
  },
  {
    name: 'member: clocks an hour off',
    isLong: true,
    async run(world) {
      const [ahead, behind] = [await skewed(1), await skewed(-1)];
      const play = await stage(world, { isOwn: true, workerEnv: behind, builderEnv: ahead });
      const plain = await stage(world);
      const shards = async ({ manifests }) => (await manifests.head()).shards;
      assert.deepEqual(await shards(play), await shards(plain));
      const members = [play.member([], ahead), play.member([], behind)];
      await Promise.all(members.map((member) => serves(member)));
      assert.deepEqual(members.map(hoursOf), [1, -1]);
      const load = underLoad(play);
      // longer than leases last
      await wait(12_000);
      for (const { stderr } of members) assert.doesNotMatch(stderr, /"what":"(left|error)"/);
      assert.equal(await leases(play), 8);
      members[0].child.kill('SIGKILL');
      const killed = performance.now();
      const third = play.member([], behind);
      await serves(third);
      const seconds = (performance.now() - killed) / 1000;
      assert.ok(seconds > 5 && seconds < 20, `taken after ${seconds} s`);
      const counts = await load.stop();
      await ends(members[1], third);
      await play.close();
      await plain.close();
      return `${told(counts)}; taken ${seconds.toFixed(1)} s after a kill`;
    },
  },
];
