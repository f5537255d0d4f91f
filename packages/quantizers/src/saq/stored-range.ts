/**
 * Which numbers blocks of SAQ codes in a file may hold: norms |x - c|² of vectors within MAX_MAGNITUDE, and rescale factors
 * g with which g·y, |y_t| ≤ 2^(bits-1), is no larger than products with a query of 2·MAX_MAGNITUDE allow:
 * |<q, g·y>| ≤ √dims·|q|·max|g·y_t| ≤ MAX_SCORE_PART. Any bits are a code.
 */
import { type Block, MAX_MAGNITUDE, MAX_SCORE_PART, MAX_SQUARE } from '@sagitta/core-wasm';
import { LARGEST_FACTOR, packFactor } from './factors.ts';
import { BLOCK, saqLayout } from './layout.ts';
import type { SaqModel } from './model.ts';

/** |x - c|² of vectors of the greatest length, and what rounding adds. */
const LARGEST_NORM = 1.01 * MAX_SQUARE;

/** What is wrong with the blocks of n vectors that were read from a file, or undefined. */
export function saqDefect(model: SaqModel, blocks: Block, n: number): string | undefined {
  const { coded, keptDims, offsets, blockBytes } = saqLayout(model.plan);
  const largest = MAX_SCORE_PART / (4 * MAX_MAGNITUDE * Math.sqrt(Math.max(1, keptDims)));
  const most = coded.map(({ bits }, s) => {
    const units = largest / 2 ** (bits - 1) / (model.factorUnits[s] as number);
    return units >= LARGEST_FACTOR ? 0xffff : packFactor(units);
  });
  for (let first = 0; first < n; first += BLOCK) {
    const at = (first / BLOCK) * blockBytes;
    const count = Math.min(BLOCK, n - first);
    for (const norm of blocks.f32(at, count)) {
      if (!(norm >= 0 && norm <= LARGEST_NORM)) {
        return `"norm" expected a number from 0 to ${LARGEST_NORM}, got ${norm}`;
      }
    }
    for (const [s, offset] of offsets.entries()) {
      const limit = most[s] as number;
      if (limit === 0xffff) continue;
      for (const factor of blocks.u16(at + offset, count)) {
        if (factor > limit) return `"factor" expected a code up to ${limit}, got ${factor}`;
      }
    }
  }
  return undefined;
}
