/** Rows by the list that each belongs to. */
export interface RowGroups {
  /** u32[nlist]: rows of each list, and where they begin in `order`. */
  readonly counts: Uint32Array;
  readonly starts: Uint32Array;
  /** u32[n]: rows of list after list, ascending within each. */
  readonly order: Uint32Array;
}

/** Sorts rows by list. lists — u32[n]: the list of each row, below nlist. */
export function groupRows(lists: Uint32Array, nlist: number): RowGroups {
  const counts = new Uint32Array(nlist);
  for (const list of lists) counts[list] = (counts[list] as number) + 1;
  const starts = new Uint32Array(nlist);
  for (let i = 1; i < nlist; i++) starts[i] = (starts[i - 1] as number) + (counts[i - 1] as number);
  const order = new Uint32Array(lists.length);
  const next = starts.slice();
  for (const [row, list] of lists.entries()) {
    order[next[list] as number] = row;
    next[list] = (next[list] as number) + 1;
  }
  return { counts, starts, order };
}
