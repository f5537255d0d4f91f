/**
 * Bytes for cells of a table: what every cell loses at 0 … 8 bits is known, the least loss at given bytes is wanted. The
 * lower convex hull of each cell's points is walked by the greatest gain a byte, over all cells (Shoham and Gersho 1988);
 * reverse water-filling is its continuous form, b = ½·log₂(f·n²·λ/θ).
 */

/** What a cell costs and loses at one number of bits. */
export interface CellChoice {
  readonly bits: number;
  readonly bytes: number;
  readonly loss: number;
}

/** Bits of each cell. choices — by ascending bytes, the first of which every cell takes at least; budget — for all cells. */
export function allocateBits(cells: readonly (readonly CellChoice[])[], budget: number): CellChoice[] {
  const hulls = cells.map(lowerHull);
  const at = hulls.map(() => 0);
  let left = budget - hulls.reduce((sum, hull) => sum + (hull[0] as CellChoice).bytes, 0);
  for (;;) {
    let best = -1;
    let gain = 0;
    hulls.forEach((hull, c) => {
      const [now, next] = [hull[at[c] as number] as CellChoice, hull[(at[c] as number) + 1]];
      if (next === undefined || next.bytes - now.bytes > left) return;
      const found = (now.loss - next.loss) / (next.bytes - now.bytes);
      if (found > gain) [best, gain] = [c, found];
    });
    if (best < 0) break;
    const hull = hulls[best] as CellChoice[];
    left -=
      (hull[(at[best] as number) + 1] as CellChoice).bytes - (hull[at[best] as number] as CellChoice).bytes;
    at[best] = (at[best] as number) + 1;
  }
  return hulls.map((hull, c) => hull[at[c] as number] as CellChoice);
}

/** The points from which each next one gains the most a byte. */
function lowerHull(choices: readonly CellChoice[]): CellChoice[] {
  const hull: CellChoice[] = [];
  for (const choice of choices) {
    const last = hull.at(-1);
    if (last !== undefined && choice.loss >= last.loss) continue;
    while (hull.length > 1) {
      const [a, b] = hull.slice(-2) as [CellChoice, CellChoice];
      const before = (a.loss - b.loss) / (b.bytes - a.bytes);
      if ((b.loss - choice.loss) / (choice.bytes - b.bytes) <= before) break;
      hull.pop();
    }
    hull.push(choice);
  }
  return hull;
}
