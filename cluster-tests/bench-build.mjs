// A build by workers that are killed at random, beside one that nothing disturbs.
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { connectNats, kvManifests, openPlace } from '@sagitta/node/cluster';
import { sagitta, start } from './command.mjs';

const WORKERS = 3;
const KILL_MS = 10_000;
const ACK_WAIT_S = 3;
/** Times that a job is given out: more than kills can take. */
const TRIES = 20;

/** Numbers below n that follow from a seed. */
function seeded(seed) {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const count = (text, pattern) => text.match(pattern)?.length ?? 0;

/** Builds `input` undisturbed and then, for each seed, with three workers of which one is killed every ten seconds. `place(name)` — where a build goes. */
export async function buildUnderKills({ place, input, flags, shards, env, seeds, log }) {
  const build = (name) =>
    sagitta(
      [
        'cluster',
        'build',
        place(name),
        '--input',
        input,
        ...flags,
        '--shards',
        shards,
        '--ack-wait',
        ACK_WAIT_S,
        '--tries',
        TRIES,
      ],
      env,
    );
  const work = () => start(['cluster', 'work'], env);
  const stop = async (workers) => {
    for (const { child } of workers) child.kill('SIGTERM');
    for (const { done } of workers) assert.equal((await done).status, 0);
  };

  const calm = Array.from({ length: WORKERS }, work);
  const from = performance.now();
  await build('calm');
  const calmSeconds = (performance.now() - from) / 1000;
  await stop(calm);
  const expected = await contentOf(place('calm'), 'calm', env);
  log(`undisturbed in ${calmSeconds.toFixed(0)} s`);

  const rounds = [];
  for (const seed of seeds) {
    const below = seeded(seed);
    const name = `killed-${seed}`;
    const workers = Array.from({ length: WORKERS }, work);
    const dead = [];
    const begun = performance.now();
    const over = new AbortController();
    const killer = (async () => {
      for (;;) {
        await wait(KILL_MS, undefined, { signal: over.signal });
        const [victim] = workers.splice(below(workers.length), 1);
        victim.child.kill('SIGKILL');
        dead.push(victim);
        workers.push(work());
      }
    })().catch(() => undefined);
    await build(name);
    const seconds = (performance.now() - begun) / 1000;
    over.abort();
    await killer;
    await stop(workers);
    const found = await contentOf(place(name), name, env);
    assert.deepEqual(found, expected);
    const said = [...dead, ...workers].map(({ stderr }) => stderr).join('\n');
    const inHand = dead.filter(({ stderr }) => count(stderr, /"begun"/g) > count(stderr, /"(done|failed)"/g));
    const again = count(said, /"begun","job":"[^"]*","tries":(?!1\b)\d+/g);
    rounds.push({ seed, seconds, killed: dead.length, inHand: inHand.length, again });
    log(`seed ${seed}: ${JSON.stringify(rounds.at(-1))}`);
  }
  return { workers: WORKERS, killSeconds: KILL_MS / 1000, ackWaitSeconds: ACK_WAIT_S, calmSeconds, rounds };
}

/** Hashes of the segments that lie in a place, and what its manifest says but who wrote it and when. */
async function contentOf(place, name, env) {
  Object.assign(process.env, env);
  const storage = await openPlace(place);
  const segments = [];
  for await (const { key } of storage.list('segments/')) segments.push(key);
  const nats = await connectNats({ servers: env.NATS_URL.split(',') });
  try {
    const { created, writer, ...manifest } = await (await kvManifests(nats, name, storage)).head();
    assert.ok(created && writer);
    assert.deepEqual(
      manifest.shards.map(({ segment }) => `segments/${segment}.sgta`).sort(),
      segments.sort(),
    );
    return { segments, manifest };
  } finally {
    await nats.close();
  }
}
