/**
 * Which items of a collection to embed by another model too. Prototypes, the real rows nearest to the centres of k-means, are
 * worth .04 to .13 recall over random rows at 100 pairs and .02 to .06 at 300; rows far from one another are worth
 * nothing over random ones.
 */
import {
  type Core,
  checkCore,
  checkInteger,
  checkOneOf,
  checkOptions,
  normalizeRows,
  type OptionTable,
  RandomStream,
  type VectorSet,
  type VectorSetInput,
  vectorSet,
} from '@sagitta/core-wasm';
import { sampleIndices, trainKmeans } from '@sagitta/quantizers/training';
import { scoreTiles } from '../search/score-tiles.ts';

const STRATEGIES = ['prototypes', 'farthest', 'random'] as const;

/** Says how anchors are chosen. */
export interface AnchorOptions {
  /**
   * 'prototypes' takes the rows nearest to the centres of k-means, 'farthest' each time the row farthest from those taken,
   * 'random' any; default 'prototypes'.
   */
  readonly strategy?: (typeof STRATEGIES)[number];
  readonly seed?: number;
}

const ANCHOR_OPTIONS: OptionTable<AnchorOptions> = { strategy: 'string', seed: 'number' };

/** Centres of k-means are settled enough after this. */
const ITERATIONS = 10;
const ROWS_PER_CENTRE = 40;

/**
 * Chooses `count` rows that stand for a collection, by their directions: ascending row numbers, each once.
 * @throws RangeError on a count above the rows, values that are not finite or options out of range
 */
export function selectAnchors(
  core: Core,
  rows: VectorSetInput,
  count: number,
  options: AnchorOptions = {},
): Uint32Array {
  checkCore(core);
  checkOptions('options', options, ANCHOR_OPTIONS);
  const strategy = checkOneOf('strategy', options.strategy ?? 'prototypes', STRATEGIES);
  const seed = checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER);
  const { data, n, d } = vectorSet(rows.data, rows.d, 'rows');
  checkInteger('count', count, 1, n);
  const random = new RandomStream(seed, 'bridge/anchors');
  if (strategy === 'random') return sampleIndices(n, count, random);
  const units = { data: normalizeRows(data, d), n, d };
  return strategy === 'farthest'
    ? farthestRows(core, units, count, random.nextBelow(n))
    : prototypes(core, units, count, seed);
}

/** The row nearest to each centre; a row that is taken already gives way to the next nearest. */
function prototypes(core: Core, rows: VectorSet, count: number, seed: number): Uint32Array {
  const { centroids } = trainKmeans(core, rows, {
    nlist: count,
    seed,
    iterations: ITERATIONS,
    sampleSize: Math.max(count, Math.min(rows.n, count * ROWS_PER_CENTRE)),
  });
  const taken = new Set<number>();
  scoreTiles(core, 'dot', { data: centroids, n: count, d: rows.d }, rows, (_, scores) => {
    // of rows of length 1 the nearest has the largest product
    let best = -1;
    for (let i = 0; i < scores.length; i++) {
      if (taken.has(i)) continue;
      if (best < 0 || (scores[i] as number) > (scores[best] as number)) best = i;
    }
    taken.add(best);
  });
  return Uint32Array.from(taken).sort();
}

/** Each time the row whose nearest one among those taken is farthest. */
function farthestRows(core: Core, rows: VectorSet, count: number, first: number): Uint32Array {
  const { data, n, d } = rows;
  const nearest = new Float32Array(n).fill(-Infinity);
  const taken: number[] = [];
  let next = first;
  while (taken.length < count) {
    taken.push(next);
    const row = { data: data.slice(next * d, (next + 1) * d), n: 1, d };
    scoreTiles(core, 'dot', row, rows, (_, scores) => {
      for (let i = 0; i < n; i++) nearest[i] = Math.max(nearest[i] as number, scores[i] as number);
    });
    for (const i of taken) nearest[i] = Infinity;
    next = 0;
    for (let i = 1; i < n; i++) if ((nearest[i] as number) < (nearest[next] as number)) next = i;
  }
  return Uint32Array.from(taken).sort();
}
