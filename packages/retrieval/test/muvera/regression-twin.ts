/** RegressionFde with random features in plain f64, from the formulas; anchors and the unit are the encoder's. Not collected. */
import { RandomStream, type TokenSet } from '@sagitta/core-wasm';
import type { RegressionParts } from '../../src/muvera/regression-options.ts';

interface Twin {
  /** d × H, H, m. */
  readonly weights: number[];
  readonly bias: number[];
  readonly means: number[];
  encodeDocuments(tokens: TokenSet): number[];
  encodeQuery(tokens: Float32Array, weights: Float32Array): number[];
}

export function regressionTwin(
  sample: TokenSet,
  { d, unit, anchors }: RegressionParts,
  { features, seed }: { readonly features: number; readonly seed: number },
): Twin {
  const rowsOf = (data: Float32Array): number[][] =>
    Array.from({ length: data.length / d }, (_, i) =>
      [...data.subarray(i * d, (i + 1) * d)].map((v) => v * unit),
    );
  const x = Array.from({ length: anchors.rows }, (_, i) =>
    Array.from({ length: d }, (_, j) => anchors.scales[i] * anchors.codes[i * d + j]),
  );
  const m = x.length;
  // the kept tokens are the anchors where the sample has more of them than are kept
  const mean = Array.from({ length: d }, (_, j) => x.reduce((sum, row) => sum + row[j], 0) / m);
  const spread = Math.sqrt(x.reduce((sum, row) => sum + norm(row.map((v, j) => v - mean[j])), 0) / m);
  const random = new RandomStream(seed, 'fde/regression').fork('features');
  const weights: number[] = Array(d * features).fill(0);
  const bias: number[] = [];
  for (let h = 0; h < features; h++) {
    const offset = 0.3 * normal(random);
    let shift = 0;
    for (let j = 0; j < d; j++) {
      weights[j * features + h] = normal(random) / spread;
      shift += weights[j * features + h] * mean[j];
    }
    bias.push(offset - shift);
  }
  const phi = (row: readonly number[]): number[] =>
    bias.map((b, h) =>
      Math.max(
        0,
        row.reduce((sum, v, j) => sum + v * weights[j * features + h], b),
      ),
    );
  const rows = x.map(phi);
  const gram = Array.from({ length: features }, (_, a) =>
    Array.from({ length: features }, (_, b) => rows.reduce((sum, row) => sum + row[a] * row[b], 0)),
  );
  const trace = gram.reduce((sum, row, a) => sum + row[a], 0);
  gram.forEach((row, a) => {
    row[a] += (1e-3 * trace) / features;
  });
  const similarities = (document: readonly number[][]): number[] =>
    x.map((row) => Math.max(...document.map((token) => product(row, token))));
  const documentsOf = ({ data, offsets, n }: TokenSet): number[][][] =>
    Array.from({ length: n }, (_, i) => rowsOf(data.subarray(offsets[i] * d, offsets[i + 1] * d)));
  const all = documentsOf(sample).map(similarities);
  const means = x.map((_, j) => all.reduce((sum, row) => sum + row[j], 0) / all.length);
  return {
    weights,
    bias,
    means,
    encodeDocuments: (tokens) =>
      documentsOf(tokens).flatMap((document) => {
        if (document.length === 0) return Array<number>(features).fill(0);
        const y = similarities(document).map((value, j) => value - means[j]);
        const right = bias.map((_, h) => rows.reduce((sum, row, j) => sum + row[h] * y[j], 0));
        return solve(gram, right);
      }),
    encodeQuery: (tokens, factors) =>
      rowsOf(tokens)
        .map(phi)
        .reduce(
          (sum, row, t) => sum.map((value, h) => value + factors[t] * row[h]),
          Array<number>(features).fill(0),
        ),
  };
}

function product(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, j) => sum + value * b[j], 0);
}

function norm(row: readonly number[]): number {
  return product(row, row);
}

function normal(random: RandomStream): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.nextUnit();
  return sum;
}

/** Gauss–Jordan with pivots. */
function solve(matrix: readonly number[][], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]]);
  for (let i = 0; i < rows.length; i++) {
    let pivot = i;
    for (let r = i + 1; r < rows.length; r++) {
      if (Math.abs(rows[r][i]) > Math.abs(rows[pivot][i])) pivot = r;
    }
    [rows[i], rows[pivot]] = [rows[pivot], rows[i]];
    for (let r = 0; r < rows.length; r++) {
      if (r === i) continue;
      const factor = rows[r][i] / rows[i][i];
      for (let c = i; c < rows[i].length; c++) rows[r][c] -= factor * rows[i][c];
    }
  }
  return rows.map((row, i) => row[rows.length] / row[i]);
}
