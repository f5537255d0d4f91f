/** The kernels over floats, bytes, bits and scores, with their plain loops. Float kernels have a goal. */
import { clusteredRows, gaussianRows, randomBytes } from '@sagitta/testing';
import type { Core } from '../src/core.ts';
import { NO_PTR } from '../src/memory.ts';
import { type Case, type CaseSet, place } from './measure.ts';
import * as plain from './plain-loops.ts';

/** Float kernels: so many times as fast as the plain loop, at least. */
export const FLOAT_GOAL = 8;

const NLIST = 64;
const SIDE = 128;

/** n rows of d = 768: 3 MB for 1,000 rows, in cache on most machines. */
export function floatCases(core: Core, N: number, D: number): CaseSet {
  const { kernels } = core;
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

  const rowsPtr = place(core, rows);
  const queriesPtr = place(core, queries);
  const bytesPtr = place(core, bytes);
  const centroidsPtr = place(core, centroids);
  const centroidNormsPtr = place(core, centroidNorms);
  const squarePtr = place(core, square);
  const signsPtr = place(core, signs);
  const scoresPtr = place(core, scores);
  const turnedPtr = place(core, rows);
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
      goal: FLOAT_GOAL,
      units: N,
      bytes: 4 * D,
      kernel: () => kernels.dotF32Rows(queriesPtr, rowsPtr, N, D, outPtr),
      plain: () => plain.dotRows(query, rows, N, D, out),
    },
    {
      name: 'dotF32Tile 16',
      goal: FLOAT_GOAL,
      units: 16 * N,
      bytes: 0,
      kernel: () => kernels.dotF32Tile(queriesPtr, 16, rowsPtr, N, D, outPtr),
      plain: () => plain.tile(plain.dotRows, queries, 16, rows, N, D, out),
    },
    {
      name: 'l2F32Rows',
      goal: FLOAT_GOAL,
      units: N,
      bytes: 4 * D,
      kernel: () => kernels.l2F32Rows(queriesPtr, rowsPtr, N, D, outPtr),
      plain: () => plain.l2Rows(query, rows, N, D, out),
    },
    {
      name: 'l2F32Tile 16',
      goal: FLOAT_GOAL,
      units: 16 * N,
      bytes: 0,
      kernel: () => kernels.l2F32Tile(queriesPtr, 16, rowsPtr, N, D, outPtr),
      plain: () => plain.tile(plain.l2Rows, queries, 16, rows, N, D, out),
    },
    {
      name: 'normF32Rows',
      goal: FLOAT_GOAL,
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
      name: 'matmulF32 (a madd)',
      goal: FLOAT_GOAL,
      units: SIDE * D * D,
      bytes: 0,
      kernel: () => kernels.matmulF32(rowsPtr, squarePtr, SIDE, D, D, outPtr),
      plain: () => plain.matmul(rows, square, SIDE, D, D, out),
    },
    {
      name: 'gramF32 (a madd)',
      goal: FLOAT_GOAL,
      units: (SIDE * D * (D + 1)) / 2,
      bytes: 0,
      kernel: () => kernels.gramF32(rowsPtr, SIDE, D, outPtr),
      plain: () => plain.gram(rows, SIDE, D, out),
    },
    {
      name: `nearestF32 of ${NLIST}`,
      goal: FLOAT_GOAL,
      units: N,
      bytes: 0,
      kernel: () => kernels.nearestF32(rowsPtr, N, D, centroidsPtr, centroidNormsPtr, NLIST, idsPtr, outPtr),
      plain: () => plain.nearest(rows, N, D, centroids, centroidNorms, NLIST, ids, out),
    },
    {
      name: 'hadamardF32Rows 512',
      goal: FLOAT_GOAL,
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
      goal: FLOAT_GOAL,
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
  return { cases, sink: () => out[0] + ints[0] + ids[0] + turned[0] };
}
