// Writes to a collection that is searched meanwhile: how many are acknowledged, how soon they are known, what searches pay.
import assert from 'node:assert/strict';
import { percentile } from './bench-costs.mjs';

/** Rows of a write, and how long each part is measured. */
const BATCH = 100;
const PART_MS = 20_000;
const K = 10;

/** Vectors of `queries` with a little added, for ids among `ids`. */
function* changes(queries, ids) {
  let state = 99;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  for (;;) {
    const chosen = new Set();
    while (chosen.size < BATCH) chosen.add(Math.floor(next() * ids));
    const vectors = Array.from(chosen, (_, i) =>
      queries[i % queries.length].map((x) => x + 0.2 * (next() - 0.5)),
    );
    yield { ids: [...chosen], vectors };
  }
}

const quantiles = (times) => {
  const sorted = times.toSorted((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
};

async function searches(client, queries, options, isOver) {
  const times = [];
  for (let q = 0; !isOver(); q++) {
    const from = performance.now();
    await client.search(queries[q % queries.length], K, options);
    times.push(performance.now() - from);
  }
  return quantiles(times);
}

/** ids — those that are written to are below it. rate — writes a second beside searches. */
export async function writesBeside({ client, queries, options, ids, rate, log }) {
  const stream = changes(queries, ids);
  const next = () => stream.next().value;
  const until = (ms) => {
    const end = performance.now() + ms;
    return () => performance.now() > end;
  };
  log('searches alone');
  const idle = await searches(client, queries, options, until(PART_MS));
  log('writes alone, one after the other');
  let writes = 0;
  let number = 0;
  const acknowledged = [];
  const from = performance.now();
  for (const isOver = until(PART_MS); !isOver(); writes++) {
    const at = performance.now();
    number = await client.upsert(next());
    acknowledged.push(performance.now() - at);
  }
  const seconds = (performance.now() - from) / 1000;
  const at = performance.now();
  await client.search(queries[0], K, { ...options, after: number, deadlineMs: 600_000 });
  const behindMs = performance.now() - at;
  log(`searches beside ${rate} writes a second`);
  const known = [];
  const isOver = until(PART_MS);
  const searching = searches(client, queries, options, isOver);
  const begun = performance.now();
  for (let i = 0; !isOver(); i++) {
    const change = next();
    const last = await client.upsert(change);
    const sent = performance.now();
    const [vector] = change.vectors;
    await client.search(vector, K, { ...options, after: last, deadlineMs: 60_000 });
    known.push(performance.now() - sent);
    // nobody else has it written since
    const own = await client.search(vector, 1, { ...options, filter: [change.ids[0]], deadlineMs: 60_000 });
    assert.ok(own.scores[0] < 1, `expected what was written, got one at ${own.scores[0]}`);
    const pause = begun + ((i + 1) * 1000) / rate - performance.now();
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return {
    ...{ batch: BATCH, rate, writesPerSecond: writes / seconds, behindMs, idle, beside: await searching },
    ...{ acknowledged: quantiles(acknowledged), known: quantiles(known) },
  };
}
