// What queries cost, by process: computing and time. The parts from which the plan of `npm run bench:scale` predicts what the whole does.
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Of a clock tick of the kernel, by which it tells what processes have computed. */
const TICK_MS = 10;
const STEPS = 1000;

/** Milliseconds that a process has computed for. */
export function cpuMsOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // the name before may have spaces
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return TICK_MS * (Number(fields[11]) + Number(fields[12]));
}

/** Runs `body`, which answers so many queries, and says what each group of processes computed for one of them, in milliseconds. */
export async function costed(groups, body) {
  const now = () => Object.values(groups).map((pids) => pids.reduce((sum, pid) => sum + cpuMsOf(pid), 0));
  const before = now();
  const result = await body();
  const after = now();
  const names = Object.keys(groups);
  const cpuMs = Object.fromEntries(
    names.map((name, i) => [name, (after[i] - before[i]) / result.all.length]),
  );
  return { ...result, cpuMs };
}

export const percentile = (sorted, share) =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];

export function speedOf({ ms, all, cpuMs }) {
  const sorted = [...all].sort((a, b) => a - b);
  return {
    ...{ qps: (1000 * all.length) / ms, p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) },
    ...(cpuMs && { cpuMs }),
  };
}

/** As quantilesOf of benchmarks/src/scale/distribution.ts. */
export function quantiles(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return Array.from({ length: STEPS + 1 }, (_, i) => {
    const at = (i / STEPS) * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
    return Number((low + (at - Math.floor(at)) * (high - low)).toPrecision(5));
  });
}

/** Searches of one index in this process, one after the other. */
export async function alone(index, queries, { ms, k, options }) {
  const all = [];
  const from = performance.now();
  const start = process.cpuUsage();
  for (let q = 0; performance.now() - from < ms; q++) {
    const begun = performance.now();
    index.search(queries[q % queries.length], k, options);
    all.push(performance.now() - begun);
  }
  const { user, system } = process.cpuUsage(start);
  return { ms: performance.now() - from, all, cpuMs: { search: (user + system) / 1000 / all.length } };
}

/** Searches of the members, several at a time. */
export async function together(client, queries, { ms, atOnce, k, options }) {
  const all = [];
  const from = performance.now();
  let q = 0;
  const loop = async () => {
    while (performance.now() - from < ms) {
      const start = performance.now();
      await client.search(queries[q++ % queries.length], k, options);
      all.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
  return { ms: performance.now() - from, all };
}

export const machine = () => `${cpus()[0].model}, ${cpus().length} cores`;
