// JetStream whose room is used up: who writes is told what is wrong and ends, instead of waiting for ever.
import assert from 'node:assert/strict';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { segmentsOf, workshop } from './builds.mjs';
import { startNats } from './nats-servers.mjs';
import { ends } from './stage.mjs';

const STREAM = 'FILLER';

/** Fills what is left of a server's room. */
async function fill(urls, copies) {
  const connection = await connect({ servers: urls });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: STREAM, subjects: ['filler'], storage: 'file', num_replicas: copies });
  let refused;
  for (const bytes of [60_000, 500, 1]) {
    for (refused = undefined; !refused; ) {
      refused = await jetstream(connection, { timeout: 2000 })
        .publish('filler', new Uint8Array(bytes), { retries: 1 })
        .then(
          () => undefined,
          (error) => error,
        );
    }
  }
  const empty = async () => {
    await manager.streams.delete(STREAM);
    await connection.close();
  };
  return { refused, empty };
}

/** A build that ends because nothing can be stored, which it says. */
async function isRefused(builder) {
  const { status, stderr } = await builder.done;
  assert.equal(status, 1, stderr);
  assert.match(stderr, /nats:\S+: expected room in JetStream, got \w+: insufficient resources/);
}

/** A build that ends by itself, with words that say why: its status and seconds. */
async function refusal(builder) {
  const from = performance.now();
  const { status, stderr } = await builder.done;
  assert.ok(status === 1 || status === 75, stderr);
  assert.match(stderr, /insufficient resources|its disk or max_file_store may be full/);
  return `with ${status} after ${((performance.now() - from) / 1000).toFixed(1)} s`;
}

export const fullSteps = [
  {
    name: 'outage: no room in JetStream',
    async run({ folder, s3 }) {
      const nats = await startNats(folder, { count: 1, jetstream: 'max_file_store: 1048576', name: 'full' });
      try {
        const shop = await workshop({ folder, s3, nats });
        const before = await fill(nats.urls, 1);
        assert.match(before.refused.message, /insufficient resources/);
        // jobs cannot be queued
        const asked = performance.now();
        await isRefused(shop.build());
        const seconds = (performance.now() - asked) / 1000;
        await before.empty();
        // a manifest cannot be published
        const worker = shop.worker('--threads', 2);
        const builder = shop.build();
        await worker.saw(/"done","job":"shard/);
        const during = await fill(nats.urls, 1);
        await isRefused(builder);
        assert.equal((await shop.status()).version, 0);
        await during.empty();
        const { status, stdout, stderr } = await shop.build().done;
        assert.equal(status, 0, stderr);
        assert.equal(JSON.parse(stdout).version, 1);
        assert.deepEqual(await segmentsOf(shop.place, s3.url), await shop.expected());
        await ends(worker);
        return `told ${seconds.toFixed(1)} s after the start`;
      } finally {
        await nats.close();
      }
    },
  },
  {
    name: 'outage: no room in JetStream, of three',
    isLong: true,
    async run({ folder, s3 }) {
      const nats = await startNats(folder, { jetstream: 'max_file_store: 1048576', name: 'full-of-three' });
      try {
        const shop = await workshop({ folder, s3, nats });
        const worker = shop.worker('--threads', 2);
        const builder = shop.build();
        await worker.saw(/"done","job":"shard/);
        await fill(nats.urls, 3);
        const first = await refusal(builder);
        // by now streams have no leader, and say nothing of it
        const second = await refusal(shop.build());
        worker.child.kill('SIGKILL');
        return `ended ${first}, the next ${second}`;
      } finally {
        await nats.close();
      }
    },
  },
];
