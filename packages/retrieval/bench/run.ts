/**
 * Build, search, save and load on synthetic data with the spectrum of embeddings: `npm run bench -w @sagitta/retrieval`,
 * another size with `-- 20000 768` (vectors, dimensions).
 *
 * One thread, one query at a time. Beside each speed stand recall@10 against exact search and bytes a vector; the
 * baseline is the exact search of a float32 flat index in the same run.
 */
import { cpus } from 'node:os';
import { createCore } from '@sagitta/core-wasm';
import { skewedRows } from '@sagitta/testing';
import { Bench } from 'tinybench';
import { buildFlat, buildIvf, type IvfIndex, loadIndex, recallAtK, saveIndex } from '../src/index.ts';

const n = Number(process.argv[2] ?? 10_000);
const d = Number(process.argv[3] ?? 256);
const K = 10;
const QUERIES = 200;
const NLIST = Math.max(1, Math.round(Math.sqrt(n)));
const core = createCore();
const rows = skewedRows(n, d, { seed: 1 });
const queries = skewedRows(QUERIES, d, { seed: 1, stream: 'query' });

interface Line {
  readonly name: string;
  readonly index: IvfIndex;
  readonly nprobe: number;
}

function buildTimed(name: string, build: () => IvfIndex): IvfIndex {
  const start = performance.now();
  const index = build();
  const ms = performance.now() - start;
  console.log(
    `${name.padEnd(24)} built in ${ms.toFixed(0)} ms, ${Math.round((1000 * n) / ms)} vectors/s, ${index.bytesPerVector} bytes a vector`,
  );
  return index;
}

async function main(): Promise<void> {
  console.log(
    `${cpus()[0]?.model}, Node ${process.version}, ${core.build} build, ${new Date().toISOString().slice(0, 10)}`,
  );
  console.log(`${n} × ${d}, ${QUERIES} queries, k = ${K}, ${NLIST} lists\n`);
  const exact = buildTimed('flat float32', () =>
    buildFlat(core, rows, d, { metric: 'l2', quantizer: 'float32' }),
  );
  const lines: Line[] = [{ name: 'flat float32', index: exact, nprobe: 1 }];
  for (const bits of [1, 2, 4, 8]) {
    const flat = buildTimed(`flat ${bits} bits`, () => buildFlat(core, rows, d, { metric: 'l2', bits }));
    const ivf = buildTimed(`ivf ${bits} bits`, () =>
      buildIvf(core, rows, d, { metric: 'l2', bits, nlist: NLIST }),
    );
    lines.push({ name: `flat ${bits} bits`, index: flat, nprobe: 1 });
    for (const nprobe of [4, 16])
      lines.push({ name: `ivf ${bits} bits, nprobe ${nprobe}`, index: ivf, nprobe });
  }
  const truth = exact.searchBatch(queries, K).ids;

  // one bench for all: tasks take turns query by query, so that they share whatever the machine is doing
  const bench = new Bench({ time: 400, warmupTime: 100 });
  for (const { name, index, nprobe } of lines) {
    let q = 0;
    bench.add(name, () => {
      index.search(queries.subarray(q * d, (q + 1) * d), K, { nprobe });
      q = (q + 1) % QUERIES;
    });
  }
  await bench.run();
  console.log('\nsearch                     best µs  median µs  queries/s  recall@10    bytes   × float32');
  let baseline = 0;
  for (const [i, { name, index, nprobe }] of lines.entries()) {
    const result = bench.tasks[i]?.result;
    if (result === undefined || !('latency' in result)) throw new Error(`${name} did not complete`);
    const { min, p50, mean } = result.latency;
    if (i === 0) baseline = p50;
    const recall = recallAtK(index.searchBatch(queries, K, { nprobe }).ids, K, truth, K, K);
    console.log(
      name.padEnd(24),
      (1000 * min).toFixed(1).padStart(9),
      (1000 * p50).toFixed(1).padStart(10),
      (1000 / mean).toFixed(0).padStart(10),
      recall.toFixed(4).padStart(10),
      String(index.bytesPerVector).padStart(8),
      (baseline / p50).toFixed(1).padStart(11),
    );
  }

  console.log('\nfile                          MB     save MB/s  load MB/s');
  for (const { name, index } of lines.filter(({ nprobe }) => nprobe < 16)) {
    const bytes = saveIndex(index);
    const io = new Bench({ iterations: 5, time: 0, warmupIterations: 1 });
    io.add('save', () => void saveIndex(index)).add('load', () => loadIndex(core, bytes).dispose());
    await io.run();
    const speeds = io.tasks.map(({ result }) => {
      if (!('latency' in result)) throw new Error(`${name}: a file task did not complete`);
      return (bytes.length / 1e3 / result.latency.p50).toFixed(0);
    });
    console.log(
      name.padEnd(24),
      (bytes.length / 1e6).toFixed(1).padStart(7),
      ...speeds.map((speed) => speed.padStart(12)),
    );
  }
  for (const { index } of lines) index.dispose();
  core.dispose();
}

await main();
