/**
 * Held-out trials of maps: pairs are dealt to folds, maps are fitted without a fold and judged by it.
 *
 * The judge is the overlap: of the five nearest other pairs of a held-out pair in the base model, the share that the
 * bridged query finds among all pairs' base rows. The rank of the own mate is a bad judge of methods, since it prefers
 * relative vectors, which find mates well and neighbours badly; it says whether the spaces have anything in common.
 */
import { type Core, RandomStream } from '@sagitta/core-wasm';
import { bestPositions } from '../search/best-positions.ts';
import { scoreTiles } from '../search/score-tiles.ts';
import { mapRows } from './affine.ts';
import { type BridgeMethod, type FittedMaps, fitMaps, isRegularized, type PairMatrices } from './fit.ts';

/** Holds what a method did on pairs that it had not seen. */
export interface BridgeTrial {
  readonly method: BridgeMethod;
  /** λ, 0 for methods without one. */
  readonly regularization: number;
  /** Share of the five nearest other pairs in the base model that bridged queries find: what decides. */
  readonly heldOutOverlap: number;
  /** Mean of 1 / rank of the own mate among all pairs' base rows. */
  readonly mateReciprocalRank: number;
}

/** A trial and the share of pairs whose own mate came first. */
export interface JudgedTrial extends BridgeTrial {
  readonly mateAtOne: number;
}

/** Neighbours that the overlap counts. */
export const OVERLAP_NEIGHBOURS = 5;

/** The k nearest other rows of every row. */
export function nearestOthers(
  core: Core,
  rows: Float64Array,
  n: number,
  d: number,
  k: number,
): Uint32Array[] {
  const set = { data: Float32Array.from(rows), n, d };
  const out: Uint32Array[] = [];
  scoreTiles(core, 'dot', set, set, (i, scores) => {
    scores[i] = -Infinity;
    out.push(bestPositions(scores, Math.min(k, n - 1)));
  });
  return out;
}

/** Fold of each pair. */
export function dealFolds(n: number, folds: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  new RandomStream(seed, 'bridge/folds').shuffle(order);
  const fold = new Uint32Array(n);
  order.forEach((pair, at) => {
    fold[pair] = at % folds;
  });
  return fold;
}

/** Tries methods and λ's on every fold; native — the nearest other pairs by the base rows. */
export function tryMethods(
  core: Core,
  pairs: PairMatrices,
  methods: readonly BridgeMethod[],
  lambdas: readonly number[],
  fold: Uint32Array,
  folds: number,
  native: readonly Uint32Array[],
): JudgedTrial[] {
  const trials = methods.flatMap((method) =>
    (isRegularized(method) ? lambdas : [0]).map((regularization) => ({
      method,
      regularization,
      sums: { overlap: 0, reciprocal: 0, first: 0 },
    })),
  );
  for (let held = 0; held < folds; held++) {
    const train = subset(pairs, (i) => fold[i] !== held);
    let at = 0;
    for (const method of methods) {
      for (const maps of fitMaps(method, train, lambdas)) {
        judge(core, pairs, maps, fold, held, native, (trials[at++] as (typeof trials)[number]).sums);
      }
    }
  }
  const { n } = pairs;
  return trials.map(({ method, regularization, sums }) => ({
    method,
    regularization,
    heldOutOverlap: sums.overlap / n,
    mateReciprocalRank: sums.reciprocal / n,
    mateAtOne: sums.first / n,
  }));
}

function judge(
  core: Core,
  { n, query, p, base }: PairMatrices,
  maps: FittedMaps,
  fold: Uint32Array,
  held: number,
  native: readonly Uint32Array[],
  sums: { overlap: number; reciprocal: number; first: number },
): void {
  const ids = Array.from({ length: n }, (_, i) => i).filter((i) => fold[i] === held);
  const side = (rows: Float64Array, map: FittedMaps['query']): Float32Array =>
    map === undefined ? Float32Array.from(rows) : mapRows(core, map, Float32Array.from(rows));
  const heldRows = Float64Array.from(ids.flatMap((i) => [...query.subarray(i * p, (i + 1) * p)]));
  const queries = side(heldRows, maps.query);
  const targets = side(base, maps.base);
  const d = maps.query?.to ?? p;
  const visit = (at: number, scores: Float32Array): void => {
    const own = ids[at] as number;
    const score = scores[own] as number;
    let rank = 1;
    for (let i = 0; i < n; i++) {
      const other = scores[i] as number;
      if (other > score || (other === score && i < own)) rank++;
    }
    sums.reciprocal += 1 / rank;
    if (rank === 1) sums.first++;
    scores[own] = -Infinity;
    const wanted = native[own] as Uint32Array;
    const found = bestPositions(scores, wanted.length);
    sums.overlap += found.filter((i) => wanted.includes(i)).length / wanted.length;
  };
  scoreTiles(core, 'dot', { data: queries, n: ids.length, d }, { data: targets, n, d }, visit);
}

function subset({ n, query, p, base, q }: PairMatrices, isIn: (i: number) => boolean): PairMatrices {
  const ids = Array.from({ length: n }, (_, i) => i).filter(isIn);
  const rows = (data: Float64Array, d: number): Float64Array => {
    const out = new Float64Array(ids.length * d);
    ids.forEach((i, at) => {
      out.set(data.subarray(i * d, (i + 1) * d), at * d);
    });
    return out;
  };
  return { n: ids.length, query: rows(query, p), p, base: rows(base, q), q };
}
