/**
 * Best-first search in a neighbour graph in plain TypeScript, for codes that no kernel walks; what assembly/graph-search.ts
 * of the core does for those it does.
 */

/** A graph as a walk sees it. What it gives is good until it is asked again. */
export interface WalkedGraph {
  readonly entries: Uint32Array;
  /** The neighbours of a vertex; its own number where a place is not used. */
  edges(slot: number): Uint32Array;
  /** Marks vertices as met, and gives those that were not. */
  meet(slots: Uint32Array): Uint32Array;
  /** Scores of vertices, smaller is better. */
  score(slots: Uint32Array): Float32Array;
}

/** The best vertices met, best first; of equal ones the lower number. */
export interface Pool {
  readonly slots: number[];
  readonly scores: number[];
  /** Vertices whose neighbours were looked at, and vertices that were scored. */
  readonly expanded: number;
  readonly scored: number;
}

/** Walks until the best `width` vertices met are all expanded. onScored — called with vertices met, each once. */
export function walk(
  graph: WalkedGraph,
  width: number,
  onScored?: (slots: Uint32Array, scores: Float32Array) => void,
): Pool {
  const slots: number[] = [];
  const scores: number[] = [];
  const isExpanded: boolean[] = [];
  let expanded = 0;
  let scored = 0;
  // all before it are expanded
  let next = 0;

  /** Returns the place, or `width` where it is not among the best. */
  const put = (slot: number, score: number): number => {
    let low = 0;
    let high = slots.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = scores[middle] as number;
      if (other < score || (other === score && (slots[middle] as number) < slot)) low = middle + 1;
      else high = middle;
    }
    if (low >= width) return width;
    if (slots.length === width) {
      slots.pop();
      scores.pop();
      isExpanded.pop();
    }
    slots.splice(low, 0, slot);
    scores.splice(low, 0, score);
    isExpanded.splice(low, 0, false);
    return low;
  };
  const take = (candidates: Uint32Array): void => {
    const met = graph.meet(candidates);
    if (met.length === 0) return;
    const found = graph.score(met);
    scored += met.length;
    onScored?.(met, found);
    for (let i = 0; i < met.length; i++) {
      next = Math.min(next, put(met[i] as number, found[i] as number));
    }
  };

  take(graph.entries);
  for (;;) {
    while (isExpanded[next]) next++;
    if (next >= slots.length) return { slots, scores, expanded, scored };
    isExpanded[next] = true;
    expanded++;
    take(graph.edges(slots[next] as number));
  }
}
