/** Nearest other rows of every row with their distances, by exact search; and what they say of hubs and contrast. */
import type { Core, VectorSet } from '@sagitta/core-wasm';
import { bestPositions } from '../search/best-positions.ts';
import { scoreTiles } from '../search/score-tiles.ts';

/** Nearest others of n rows. */
export interface NearestOthers {
  readonly k: number;
  /** n × k row numbers, nearest first, ties to the lower. */
  readonly ids: Uint32Array;
  /** n × k distances, not squared. */
  readonly distances: Float64Array;
  /** Mean distance of two different rows. */
  readonly meanDistance: number;
}

/** Finds the k nearest others of every row; progress — told the share of rows done. */
export function nearestOthers(
  core: Core,
  rows: VectorSet,
  k: number,
  progress?: (share: number) => void,
): NearestOthers {
  const { n } = rows;
  const ids = new Uint32Array(n * k);
  const distances = new Float64Array(n * k);
  let sum = 0;
  scoreTiles(core, 'l2', rows, rows, (i, scores) => {
    for (let j = 0; j < n; j++) {
      if (j !== i) sum += Math.sqrt(scores[j] as number);
      // the nearest is the largest
      scores[j] = -(scores[j] as number);
    }
    scores[i] = -Infinity;
    const found = bestPositions(scores, k);
    ids.set(found, i * k);
    found.forEach((id, j) => {
      distances[i * k + j] = Math.sqrt(-(scores[id] as number));
    });
    if (i % 256 === 0) progress?.(i / n);
  });
  return { k, ids, distances, meanDistance: sum / (n * (n - 1)) };
}

/** How unevenly rows are near to others. */
export interface Hubness {
  /** Skewness of how often a row is among the nearest of others: 0 is even, above 2 a few hubs are in every answer. */
  readonly skewness: number;
  /** How often the greatest hub is. */
  readonly largest: number;
  /** Share of rows that never are. */
  readonly never: number;
}

/** Counts how often each row is among the first `count` neighbours of others. */
export function hubnessOf({ ids, k }: Pick<NearestOthers, 'ids' | 'k'>, count: number): Hubness {
  const n = ids.length / k;
  const occurrences = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < Math.min(k, count); j++) {
      const id = ids[i * k + j] as number;
      occurrences[id] = (occurrences[id] as number) + 1;
    }
  }
  const mean = occurrences.reduce((sum, value) => sum + value, 0) / n;
  const moment = (power: number): number =>
    occurrences.reduce((sum, value) => sum + (value - mean) ** power, 0) / n;
  const variance = moment(2);
  return {
    skewness: variance > 0 ? moment(3) / variance ** 1.5 : 0,
    largest: occurrences.reduce((most, value) => Math.max(most, value), 0),
    never: occurrences.filter((value) => value === 0).length / n,
  };
}

/** Mean distance over the mean distance of the j-th nearest (from 1): how much nearer neighbours are than anything. */
export function contrastAt({ distances, k, meanDistance }: NearestOthers, j: number): number {
  const n = distances.length / k;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += distances[i * k + Math.min(j, k) - 1] as number;
  return sum > 0 ? (meanDistance * n) / sum : Infinity;
}
