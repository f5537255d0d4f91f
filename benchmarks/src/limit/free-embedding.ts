/**
 * The free-embedding experiment of LIMIT: no text, one vector a document and one a query, trained directly; all n(n − 1)/2
 * pairs are queries. critical-n(d) is the largest n whose pairs are all answered. Recipe of the paper's program: vectors of
 * length 1, Adam with rate 0.01, InfoNCE over all documents at temperature 0.1, renormalised after each step, stopped at
 * 100 % or after 1,000 steps without a gain of 1e-5. Steps are capped at `maximumSteps`, which the paper has at 100,000.
 *
 * It measures what this optimiser reaches, not a limit of geometry: 2k dimensions suffice for any n (./ruler.ts is the
 * proof for k = 2).
 */
import { RandomStream } from '@sagitta/core-wasm';

export interface FreeEmbeddingOptions {
  readonly seed: number;
  readonly maximumSteps: number;
}

export interface CriticalN {
  readonly d: number;
  /** Over seeds: the largest n for which each was solved. */
  readonly least: number;
  readonly most: number;
  /** What the published polynomial gives, rounded. */
  readonly published: number;
}

const RATE = 0.01;
const TEMPERATURE = 0.1;
const PATIENCE = 1000;
const LEAST_GAIN = 1e-5;
const BETA1 = 0.9;
const BETA2 = 0.999;

/** Coefficients of 1, d, d² and d³ of the curve that the paper fits to d = 4 … 45. */
export const PUBLISHED: readonly number[] = [-10.5322, 4.0309, 0.052, 0.0037];

export function polynomial(coefficients: readonly number[], d: number): number {
  return coefficients.reduceRight((sum, value) => sum * d + value, 0);
}

/** The largest n whose pairs are all found, going up from `start` until two sizes in a row fail. */
export function criticalN(d: number, start: number, options: FreeEmbeddingOptions): number {
  let best = 0;
  let from = Math.max(3, start);
  while (from > 3 && !solves(d, from, options)) from = Math.max(3, from - 2);
  for (let n = from, failed = 0; failed < 2; n++) {
    if (solves(d, n, options)) {
      best = n;
      failed = 0;
    } else failed++;
  }
  return best;
}

/** Whether training reaches 100 % top-2 accuracy on all pairs of n documents in d dimensions. */
export function solves(d: number, n: number, { seed, maximumSteps }: FreeEmbeddingOptions): boolean {
  const pairs: [number, number][] = [];
  for (let a = 0; a < n; a++) for (let b = a + 1; b < n; b++) pairs.push([a, b]);
  const random = new RandomStream(seed, `limit/free/${d}/${n}`);
  const documents = new Trained(n, d, random);
  const queries = new Trained(pairs.length, d, random);
  const scores = new Float64Array(n);
  let best = Infinity;
  let since = 0;
  for (let step = 1; step <= maximumSteps; step++) {
    let loss = 0;
    let solved = 0;
    pairs.forEach(([a, b], q) => {
      const row = q * d;
      let largest = -Infinity;
      for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let j = 0; j < d; j++)
          sum += (queries.values[row + j] as number) * (documents.values[i * d + j] as number);
        scores[i] = sum / TEMPERATURE;
        if (i !== a && i !== b) largest = Math.max(largest, scores[i] as number);
      }
      const [scoreA, scoreB] = [scores[a] as number, scores[b] as number];
      if (Math.min(scoreA, scoreB) > largest) solved++;
      const top = Math.max(largest, scoreA, scoreB);
      let sum = 0;
      for (let i = 0; i < n; i++) sum += Math.exp((scores[i] as number) - top);
      loss += top + Math.log(sum) - (scoreA + scoreB) / 2;
      for (let i = 0; i < n; i++) {
        const wanted = i === a || i === b ? 0.5 : 0;
        const slope = (Math.exp((scores[i] as number) - top) / sum - wanted) / (TEMPERATURE * pairs.length);
        for (let j = 0; j < d; j++) {
          const [at, doc] = [row + j, i * d + j];
          queries.slopes[at] = (queries.slopes[at] as number) + slope * (documents.values[doc] as number);
          documents.slopes[doc] = (documents.slopes[doc] as number) + slope * (queries.values[at] as number);
        }
      }
    });
    if (solved === pairs.length) return true;
    loss /= pairs.length;
    if (loss < best - LEAST_GAIN) {
      best = loss;
      since = 0;
    } else if (++since >= PATIENCE) return false;
    documents.step(step);
    queries.step(step);
  }
  return false;
}

/** Rows of length 1 under Adam. */
class Trained {
  readonly values: Float64Array;
  readonly slopes: Float64Array;
  readonly #d: number;
  readonly #first: Float64Array;
  readonly #second: Float64Array;

  constructor(n: number, d: number, random: RandomStream) {
    this.#d = d;
    this.values = Float64Array.from({ length: n * d }, () => {
      let sum = 0;
      for (let i = 0; i < 4; i++) sum += random.nextUnit() - 0.5;
      return sum;
    });
    this.slopes = new Float64Array(n * d);
    this.#first = new Float64Array(n * d);
    this.#second = new Float64Array(n * d);
    this.#normalise();
  }

  step(step: number): void {
    const { values, slopes } = this;
    const [correct1, correct2] = [1 - BETA1 ** step, 1 - BETA2 ** step];
    for (let i = 0; i < values.length; i++) {
      const slope = slopes[i] as number;
      const first = BETA1 * (this.#first[i] as number) + (1 - BETA1) * slope;
      const second = BETA2 * (this.#second[i] as number) + (1 - BETA2) * slope * slope;
      this.#first[i] = first;
      this.#second[i] = second;
      values[i] = (values[i] as number) - (RATE * (first / correct1)) / (Math.sqrt(second / correct2) + 1e-8);
    }
    slopes.fill(0);
    this.#normalise();
  }

  #normalise(): void {
    const d = this.#d;
    for (let at = 0; at < this.values.length; at += d) {
      let energy = 0;
      for (let j = at; j < at + d; j++) energy += (this.values[j] as number) ** 2;
      const scale = 1 / Math.sqrt(energy);
      for (let j = at; j < at + d; j++) this.values[j] = (this.values[j] as number) * scale;
    }
  }
}

/** The polynomial of the given degree that is nearest to the points in the least-squares sense: coefficients of 1, x, x² … */
export function fitPolynomial(
  points: readonly (readonly [x: number, y: number])[],
  degree: number,
): number[] {
  const size = degree + 1;
  const rows = Array.from({ length: size }, (_, i) => [
    ...Array.from({ length: size }, (_, j) => points.reduce((sum, [x]) => sum + x ** (i + j), 0)),
    points.reduce((sum, [x, y]) => sum + y * x ** i, 0),
  ]);
  for (let i = 0; i < size; i++) {
    const pivot = rows
      .slice(i)
      .reduce(
        (best, row, k) => (Math.abs(row[i] as number) > Math.abs(rows[best]?.[i] as number) ? i + k : best),
        i,
      );
    [rows[i], rows[pivot]] = [rows[pivot] as number[], rows[i] as number[]];
    for (let k = 0; k < size; k++) {
      if (k === i) continue;
      const factor = (rows[k]?.[i] as number) / (rows[i]?.[i] as number);
      for (let j = i; j <= size; j++)
        (rows[k] as number[])[j] = (rows[k]?.[j] as number) - factor * (rows[i]?.[j] as number);
    }
  }
  return rows.map((row, i) => (row[size] as number) / (row[i] as number));
}
