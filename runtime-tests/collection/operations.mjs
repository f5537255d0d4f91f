// The writes of a tab that is killed. The number says everything of one, so that whoever looks afterwards knows what was written.
import { integers } from '../smoke/seeded.mjs';

export const D = 8;
/** Writes that are under way at once. */
export const LANES = 3;
const IDS = 400;
/** Writes have numbers from here on, by round. */
const ROUND = 100_000;

/** Write k = 1, 2, … of a round. */
export function operationOf(round, k) {
  const id = round * ROUND + k;
  const next = integers(id);
  for (let i = 0; i < 4; i++) next();
  const ids = [...new Set(Array.from({ length: 1 + (next() % 12) }, () => next() % IDS))];
  return { id, kind: next() % 4 === 0 ? 'delete' : 'put', ids };
}

/** What says in a vector whose it is and which write it was. */
export function vectorOf(id, one) {
  return Array.from({ length: D }, (_, j) => (j === 0 ? one : j === 1 ? id : j));
}
