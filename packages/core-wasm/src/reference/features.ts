/** Plain twin of assembly/features.ts. What it writes ends in stored bytes: they agree bit for bit. */
import { laneSum } from './lane-sum.ts';

const { fround } = Math;
const EPSILON = fround(1e-5);

/** Σ term(j), the first numbers in four lanes, the last (width mod 4) one by one. */
function rowSum(width: number, term: (j: number) => number): number {
  const quads = width - (width % 4);
  let sum = laneSum(quads, 4, term);
  for (let j = quads; j < width; j++) sum = fround(sum + fround(term(j)));
  return sum;
}

/** out (n × width) of products (n × stride): scaled, bias added, normed where there is a norm, negatives made 0. */
export function rectifyRows(
  products: Float32Array,
  n: number,
  width: number,
  stride: number,
  left: Float32Array,
  right: Float32Array,
  bias: Float32Array,
  norm: { readonly gain: Float32Array; readonly shift: Float32Array } | undefined,
  out: Float32Array,
): void {
  for (let i = 0; i < n; i++) {
    const row = out.subarray(i * width, (i + 1) * width);
    for (let j = 0; j < width; j++) {
      const factor = fround((left[i] as number) * (right[j] as number));
      row[j] = fround(factor * (products[i * stride + j] as number)) + (bias[j] as number);
    }
    if (norm) {
      const mean = fround(rowSum(width, (j) => row[j] as number) / width);
      const off = (j: number): number => fround((row[j] as number) - mean);
      const squares = rowSum(width, (j) => fround(off(j) * off(j)));
      const inverse = fround(1 / fround(Math.sqrt(fround(fround(squares / width) + EPSILON))));
      for (let j = 0; j < width; j++) {
        const scaled = fround(off(j) * inverse);
        row[j] = fround(scaled * (norm.gain[j] as number)) + (norm.shift[j] as number);
      }
    }
    for (let j = 0; j < width; j++) row[j] = Math.max(row[j] as number, 0);
  }
}
