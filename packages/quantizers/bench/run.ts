/**
 * Training, coding, estimating and decoding on synthetic data with the spectrum of embeddings:
 * `npm run bench -w @sagitta/quantizers`, another dimension with `-- 784`.
 *
 * Speeds are the best and the median of repeated runs in one thread; beside each stand the bytes a vector and the root
 * mean square error of <o, p> in per cent of |o|·|p|. Projection is part of encoding, PCA is not.
 */
import { cpus } from 'node:os';
import { createCore, NO_PTR } from '@sagitta/core-wasm';
import { skewedRows } from '@sagitta/testing';
import { Bench } from 'tinybench';
import {
  assignToNearest,
  blockCount,
  SaqDecoder,
  SaqEncoder,
  SaqEstimator,
  trainKmeans,
  trainPca,
  trainSaq,
} from '../src/index.ts';

const d = Number(process.argv[2] ?? 768);
const N = 4096;
const NLIST = 256;
const core = createCore();
const rows = skewedRows(N, d, { seed: 1 });
const set = { data: rows, n: N, d };
const query = skewedRows(1, d, { seed: 1, stream: 'query' });

interface Times {
  readonly best: number;
  readonly median: number;
}

/** Milliseconds of one call. */
async function time(name: string, run: () => void, slow = false): Promise<Times> {
  const bench = new Bench(slow ? { iterations: 3, time: 0, warmup: false } : { time: 400, warmupTime: 100 });
  bench.add(name, run);
  await bench.run();
  const result = bench.tasks[0]?.result;
  if (result === undefined || !('latency' in result)) throw new Error(`${name} did not complete`);
  return { best: result.latency.min, median: result.latency.p50 };
}

function print(name: string, { best, median }: Times, units: number, unit: string, beside = ''): void {
  const show = (ms: number): string => {
    if (unit === 'ms') return ms.toFixed(0);
    return unit === 'ns' ? ((ms * 1e6) / units).toFixed(1) : Math.round((units * 1e3) / ms).toString();
  };
  console.log(name.padEnd(28), show(best).padStart(10), show(median).padStart(10), unit.padEnd(6), beside);
}

/** Root mean square of (estimated - true) <o, p> over |o|·|p|, per cent. */
function errorPercent(estimates: Float32Array, mean: Float32Array): number {
  const p = query.map((value, j) => value - (mean[j] as number));
  let pp = 0;
  for (const value of p) pp += value * value;
  let sum = 0;
  for (let i = 0; i < N; i++) {
    let distance = 0;
    let oo = 0;
    for (let j = 0; j < d; j++) {
      const x = rows[i * d + j] as number;
      distance += (x - (query[j] as number)) ** 2;
      oo += (x - (mean[j] as number)) ** 2;
    }
    sum += (((estimates[i] as number) - distance) / 2) ** 2 / (oo * pp);
  }
  return 100 * Math.sqrt(sum / N);
}

async function codes(bits: number): Promise<void> {
  const model = trainSaq(core, set, { metric: 'l2', bits });
  using encoder = new SaqEncoder(core, model);
  using estimator = new SaqEstimator(core, model);
  using decoder = new SaqDecoder(core, model);
  using blocks = core.allocate(blockCount(N) * encoder.layout.blockBytes);
  using out = core.allocate(blockCount(N) * 128);
  using ids = core.allocate(N * 4);
  using heap = core.allocate(256);
  ids.u32().set(Uint32Array.from({ length: N }, (_, i) => i));
  const residuals = rows.map((value, i) => value - (model.mean[i % d] as number));
  let base = 0;
  for (let j = 0; j < d; j++) base += ((query[j] as number) - (model.mean[j] as number)) ** 2;
  encoder.encode(residuals, blocks);
  const plan = model.plan.map((segment) => `${segment.dims}:${segment.bits}`).join(' ');
  const encoding = await time('encode', () => encoder.encode(residuals, blocks));
  print(`encode, ${bits} bits`, encoding, N, 'vec/s', `${encoder.layout.bytesPerVector} bytes, ${plan}`);

  const estimating = await time('estimate', () => {
    estimator.setQuery(query);
    estimator.scores(blocks.at(), N, NO_PTR, base, out.at());
  });
  const error = errorPercent(out.f32(0, N), model.mean);
  print(`estimate all, ${bits} bits`, estimating, N, 'ns', `rms error ${error.toPrecision(3)} % of |o||p|`);

  const target = { k: 10, scores: heap.at(64), ids: heap.at(128), size: heap.at() };
  estimator.resetStatistics();
  print(`set a query, ${bits} bits`, await time('query', () => estimator.setQuery(query)), 1, 'ns');

  const scanning = await time('scan', () => {
    heap.u32()[0] = 0;
    estimator.setQuery(query);
    estimator.scan(blocks.at(), N, NO_PTR, base, ids.at(), target);
  });
  const { blocks: seen, codeBitsRead } = estimator.statistics();
  const read = codeBitsRead / (seen * 32);
  print(
    `scan for the best 10, ${bits} bits`,
    scanning,
    N,
    'ns',
    `${read.toFixed(0)} code bits read a vector`,
  );

  const decoded = new Float32Array(N * d);
  const decoding = await time('decode', () => decoder.decodeInto(blocks, N, decoded));
  let lost = 0;
  let all = 0;
  for (let i = 0; i < decoded.length; i++) {
    lost += ((decoded[i] as number) - (residuals[i] as number)) ** 2;
    all += (residuals[i] as number) ** 2;
  }
  print(
    `decode, ${bits} bits`,
    decoding,
    N,
    'vec/s',
    `${((100 * lost) / all).toPrecision(3)} % of energy lost`,
  );
}

async function main(): Promise<void> {
  console.log(
    `${cpus()[0]?.model}, Node ${process.version}, ${core.build} build, ${new Date().toISOString().slice(0, 10)}`,
  );
  console.log(`${N} vectors of ${d} dims, float32: ${4 * d} bytes\n`);
  console.log('what                               best     median');
  print('PCA', await time('pca', () => void trainPca(core, set, { center: true }), true), 1, 'ms');
  const options = { metric: 'l2', bits: 4 } as const;
  print('train SAQ, 4 bits', await time('train', () => void trainSaq(core, set, options), true), 1, 'ms');
  const kmeans = { nlist: NLIST, seed: 1 };
  const { centroids } = trainKmeans(core, set, kmeans);
  const clustering = await time('kmeans', () => void trainKmeans(core, set, kmeans), true);
  print(`k-means, ${NLIST} lists`, clustering, 1, 'ms');
  const assigning = await time('assign', () => void assignToNearest(core, set, centroids));
  print(`assign to ${NLIST} lists`, assigning, N, 'vec/s');
  for (const bits of [1, 4, 8]) await codes(bits);
}

await main();
