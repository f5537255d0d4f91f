/** recall k@k by group of queries: a mean over all hides the group that is served worst. */
import { checkLength } from '@sagitta/core-wasm';
import { hitsAtK } from './recall.ts';

/** Holds the recall of the queries with one label. */
export interface GroupRecall {
  readonly group: string;
  /** Queries with this label. */
  readonly count: number;
  /** recall k@k over them, 0 to 1. */
  readonly recall: number;
}

/** Holds the recall of every group of queries. */
export interface RecallByGroup {
  /** In the order in which labels first come. */
  readonly groups: readonly GroupRecall[];
  /** The group with the lowest recall, of equal ones the first. */
  readonly worst: GroupRecall;
}

/**
 * Computes recall k@k of each group of queries, and which is worst. A group of few queries is worst by luck more easily
 * than one of many: read its count beside its recall.
 *
 * found — nq rows of foundWidth ids; truth — nq rows of truthWidth ids, best first; only the first k of each count.
 * groups — one label a query.
 * @throws RangeError if a width is below k, the row counts differ, or there are no queries
 */
export function groupRecall(
  found: Uint32Array,
  foundWidth: number,
  truth: Uint32Array,
  truthWidth: number,
  k: number,
  groups: readonly string[],
): RecallByGroup {
  const hits = hitsAtK(found, foundWidth, truth, truthWidth, k);
  checkLength('groups', groups.length, hits.length, 'one label a query');
  const sums = new Map<string, { count: number; hits: number }>();
  groups.forEach((group, q) => {
    const { count, hits: before } = sums.get(group) ?? { count: 0, hits: 0 };
    sums.set(group, { count: count + 1, hits: before + (hits[q] as number) });
  });
  const rows = [...sums].map(([group, sum]) => ({
    group,
    count: sum.count,
    recall: sum.hits / (sum.count * k),
  }));
  const [first, ...rest] = rows;
  if (first === undefined)
    throw new RangeError('"groups" expected a label for each of 1 or more queries, got none');
  return { groups: rows, worst: rest.reduce((low, row) => (row.recall < low.recall ? row : low), first) };
}
