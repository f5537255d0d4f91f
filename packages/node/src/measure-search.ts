/** Recall and speed of an index: one thread, one query at a time. */
import {
  checkInteger,
  checkOptions,
  type OptionTable,
  type VectorSetInput,
  vectorSet,
} from '@sagitta/core-wasm';
import { type IvfIndex, NO_ID, recallAtK, type SearchOptions } from '@sagitta/retrieval';

/** Says how a search is measured: `nprobe` is needed for an index in lists, `ef` for one in a graph. */
export interface MeasureOptions extends Omit<SearchOptions, 'statistics'> {
  readonly k: number;
  /** Timed passes over the queries. Default 1. */
  readonly repeat?: number | undefined;
}

const MEASURE_OPTIONS: OptionTable<MeasureOptions> = {
  k: 'number',
  nprobe: 'number',
  ef: 'number',
  precision: 'string',
  repeat: 'number',
  gamma: 'number',
  rerank: 'any',
  allowed: 'any',
};

/** Holds times of a search that was measured. */
export interface SearchTimes {
  /** Lists visited, of an index in lists. */
  readonly nprobe?: number;
  /** Width of the search, of a graph. */
  readonly ef?: number;
  /** Queries a second. */
  readonly qps: number;
  /** Half of the queries took at most this many milliseconds. */
  readonly p50Ms: number;
  /** 99 of 100 queries did. */
  readonly p99Ms: number;
}

/** Holds recall and times of a search that was measured. */
export interface SearchMeasurement extends SearchTimes {
  /** recall k@k: the share of the true first k that are among the k found. */
  readonly recall: number;
}

/** Untimed queries at the start, so that no compilation is measured. */
const WARM_UP_QUERIES = 200;

/**
 * truth — nq rows of truthWidth ids, best first, of which the first k of each row count.
 * @throws RangeError if truthWidth is below k, the number of rows is not that of the queries, or the width of the search
 * is missing
 */
export function measureSearch(
  index: IvfIndex,
  queries: VectorSetInput,
  truth: Uint32Array,
  truthWidth: number,
  options: MeasureOptions,
): SearchMeasurement {
  checkOptions('options', options, MEASURE_OPTIONS);
  const k = checkInteger('k', options.k, 1, truthWidth);
  const { ids, ...times } = timeSearch(index, queries, options);
  return { ...times, recall: recallAtK(ids, k, truth, truthWidth, k) };
}

/** Ids that are found (nq × k) and how long it took. @throws RangeError if the width of the search is missing */
export function timeSearch(
  index: IvfIndex,
  queries: VectorSetInput,
  options: MeasureOptions,
): SearchTimes & { readonly ids: Uint32Array } {
  checkOptions('options', options, MEASURE_OPTIONS);
  const { k, repeat = 1, ...search } = options;
  const { data, n: nq, d } = vectorSet(queries.data, index.d, 'queries');
  checkInteger('repeat', repeat, 1, 1_000_000);
  const name = index.kind === 'graph' ? 'ef' : 'nprobe';
  const wide = options[name];
  if (wide === undefined) throw new RangeError(`"${name}" expected a number for this index, got none`);
  const ids = new Uint32Array(nq * k).fill(NO_ID);
  const row = (q: number): Float32Array => data.subarray(q * d, (q + 1) * d);
  for (let i = 0; i < Math.min(WARM_UP_QUERIES, nq); i++) index.search(row(i), k, search);
  const times = new Float64Array(nq * repeat);
  for (let i = 0; i < times.length; i++) {
    const q = i % nq;
    const query = row(q);
    const start = performance.now();
    const found = index.search(query, k, search);
    times[i] = performance.now() - start;
    ids.set(found.ids, q * k);
  }
  const total = times.reduce((sum, time) => sum + time, 0);
  times.sort();
  return {
    [name]: wide,
    ids,
    qps: (1000 * times.length) / Math.max(total, 1e-6),
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
  };
}

/** Nearest rank: the smallest value that `share` of all do not exceed. */
function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
}
