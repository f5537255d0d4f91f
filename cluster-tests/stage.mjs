// A collection that members serve, an index of all of it beside, and a client: what steps of searches stand on.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createCore, loadIndexFile, writeNpy } from '@sagitta/node';
import {
  ClusterClient,
  connectNats,
  kvManifests,
  openPlace,
  publishManifest,
  UnavailableError,
} from '@sagitta/node/cluster';
import { makeRows } from './builds.mjs';
import { sagitta, start } from './command.mjs';
import { BUCKET, environmentOf } from './servers.mjs';

const [ROWS, D, K] = [8000, 32, 10];
export const SHARDS = 4;
/** Rows of a shard. */
export const SHARD_ROWS = ROWS / SHARDS;
const FLAGS = ['--index', 'ivf', '--nlist', 16, '--bits', 4];
const HOW = { nprobe: 16, gamma: 1000 };
/** Hits of the whole among which there are ten of any three shards. */
const MANY = 200;

let made = 0;
/** Places, and numbers of shards, of which all segments are there. */
const built = new Set();
/** Rows, their file and one index of them. */
let whole;

async function makeWhole(folder) {
  const rows = makeRows(ROWS, D);
  const [input, file] = [join(folder, 'served.npy'), join(folder, 'served.sag')];
  await writeNpy(input, rows, D);
  await sagitta(['build', input, '--out', file, ...FLAGS]);
  return { rows, input, file, index: await loadIndexFile(createCore(), file) };
}

/**
 * Builds a collection, or takes one that is built under another name: segments are those of the steps before, unless it is to
 * have its own. workerEnv, builderEnv — environments besides.
 */
export async function stage({ folder, s3, nats: servers }, { isOwn, workerEnv, builderEnv } = {}) {
  const name = `serve-${made++}`;
  whole ??= makeWhole(folder);
  const { rows, input, file, index } = await whole;
  const own = join(folder, name);
  await mkdir(own);
  const env = { ...environmentOf(s3.url), NATS_URL: servers.urls.join(',') };
  const place = `s3://${BUCKET}/${isOwn ? name : 'served'}`;
  const of = [place, '--collection', name];
  const buildWords = (shards) => ['cluster', 'build', ...of, '--input', input, ...FLAGS, '--shards', shards];
  const publish = async (shards) => {
    const isBuilt = built.has(`${place} ${shards}`);
    const workers = isBuilt ? [] : [start(['cluster', 'work', '--threads', 2], { ...env, ...workerEnv })];
    const result = await sagitta(buildWords(shards), { ...env, ...builderEnv });
    await ends(...workers);
    built.add(`${place} ${shards}`);
    return result;
  };
  await publish(SHARDS);
  Object.assign(process.env, environmentOf(s3.url));
  const storage = await openPlace(place);
  const query = (q) => rows.subarray((q % ROWS) * D, ((q % ROWS) + 1) * D);
  const cache = join(own, 'cache');
  const opened = [];
  /** A client of its own, by a connection to some servers. */
  const clientOn = async (urls) => {
    const nats = await connectNats({ servers: urls, tries: 3 });
    const manifests = await kvManifests(nats, name, storage);
    const client = await ClusterClient.open(nats, name, manifests);
    opened.push(async () => {
      client.dispose();
      await nats.close();
    });
    const search = (q, how = {}) => client.search(query(q), K, { ...HOW, ...how });
    return { nats, manifests, client, search };
  };
  const main = await clientOn(servers.urls);
  /** Of the shards in `of`. */
  const expected = (q, of = [...Array(SHARDS).keys()]) => {
    const { ids, scores } = index.search(query(q), of.length === SHARDS ? K : MANY, HOW);
    const at = [...ids.keys()].filter((i) => of.includes(Math.floor(ids[i] / SHARD_ROWS))).slice(0, K);
    assert.equal(at.length, K);
    return { ids: at.map((i) => ids[i]), scores: at.map((i) => scores[i]) };
  };
  return {
    ...{
      ...main,
      name,
      place,
      storage,
      cache,
      buildWords,
      publish,
      clientOn,
      expected,
      query,
      wholeFile: file,
    },
    /** Starts a command about the collection, or runs it to its end. */
    start: (words, more = {}) => start(words, { ...env, ...more }),
    run: (name, ...words) => sagitta(['cluster', name, ...of, ...words], env),
    member: (words = [], more = {}) =>
      start(['cluster', 'serve', ...of, '--cache', cache, ...words], { ...env, ...more }),
    /** Publishes the same without its last shard, as the next version. */
    async publishLess(manifests = main.manifests) {
      const { build, model, metric, dimensions, index: kind, shards } = await manifests.head();
      const less = { shards: shards.slice(0, -1), missing: [SHARDS - 1] };
      await publishManifest(manifests, { build, model, metric, dimensions, index: kind, ...less });
    },
    /** Checks an answer of the version that publishLess has made, or of the one before. */
    checkVersion(q, { version, partial, ...answer }) {
      const of = version === 1 ? [0, 1, 2, 3] : [0, 1, 2];
      assert.deepEqual(partial, version === 1 ? [] : [SHARDS - 1]);
      check({ ...answer, partial: [] }, expected(q, of));
    },
    async close() {
      for (const close of opened) await close();
    },
  };
}

/** Until a member has told of so many events of a kind. */
const tells =
  (what) =>
  (member, count = SHARDS) =>
    member.saw(new RegExp(`("what":"${what}"[^]*){${count}}`));
export const serves = tells('serving');
export const leaves = tells('left');
export const errs = tells('error');

/** Leases of a collection for shards that are served. */
export const leases = async ({ nats, name }) => (await nats.keys(`${name}_leases`, 'shard')).length;

export function check(answer, { ids, scores }, partial = []) {
  assert.deepEqual([...answer.ids], [...ids]);
  assert.deepEqual([...answer.scores], [...scores]);
  assert.deepEqual(answer.partial, partial);
}

/** Ends processes as an operator does. */
export async function ends(...members) {
  for (const { child } of members) child.kill('SIGTERM');
  for (const { done } of members) {
    const { status, stderr } = await done;
    assert.equal(status, 0, stderr);
  }
}

/**
 * Asks one query after the other until `stop`, which resolves to counts: every answer is checked. mayFail — whether a query may be
 * without an answer, which is counted.
 */
export function underLoad(play, { search = play.search, mayFail = false, deadlineMs = 3000 } = {}) {
  const counts = { asked: 0, hedged: 0, failed: 0, slowest: 0, late: 0 };
  let isOver = false;
  const load = (async () => {
    for (let q = 0; !isOver; q += 13) {
      const from = performance.now();
      try {
        const answer = await search(q, { deadlineMs });
        play.checkVersion(q, answer);
        counts.hedged += answer.hedged;
      } catch (error) {
        if (!mayFail || !(error instanceof UnavailableError)) {
          error.message += ` (query ${counts.asked}, ${(performance.now() / 1000).toFixed(1)} s, slowest ${counts.slowest.toFixed(0)} ms)`;
          throw error;
        }
        counts.failed++;
      }
      const ms = performance.now() - from;
      counts.asked++;
      counts.slowest = Math.max(counts.slowest, ms);
      counts.late = Math.max(counts.late, ms - deadlineMs);
      await wait(2);
    }
  })();
  load.catch(() => undefined);
  const stop = async () => {
    isOver = true;
    await load;
    return counts;
  };
  return { counts, stop };
}

/** What a load has come to, in words. */
export const told = ({ asked, failed, hedged, slowest }) =>
  `${asked} queries, 0 wrong, ${failed} failed, ${hedged} hedged, slowest ${slowest.toFixed(0)} ms`;

/** Looks until `isSo` holds. @returns the seconds that it took @throws Error after `seconds` */
export async function until(isSo, seconds, pauseMs = 100) {
  const from = performance.now();
  for (;;) {
    const now = (performance.now() - from) / 1000;
    if (await isSo()) return now;
    if (now > seconds) throw new Error(`expected it within ${seconds} s: ${isSo}`);
    await wait(pauseMs);
  }
}
