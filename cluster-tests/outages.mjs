// Servers of NATS that are gone, one of three or two: who waits says why, who serves goes on, and all is as before when they are back.
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { segmentsOf, workshop } from './builds.mjs';
import { ends, leases, serves, stage, told, underLoad, until } from './stage.mjs';

/** The server that a connection is on, and the others. */
function serverOf({ nats: { connection } }, { servers }) {
  const own = servers.find(({ url }) => url.endsWith(connection.getServer()));
  return [own, servers.filter((server) => server !== own)];
}

export const outageSteps = [
  {
    name: 'outage: a server −9, serving',
    async run(world) {
      const play = await stage(world);
      const members = [play.member(), play.member()];
      await Promise.all(members.map((member) => serves(member)));
      const load = underLoad(play);
      await wait(500);
      const bucket = await play.nats.bucket('probe');
      const [server] = serverOf(play, world.nats);
      await server.kill();
      // where it led, another has to be elected
      const isWritten = () =>
        bucket.put('probe', new Uint8Array(1)).then(
          () => true,
          () => false,
        );
      const seconds = await until(isWritten, 30);
      await wait(3000);
      assert.notEqual(serverOf(play, world.nats)[0], server);
      server.start();
      await wait(1000);
      const counts = await load.stop();
      for (const { stderr } of members) assert.doesNotMatch(stderr, /"what":"left"/);
      await ends(...members);
      await play.close();
      return `${told(counts)}; written again ${seconds.toFixed(1)} s after the kill`;
    },
  },
  {
    name: 'outage: two servers −9, serving',
    isLong: true,
    async run(world) {
      const play = await stage(world);
      const members = [play.member(), play.member()];
      await Promise.all(members.map((member) => serves(member)));
      const load = underLoad(play, { mayFail: true, deadlineMs: 1000 });
      await wait(500);
      const [own, others] = serverOf(play, world.nats);
      const gone = [own, others[0]];
      await Promise.all(gone.map((server) => server.kill()));
      // longer than leases last
      await wait(15_000);
      const during = { ...load.counts };
      // leases cannot be renewed, and members say so
      for (const { stderr } of members) assert.match(stderr, /NATS does not answer, waiting/);
      for (const server of gone) server.start();
      const seconds = await until(async () => (await leases(play).catch(() => 0)) === 8, 40);
      await wait(3000);
      const counts = await load.stop();
      assert.equal(counts.failed, during.failed);
      assert.ok(counts.late < 100, `${counts.late} ms after a deadline`);
      for (const { stderr } of members) assert.doesNotMatch(stderr, /"what":"left"/);
      await ends(...members);
      await play.close();
      return `${told(counts)} of those that were on the way; leases are there ${seconds.toFixed(1)} s after the return`;
    },
  },
  {
    name: 'outage: two servers −9, building',
    isLong: true,
    async run(world) {
      const shop = await workshop(world);
      const builder = shop.build();
      const worker = shop.worker('--threads', 2);
      await worker.saw(/"done","job":"shard/);
      const gone = world.nats.servers.slice(0, 2);
      await Promise.all(gone.map((server) => server.kill()));
      const why = /NATS does not answer, waiting: \w+/;
      await Promise.all([builder.saw(why), worker.saw(why)]);
      await wait(8000);
      assert.equal(builder.child.exitCode, null);
      assert.equal(worker.child.exitCode, null);
      for (const server of gone) server.start();
      const back = performance.now();
      const { status, stdout, stderr } = await builder.done;
      const seconds = (performance.now() - back) / 1000;
      assert.equal(status, 0, stderr);
      const { version, missing } = JSON.parse(stdout);
      assert.deepEqual([version, missing], [1, []]);
      assert.deepEqual(await segmentsOf(shop.place, world.s3.url), await shop.expected());
      await ends(worker);
      return `published ${seconds.toFixed(1)} s after the return; told: ${why.exec(builder.stderr)[0]}`;
    },
  },
];
