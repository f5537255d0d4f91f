/** The kernels of Fixed Dimensional Encodings at (R, k, p) = (1, 5, 16), documents of 79 tokens, with plain loops. */
import { gaussianRows, randomBytes } from '@sagitta/testing';
import type { Core } from '../src/core.ts';
import { NO_PTR } from '../src/memory.ts';
import { cellSums, sketchRows, voteSums } from '../src/reference/fde.ts';
import { addDotF32Rows } from '../src/reference/fde-scan.ts';
import { simhashRows } from '../src/reference/simhash.ts';
import { type CaseSet, place } from './measure.ts';

const TOKENS = 79;
const K = 5;
const CELLS = 32;
const P = 16;
const D = 128;
const VOTERS = 128;

/** n documents. */
export function fdeCases(core: Core, n: number): CaseSet {
  const { kernels } = core;
  const tokens = n * TOKENS;
  const dots = gaussianRows(tokens, K, 31);
  const values = gaussianRows(tokens, P, 32);
  const rows = gaussianRows(tokens, D, 33);
  const similarities = gaussianRows(tokens, VOTERS, 34);
  const cells = Uint16Array.from(randomBytes(tokens, 35), (byte) => byte % CELLS);
  const offsets = Uint32Array.from({ length: n + 1 }, (_, i) => i * TOKENS);
  const entries = Uint32Array.from(randomBytes(D, 36), (byte) => ((byte & 128) << 24) | (byte % P));
  const starts = Uint32Array.from({ length: 9 }, (_, i) => (i * VOTERS) / 8);
  const q = gaussianRows(1, 64, 37);
  const codes = gaussianRows(tokens, 64, 38);
  const layout = { stride: P, p: P, numCells: CELLS, outStride: CELLS * P };
  const out = new Float32Array(n * CELLS * P + tokens * P);
  const scores = new Float64Array(tokens);
  const patterns = new Uint16Array(tokens);
  const outPtr = core.allocate(out.byteLength).at();
  const scratch = core.allocate(4 * CELLS * n + 4 * VOTERS).at();
  const more = core.allocate(4 * VOTERS).at();
  const [dotsPtr, valuesPtr, rowsPtr, similaritiesPtr] = [dots, values, rows, similarities].map((x) =>
    place(core, x),
  );
  const [cellsPtr, offsetsPtr, entriesPtr, startsPtr] = [cells, offsets, entries, starts].map((x) =>
    place(core, x),
  );
  const [queryPtr, codesPtr] = [place(core, q), place(core, codes)];
  return {
    cases: [
      {
        name: 'simhashRows k = 5',
        units: tokens,
        bytes: 4 * K,
        kernel: () => kernels.simhashRows(dotsPtr, tokens, K, K, outPtr),
        plain: () => simhashRows(dots, tokens, K, K, patterns),
      },
      {
        name: 'cellSums 32 × 16, a token',
        units: tokens,
        bytes: 4 * P,
        kernel: () =>
          kernels.cellSums(
            valuesPtr,
            P,
            P,
            cellsPtr,
            NO_PTR,
            offsetsPtr,
            n,
            CELLS,
            NO_PTR,
            1,
            NO_PTR,
            scratch,
            outPtr,
            CELLS * P,
          ),
        plain: () => cellSums(values, cells, offsets, layout, true, out),
      },
      {
        name: 'sketchRows 128 → 16',
        units: tokens,
        bytes: 4 * D,
        kernel: () => kernels.sketchRows(rowsPtr, tokens, D, D, entriesPtr, outPtr, P),
        plain: () => sketchRows(rows, tokens, D, D, entries, out, P),
      },
      {
        name: 'voteSums 128 voters, a token',
        units: tokens,
        bytes: 4 * VOTERS,
        kernel: () =>
          kernels.voteSums(
            similaritiesPtr,
            VOTERS,
            offsetsPtr,
            n,
            startsPtr,
            8,
            valuesPtr,
            P,
            P,
            scratch,
            more,
            outPtr,
            8 * (P + 1),
          ),
        plain: () =>
          voteSums(
            similarities,
            VOTERS,
            offsets,
            starts,
            values,
            { stride: P, p: P, numCells: 8, outStride: 8 * (P + 1) },
            out,
          ),
      },
      {
        name: 'addDotF32Rows 64',
        units: tokens,
        bytes: 256,
        kernel: () => kernels.addDotF32Rows(queryPtr, codesPtr, tokens, 64, outPtr),
        plain: () => addDotF32Rows(q, codes, tokens, 64, scores),
      },
    ],
    sink: () => out[0] + scores[0] + patterns[0],
  };
}
