/**
 * Which numbers a file of a linear method may hold. A score adds up <q', r̂> of the code and its parts, a term of the vector,
 * and the exact score of the list's centroid. With |q'| up to 2·MAX_MAGNITUDE,
 *
 *   |<R·q', r̂>| ≤ |R·q'|₁·max|r̂_t| ≤ √dims·|R|·|q'|·max|r̂_t|      |R|: 1 of a rotation, the scale of kept coordinates, at most the root
 *                                                              of the squares of a matrix
 *
 * so the largest coordinate that a code may stand for follows from the frame: with it no part of a score is above
 * MAX_SCORE_PART. Codes of vectors within MAX_MAGNITUDE are far from it: r̂_t is a few times |r|.
 */
import { type Block, MAX_MAGNITUDE, MAX_SCORE_PART } from '@sagitta/core-wasm';
import { BLOCK } from '../blocks.ts';
import { factorAt, firstBytes, type LinearLayout, takeFactors } from './block-layout.ts';
import { type Coder, FACTOR_ADD, FACTOR_ERROR, FACTOR_OFFSET, FACTOR_PART, FACTOR_SCALE } from './coder.ts';
import { type Frame, keptScale } from './frame.ts';

/** Whatever the frame: r̂ is decoded to float32 as well. */
const LARGEST_COORDINATE = 2 ** 100;
/** |q'| of l2, and the factor 2 of its products. */
const QUERY = 4 * MAX_MAGNITUDE;

export function largestCoordinate(frame: Frame): number {
  const { dims, matrix, queryMatrix } = frame;
  let energy = keptScale(frame) ** 2;
  const rows = queryMatrix ?? matrix;
  if (rows) {
    energy = 0;
    for (let i = 0; i < rows.length; i++) energy += (rows[i] as number) * (rows[i] as number);
  }
  return Math.min(LARGEST_COORDINATE, MAX_SCORE_PART / (QUERY * Math.sqrt(dims * energy)));
}

/** What is wrong with the levels of a coder whose codes stand for them without a scale. */
export function reachDefect(coder: Coder, largest: number): string | undefined {
  const unscaled = (coder.factors & FACTOR_SCALE) === 0 ? [coder.reach] : [];
  for (const { scale, weight, reach } of coder.parts ?? []) {
    if (scale === 'none') unscaled.push(weight * reach);
  }
  const bad = unscaled.find((reach) => !(reach <= largest));
  return bad === undefined ? undefined : `"levels" expected numbers up to ${largest}, got ${bad}`;
}

interface Coded {
  readonly coder: Coder;
  readonly places: LinearLayout;
}

/** What is wrong with the blocks of n vectors, or undefined. */
export function blocksDefect(
  { coder, places: layout }: Coded,
  blocks: Block,
  n: number,
  largest: number,
): string | undefined {
  const { blockBytes } = layout.blocks;
  let reach = coder.reach;
  let own = 0;
  for (const part of coder.parts ?? []) {
    if (part.scale === 'shared') reach += part.weight * part.reach;
    if (part.scale === 'own') own = part.weight * part.reach;
  }
  const ranges = [
    ['add', FACTOR_ADD, MAX_SCORE_PART],
    ['scale', FACTOR_SCALE, largest / reach],
    ['offset', FACTOR_OFFSET, largest],
    ['error bound', FACTOR_ERROR, MAX_SCORE_PART / QUERY],
    ['scale of a part', FACTOR_PART, largest / own],
  ] as const;
  for (const [name, bit, most] of ranges) {
    if (factorAt(layout, bit) < 0) continue;
    const bad = takeFactors(blocks, layout, bit, 0, n).find((value) => !(Math.abs(value) <= most));
    if (bad !== undefined) return `"${name}" expected an amount up to ${most}, got ${bad}`;
  }
  if (!coder.codesDefect) return undefined;
  for (let first = 0; first < n; first += BLOCK) {
    const count = Math.min(BLOCK, n - first);
    const at = (first / BLOCK) * blockBytes + layout.codesAt;
    const defect = coder.codesDefect(blocks.u8(at, count * firstBytes(coder)));
    if (defect !== undefined) return defect;
  }
  return undefined;
}
