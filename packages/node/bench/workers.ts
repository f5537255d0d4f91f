/**
 * Two threads against one: batches of searches and encoding, `npm run bench:workers -w @sagitta/node`.
 *
 * Both clients do the same work one after the other, round for round and in turn first and second, so that what else the
 * machine does falls on both alike; a ratio is that of one round, and the median of all is printed. Two threads need two
 * cores that are free, besides what the main thread needs to copy vectors.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { skewedRows } from '@sagitta/testing';
import {
  type BuildOptions,
  SearchClient,
  ShardedClient,
  threadEndpoint,
  type WorkerSearchOptions,
} from '../src/worker/index.ts';
import { bundle } from '../test/support/bundle.ts';

const N = 60_000;
const D = 256;
const K = 10;
/** Vectors of an add, queries of a batch. */
const ADDED = 40_000;
const QUERIES = 512;
const ROUNDS = Number(process.argv[2] ?? 9);

const CASES: { readonly name: string; readonly build: BuildOptions; readonly search: WorkerSearchOptions }[] =
  [
    { name: 'SAQ 4 bits, flat', build: { metric: 'l2', bits: 4 }, search: {} },
    { name: 'SAQ 4 bits, 64 lists', build: { metric: 'l2', bits: 4, nlist: 64 }, search: { nprobe: 16 } },
    { name: 'float32, flat', build: { metric: 'l2', quantizer: 'none' }, search: {} },
  ];

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Seconds of one and of two, and how many times faster two are, each the median of the rounds. */
async function contest(
  one: () => Promise<unknown>,
  two: () => Promise<unknown>,
): Promise<{ one: string; two: string; ratio: string }> {
  const times: [number, number][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const isOneFirst = round % 2 === 0;
    const before = await milliseconds(isOneFirst ? one : two);
    const after = await milliseconds(isOneFirst ? two : one);
    times.push(isOneFirst ? [before, after] : [after, before]);
  }
  return {
    one: `${median(times.map(([first]) => first)).toFixed(0)} ms`,
    two: `${median(times.map(([, second]) => second)).toFixed(0)} ms`,
    ratio: `${median(times.map(([first, second]) => first / second)).toFixed(2)} ×`,
  };
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sagitta-bench-'));
  const [file] = bundle(folder, ['src/worker/search-worker.ts']);
  const createWorker = (): ReturnType<typeof threadEndpoint> => threadEndpoint(new Worker(file));
  const rows = skewedRows(N, D, { seed: 1 });
  const more = rows.subarray(0, ADDED * D);
  const queries = skewedRows(QUERIES, D, { seed: 1, stream: 'query' });
  console.log(
    `${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
  );
  console.log(
    `${N} × ${D}, batches of ${QUERIES} queries, ${ADDED} vectors added, median of ${ROUNDS} rounds\n`,
  );
  try {
    const table: Record<string, Awaited<ReturnType<typeof contest>>> = {};
    for (const { name, build, search } of CASES) {
      const one = await SearchClient.start({ worker: createWorker() });
      const two = await ShardedClient.start({ shards: 2, createWorker });
      for (const client of [one, two]) await client.build(rows, D, build);
      for (const client of [one, two]) await client.searchBatch(queries, K, search);
      table[`${name}: batch search`] = await contest(
        () => one.searchBatch(queries, K, search),
        () => two.searchBatch(queries, K, search),
      );
      // there is nothing to encode without a quantizer
      if (build.quantizer !== 'none') {
        table[`${name}: encoding`] = await contest(
          () => one.add(more),
          () => two.add(more),
        );
      }
      await one.dispose();
      await two.dispose();
    }
    console.table(table);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
