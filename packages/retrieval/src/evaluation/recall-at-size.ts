/**
 * Recall in a collection of which only a sample is at hand. Recall falls as a collection grows: its k nearest lie nearer, and
 * nearer to each other, than those of a sample. A neighbour of rank k among N rows lies about as near as one of rank k·n/N
 * among a sample of n, and as many times more rows stand before it by any estimate. So the share of the first m exact neighbours
 * among the first m·c/k by estimate, measured in the sample, is about the recall of k in c candidates in a collection of n·k/m
 * rows: every m tells of another size. logit(share) is fitted as a line in log m, rows weighted by what is known of them, and read
 * at m = k·n/N; it never rises with N. Below m = 1 there is nothing that could be measured, and the line, of ranks among which much
 * is found by the smallness of the sample, is too steep: there it falls a quarter as fast. The interval is that of queries drawn anew (percentiles of 200 bootstrap samples), so it
 * knows of few queries, and of what the line may be, but not of a sample unlike the collection.
 *
 * Measured in docs/choosing.md.
 */
import { RandomStream } from '@sagitta/core-wasm';

/** What estimates make of the exact neighbours of some queries. */
export interface RankTable {
  readonly queries: number;
  /** Exact neighbours of each query that are known. */
  readonly depth: number;
  /** queries × depth: how many rows the estimate puts before the exact first, second … neighbour. */
  readonly ranks: Uint32Array;
  /** Rows that were searched. */
  readonly n: number;
}

/** What is asked of it. */
export interface SizedQuestion {
  readonly k: number;
  /** Rows by estimate among which the k exact ones are looked for. */
  readonly candidates: number;
  /** Rows of the collection. */
  readonly size: number;
  readonly seed: number;
}

/** Is a recall with the interval that holds nine of ten such estimates. */
export interface SizedRecall {
  readonly recall: number;
  readonly low: number;
  readonly high: number;
  /**
   * What advice may count on, so that it holds in 19 of 20 cases: the lower end, or, where the reading is of less than one neighbour and so too low by
   * itself, what three of four estimates are above.
   */
  readonly sure: number;
}

/** Numbers of exact neighbours that are looked at. */
const DEPTHS = [1, 2, 3, 5, 10, 20, 40, 80];
const RESAMPLES = 200;
const TAIL = 0.05;
const TAIL_BELOW_ONE = 0.25;
/**
 * Of the line's slope below one neighbour. On 100 samples of four generated collections of 60,000 the whole slope is .05 to .09 of recall too low,
 * none at all .01 too low where there are no clusters; benchmarks/results/advice.md has collections that had no say in it.
 */
const SLOPE_BELOW_ONE = 0.25;

/** How deep exact neighbours should be known among n rows. */
export function depthFor(n: number, k: number): number {
  return Math.min(n, Math.max(k, Math.min(DEPTHS.at(-1) as number, Math.floor(n / 5))));
}

/** The most candidates that are looked at. */
export function ranksFor(n: number, k: number, candidates: number): number {
  return Math.min(n, Math.ceil((depthFor(n, k) * candidates) / k));
}

/** Exact neighbours looked at, and the share of each query's that is found. */
interface Row {
  readonly m: number;
  readonly found: Float64Array;
}

/** Share of the first m exact neighbours among the first `budget` by estimate; a budget between two ranks counts as between. */
function sharesOf({ queries, depth, ranks }: RankTable, m: number, budget: number): Float64Array {
  return Float64Array.from({ length: queries }, (_, q) => {
    let found = 0;
    for (let j = 0; j < m; j++) {
      found += Math.min(1, Math.max(0, budget - (ranks[q * depth + j] as number)));
    }
    return found / m;
  });
}

/** The shares to read a recall from: that of k alone where the collection is no larger than what was searched. */
function rowsOf(table: RankTable, k: number, candidates: number, size: number): Row[] {
  const { n, depth } = table;
  const ratio = candidates / k;
  // among half of all rows anything is found
  const depths = DEPTHS.filter((m) => m <= depth && m * ratio <= n / 2);
  const used = size <= n ? [k] : depths.length > 1 ? depths : [1, Math.min(2, depth)];
  return used.map((m) => ({ m, found: sharesOf(table, m, m * ratio) }));
}

function recallOf(
  rows: readonly Row[],
  { k, n, size }: { readonly k: number; readonly n: number; readonly size: number },
  drawn?: Uint32Array,
): number {
  return size <= n ? meanOf((rows[0] as Row).found, drawn) : readLine(rows, drawn, (k * n) / size);
}

/** Recall of k among candidates in a collection of `size` rows. */
export function recallAtSize(table: RankTable, question: SizedQuestion): SizedRecall {
  const { k, candidates, size, seed } = question;
  const rows = rowsOf(table, k, candidates, size);
  const sizes = { k, n: table.n, size };
  const random = new RandomStream(seed, 'recall-at-size');
  const drawn = new Uint32Array(table.queries);
  const resampled = Float64Array.from({ length: RESAMPLES }, () => {
    for (let i = 0; i < drawn.length; i++) drawn[i] = random.nextBelow(drawn.length);
    return recallOf(rows, sizes, drawn);
  }).sort();
  const recall = recallOf(rows, sizes);
  const lowest = (tail: number): number =>
    Math.min(recall, resampled[Math.floor(tail * RESAMPLES)] as number);
  return {
    recall,
    low: lowest(TAIL),
    sure: lowest(k * table.n < size ? TAIL_BELOW_ONE : TAIL),
    high: Math.max(recall, resampled[Math.ceil((1 - TAIL) * RESAMPLES) - 1] as number),
  };
}

/** The fewest candidates that hold `share` of the exact k in a collection of `size` rows. */
export function candidatesAtSize(
  table: RankTable,
  share: number,
  { k, size }: Pick<SizedQuestion, 'k' | 'size'>,
): number {
  const sizes = { k, n: table.n, size };
  let below = 0;
  let enough = Math.max(size, table.n);
  while (enough - below > Math.max(1, below >> 7)) {
    const middle = Math.ceil((below + enough) / 2);
    if (recallOf(rowsOf(table, k, middle, size), sizes) >= share) enough = middle;
    else below = middle;
  }
  return enough;
}

function meanOf(values: Float64Array, drawn: Uint32Array | undefined): number {
  let sum = 0;
  if (drawn) for (const i of drawn) sum += values[i] as number;
  else for (const value of values) sum += value;
  return sum / values.length;
}

/** The line of logit(share) in log m at m = `at`, as a share. */
function readLine(rows: readonly Row[], drawn: Uint32Array | undefined, at: number): number {
  let weights = 0;
  let xs = 0;
  let ys = 0;
  let xx = 0;
  let xy = 0;
  for (const { m, found } of rows) {
    const count = found.length * m;
    // half a neighbour on either side: all found is not certainty
    const p = (meanOf(found, drawn) * count + 0.5) / (count + 1);
    const x = Math.log(m);
    const y = Math.log(p / (1 - p));
    const weight = count * p * (1 - p);
    weights += weight;
    xs += weight * x;
    ys += weight * y;
    xx += weight * x * x;
    xy += weight * x * y;
  }
  const spread = xx - (xs * xs) / weights;
  const slope = spread > 0 ? Math.max(0, (xy - (xs * ys) / weights) / spread) : 0;
  const x = Math.log(at);
  const y = ys / weights + slope * ((x < 0 ? SLOPE_BELOW_ONE * x : x) - xs / weights);
  return 1 / (1 + Math.exp(-y));
}
