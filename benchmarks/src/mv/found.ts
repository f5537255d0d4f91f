/** How many of the true neighbours rankings and candidate sets hold. */

export interface Truth {
  readonly truth: Uint32Array;
  readonly truthWidth: number;
}

function trueOf({ truth, truthWidth }: Truth, q: number, k: number): Set<number> {
  return new Set(truth.subarray(q * truthWidth, q * truthWidth + k));
}

/** Share of the true first k that are among what was found, averaged over queries. */
export function shareFound(found: readonly ArrayLike<number>[], truth: Truth, k: number): number {
  let hits = 0;
  for (const [q, ids] of found.entries()) {
    const wanted = trueOf(truth, q, k);
    for (let i = 0; i < ids.length; i++) if (wanted.delete(ids[i] as number)) hits++;
  }
  return hits / (found.length * k);
}

/** The share that is among the first `count` of each ranking. */
export function shareWithin(
  rankings: readonly Uint32Array[],
  truth: Truth,
  k: number,
  count: number,
): number {
  return shareFound(
    rankings.map((ranking) => ranking.subarray(0, count)),
    truth,
    k,
  );
}

/** The fewest first places, the same for all queries, that hold `share` of the true first k. */
export function placesFor(rankings: readonly Uint32Array[], truth: Truth, k: number, share: number): number {
  const places: number[] = [];
  for (const [q, ranking] of rankings.entries()) {
    const wanted = trueOf(truth, q, k);
    for (const [place, id] of ranking.entries()) if (wanted.has(id)) places.push(place + 1);
  }
  places.sort((a, b) => a - b);
  return places[Math.ceil(share * rankings.length * k - 1e-9) - 1] ?? Number.POSITIVE_INFINITY;
}
