// `npm run bench:cluster`: 2,000,000 × 128 in four shards of two members each, all on this machine: built over a queue, compared with one index,
// measured, and searched while a member is killed every five seconds. `-- --n 100000 --minutes 1` is a small run and writes nothing.
// Writes benchmarks/results/cluster.md.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installFromNpm } from '../runtime-tests/install.mjs';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
await installFromNpm(fileURLToPath(new URL('.', import.meta.url)));
const { endAll, sagitta, start } = await import('./command.mjs');
const { installNats, startNats } = await import('./nats-servers.mjs');
await installNats();
const { BUCKET, environmentOf, startS3 } = await import('./servers.mjs');
const { createCore, loadIndexFile, writeNpy } = await import('@sagitta/node');
const { ClusterClient, connectNats, kvManifests, openPlace } = await import('@sagitta/node/cluster');

const { values } = parseArgs({
  options: { n: { type: 'string' }, minutes: { type: 'string', default: '5' } },
});
const N = Number(values.n ?? 2_000_000);
const [D, SHARDS, REPLICAS, K, CLUSTERS, QUERIES] = [128, 4, 2, 10, 2000, 500];
const NLIST = Math.max(16, Math.round(Math.sqrt(N)));
const FLAGS = ['--index', 'ivf', '--nlist', NLIST, '--bits', 4];
const NPROBE = 32;
/** Milliseconds from one kill to the next, and how long a speed is measured. */
const KILL_MS = 5000;
const SPEED_MS = 20_000;
/** Queries that are under way at a time when speed is measured. */
const AT_ONCE = 8;

/** Rows around centres, by whole numbers from a seed. */
function clusteredRows(n, d) {
  let state = 20_261_128;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const normal = () => next() + next() + next() + next() - 2;
  const centres = Float32Array.from({ length: CLUSTERS * d }, normal);
  const rows = new Float32Array(n * d);
  for (let i = 0; i < n; i++) {
    const centre = Math.floor(next() * CLUSTERS) * d;
    for (let j = 0; j < d; j++) rows[i * d + j] = centres[centre + j] + 0.6 * normal();
  }
  return rows;
}

const started = performance.now();
const log = (line) =>
  console.error(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${line}`);
const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
const timed = async (body) => {
  const from = performance.now();
  const value = await body();
  return { value, s: (performance.now() - from) / 1000 };
};

const folder = await mkdtemp(join(tmpdir(), 'sagitta-cluster-bench-'));
const s3 = await startS3(folder);
const servers = await startNats(folder);
try {
  console.log(await run());
} finally {
  await endAll();
  await servers.close();
  await s3.close();
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);

async function run() {
  const rows = clusteredRows(N, D);
  const input = join(folder, 'rows.npy');
  await writeNpy(input, rows, D);
  const queries = Array.from({ length: QUERIES }, (_, q) => {
    const at = Math.floor((q * N) / QUERIES) * D;
    return rows.slice(at, at + D);
  });
  const env = { ...environmentOf(s3.url), NATS_URL: servers.urls.join(',') };
  const place = `s3://${BUCKET}/bench`;
  log('build over a queue, one worker of two threads');
  const worker = start(['cluster', 'work', '--threads', 2], env);
  const built = await timed(() =>
    sagitta(['cluster', 'build', place, '--input', input, ...FLAGS, '--shards', SHARDS], env),
  );
  worker.child.kill('SIGTERM');
  await worker.done;
  log(`built in ${built.s.toFixed(0)} s; the same as one index`);
  const single = await timed(() =>
    sagitta(['build', input, '--out', join(folder, 'whole.sag'), ...FLAGS], env),
  );
  const core = createCore();
  const whole = await loadIndexFile(core, join(folder, 'whole.sag'));
  Object.assign(process.env, environmentOf(s3.url));
  const nats = await connectNats({ servers: servers.urls });
  const manifests = await kvManifests(nats, 'bench', await openPlace(place));
  const client = await ClusterClient.open(nats, 'bench', manifests);
  const begin = () =>
    start(
      ['cluster', 'serve', place, '--shards', 1, '--replicas', REPLICAS, '--cache', join(folder, 'cache')],
      env,
    );
  const serving = (member) => member.saw(/"what":"serving"/);
  const members = Array.from({ length: SHARDS * REPLICAS }, begin);
  await Promise.all(members.map(serving));
  log(`${members.length} members serve; ${QUERIES} queries beside one index`);

  const exact = { nprobe: NPROBE, gamma: 1000 };
  const same = (answer, { ids, scores }) => {
    assert.deepEqual(answer.partial, []);
    assert.deepEqual([...answer.ids], [...ids]);
    assert.deepEqual([...answer.scores], [...scores]);
  };
  for (const query of queries) same(await client.search(query, K, exact), whole.search(query, K, exact));

  process.once('uncaughtExceptionMonitor', () => {
    for (const { stderr, child } of members)
      console.error(child.pid, stderr.split('\n').slice(-6).join('\n'));
  });
  log('speed');
  const one = speedOf(await alone(whole, queries));
  const cluster = speedOf(await together(client, queries, { ms: SPEED_MS, atOnce: AT_ONCE }));
  const calm = speedOf(await together(client, queries, { ms: SPEED_MS, atOnce: 1 }));

  const minutes = Number(values.minutes);
  log(`${minutes} minutes of load, a member killed every ${KILL_MS / 1000} s`);
  const expected = queries.map((query) => whole.search(query, K, exact));
  const storm = await killing(client, queries, expected, exact, {
    members,
    begin,
    ms: minutes * 60_000,
  });
  client.dispose();
  await nats.close();
  core.dispose();
  const row = (name, { qps, p50, p99 }) =>
    `| ${name} | ${Math.round(qps).toLocaleString('en')} | ${p50.toFixed(2)} | ${p99.toFixed(2)} |`;
  const page = `# Four shards of two members each, on one machine

\`npm run bench:cluster\`: ${N.toLocaleString('en')} × ${D} in ${CLUSTERS.toLocaleString('en')} clusters, ${NLIST} lists, 4 bits, nprobe ${NPROBE}, k ${K}; ${members.length} processes that serve a shard each, three servers of NATS
and one of S3. ${cpus()[0].model}, ${cpus().length} cores for all of it, load ${loadavg()[0].toFixed(1)}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}.

Built over the queue by one worker of two threads in ${built.s.toFixed(0)} s, as one index by \`sagitta build\` in ${single.s.toFixed(0)} s. ${QUERIES} queries at gamma 1000: ids and scores are those of the one index.

| | queries/s | p50 ms | p99 ms |
|---|---|---|---|
${row('one index, called in this process', one)}
${row(`the members over NATS, ${AT_ONCE} queries at a time`, cluster)}
${row('the members, one query at a time', calm)}

A member killed by SIGKILL every ${KILL_MS / 1000} s for ${minutes} minutes, one whose shard has another, and another started for it; one query after the other, each answer, at gamma 1000, compared with that of the one index:

| queries | members killed | wrong | partial | failed | asked again | p50 ms | p99 ms | longest ms |
|---|---|---|---|---|---|---|---|---|
| ${storm.asked.toLocaleString('en')} | ${storm.killed} | ${storm.wrong} | ${storm.partial} | ${storm.failed} | ${storm.hedged} | ${storm.p50.toFixed(2)} | ${storm.p99.toFixed(1)} | ${storm.longest.toFixed(0)} |

All of it shares two cores: more members do not make it faster here, and what NATS and processes cost shows in full. On machines of their own each shard has a quarter of the work.
`;
  if (values.n === undefined) {
    await writeFile(fileURLToPath(new URL('../benchmarks/results/cluster.md', import.meta.url)), page);
  }
  return page;
}

function speedOf({ ms, all }) {
  const sorted = [...all].sort((a, b) => a - b);
  return { qps: (1000 * all.length) / ms, p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
}

/** Searches of one index in this process, one after the other. */
async function alone(index, queries) {
  const all = [];
  const from = performance.now();
  for (let q = 0; performance.now() - from < SPEED_MS; q++) {
    const start = performance.now();
    index.search(queries[q % queries.length], K, { nprobe: NPROBE });
    all.push(performance.now() - start);
  }
  return { ms: performance.now() - from, all };
}

/** Searches of the members, several at a time. */
async function together(client, queries, { ms, atOnce }) {
  const all = [];
  const from = performance.now();
  let q = 0;
  const loop = async () => {
    while (performance.now() - from < ms) {
      const start = performance.now();
      await client.search(queries[q++ % queries.length], K, { nprobe: NPROBE });
      all.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
  return { ms: performance.now() - from, all };
}

/** Load while members are killed in turn. */
async function killing(client, queries, expected, how, { members, begin, ms }) {
  const found = { asked: 0, killed: 0, wrong: 0, partial: 0, failed: 0, hedged: 0 };
  const all = [];
  const from = performance.now();
  let isOver = false;
  // a lease is gone after ten seconds, and until then nobody takes its place: who is killed has another member of its shard beside it
  const shardOf = ({ stderr }) => /"shard":(\d+)/.exec(stderr)?.[1];
  const killer = (async () => {
    while (!isOver) {
      await wait(KILL_MS);
      const of = members.map(shardOf);
      const place = of.findIndex((shard, i) => shard !== undefined && of.lastIndexOf(shard) > i);
      if (isOver || place < 0) continue;
      const [victim] = members.splice(place, 1);
      victim.child.kill('SIGKILL');
      found.killed++;
      // the last in line: those that serve longest are next
      members.push(begin());
    }
  })();
  for (let q = 0; performance.now() - from < ms; q++) {
    const at = q % queries.length;
    const start = performance.now();
    found.asked++;
    try {
      const answer = await client.search(queries[at], K, { ...how, deadlineMs: 5000 });
      found.hedged += answer.hedged;
      if (answer.partial.length > 0) found.partial++;
      else if (String(answer.ids) !== String(expected[at].ids)) found.wrong++;
    } catch (error) {
      if (found.failed++ === 0) log(`failed: ${error.message}`);
    }
    all.push(performance.now() - start);
    await wait(5);
  }
  isOver = true;
  await killer;
  const sorted = all.sort((a, b) => a - b);
  return { ...found, p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), longest: sorted.at(-1) };
}
