/**
 * SAQ of many dimensions at 4 bits: seconds of one core (user) to train on 60 × 4,097 and on 9,000 × 4,096 and to code the latter, and
 * milliseconds of a query over all of them beside RaBitQ's, taking turns: `npm run bench:dimensions -w @sagitta/quantizers`. Two minutes.
 */
import { cpus } from 'node:os';
import { createCore, NO_PTR } from '@sagitta/core-wasm';
import { skewedRows } from '@sagitta/testing';
import { blockCount, SaqEncoder, SaqEstimator, trainQuantizer, trainSaq } from '../src/index.ts';

const N = 9000;
const D = 4096;
const QUERIES = 20;
const ROUNDS = 9;
const core = createCore();

function seconds<T>(name: string, run: () => T): T {
  const before = process.cpuUsage();
  const result = run();
  console.log(name.padEnd(40), (process.cpuUsage(before).user / 1e6).toFixed(1).padStart(8), 's');
  return result;
}

console.log(`${cpus()[0]?.model}, Node ${process.version}, ${core.build} build\n`);
const options = { metric: 'l2', bits: 4 } as const;
const few = { data: skewedRows(60, 4097, { seed: 1 }), n: 60, d: 4097 };
seconds('train SAQ, 60 × 4,097', () => trainSaq(core, few, options));

const set = { data: skewedRows(N, D, { seed: 1 }), n: N, d: D };
const model = seconds('train SAQ, 9,000 × 4,096', () => trainSaq(core, set, options));
const encoder = new SaqEncoder(core, model);
const blocks = core.allocate(blockCount(N) * encoder.layout.blockBytes);
seconds('  encode', () => encoder.encode(set.data, blocks, 0, model.mean));
const rabitq = seconds('train RaBitQ', () => trainQuantizer(core, set, { ...options, name: 'rabitq' }));
const other = core.allocate(blockCount(N) * rabitq.blockBytes);
seconds('  encode', () => rabitq.createEncoder(core).encode(set.data, rabitq.origin, other, 0));

const queries = skewedRows(QUERIES, D, { seed: 1, stream: 'query' });
const estimator = new SaqEstimator(core, model);
const plain = rabitq.createEstimator(core);
const out = core.allocate(blockCount(N) * 128);
const contestants = [
  {
    name: 'query SAQ, all scores',
    best: Number.POSITIVE_INFINITY,
    run: (query: Float32Array): void => {
      estimator.setQuery(query);
      estimator.scores(blocks.at(), N, NO_PTR, 0, out.at());
    },
  },
  {
    name: 'query RaBitQ, all scores',
    best: Number.POSITIVE_INFINITY,
    run: (query: Float32Array): void => {
      plain.setQuery(query);
      plain.scores(other.at(), N, 0, out.at());
    },
  },
];
for (let round = 0; round < ROUNDS; round++) {
  for (const one of contestants) {
    const start = performance.now();
    for (let q = 0; q < QUERIES; q++) one.run(queries.subarray(q * D, (q + 1) * D));
    one.best = Math.min(one.best, (performance.now() - start) / QUERIES);
  }
}
for (const { name, best } of contestants) console.log(name.padEnd(40), best.toFixed(2).padStart(8), 'ms');
