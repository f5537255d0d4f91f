// `npm run bench:cluster`: 2,000,000 × 128 in four shards of two members each, all on this machine. Four parts, each a section of
// benchmarks/results/cluster.md: `speed` compares answers and speed with one index and says what queries cost, by process, also in
// benchmarks/results/cluster.json; `kills` searches while a member is killed every five seconds; `writes` writes meanwhile; `build` builds in 24 shards while a worker
// is killed every ten. `-- --only build` does one of them; `-- --n 100000 --minutes 1` is a small run and writes nothing.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
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
const { buildUnderKills } = await import('./bench-build.mjs');
const { alone, costed, machine, percentile, quantiles, speedOf, together } = await import(
  './bench-costs.mjs'
);
const { putSections } = await import('./bench-page.mjs');
const { writesBeside } = await import('./bench-writes.mjs');
const { ClusterClient, connectNats, kvManifests, openPlace } = await import('@sagitta/node/cluster');

const { values } = parseArgs({
  options: {
    n: { type: 'string' },
    minutes: { type: 'string', default: '5' },
    only: { type: 'string', multiple: true, default: ['speed', 'kills', 'writes', 'build'] },
  },
});
const N = Number(values.n ?? 2_000_000);
const [D, SHARDS, REPLICAS, K, CLUSTERS, QUERIES] = [128, 4, 2, 10, 2000, 500];
const NLIST = Math.max(16, Math.round(Math.sqrt(N)));
const FLAGS = ['--index', 'ivf', '--nlist', NLIST, '--bits', 4];
const NPROBE = 32;
const SEARCH = { k: K, options: { nprobe: NPROBE } };
/** Shards of the build whose workers are killed, and the seeds of who is killed when. */
const BUILD_SHARDS = 24;
const BUILD_SEEDS = [1];
/** Rows of the collection whose queries cost next to nothing but their way. */
const SMALL = 2000;
/** Writes a second beside searches. */
const WRITE_RATE = 5;
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

const RESULTS = new URL('../benchmarks/results/', import.meta.url);
const HEAD = `# Four shards of two members each, on one machine

\`npm run bench:cluster\` makes this page; \`-- --only speed|kills|writes|build\` one part of it.`;
const stamp = () =>
  `${machine()} for all of it, load ${loadavg()[0].toFixed(1)}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`;

const started = performance.now();
const log = (line) =>
  console.error(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${line}`);
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
  const env = { ...environmentOf(s3.url), NATS_URL: servers.urls.join(',') };
  Object.assign(process.env, environmentOf(s3.url));
  const queries = Array.from({ length: QUERIES }, (_, q) => {
    const at = Math.floor((q * N) / QUERIES) * D;
    return rows.slice(at, at + D);
  });
  const sections = {};
  const isAsked = (part) => values.only.includes(part);
  if (['speed', 'kills', 'writes'].some(isAsked))
    Object.assign(sections, await served(env, input, queries, isAsked));
  if (isAsked('build')) {
    const place = (name) => `s3://${BUCKET}/${name}`;
    const how = { ...{ place, input, flags: FLAGS, env, log }, shards: BUILD_SHARDS, seeds: BUILD_SEEDS };
    sections['A build whose workers are killed'] = buildText(await buildUnderKills(how));
  }
  if (values.n === undefined) {
    await putSections(fileURLToPath(new URL('cluster.md', RESULTS)), HEAD, sections);
  }
  return Object.entries(sections)
    .map(([heading, text]) => `## ${heading}\n\n${text}\n`)
    .join('\n');
}

/** A collection in four shards, each with two members, and a client of it. */
async function cluster(name, input, flags, env) {
  const place = `s3://${BUCKET}/${name}`;
  const worker = start(['cluster', 'work', '--threads', 2], env);
  const built = await timed(() =>
    sagitta(['cluster', 'build', place, '--input', input, ...flags, '--shards', SHARDS], env),
  );
  worker.child.kill('SIGTERM');
  await worker.done;
  const cache = join(folder, `${name}-cache`);
  const begin = () =>
    start(['cluster', 'serve', place, '--shards', 1, '--replicas', REPLICAS, '--cache', cache], env);
  const members = Array.from({ length: SHARDS * REPLICAS }, begin);
  await Promise.all(members.map((member) => member.saw(/"what":"serving"/)));
  const nats = await connectNats({ servers: servers.urls });
  const manifests = await kvManifests(nats, name, await openPlace(place));
  const client = await ClusterClient.open(nats, name, manifests);
  const dispose = async () => {
    client.dispose();
    await nats.close();
    for (const { child } of members) child.kill('SIGTERM');
    await Promise.all(members.map(({ done }) => done));
  };
  return { members, begin, client, nats, cache, seconds: built.s, dispose };
}

/** Processes by what they are. */
function groupsOf(members) {
  return {
    client: [process.pid],
    members: members.map(({ child }) => child.pid),
    servers: servers.servers.map(({ child }) => child.pid),
  };
}

/** Bytes of a query that the connection sends and gets. */
async function bytesOf({ connection }, client, queries) {
  const before = connection.stats();
  for (const query of queries) await client.search(query, K, SEARCH.options);
  const { outBytes, inBytes } = connection.stats();
  return {
    out: (outBytes - before.outBytes) / queries.length,
    back: (inBytes - before.inBytes) / queries.length,
  };
}

/** Searches one shard of those that members have a copy of, in this process. */
async function shardAlone(core, cache, queries) {
  const [file] = (await readdir(join(cache, 'segments'))).sort();
  const index = await loadIndexFile(core, join(cache, 'segments', file));
  try {
    const { all, cpuMs, ms } = await alone(index, queries, { ms: SPEED_MS / 2, ...SEARCH });
    return { qps: (1000 * all.length) / ms, cpuMs: cpuMs.search, serviceMs: quantiles(all) };
  } finally {
    index.dispose();
  }
}

/** What the way of a query costs: of a collection so small that there is nothing to search. */
async function wayCosts(core, env) {
  log('the way of a query');
  const rows = clusteredRows(SMALL, D);
  const input = join(folder, 'small.npy');
  await writeNpy(input, rows, D);
  const { members, client, cache, dispose } = await cluster(
    'small',
    input,
    ['--index', 'ivf', '--nlist', 16, '--bits', 4],
    env,
  );
  const queries = Array.from({ length: QUERIES }, (_, q) => rows.slice(q * D, (q + 1) * D));
  const groups = groupsOf(members);
  const measured = {};
  // the first is for compilers
  for (const atOnce of [AT_ONCE, AT_ONCE, 1]) {
    measured[atOnce] = speedOf(
      await costed(groups, () => together(client, queries, { ms: SPEED_MS / 2, atOnce, ...SEARCH })),
    );
  }
  const search = await shardAlone(core, cache, queries);
  await dispose();
  return { search, together: measured[AT_ONCE], calm: measured[1] };
}

async function served(env, input, queries, isAsked) {
  const core = createCore();
  const way = isAsked('speed') && (await wayCosts(core, env));
  log('build over a queue, one worker of two threads');
  const { members, begin, client, nats, cache, seconds, dispose } = await cluster('bench', input, FLAGS, env);
  log(`built in ${seconds.toFixed(0)} s; the same as one index`);
  const single = await timed(() =>
    sagitta(['build', input, '--out', join(folder, 'whole.sag'), ...FLAGS], env),
  );
  const whole = await loadIndexFile(core, join(folder, 'whole.sag'));
  process.once('uncaughtExceptionMonitor', () => {
    for (const { stderr, child } of members)
      console.error(child.pid, stderr.split('\n').slice(-6).join('\n'));
  });
  log(`${members.length} members serve; ${QUERIES} queries beside one index`);
  const exact = { nprobe: NPROBE, gamma: 1000 };
  const expected = queries.map((query) => whole.search(query, K, exact));
  for (const [q, query] of queries.entries()) {
    const answer = await client.search(query, K, exact);
    assert.deepEqual(answer.partial, []);
    assert.deepEqual([...answer.ids], [...expected[q].ids]);
    assert.deepEqual([...answer.scores], [...expected[q].scores]);
  }
  const sections = {};
  if (way) {
    log('speed');
    const groups = groupsOf(members);
    const measured = {
      one: speedOf(await alone(whole, queries, { ms: SPEED_MS, ...SEARCH })),
      shard: await shardAlone(core, cache, queries),
      together: speedOf(
        await costed(groups, () => together(client, queries, { ms: SPEED_MS, atOnce: AT_ONCE, ...SEARCH })),
      ),
      calm: speedOf(
        await costed(groups, () => together(client, queries, { ms: SPEED_MS, atOnce: 1, ...SEARCH })),
      ),
    };
    measured.calm.bytes = await bytesOf(nats, client, queries);
    const setting = { n: N, d: D, shards: SHARDS, replicas: REPLICAS, atOnce: AT_ONCE, cores: cpus().length };
    sections['Speed'] = speedText(measured, { members, seconds, single });
    sections['What a query costs'] = costText(way, measured);
    if (values.n === undefined) {
      await writeFile(new URL('cluster.json', RESULTS), `${JSON.stringify({ setting, way, ...measured })}\n`);
    }
  }
  if (isAsked('kills')) {
    const minutes = Number(values.minutes);
    log(`${minutes} minutes of load, a member killed every ${KILL_MS / 1000} s`);
    const storm = await killing(client, queries, expected, exact, { members, begin, ms: minutes * 60_000 });
    sections['Members that are killed'] = stormText(storm, minutes);
  }
  // last: what is served is another after it
  if (isAsked('writes')) {
    const how = { options: { nprobe: NPROBE }, ids: N, rate: WRITE_RATE, log };
    sections['Writes beside searches'] = writesText(await writesBeside({ client, queries, ...how }));
  }
  whole.dispose();
  core.dispose();
  await dispose();
  return sections;
}

function speedText({ one, together, calm }, { members, seconds, single }) {
  const row = (name, { qps, p50, p99 }) =>
    `| ${name} | ${Math.round(qps).toLocaleString('en')} | ${p50.toFixed(2)} | ${p99.toFixed(2)} |`;
  return `${N.toLocaleString('en')} × ${D} in ${CLUSTERS.toLocaleString('en')} clusters, ${NLIST} lists, 4 bits, nprobe ${NPROBE}, k ${K}; ${members.length} processes that serve a shard each, three servers of NATS
and one of S3. ${stamp()}.

Built over the queue by one worker of two threads in ${seconds.toFixed(0)} s, as one index by \`sagitta build\` in ${single.s.toFixed(0)} s. ${QUERIES} queries at gamma 1000: ids and scores are those of the one index.

| | queries/s | p50 ms | p99 ms |
|---|---|---|---|
${row('one index, called in this process', one)}
${row(`the members over NATS, ${AT_ONCE} queries at a time`, together)}
${row('the members, one query at a time', calm)}

All of it shares two cores: more members do not make it faster here, and what NATS and processes cost shows in full. On machines of their own each shard has a quarter of the work.`;
}

function costText(way, { one, shard, together, calm }) {
  const row = (name, { qps, p50, cpuMs: { client, members, servers } }) =>
    `| ${name} | ${[client, members, servers, client + members + servers].map((ms) => ms.toFixed(2)).join(' | ')} | ${Math.round(qps).toLocaleString('en')} | ${p50.toFixed(2)} |`;
  return `Milliseconds of computing for a query, by process, as the kernel counts them. The small collection has ${SMALL.toLocaleString('en')} rows in the same four shards and eight members: there the way is all there is.

| | client | 8 members | 3 servers of NATS | together | queries/s | p50 ms |
|---|---|---|---|---|---|---|
${row(`small, ${AT_ONCE} queries at a time`, way.together)}
${row('small, one at a time', way.calm)}
${row(`the whole, ${AT_ONCE} queries at a time`, together)}
${row('the whole, one at a time', calm)}

One shard alone in a process: ${shard.cpuMs.toFixed(2)} ms of computing a query, of the small collection ${way.search.cpuMs.toFixed(3)} ms; the one index ${one.cpuMs.search.toFixed(2)} ms. ${stamp()}.`;
}

function writesText({ batch, rate, writesPerSecond, behindMs, acknowledged, known, idle, beside }) {
  const two = ({ p50, p99 }) => `${p50.toFixed(1)} | ${p99.toFixed(1)}`;
  const rows = Math.round(writesPerSecond * batch).toLocaleString('en');
  return `Upserts of ${batch} × ${D}, one after the other, by one client: ${writesPerSecond.toFixed(0)} a second are acknowledged by two of three servers, ${rows} rows. All members follow;
${behindMs < 1000 ? `${behindMs.toFixed(0)} ms` : `${(behindMs / 1000).toFixed(1)} s`} after 20 s of this they knew the last. Searches are one after the other, nprobe ${NPROBE}. ${stamp()}.

| | p50 ms | p99 ms |
|---|---|---|
| a write until it is acknowledged, writes alone | ${two(acknowledged)} |
| searches alone | ${two(idle)} |
| searches beside ${rate} writes a second (${rate * batch} rows) | ${two(beside)} |
| from acknowledged until a search that has to know it is answered, beside these | ${two(known)} |`;
}

function stormText(storm, minutes) {
  return `A member killed by SIGKILL every ${KILL_MS / 1000} s for ${minutes} minutes, one whose shard has another, and another started for it; one query after the other, each answer, at gamma 1000, compared with that of the one index:

| queries | members killed | wrong | partial | failed | asked again | p50 ms | p99 ms | longest ms |
|---|---|---|---|---|---|---|---|---|
| ${storm.asked.toLocaleString('en')} | ${storm.killed} | ${storm.wrong} | ${storm.partial} | ${storm.failed} | ${storm.hedged} | ${storm.p50.toFixed(2)} | ${storm.p99.toFixed(1)} | ${storm.longest.toFixed(0)} |

${stamp()}.`;
}

function buildText({ workers, killSeconds, ackWaitSeconds, calmSeconds, rounds }) {
  const row = ({ seed, seconds, killed, inHand, again }) =>
    `| ${seed} | ${killed} | ${inHand} | ${again} | ${seconds.toFixed(0)} |`;
  return `${N.toLocaleString('en')} × ${D} in ${BUILD_SHARDS} shards (${NLIST} lists, 4 bits) by ${workers} workers; every ${killSeconds} s one of them, drawn from a seed, is killed by SIGKILL and another started. \`--ack-wait ${ackWaitSeconds}\`. The names of all
segments, which are the SHA-256 of their bytes, and all that the manifest says but its writer and hour are those of the undisturbed build by ${workers} workers, which took ${calmSeconds.toFixed(0)} s.

| seed | workers killed | of these with a job in hand | jobs begun again | seconds |
|---|---|---|---|---|
${rounds.map(row).join('\n')}

${stamp()}.`;
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
