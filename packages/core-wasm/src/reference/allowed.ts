/** Plain twins of assembly/allowed.ts. */

/** Is the bit of an id set? */
export function isAllowed(allowed: Uint32Array, id: number): boolean {
  return Math.floor(allowed[Math.floor(id / 32)] / 2 ** (id % 32)) % 2 === 1;
}

/** A word for each 32 ids, a bit for each that is allowed; returns how many are. */
export function allowedMasks(ids: Uint32Array, n: number, allowed: Uint32Array, masks: Uint32Array): number {
  let count = 0;
  for (let first = 0; first < n; first += 32) {
    let mask = 0;
    for (let lane = 0; lane < Math.min(32, n - first); lane++) {
      if (!isAllowed(allowed, ids[first + lane])) continue;
      mask += 2 ** lane;
      count++;
    }
    masks[first / 32] = mask;
  }
  return count;
}

/** scores become NaN where the bit of their mask is not set. */
export function maskScores(scores: Float32Array, n: number, masks: Uint32Array): void {
  for (let i = 0; i < n; i++) if (!isAllowed(masks, i)) scores[i] = Number.NaN;
}
