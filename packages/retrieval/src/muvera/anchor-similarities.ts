/**
 * y_j = max_c <x_j, c> of documents' tokens c with anchors x_j: by integer products, in runs of documents that fit in scratch
 * memory. A document's numbers depend on its tokens alone.
 */
import type { Core, TokenSet } from '@sagitta/core-wasm';
import type { IntegerMatrix } from './integer-rows.ts';
import { tokenChunks } from './token-chunks.ts';

/** Bytes of products at a time. */
const SCRATCH_BYTES = 4 * 1024 * 1024;

/**
 * Gives y of documents first … first + n - 1 (n × anchors.rows, valid until the next call; -Infinity for a document without
 * tokens), run by run.
 */
export function anchorSimilarities(
  core: Core,
  anchors: IntegerMatrix,
  documents: TokenSet,
  take: (first: number, n: number, similarities: Float32Array) => void,
): void {
  const { data, offsets, d } = documents;
  const { rows: m, stride } = anchors;
  const maxRows = Math.max(1, Math.floor(SCRATCH_BYTES / (4 * stride)));
  for (const chunk of tokenChunks(documents, maxRows, maxRows)) {
    const n = chunk.end - chunk.first;
    const similarities = new Float32Array(n * m);
    core.scope((scope) => {
      const best = scope.reserve(4 * n * stride);
      best.f32().fill(-Infinity);
      // a document of more tokens than a run holds is taken in parts
      for (let row = chunk.row; row < chunk.row + chunk.rows; row += maxRows) {
        const rows = Math.min(maxRows, chunk.row + chunk.rows - row);
        core.scope((inner) => {
          const products = anchors.products(inner, data.subarray(row * d, (row + rows) * d), rows);
          for (let i = 0; i < n; i++) {
            const start = Math.max(offsets[chunk.first + i] as number, row) - row;
            const end = Math.min(offsets[chunk.first + i + 1] as number, row + rows) - row;
            if (start >= end) continue;
            core.kernels.maxScaledRows(
              products.out.at(4 * start * stride),
              end - start,
              stride,
              products.scales.at(4 * start),
              best.at(4 * i * stride),
            );
          }
        });
      }
      const values = best.f32();
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < m; j++) {
          similarities[i * m + j] = (values[i * stride + j] as number) * (anchors.right[j] as number);
        }
      }
    });
    take(chunk.first, n, similarities);
  }
}
