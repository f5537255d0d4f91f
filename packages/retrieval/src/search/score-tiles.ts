/**
 * Scores of all rows of one set with all rows of another: exact search where n is some thousand. Inner products come from
 * the product of matrices whose order of sums is part of its contract, so that what is chosen by them and then stored is the
 * same on every engine and in every build; distances from the tile kernel, which is for reports.
 */
import type { Core, VectorSet } from '@sagitta/core-wasm';
import { transpose } from '@sagitta/quantizers/internal';

/** Queries of one call of a kernel. */
const QUERY_ROWS = 64;
const BLOCK_BYTES = 8 * 1024 * 1024;

/**
 * Calls visit(query, scores) for each row of queries in order: scores[i] is <query, rows i>, or |query - rows i|² for 'l2'.
 * The scores are valid until the next call.
 */
export function scoreTiles(
  core: Core,
  kind: 'dot' | 'l2',
  queries: VectorSet,
  rows: VectorSet,
  visit: (query: number, scores: Float32Array) => void,
): void {
  const { d } = rows;
  const blockRows = Math.max(1, Math.min(rows.n, Math.floor(BLOCK_BYTES / (4 * d))));
  const scores = new Float32Array(Math.min(QUERY_ROWS, queries.n) * rows.n);
  core.scope((scope) => {
    const some = scope.reserve(4 * QUERY_ROWS * d);
    const block = scope.reserve(4 * blockRows * d);
    const out = scope.reserve(4 * QUERY_ROWS * blockRows);
    for (let first = 0; first < queries.n; first += QUERY_ROWS) {
      const count = Math.min(QUERY_ROWS, queries.n - first);
      some.f32(0, count * d).set(queries.data.subarray(first * d, (first + count) * d));
      for (let start = 0; start < rows.n; start += blockRows) {
        const size = Math.min(blockRows, rows.n - start);
        // one block of rows stays where it is
        if (first === 0 || blockRows < rows.n) {
          const part = rows.data.subarray(start * d, (start + size) * d);
          if (kind === 'l2') block.f32(0, size * d).set(part);
          else transpose(part, size, d, block.f32(0, size * d));
        }
        if (kind === 'l2') core.kernels.l2F32Tile(some.at(), count, block.at(), size, d, out.at());
        else core.kernels.matmulF32(some.at(), block.at(), count, size, d, out.at());
        const found = out.f32(0, count * size);
        for (let q = 0; q < count; q++) {
          scores.set(found.subarray(q * size, (q + 1) * size), q * rows.n + start);
        }
      }
      for (let q = 0; q < count; q++) visit(first + q, scores.subarray(q * rows.n, (q + 1) * rows.n));
    }
  });
}
