import { gaussianRows, randomBytes } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { NO_PTR } from '../src/memory.ts';
import * as twin from '../src/reference/fde.ts';
import { describeBuilds, expectSameBits, Output, put } from './kernel-parity.case.ts';

/** Documents of 0, 1 and some tokens. */
const OFFSETS = Uint32Array.of(0, 5, 5, 6, 23);
const N = 4;
const TOKENS = 23;
const WIDTHS = [1, 3, 4, 7, 8, 16, 17, 64];

describeBuilds('cellSums and fillCells', (core) => {
  for (const isMean of [false, true]) {
    for (const isWeighted of [false, true]) {
      const name = `${isMean ? 'means' : 'sums'}${isWeighted ? ' with weights' : ''}`;
      it.each(WIDTHS)(`give the twin's bits in ${name} at p = %i`, (p) => {
        for (const numCells of [1, 8, 32]) {
          const stride = p + 2;
          const outStride = numCells * p + 3;
          const values = gaussianRows(TOKENS, stride, p);
          const cells = Uint16Array.from(randomBytes(TOKENS, p), (byte) => byte % numCells);
          const weights = isWeighted ? gaussianRows(1, TOKENS, 3) : undefined;
          const places = Uint32Array.from({ length: numCells }, (_, cell) => numCells - 1 - cell);
          const layout = { stride, p, numCells, places, outStride };
          const expected = new Float32Array(N * outStride);
          const sources = new Uint32Array(N * numCells);
          const options = weights ? { weights, sources } : { sources };
          twin.cellSums(values, cells, OFFSETS, layout, isMean, expected, options);
          const nearest = sources.map((source, i) =>
            source === 0xffffffff && i % 3 !== 0 ? i % TOKENS : source,
          );
          const filled = expected.slice();
          twin.fillCells(values, sources, nearest, N, layout, filled);
          core.scope((scope) => {
            const out = new Output(scope, expected.byteLength);
            const out32 = new Float32Array(expected.length);
            out.set(out32);
            const firsts = new Output(scope, sources.byteLength);
            const counts = new Output(scope, 4 * numCells);
            const valuesPtr = put(scope, values);
            const placesPtr = put(scope, places);
            core.kernels.cellSums(
              valuesPtr,
              stride,
              p,
              put(scope, cells),
              weights ? put(scope, weights) : NO_PTR,
              put(scope, OFFSETS),
              N,
              numCells,
              placesPtr,
              isMean ? 1 : 0,
              firsts.at(),
              counts.at(),
              out.at(),
              outStride,
            );
            counts.u32();
            expect(firsts.u32()).toEqual(sources);
            expectSameBits(out.f32(), expected);
            const nearestPtr = put(scope, nearest);
            const n = N;
            core.kernels.fillCells(
              valuesPtr,
              stride,
              p,
              firsts.at(),
              nearestPtr,
              n,
              numCells,
              placesPtr,
              out.at(),
              outStride,
            );
            expectSameBits(out.f32(), filled);
          });
        }
      });
    }
  }
});

describeBuilds('nearestTokens', (core) => {
  it.each([1, 3, 4, 32, 65])('equals the twin with %i columns', (columns) => {
    // few distinct values, so that there are ties
    const dots = Float32Array.from(randomBytes(TOKENS * columns, columns), (byte) => byte >> 5);
    const halves = Float32Array.from(randomBytes(TOKENS, 2), (byte) => byte >> 6);
    const expected = new Uint32Array(N * columns);
    twin.nearestTokens(dots, columns, halves, OFFSETS, expected);
    core.scope((scope) => {
      const out = new Output(scope, expected.byteLength);
      const best = new Output(scope, 4 * columns);
      core.kernels.nearestTokens(
        put(scope, dots),
        columns,
        put(scope, halves),
        put(scope, OFFSETS),
        N,
        best.at(),
        out.at(),
      );
      best.f32();
      expect(out.u32()).toEqual(expected);
    });
  });
});

describeBuilds('voteSums', (core) => {
  it.each([1, 3, 4, 15, 16, 64])('gives the bits of the twin at p = %i', (p) => {
    for (const sizes of [[1], [0, 3, 0, 1], [7, 9, 5]]) {
      const numCells = sizes.length;
      const starts = new Uint32Array(numCells + 1);
      sizes.forEach((size, i) => {
        starts[i + 1] = starts[i] + size;
      });
      const columns = starts[numCells];
      const stride = p + 1;
      const outStride = numCells * (p + 1) + 2;
      // few distinct values, so that there are ties
      const dots = Float32Array.from(randomBytes(TOKENS * columns, p), (byte) => (byte >> 4) / 7 - 1);
      const values = gaussianRows(TOKENS, stride, 4);
      const expected = new Float32Array(N * outStride);
      twin.voteSums(dots, columns, OFFSETS, starts, values, { stride, p, numCells, outStride }, expected);
      core.scope((scope) => {
        const out = new Output(scope, expected.byteLength);
        out.set(new Float32Array(expected.length));
        const best = new Output(scope, 4 * columns);
        const rows = new Output(scope, 4 * columns);
        core.kernels.voteSums(
          put(scope, dots),
          columns,
          put(scope, OFFSETS),
          N,
          put(scope, starts),
          numCells,
          put(scope, values),
          stride,
          p,
          best.at(),
          rows.at(),
          out.at(),
          outStride,
        );
        best.f32();
        rows.u32();
        expectSameBits(out.f32(), expected);
      });
    }
  });
});

describeBuilds('sketchRows', (core) => {
  it.each([1, 8, 33, 128])('gives the bits of the twin at d = %i', (d) => {
    const width = 5;
    const rows = gaussianRows(3, d + 1, 5);
    const entries = Uint32Array.from(
      randomBytes(d, 6),
      (byte) => ((byte & 128) << 24) | ((byte & 127) % width),
    );
    const expected = gaussianRows(3, width + 2, 7);
    const start = expected.slice();
    twin.sketchRows(rows, 3, d + 1, d, entries, expected, width + 2);
    core.scope((scope) => {
      const out = new Output(scope, expected.byteLength);
      out.set(start);
      core.kernels.sketchRows(put(scope, rows), 3, d + 1, d, put(scope, entries), out.at(), width + 2);
      expectSameBits(out.f32(), expected);
    });
  });
});

describeBuilds('maxScaledRows', (core) => {
  it.each([16, 32, 48, 272])('gives the bits of the twin at %i columns', (columns) => {
    for (const n of [0, 1, 2, 7]) {
      const rows = gaussianRows(n, columns, 5);
      const scales = gaussianRows(1, n, 6).map(Math.abs);
      for (const start of [new Float32Array(columns).fill(-Infinity), gaussianRows(1, columns, 7)]) {
        const expected = start.slice();
        twin.maxScaledRows(rows, n, columns, scales, expected);
        core.scope((scope) => {
          const out = new Output(scope, expected.byteLength);
          out.set(start);
          core.kernels.maxScaledRows(put(scope, rows), n, columns, put(scope, scales), out.at());
          expectSameBits(out.f32(), expected);
        });
      }
    }
  });
});
