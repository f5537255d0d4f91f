/** Training of a bridge: methods are tried on held-out pairs, the best is fitted to all of them. */
import {
  type Core,
  checkCore,
  checkInteger,
  checkNumber,
  checkOneOf,
  checkOptions,
  type OptionTable,
} from '@sagitta/core-wasm';
import { adviseBridge } from './advice.ts';
import { expanded } from './affine.ts';
import { Bridge } from './bridge.ts';
import { BRIDGE_METHODS, type BridgeMethod, changesBase, fitMaps, type PairMatrices } from './fit.ts';
import { type BridgePairs, distinctPairs } from './pairs.ts';
import { spanOf } from './span.ts';
import { dealFolds, type JudgedTrial, nearestOthers, OVERLAP_NEIGHBOURS, tryMethods } from './trials.ts';

/** Says which bridges are tried. */
export interface BridgeOptions {
  /** A method, or 'auto' to choose one by held-out pairs; default 'auto'. */
  readonly method?: BridgeMethod | 'auto';
  /** λ's that are tried, times the mean squared row of the pairs; default [0.01, 0.1, 1]. */
  readonly regularization?: readonly number[];
  /** Parts that pairs are dealt to, each held out once; default 5. */
  readonly folds?: number;
  /** Of the dealing; default 1. */
  readonly seed?: number;
}

const BRIDGE_OPTIONS: OptionTable<BridgeOptions> = {
  method: 'string',
  regularization: 'any',
  folds: 'number',
  seed: 'number',
};

/** Least and largest λ; least squares explode without. */
export const LEAST_LAMBDA = 1e-6;
/** Is the largest λ. */
export const MOST_LAMBDA = 1e6;
const MOST_LAMBDAS = 16;
const DEFAULT_LAMBDAS: readonly number[] = [0.01, 0.1, 1];
/** Pairs below which the overlap is noisy. */
const NOISY_PAIRS = 150;
/** Overlap by which another method has to be ahead where there is doubt or the collection has to be coded again. */
const CLEARLY = 0.03;
/** Pairs up to which 'auto' tries relative vectors, whose dimensions are as many as pairs. */
const RELATIVE_PAIRS = 200;

/**
 * Fits a bridge from the space of one embedding model to that of another, and says by pairs held out how good it is.
 * Procrustes is the first choice; another method is taken where it is ahead in held-out overlap, by .03 below 150 pairs or
 * where it changes the collection's vectors.
 * @throws RangeError on fewer than 20 pairs, unequal counts, NaN, zero rows or options out of range
 * @example
 * const { report } = trainBridge(core, { query: { data: a, d: 768 }, base: { data: b, d: 384 } });
 * console.log(report.advice, report.reason);
 */
export function trainBridge(core: Core, pairs: BridgePairs, options: BridgeOptions = {}): Bridge {
  checkCore(core);
  checkOptions('options', options, BRIDGE_OPTIONS);
  const wanted = checkOneOf('method', options.method ?? 'auto', ['auto', ...BRIDGE_METHODS] as const);
  const lambdas = checkLambdas(options.regularization ?? DEFAULT_LAMBDAS);
  const folds = checkInteger('folds', options.folds ?? 5, 2, 20);
  const seed = checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER);
  const { query, base, duplicates } = distinctPairs(pairs);
  const { n } = query;

  const [from, to] = [query, base].map(({ data, d }) => spanOf(Float64Array.from(data), n, d)) as [
    ReturnType<typeof spanOf>,
    ReturnType<typeof spanOf>,
  ];
  const own: PairMatrices = { n, query: from.coordinates, p: from.r, base: to.coordinates, q: to.r };
  const methods = wanted === 'auto' ? methodsFor(n) : [wanted];
  const native = nearestOthers(core, own.base, n, own.q, OVERLAP_NEIGHBOURS);
  const trials = tryMethods(core, own, methods, lambdas, dealFolds(n, folds, seed), folds, native);
  const chosen = choose(trials, n);
  const { method, regularization, mateReciprocalRank, mateAtOne } = chosen;
  const [maps] = fitMaps(method, own, [regularization]) as [ReturnType<typeof fitMaps>[number]];
  // relative coordinates are of no space of the pairs
  const isRelative = method === 'relative' || method === 'relative-gram';
  return new Bridge(core, {
    method,
    regularization,
    dQuery: query.d,
    dBase: base.d,
    query: maps.query && expanded(maps.query, from.basis, isRelative ? undefined : to.basis),
    base: maps.base && expanded(maps.base, to.basis, isRelative ? undefined : from.basis),
    report: {
      pairs: n,
      duplicates,
      mateReciprocalRank,
      mateAtOne,
      overlapAtTen: agreement(core, own),
      tried: trials.map(({ mateAtOne: _, ...trial }) => trial),
      ...adviseBridge(n, chosen),
    },
  });
}

function checkLambdas(given: readonly number[]): readonly number[] {
  checkInteger('regularization count', given.length, 1, MOST_LAMBDAS);
  for (const lambda of given) checkNumber('regularization', lambda, LEAST_LAMBDA, MOST_LAMBDA);
  return given;
}

function methodsFor(n: number): readonly BridgeMethod[] {
  return n <= RELATIVE_PAIRS ? BRIDGE_METHODS : ['procrustes', 'linear', 'reverse-linear'];
}

/** The first of a method's trials that no other is ahead of, Procrustes first. */
function choose(trials: readonly JudgedTrial[], n: number): JudgedTrial {
  const first = trials[0] as JudgedTrial;
  const among = (isIn: (trial: JudgedTrial) => boolean): JudgedTrial | undefined => {
    let best: JudgedTrial | undefined;
    for (const trial of trials) {
      if (isIn(trial) && (best === undefined || trial.heldOutOverlap > best.heldOutOverlap)) best = trial;
    }
    return best;
  };
  if (first.method !== 'procrustes') return among(() => true) as JudgedTrial;
  let chosen = first;
  const steps: [(trial: JudgedTrial) => boolean, number][] = [
    [({ method }) => !changesBase(method), n < NOISY_PAIRS ? CLEARLY : 0],
    [({ method }) => changesBase(method), CLEARLY],
  ];
  for (const [isIn, margin] of steps) {
    const best = among(isIn);
    if (best !== undefined && best.heldOutOverlap > chosen.heldOutOverlap + margin) chosen = best;
  }
  return chosen;
}

/** Of the ten nearest other pairs by each model, the share that both have. */
function agreement(core: Core, { n, query, p, base, q }: PairMatrices): number {
  const byQuery = nearestOthers(core, query, n, p, 10);
  const byBase = nearestOthers(core, base, n, q, 10);
  let shared = 0;
  let all = 0;
  byQuery.forEach((ids, i) => {
    const others = byBase[i] as Uint32Array;
    all += ids.length;
    shared += ids.filter((id) => others.includes(id)).length;
  });
  return shared / all;
}
