/** Pairs at the door: rows of both models for the same items, of length 1, each pair once. */
import {
  checkLength,
  normalizeRows,
  type VectorSet,
  type VectorSetInput,
  vectorSet,
} from '@sagitta/core-wasm';
import { gatherRows } from '@sagitta/quantizers/training';

/** Holds the same items as two models embed them: row i of both is one item. */
export interface BridgePairs {
  /** Rows of the model that queries come from. */
  readonly query: VectorSetInput;
  /** Rows of the model that the collection was embedded by. */
  readonly base: VectorSetInput;
}

/** Pairs that are all different. */
export interface DistinctPairs {
  readonly query: VectorSet;
  readonly base: VectorSet;
  /** Pairs that came again. */
  readonly duplicates: number;
}

/** Fewest pairs from which anything is learned. */
const LEAST_PAIRS = 20;

/**
 * Checks pairs and scales their rows to length 1.
 * @throws RangeError on unequal counts, NaN, zero rows, or fewer than 20 pairs that differ
 */
export function distinctPairs(pairs: BridgePairs): DistinctPairs {
  const query = unitSet(pairs.query, 'pairs.query');
  const base = unitSet(pairs.base, 'pairs.base');
  checkLength('pairs.base rows', base.n, query.n, 'pairs.query rows');
  const seen = new Set<string>();
  const kept: number[] = [];
  for (let i = 0; i < query.n; i++) {
    const key = [query, base].map(({ data, d }) => data.subarray(i * d, (i + 1) * d).join()).join(';');
    if (seen.has(key)) continue;
    seen.add(key);
    kept.push(i);
  }
  if (kept.length < LEAST_PAIRS) {
    throw new RangeError(`"pairs" expected at least ${LEAST_PAIRS} that differ, got ${kept.length}`);
  }
  const rows = Uint32Array.from(kept);
  return {
    query: gatherRows(query, rows),
    base: gatherRows(base, rows),
    duplicates: query.n - kept.length,
  };
}

function unitSet(given: VectorSetInput, label: string): VectorSet {
  const set = vectorSet(given.data, given.d, label);
  const data = normalizeRows(set.data, set.d);
  for (let i = 0; i < set.n; i++) {
    if (data.subarray(i * set.d, (i + 1) * set.d).every((value) => value === 0)) {
      throw new RangeError(`"${label}" expected rows other than zero, got a zero row at ${i}`);
    }
  }
  return { ...set, data };
}
