/**
 * What a quantizer has to see before what it learns is worth anything. Of too few vectors, or of vectors that hardly differ,
 * ranges, levels, codebooks and projections would fit those and nothing that comes later: they are refused, by the name of
 * the argument that the caller gave. SAQ takes any vector, since bit allocation can be evened out (saq/energy.ts).
 */
import type { VectorSet } from '@sagitta/core-wasm';
import type { QuantizerChoice } from './method.ts';

/** Vectors from which ranges or levels of single dimensions are learned: with 40 recall is that of all, with 5 it is not. */
export const RANGE_VECTORS = 32;
/** Directions in which a sample has to differ, but no more than half of its dimensions, or than its vectors can. */
const DIRECTIONS = 16;
/** Rows that are looked at for them. */
const LOOKED_AT = 256;
/** Least share of a row, as a square, that counts as another direction. */
const ANOTHER = 1e-8;

/** Rows that differ from all others, of up to 256 of them. */
function distinctRows({ data, n, d }: VectorSet): number {
  const rows = Math.min(n, LOOKED_AT);
  const seen = new Set<string>();
  for (let i = 0; i < rows; i++) {
    const at = Math.floor((i * n) / rows) * d;
    seen.add(data.subarray(at, at + d).join());
  }
  return seen.size;
}

/** Independent directions of rows less their mean, at most `most`, by Gram–Schmidt on up to 256 of them. */
export function spannedDirections({ data, n, d }: VectorSet, most: number): number {
  const mean = new Float64Array(d);
  const rows = Math.min(n, LOOKED_AT);
  const rowAt = (i: number): number => Math.floor((i * n) / rows) * d;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < d; j++) mean[j] = (mean[j] as number) + (data[rowAt(i) + j] as number) / rows;
  }
  const found: Float64Array[] = [];
  for (let i = 0; i < rows && found.length < most; i++) {
    const at = rowAt(i);
    const row = Float64Array.from(mean, (value, j) => (data[at + j] as number) - value);
    let whole = 0;
    for (let j = 0; j < d; j++) whole += (data[at + j] as number) ** 2;
    for (const other of found) {
      let dot = 0;
      for (let j = 0; j < d; j++) dot += (row[j] as number) * (other[j] as number);
      for (let j = 0; j < d; j++) row[j] = (row[j] as number) - dot * (other[j] as number);
    }
    const rest = row.reduce((sum, value) => sum + value * value, 0);
    if (rest > ANOTHER * whole && rest > 0) found.push(row.map((value) => value / Math.sqrt(rest)));
  }
  return found.length;
}

/**
 * Checks a sample for a quantizer; label is what the caller calls it.
 * @throws RangeError on fewer vectors than the method needs, or where something is learned and they are copies of a few in few directions
 */
export function checkTrainingSample(
  label: string,
  sample: VectorSet,
  { method, options }: QuantizerChoice,
): void {
  const { n, d } = sample;
  const { name } = method;
  const fewest = method.fewestVectors(d, options);
  const instead =
    'train on a larger sample, or use a quantizer that learns nothing: saq, rabitq, lvq, float16';
  if (n < fewest) {
    const hint = n === 0 ? 'train on a sample, then add' : instead;
    throw new RangeError(
      `"${label}" expected at least ${fewest} vector${fewest === 1 ? '' : 's'} to train ${name}, got ${n}: ${hint}`,
    );
  }
  if (fewest <= 1 || method.takesCopies) return;
  const needed = Math.max(1, Math.min(DIRECTIONS, Math.floor(d / 2), n - 1));
  const spanned = spannedDirections(sample, needed);
  // many vectors of few directions are what such data are like; copies of a few vectors are no data
  if (spanned < needed && distinctRows(sample) < Math.min(RANGE_VECTORS, n)) {
    throw new RangeError(
      `"${label}" expected vectors that differ in at least ${needed} directions to train ${name}, got ${spanned}: ${instead}`,
    );
  }
}
