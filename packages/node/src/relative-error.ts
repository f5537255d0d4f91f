/**
 * How far an index's estimates are from the truth: |estimated − true| / true squared distance over every vector of the
 * probed lists, averaged over a query's vectors, then over queries. For cosine the squared distance is that of the unit
 * vectors, 2 − 2·similarity.
 *
 * Estimates of a group of queries are held in id order (8 bytes each) while the base file is read once, so memory does
 * not depend on the number of base vectors times their dimension.
 */
import {
  checkInteger,
  checkOptions,
  type OptionTable,
  type VectorSet,
  type VectorSetInput,
  vectorSet,
} from '@sagitta/core-wasm';
import type { IvfIndex } from '@sagitta/retrieval';
import { type Batch, readBatches, rowsWithin } from './readers/batches.ts';
import type { VectorSource } from './readers/vector-source.ts';
import { dotF64, l2F64, normF64 } from './scores-f64.ts';

/** Says for how many lists estimates are compared, and in how much memory. */
export interface RelativeErrorOptions {
  /** Lists visited a query. */
  readonly nprobe: number;
  /** Bytes of estimates held at most; the base is read once for each such group of queries. Default 512 MiB. */
  readonly memoryBytes?: number | undefined;
  /** Called with the vectors compared so far and all that will be, as far as known. */
  readonly onProgress?: ((queriesEstimated: number, rows: number) => void) | undefined;
}

const RELATIVE_ERROR_OPTIONS: OptionTable<RelativeErrorOptions> = {
  nprobe: 'number',
  memoryBytes: 'number',
  onProgress: 'function',
};

/** Says how far estimated distances are from the true ones. */
export interface RelativeError {
  /** A fraction, not per cent. */
  readonly averageRelativeError: number;
  readonly maxRelativeError: number;
  /** Vectors compared, over all queries. */
  readonly pairs: number;
  /** Vectors left out because their true distance is 0. */
  readonly leftOut: number;
}

const BATCH_BYTES = 1 << 23;
const DEFAULT_MEMORY_BYTES = 1 << 29;
/** Unit vectors in float32 that should be equal are this close at most. */
const COSINE_ZERO = 1e-12;

/** The estimates of one query in id order, and how far the base has been read. */
interface Estimates {
  /** Its place among the queries. */
  readonly query: number;
  readonly ids: Uint32Array;
  readonly scores: Float32Array;
  next: number;
  sum: number;
  count: number;
}

/**
 * base — the vectors that the index holds, row = id; it may hold more behind them.
 * @throws RangeError on an ip index, other dimensions or too few base vectors; what the source throws
 */
export async function relativeError(
  index: IvfIndex,
  base: VectorSource,
  queries: VectorSetInput,
  options: RelativeErrorOptions,
): Promise<RelativeError> {
  checkOptions('options', options, RELATIVE_ERROR_OPTIONS);
  const { d } = index;
  const nprobe = checkInteger('nprobe', options.nprobe, 1, 2 ** 20);
  if (index.metric === 'ip') {
    throw new RangeError('"index" expected metric l2 or cosine, whose scores are distances, got ip');
  }
  if (base.d !== d) throw new RangeError(`"base" expected d = ${d}, got ${base.d}`);
  if (queries.d !== d) throw new RangeError(`"queries" expected d = ${d}, got ${queries.d}`);
  const checked = vectorSet(queries.data, d, 'queries');
  const memory = options.memoryBytes ?? DEFAULT_MEMORY_BYTES;
  const dense = new Float32Array(index.n);
  const total = { sum: 0, queries: 0, max: 0, pairs: 0, leftOut: 0 };
  for (let first = 0; first < checked.n; ) {
    const group: Estimates[] = [];
    for (let bytes = 0; first < checked.n && (bytes < memory || group.length === 0); first++) {
      const one = estimatesOf(index, checked, first, nprobe, dense);
      bytes += 8 * one.ids.length;
      group.push(one);
      options.onProgress?.(first + 1, 0);
    }
    let rows = 0;
    for await (const batch of readBatches(base, rowsWithin(BATCH_BYTES, d), index.n)) {
      compareBatch(index, checked, group, batch, total);
      rows += batch.n;
      options.onProgress?.(first, rows);
    }
    if (rows < index.n) {
      throw new RangeError(`"base" expected at least the ${index.n} vectors of the index, got ${rows}`);
    }
    for (const { sum, count } of group) {
      if (count === 0) continue;
      total.sum += sum / count;
      total.queries++;
    }
  }
  return {
    averageRelativeError: total.queries > 0 ? total.sum / total.queries : 0,
    maxRelativeError: total.max,
    pairs: total.pairs,
    leftOut: total.leftOut,
  };
}

function estimatesOf(
  index: IvfIndex,
  queries: VectorSet,
  query: number,
  nprobe: number,
  dense: Float32Array,
): Estimates {
  const { d } = index;
  const found = index.estimates(queries.data.subarray(query * d, (query + 1) * d), nprobe);
  const ids = found.ids.slice().sort();
  for (let i = 0; i < ids.length; i++) dense[found.ids[i] as number] = found.scores[i] as number;
  const scores = Float32Array.from(ids, (id) => dense[id] as number);
  return { query, ids, scores, next: 0, sum: 0, count: 0 };
}

function compareBatch(
  index: IvfIndex,
  queries: VectorSet,
  group: readonly Estimates[],
  batch: Batch,
  total: { max: number; pairs: number; leftOut: number },
): void {
  const { d } = index;
  const isCosine = index.metric === 'cosine';
  const end = batch.start + batch.n;
  const norms = new Float64Array(isCosine ? batch.n : 0);
  for (let i = 0; i < norms.length; i++) norms[i] = normF64(batch.data, i * d, d);
  for (const one of group) {
    const { ids, scores } = one;
    const at = one.query * d;
    const queryNorm = isCosine ? normF64(queries.data, at, d) : 0;
    for (; one.next < ids.length && (ids[one.next] as number) < end; one.next++) {
      const row = (ids[one.next] as number) - batch.start;
      let truth: number;
      let estimate = scores[one.next] as number;
      if (isCosine) {
        const product = queryNorm * (norms[row] as number);
        truth = 2 - 2 * (product > 0 ? dotF64(queries.data, at, batch.data, row * d, d) / product : 0);
        estimate = 2 - 2 * estimate;
      } else {
        truth = l2F64(queries.data, at, batch.data, row * d, d);
      }
      if (truth <= (isCosine ? COSINE_ZERO : 0)) {
        total.leftOut++;
        continue;
      }
      const error = Math.abs(estimate - truth) / truth;
      one.sum += error;
      one.count++;
      total.pairs++;
      if (error > total.max) total.max = error;
    }
  }
}
