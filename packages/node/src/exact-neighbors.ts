/**
 * The true neighbours of queries in a file of vectors, by reading it once.
 *
 * Scores are computed in f32 by a tile kernel and used only to rule vectors out, with the kernel's error bound as slack;
 * what remains, a few hundred vectors a query, is scored in f64. So answers and ties are those of f64 arithmetic at
 * nearly the speed of f32. Memory: one batch of the file, the queries, and k results a query.
 */
import {
  type Block,
  type Core,
  checkInteger,
  checkMetric,
  checkOptions,
  type Metric,
  type OptionTable,
  type VectorSet,
  type VectorSetInput,
  vectorSet,
} from '@sagitta/core-wasm';
import { NO_ID } from '@sagitta/retrieval';
import { type Batch, readBatches, rowsWithin } from './readers/batches.ts';
import type { VectorSource } from './readers/vector-source.ts';
import { dotF64, l2F64, normF64 } from './scores-f64.ts';

/** Says how many neighbours are wanted and by which metric. */
export interface ExactNeighborsOptions {
  /** Neighbours of each query. */
  readonly k: number;
  /** l2: least squared distance; ip and cosine: greatest similarity. */
  readonly metric: Metric;
  /** Only the first rows of the file. */
  readonly limit?: number | undefined;
  /** Called after each batch with the rows done. */
  readonly onProgress?: ((rows: number) => void) | undefined;
}

const EXACT_NEIGHBORS_OPTIONS: OptionTable<ExactNeighborsOptions> = {
  k: 'number',
  metric: 'string',
  limit: 'number',
  onProgress: 'function',
};

/** Holds the true neighbours of queries. */
export interface ExactNeighbors {
  readonly k: number;
  /** Rows read. */
  readonly n: number;
  /** nq × k row numbers, best first, ties to the lower; where n < k the rest is NO_ID. */
  readonly ids: Uint32Array;
  /** nq × k scores; l2: squared distances, else similarities (0 for a zero vector's cosine). Padding: the worst. */
  readonly scores: Float64Array;
}

const BATCH_BYTES = 1 << 22;
/** Queries scored against a batch in one kernel call. */
const QUERY_ROWS = 64;

/**
 * Finds the true neighbours of queries in one reading of a file: f32 kernels rule out, f64 decides.
 * @throws RangeError on k out of range or queries of another dimension; what the source throws
 */
export async function exactNeighbors(
  core: Core,
  source: VectorSource,
  queries: VectorSetInput,
  options: ExactNeighborsOptions,
): Promise<ExactNeighbors> {
  checkOptions('options', options, EXACT_NEIGHBORS_OPTIONS);
  const { d } = source;
  const k = checkInteger('k', options.k, 1, 2 ** 20);
  const metric = checkMetric(options.metric);
  if (queries.d !== d) throw new RangeError(`"queries" expected d = ${d}, got ${queries.d}`);
  const best = new BestRows(vectorSet(queries.data, d, 'queries'), k, metric);
  const batchRows = rowsWithin(BATCH_BYTES, d);
  const blocks: Block[] = [];
  let n = 0;
  try {
    for (const floats of [batchRows * d, QUERY_ROWS * d, QUERY_ROWS * batchRows]) {
      blocks.push(core.allocate(4 * floats));
    }
    for await (const batch of readBatches(source, batchRows, options.limit)) {
      scoreBatch(core, blocks, best, batch);
      n += batch.n;
      options.onProgress?.(n);
    }
  } finally {
    for (const block of blocks) block.dispose();
  }
  return { k, n, ids: best.ids, scores: best.scores() };
}

function scoreBatch(core: Core, blocks: readonly Block[], best: BestRows, batch: Batch): void {
  const [rows, some, out] = blocks as [Block, Block, Block];
  const { queries, metric } = best;
  const { data, n: nq, d } = queries;
  rows.f32(0, batch.n * d).set(batch.data);
  best.startBatch(batch);
  for (let first = 0; first < nq; first += QUERY_ROWS) {
    const count = Math.min(QUERY_ROWS, nq - first);
    some.f32(0, count * d).set(data.subarray(first * d, (first + count) * d));
    const kernel = metric === 'l2' ? 'l2F32Tile' : 'dotF32Tile';
    core.kernels[kernel](some.at(), count, rows.at(), batch.n, d, out.at());
    const scores = out.f32(0, count * batch.n);
    for (let i = 0; i < count; i++) {
      best.offer(first + i, scores.subarray(i * batch.n, (i + 1) * batch.n));
    }
  }
}

/** The k best rows of every query so far, sorted. Keys are smaller for better rows. */
class BestRows {
  readonly queries: VectorSet;
  readonly metric: Metric;
  readonly ids: Uint32Array;
  readonly #keys: Float64Array;
  readonly #k: number;
  readonly #queryNorms: Float64Array;
  /** Bound of a kernel's error, relative to |q − x|² or to |q|·|x| (assembly/dot.ts and l2.ts of core-wasm). */
  readonly #slack: number;
  /** Below this f32 has no full precision. */
  readonly #tiny: number;
  #batch: Batch = { data: new Float32Array(0), start: 0, n: 0 };
  #rowNorms: Float64Array = new Float64Array(0);

  constructor(queries: VectorSet, k: number, metric: Metric) {
    const { data, n: nq, d } = queries;
    this.queries = queries;
    this.metric = metric;
    this.#k = k;
    this.ids = new Uint32Array(nq * k).fill(NO_ID);
    this.#keys = new Float64Array(nq * k).fill(Infinity);
    this.#queryNorms = Float64Array.from({ length: nq }, (_, q) => normF64(data, q * d, d));
    this.#slack = (2 * d + 2) / 2 ** 23;
    this.#tiny = d / 2 ** 125;
  }

  startBatch(batch: Batch): void {
    this.#batch = batch;
    const { d } = this.queries;
    this.#rowNorms = new Float64Array(batch.n);
    if (this.metric === 'l2') return;
    for (let i = 0; i < batch.n; i++) this.#rowNorms[i] = normF64(batch.data, i * d, d);
  }

  /** scores — the kernel's, of the batch's rows. */
  offer(q: number, scores: Float32Array): void {
    const norms = this.#rowNorms;
    const sign = this.metric === 'l2' ? 1 : -1;
    let [fixed, scaled] = this.#limit(q);
    for (let i = 0; i < scores.length; i++) {
      const score = sign * (scores[i] as number);
      // an infinite f32 score says nothing; NaN is never above a limit
      if (score > fixed + scaled * (norms[i] as number) && score !== Infinity) continue;
      if (this.#insert(q, this.#batch.start + i, this.#key(q, i))) [fixed, scaled] = this.#limit(q);
    }
  }

  /** A row whose kernel score, smaller is better, exceeds fixed + scaled·|x| cannot be among the k best. */
  #limit(q: number): [fixed: number, scaled: number] {
    const worst = this.#keys[(q + 1) * this.#k - 1] as number;
    const norm = this.#queryNorms[q] as number;
    if (worst === Infinity) return [Infinity, 0];
    if (this.metric === 'l2') return [worst * (1 + this.#slack) + this.#tiny, 0];
    if (this.metric === 'ip') return [worst + this.#tiny, this.#slack * norm];
    return [this.#tiny, (worst + this.#slack) * norm];
  }

  #key(q: number, row: number): number {
    const { data, d } = this.queries;
    if (this.metric === 'l2') return l2F64(data, q * d, this.#batch.data, row * d, d);
    const dot = dotF64(data, q * d, this.#batch.data, row * d, d);
    if (this.metric === 'ip') return -dot;
    const norms = (this.#queryNorms[q] as number) * (this.#rowNorms[row] as number);
    return norms > 0 ? -dot / norms : 0;
  }

  /** Rows come in ascending order, so one that ties goes behind those that are there. */
  #insert(q: number, id: number, key: number): boolean {
    const begin = q * this.#k;
    const end = begin + this.#k;
    if (key >= (this.#keys[end - 1] as number)) return false;
    let low = begin;
    for (let high = end - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if ((this.#keys[middle] as number) > key) high = middle;
      else low = middle + 1;
    }
    this.#keys.copyWithin(low + 1, low, end - 1);
    this.ids.copyWithin(low + 1, low, end - 1);
    this.#keys[low] = key;
    this.ids[low] = id;
    return true;
  }

  /** 0 − key rather than −key: no negative zeros. */
  scores(): Float64Array {
    return this.metric === 'l2' ? this.#keys : this.#keys.map((key) => 0 - key);
  }
}
