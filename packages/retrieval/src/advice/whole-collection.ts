/**
 * What lies near some queries in all of a collection, read once: the rows that codes have to tell apart. Recall among them is that of
 * the collection but for rows beyond the nearest `rivals` of every query that codes put among its first k, which are few where codes are of use.
 */
import { type Core, type Metric, type VectorSet, type VectorSetInput, vectorSet } from '@sagitta/core-wasm';
import { buildFlat } from '../ivf/build.ts';

/** Holds the nearest rows of all queries, and which they are. */
export interface NearRows {
  /** Each row once. */
  readonly rows: VectorSet;
  /** Positions in rows of the exact k nearest of each query, best first: queries × k. */
  readonly truth: Uint32Array;
  /** Rows of the collection that are no query. */
  readonly size: number;
}

interface Near {
  readonly row: number;
  readonly score: number;
}

/**
 * Searches exactly in all batches. A row equal to a query is that query itself, which came out of the collection, and is passed over.
 * @throws RangeError on batches of another d, or fewer than k rows in all
 */
export function nearRows(
  core: Core,
  collection: Iterable<VectorSetInput>,
  queries: VectorSet,
  { metric, k, rivals }: { readonly metric: Metric; readonly k: number; readonly rivals: number },
): NearRows {
  const { d } = queries;
  const sign = metric === 'l2' ? 1 : -1;
  const best: Near[][] = Array.from({ length: queries.n }, () => []);
  const kept = new Map<number, Float32Array>();
  let total = 0;
  for (const batch of collection) {
    const { data, n } = vectorSet(batch.data, d, 'collection');
    if (n === 0) continue;
    using exact = buildFlat(core, data, d, { metric, quantizer: 'float32' });
    const width = Math.min(n, rivals + 1);
    const { ids, scores } = exact.searchBatch(queries.data, width);
    for (let q = 0; q < queries.n; q++) {
      const query = queries.data.subarray(q * d, (q + 1) * d);
      const own = best[q] as Near[];
      for (let i = q * width; i < (q + 1) * width; i++) {
        const id = ids[i] as number;
        const vector = data.subarray(id * d, (id + 1) * d);
        if (isSame(vector, query)) continue;
        own.push({ row: total + id, score: sign * (scores[i] as number) });
        if (!kept.has(total + id)) kept.set(total + id, vector.slice());
      }
      own.sort((a, b) => a.score - b.score || a.row - b.row);
      own.length = Math.min(own.length, rivals);
    }
    total += n;
    const named = new Set(best.flatMap((own) => own.map(({ row }) => row)));
    for (const row of kept.keys()) if (!named.has(row)) kept.delete(row);
  }
  const fewest = Math.min(...best.map((own) => own.length));
  if (fewest < k)
    throw new RangeError(`"collection" expected at least ${k} rows besides queries, got ${fewest}`);
  const order = [...kept.keys()].sort((a, b) => a - b);
  const placeOf = new Map(order.map((row, place) => [row, place]));
  const data = new Float32Array(order.length * d);
  for (const [place, row] of order.entries()) data.set(kept.get(row) as Float32Array, place * d);
  const truth = Uint32Array.from(
    best.flatMap((own) => own.slice(0, k)),
    ({ row }) => placeOf.get(row) as number,
  );
  return { rows: { data, n: order.length, d }, truth, size: Math.max(order.length, total - queries.n) };
}

function isSame(a: Float32Array, b: Float32Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
