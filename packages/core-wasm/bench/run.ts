/**
 * Kernels against plain JavaScript loops at d = 768: `npm run bench -w @sagitta/core-wasm`.
 *
 * Prints the best and the median time of one unit (a vector, or for products a multiply-add), bytes read per second
 * and the ratio of medians to the plain loop. Warm: the working set is 3 MB (1,000 rows), in cache on most machines.
 * The plain loop accumulates in a JavaScript number, the fastest form; twins of model-writing kernels also round to
 * f32 and would flatter us.
 */
import { cpus } from 'node:os';
import { clusteredRows, gaussianRows, randomBytes } from '@sagitta/testing';
import { Bench } from 'tinybench';
import { createCore } from '../src/create-core.ts';
import type { Ptr } from '../src/memory.ts';
import { NO_PTR } from '../src/memory.ts';
import { dotBaseline, gccDot } from './gcc-dot.ts';
import * as plain from './plain-loops.ts';

const D = 768;
const N = 1_000;
const NLIST = 64;
const SIDE = 128;

interface Case {
  readonly name: string;
  /** Units of work in one call. */
  readonly units: number;
  /** Bytes read for one unit; 0 where cache reuse makes that number meaningless. */
  readonly bytes: number;
  readonly kernel: () => void;
  readonly plain: () => void;
}

const core = createCore();
const { kernels } = core;

function place(values: Float32Array | Uint8Array | Uint32Array): Ptr {
  const block = core.allocate(values.byteLength);
  block.u8().set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return block.at();
}

const rows = clusteredRows(N, D, { seed: 1, clusters: 20, spread: 0.5 });
const queries = gaussianRows(16, D, 2);
const query = queries.subarray(0, D);
const bytes = randomBytes(N * D, 3);
const signedBytes = new Int8Array(bytes.buffer);
const centroids = gaussianRows(NLIST, D, 4);
const centroidNorms = new Float32Array(NLIST);
const square = gaussianRows(D, D, 5);
const signs = Uint32Array.from(randomBytes(4 * D, 6), (byte) => ((byte & 1) << 31) >>> 0);
const scores = gaussianRows(1, 100_000, 7);
plain.normRows(centroids, NLIST, D, centroidNorms);

const rowsPtr = place(rows);
const queriesPtr = place(queries);
const bytesPtr = place(bytes);
const centroidsPtr = place(centroids);
const centroidNormsPtr = place(centroidNorms);
const squarePtr = place(square);
const signsPtr = place(signs);
const scoresPtr = place(scores);
const turnedPtr = place(rows);
const outBlock = core.allocate(4 * Math.max(16 * N, D * D, 100_000));
const outPtr = outBlock.at();
const idsPtr = core.allocate(4 * N).at();
const heapBlock = core.allocate(1024);

const out = new Float32Array(Math.max(16 * N, D * D, 100_000));
const ints = new Int32Array(N);
const ids = new Uint32Array(100_000);
const turned = rows.slice();

const cases: readonly Case[] = [
  {
    name: 'dotF32Rows',
    units: N,
    bytes: 4 * D,
    kernel: () => kernels.dotF32Rows(queriesPtr, rowsPtr, N, D, outPtr),
    plain: () => plain.dotRows(query, rows, N, D, out),
  },
  {
    name: 'dotF32Tile 16',
    units: 16 * N,
    bytes: 0,
    kernel: () => kernels.dotF32Tile(queriesPtr, 16, rowsPtr, N, D, outPtr),
    plain: () => plain.tile(plain.dotRows, queries, 16, rows, N, D, out),
  },
  {
    name: 'l2F32Rows',
    units: N,
    bytes: 4 * D,
    kernel: () => kernels.l2F32Rows(queriesPtr, rowsPtr, N, D, outPtr),
    plain: () => plain.l2Rows(query, rows, N, D, out),
  },
  {
    name: 'l2F32Tile 16',
    units: 16 * N,
    bytes: 0,
    kernel: () => kernels.l2F32Tile(queriesPtr, 16, rowsPtr, N, D, outPtr),
    plain: () => plain.tile(plain.l2Rows, queries, 16, rows, N, D, out),
  },
  {
    name: 'normF32Rows',
    units: N,
    bytes: 4 * D,
    kernel: () => kernels.normF32Rows(rowsPtr, N, D, outPtr),
    plain: () => plain.normRows(rows, N, D, out),
  },
  {
    name: 'dotI8Rows',
    units: N,
    bytes: D,
    kernel: () => kernels.dotI8Rows(bytesPtr, bytesPtr, N, D, outPtr),
    plain: () => plain.dotI8Rows(signedBytes, signedBytes, N, D, ints),
  },
  {
    name: 'hammingRows 96 B',
    units: N,
    bytes: D / 8,
    kernel: () => kernels.hammingRows(bytesPtr, bytesPtr, N, D / 8, outPtr),
    plain: () => plain.hammingRows(bytes, bytes, N, D / 8, ids),
  },
  {
    name: `matmulF32 (a madd)`,
    units: SIDE * D * D,
    bytes: 0,
    kernel: () => kernels.matmulF32(rowsPtr, squarePtr, SIDE, D, D, outPtr),
    plain: () => plain.matmul(rows, square, SIDE, D, D, out),
  },
  {
    name: 'gramF32 (a madd)',
    units: (SIDE * D * (D + 1)) / 2,
    bytes: 0,
    kernel: () => kernels.gramF32(rowsPtr, SIDE, D, outPtr),
    plain: () => plain.gram(rows, SIDE, D, out),
  },
  {
    name: `nearestF32 of ${NLIST}`,
    units: N,
    bytes: 0,
    kernel: () => kernels.nearestF32(rowsPtr, N, D, centroidsPtr, centroidNormsPtr, NLIST, idsPtr, outPtr),
    plain: () => plain.nearest(rows, N, D, centroids, centroidNorms, NLIST, ids, out),
  },
  {
    name: 'hadamardF32Rows 512',
    units: N,
    bytes: 4 * 512,
    // Unnormalised: the values grow, so each call starts from the rows again; the copy is part of both sides.
    kernel: () => {
      outBlock.f32(0, 4 * 512).set(rows.subarray(0, 4 * 512));
      for (let i = 0; i < N; i += 4) kernels.hadamardF32Rows(outPtr, 4, 512);
    },
    plain: () => {
      out.set(rows.subarray(0, 4 * 512));
      for (let i = 0; i < N; i += 4) plain.hadamardRows(out, 4, 512);
    },
  },
  {
    name: 'rotateF32Rows',
    units: N,
    bytes: 4 * D,
    kernel: () => kernels.rotateF32Rows(turnedPtr, N, D, D, signsPtr),
    plain: () => plain.rotateRows(turned, N, D, signs),
  },
  {
    name: 'topKPushF32 k=10',
    units: 100_000,
    bytes: 4,
    kernel: () => {
      heapBlock.u32()[0] = 0;
      kernels.topKPushF32(
        scoresPtr,
        NO_PTR,
        100_000,
        0,
        10,
        heapBlock.at(64),
        heapBlock.at(128),
        heapBlock.at(),
      );
    },
    plain: () => plain.topK(scores, 100_000, 10, out, ids),
  },
  {
    name: 'selectBelowF32 2 %',
    units: 100_000,
    bytes: 4,
    kernel: () => {
      kernels.selectBelowF32(scoresPtr, 100_000, -2, outPtr);
    },
    plain: () => {
      plain.selectBelow(scores, 100_000, -2, ids);
    },
  },
];

async function main(): Promise<void> {
  console.log(
    `${cpus()[0]?.model}, Node ${process.version}, ${core.build} build, ${new Date().toISOString().slice(0, 10)}`,
  );
  console.log('kernel                 best ns   median ns   GB/s   plain ns   ratio');
  for (const item of cases) {
    const bench = new Bench({ time: 150, warmupTime: 50 });
    bench.add('kernel', item.kernel).add('plain', item.plain);
    await bench.run();
    const [kernel, loop] = bench.tasks.map((task) => {
      const { result } = task;
      if (!('latency' in result)) throw new Error(`${item.name}: ${task.name} did not complete`);
      const scale = 1e6 / item.units;
      return { best: result.latency.min * scale, median: result.latency.p50 * scale };
    });
    console.log(
      item.name.padEnd(21),
      kernel.best.toFixed(3).padStart(9),
      kernel.median.toFixed(3).padStart(11),
      (item.bytes ? (item.bytes / kernel.median).toFixed(1) : '').padStart(6),
      loop.median.toFixed(3).padStart(10),
      `${(loop.median / kernel.median).toFixed(1)}×`.padStart(7),
    );
  }
  const native = gccDot(N, D);
  if (native === null) {
    console.log('no gcc: native comparison skipped');
  } else {
    const ours = dotBaseline(() => kernels.dotF32Rows(queriesPtr, rowsPtr, N, D, outPtr), N);
    console.log(
      `dotF32Rows, best: ${ours.toFixed(1)} ns; gcc -O3 -march=native -ffast-math: ${native.toFixed(1)} ns; ratio ${(ours / native).toFixed(2)}`,
    );
  }
  // Consumed, so that no plain loop is dead code.
  if (out[0] + ints[0] + ids[0] + turned[0] === Number.POSITIVE_INFINITY) console.log('overflow');
}

await main();
