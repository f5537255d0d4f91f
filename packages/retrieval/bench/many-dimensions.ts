/**
 * Indexes of many dimensions at 4 bits, SAQ beside RaBitQ: seconds of one core (user) to build 60 × 4,097 and 9,000 × 4,096, then,
 * taking turns, milliseconds of a query for the 10 nearest and for all: `npm run bench:dimensions -w @sagitta/retrieval`. Two minutes.
 */
import { cpus } from 'node:os';
import { createCore } from '@sagitta/core-wasm';
import { skewedRows } from '@sagitta/testing';
import { buildFlat, type IvfIndex, saveIndex } from '../src/index.ts';

const N = 9000;
const D = 4096;
const QUERIES = 20;
const ROUNDS = 9;
const core = createCore();

function build(rows: Float32Array, d: number, quantizer: 'saq' | 'rabitq'): IvfIndex {
  const before = process.cpuUsage();
  const index = buildFlat(core, rows, d, { metric: 'l2', bits: 4, quantizer });
  const seconds = process.cpuUsage(before).user / 1e6;
  const mebibytes = saveIndex(index).length / 2 ** 20;
  console.log(
    `${quantizer}, ${rows.length / d} × ${d}`.padEnd(32),
    `${seconds.toFixed(1).padStart(6)} s ${mebibytes.toFixed(1).padStart(6)} MiB`,
  );
  return index;
}

console.log(`${cpus()[0]?.model}, Node ${process.version}, ${core.build} build\n`);
build(skewedRows(60, 4097, { seed: 1 }), 4097, 'saq').dispose();
const rows = skewedRows(N, D, { seed: 1 });
const queries = skewedRows(QUERIES, D, { seed: 1, stream: 'query' });
const indexes = { saq: build(rows, D, 'saq'), rabitq: build(rows, D, 'rabitq') };
for (const k of [10, N]) {
  const best = { saq: Number.POSITIVE_INFINITY, rabitq: Number.POSITIVE_INFINITY };
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of ['saq', 'rabitq'] as const) {
      const start = performance.now();
      for (let q = 0; q < QUERIES; q++) indexes[name].search(queries.subarray(q * D, (q + 1) * D), k);
      best[name] = Math.min(best[name], (performance.now() - start) / QUERIES);
    }
  }
  const ratio = (best.saq / best.rabitq).toFixed(2);
  console.log(
    `query, the ${k} nearest`.padEnd(32),
    `saq ${best.saq.toFixed(2)} ms, rabitq ${best.rabitq.toFixed(2)} ms, ratio ${ratio}`,
  );
}
