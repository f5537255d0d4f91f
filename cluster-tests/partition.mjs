// One server of NATS that does not hear the others: it takes no writes, nobody gets a wrong answer, and later all have the same manifest.
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { connectNats, kvManifests } from '@sagitta/node/cluster';
import { layNetwork, mayCut } from './namespaces.mjs';
import { startNats } from './nats-servers.mjs';
import { check, ends, serves, stage, told, underLoad, until } from './stage.mjs';

/** Three servers, one of which can be cut off from the others: by its link where namespaces may be made, else by stopping it. */
async function startCuttable(folder) {
  if (await mayCut()) {
    const { places, close } = await layNetwork(3);
    let nats;
    const closeAll = async () => {
      await nats?.close();
      await close();
    };
    try {
      nats = await startNats(folder, { places, name: 'cut' });
    } catch (error) {
      await closeAll();
      throw error;
    }
    return { nats, way: 'link cut', cut: (i) => places[i].cut(), join: (i) => places[i].join(), closeAll };
  }
  const nats = await startNats(folder, { name: 'cut' });
  const signal = (name) => async (i) => void nats.servers[i].child.kill(name);
  return { nats, way: 'stopped', cut: signal('SIGSTOP'), join: signal('SIGCONT'), closeAll: nats.close };
}

/** The number of the server that leads the stream of a collection's manifests. */
async function leaderOf({ nats, name }) {
  const { cluster } = await nats.manager.streams.info(`KV_sagitta_${name}_manifest`);
  return Number(cluster.leader.slice(1));
}

export const partitionSteps = [
  {
    name: 'partition: one server',
    isLong: true,
    async run(world) {
      const { nats, way, cut, join, closeAll } = await startCuttable(world.folder);
      try {
        const play = await stage({ ...world, nats });
        // the worst: who leads is alone
        const alone = await leaderOf(play);
        const lonely = nats.urls[alone];
        const others = nats.urls.filter((_, i) => i !== alone);
        const members = [lonely, others.join(','), others.join(',')].map((urls) =>
          play.member(['--replicas', 3], { NATS_URL: urls }),
        );
        await Promise.all(members.map((member) => serves(member)));
        const [here, there] = [await play.clientOn([lonely]), await play.clientOn(others)];
        const loads = [here, there].map(({ search }) =>
          underLoad(play, { search, mayFail: way === 'stopped' }),
        );
        await wait(500);
        await cut(alone);
        const from = performance.now();
        const since = () => (performance.now() - from) / 1000;
        // a write to the one that is alone, and one to the others
        const refusing = assert
          .rejects(play.publishLess(here.manifests), { code: 'SAGITTA_UNAVAILABLE' })
          .then(since);
        // the others elect a leader first
        const isPublished = () =>
          play.publishLess(there.manifests).then(
            () => true,
            (error) => {
              if (error.code !== 'SAGITTA_UNAVAILABLE') throw error;
              return false;
            },
          );
        const publishing = until(isPublished, 60).then(since);
        const [refused, published] = await Promise.all([refusing, publishing]);
        await until(() => there.client.version === 2, 40);
        await wait(Math.max(0, 20_000 - 1000 * since()));
        assert.equal(here.client.version, 1);
        await join(alone);
        const heads = async (urls) => {
          const found = [];
          for (const url of urls) {
            const own = await connectNats({ servers: [url], tries: 2 });
            const log = await kvManifests(own, play.name, play.storage);
            found.push((await log.head()).version);
            await own.close();
          }
          return found;
        };
        const healed = await until(
          async () => (await heads(nats.urls).catch(() => [])).join() === '2,2,2',
          60,
        );
        await until(() => here.client.version === 2, 30);
        const counts = [];
        for (const load of loads) counts.push(await load.stop());
        check(await here.search(3), play.expected(3, [0, 1, 2]), [3]);
        await ends(...members);
        await play.close();
        const seconds = (value) => `${value.toFixed(1)} s`;
        return `${way}; a write refused after ${seconds(refused)}, one to the others taken after ${seconds(published)}, the same manifest ${seconds(healed)} after the return; ${counts.map(told).join('; ')}`;
      } finally {
        await closeAll();
      }
    },
  },
];
