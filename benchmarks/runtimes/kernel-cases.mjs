// Kernels on seeded input. A case is one entry: its units, what it calls, and the block where the answer lies.
import { fill } from '../../runtime-tests/smoke/seeded.mjs';

const D = 768;
const N = 1000;
/** Relative error of a float32 sum of D products in any order: (2d − 1) ε, ε = 2⁻²³. */
const SUM_ERROR = (2 * D - 1) * 2 ** -23;
/** Values are integers from −100 to 100. */
const MAX = 100;

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {string} group - heading of its table
 * @property {string} unit - one unit of work
 * @property {number} units - of work in one call
 * @property {() => void} call
 * @property {() => Uint8Array} answer - a copy of what the last call gave: the same bytes in every runtime
 * @property {number} [bound] - how far float32 answers of the relaxed build may be from those of simd; none if left out
 */

const KERNELS = [
  {
    name: 'dotF32Rows, 768-d',
    unit: 'vector',
    units: N,
    bound: SUM_ERROR * D * MAX ** 2,
    setUp(kernels, { f32, out }) {
      const [query, rows, sums] = [f32(D, 1).at(), f32(N * D, 2).at(), out(4 * N)];
      return { call: () => kernels.dotF32Rows(query, rows, N, D, sums.at()), sums };
    },
  },
  {
    name: 'l2F32Rows, 768-d',
    unit: 'vector',
    units: N,
    bound: SUM_ERROR * D * (2 * MAX) ** 2,
    setUp(kernels, { f32, out }) {
      const [query, rows, sums] = [f32(D, 1).at(), f32(N * D, 2).at(), out(4 * N)];
      return { call: () => kernels.l2F32Rows(query, rows, N, D, sums.at()), sums };
    },
  },
  {
    name: 'dotI8Rows, 768-d',
    unit: 'vector',
    units: N,
    setUp(kernels, { i8, out }) {
      const [query, rows, sums] = [i8(D, 3).at(), i8(N * D, 4).at(), out(4 * N)];
      return { call: () => kernels.dotI8Rows(query, rows, N, D, sums.at()), sums };
    },
  },
  {
    name: 'hammingRows, 768 bits',
    unit: 'vector',
    units: N,
    setUp(kernels, { i8, out }) {
      const [query, rows, sums] = [i8(D / 8, 5).at(), i8((N * D) / 8, 6).at(), out(4 * N)];
      return { call: () => kernels.hammingRows(query, rows, N, D / 8, sums.at()), sums };
    },
  },
  {
    name: 'dotCodeRows, 768-d, 4 bits',
    unit: 'vector',
    units: N,
    setUp(kernels, { i8, i16, out }) {
      const [query, codes, sums] = [i16(D, 7).at(), i8((N * D) / 2, 8).at(), out(4 * N)];
      return { call: () => kernels.dotCodeRows(codes, N, D, 4, query, sums.at()), sums };
    },
  },
  {
    name: 'fastscanU8, 768-d, 1 bit',
    unit: 'vector',
    units: N,
    setUp(kernels, { i8, out }) {
      const m = D / 4;
      const [luts, rows] = [i8(16 * m, 9).at(), i8((N * m) / 2, 10).at()];
      const [blocks, sums] = [out(Math.ceil(N / 32) * 16 * m).at(), out(128 * Math.ceil(N / 32))];
      kernels.fastscanPack(rows, N, m, blocks);
      return { call: () => kernels.fastscanU8(blocks, N, m, luts, sums.at()), sums };
    },
  },
  {
    name: 'matmulF32, 64 × 384 × 384',
    unit: 'multiply-add',
    units: 64 * 384 * 384,
    setUp(kernels, { f32, out }) {
      const [a, b, sums] = [f32(64 * 384, 11).at(), f32(384 * 384, 12).at(), out(4 * 64 * 384)];
      return { call: () => kernels.matmulF32(a, b, 64, 384, 384, sums.at()), sums };
    },
  },
  {
    name: 'hadamardF32Rows, 1024-d',
    unit: 'vector',
    units: 100,
    setUp(kernels, { f32, out }) {
      const [input, sums] = [f32(100 * 1024, 13), out(4 * 100 * 1024)];
      const call = () => {
        sums.u8().set(input.u8());
        kernels.hadamardF32Rows(sums.at(), 100, 1024);
      };
      return { call, sums };
    },
  },
];

/**
 * @param {import('@sagitta/core-wasm').Core} core - its blocks are the caller's to drop with it
 * @returns {Case[]}
 */
export function kernelCases(core, group = 'kernels') {
  const blocks = {
    f32: (count, seed) => filled(core.allocate(4 * count), (block) => block.f32(), seed),
    i16: (count, seed) => filled(core.allocate(2 * count), (block) => block.i16(), seed),
    i8: (count, seed) => filled(core.allocate(count), (block) => block.i8(), seed),
    out: (byteLength) => core.allocate(byteLength),
  };
  return KERNELS.map(({ name, unit, units, bound, setUp }) => {
    const { call, sums } = setUp(core.kernels, blocks);
    return { name, group, unit, units, bound, call, answer: () => sums.u8().slice() };
  });
}

function filled(block, view, seed) {
  fill(view(block), seed);
  return block;
}
