/**
 * Recall from few ground truths. The exact neighbours of a query cost n·d operations and are what makes measuring dear; a
 * deeper approximate search is cheap, can be had of every query, and how far the shallow result agrees with it says how
 * good that is. So the deeper search is a control variate (control-variate.ts): it need not be right, it must only be
 * wrong for other queries than those that the shallow one fails, and the estimate is unbiased either way.
 *
 *   y_i = recall of query i,  x_i = overlap of its result with the deeper one
 *
 * Idea: sparse regression on few critical control variates (adaptive testing of autonomous systems), applied to search.
 * The interval is Student's, widened by n/(n - 4) while there are under 200 truths, since residuals that were fitted are
 * too small: at 50, 100 and 200 truths and ρ = .98 it covers 90, 92 and 94 of 100 times where 95 are asked. Where the
 * proxies leave no residual at all, misses are bounded as counts are: none in n·k leave -ln(1 - confidence)/(n·k).
 */
import { checkInteger, checkNumber, checkOptions, type OptionTable, RandomStream } from '@sagitta/core-wasm';
import { type ControlledMean, controlledMean } from './control-variate.ts';
import { overlapOf } from './recall.ts';
import { CONFIDENCES, type Confidence, studentQuantile } from './student-quantile.ts';

/** Says what is known of all queries. */
interface ProxyOptions {
  /** Queries. */
  readonly n: number;
  /** Results of a query that count. */
  readonly k: number;
  /** Ids that the search finds for a query, best first. Asked once for each of 0…n - 1. */
  readonly found: (query: number) => ArrayLike<number>;
  /** Ids that a deeper search finds: nprobe or ef times 4, or a rerank by exact vectors. */
  readonly deeper: (query: number) => ArrayLike<number>;
  /** Further numbers that may go with recall, e.g. the distance to the first list left out; default none. */
  readonly proxies?: readonly ((query: number) => number)[];
  /** Truths asked for at first, from 10 on; default 100. */
  readonly truths?: number;
  /** Half of an interval that is narrow enough: 25 more truths are asked for until it is. Default: the first are all. */
  readonly halfWidth?: number;
  /** Share of intervals that hold the recall; default .95. */
  readonly confidence?: Confidence;
  /** Of what is drawn; default 1. */
  readonly seed?: number;
}

/** Says of what recall is estimated, and how exactly. */
export interface RecallEstimateOptions extends ProxyOptions {
  /** True ids of the queries asked for, best first, in their order. */
  readonly truth: (queries: Uint32Array) => readonly ArrayLike<number>[];
}

/** Is RecallEstimateOptions where truths come from a file or a worker. */
export interface RecallEstimateFromOptions extends ProxyOptions {
  /** True ids of the queries asked for, best first, in their order. */
  readonly truth: (queries: Uint32Array) => Promise<readonly ArrayLike<number>[]>;
}

const PROXY_OPTIONS: OptionTable<RecallEstimateOptions> = {
  n: 'number',
  k: 'number',
  found: 'function',
  deeper: 'function',
  proxies: 'any',
  truth: 'function',
  truths: 'number',
  halfWidth: 'number',
  confidence: 'number',
  seed: 'number',
};

/** Holds an estimate of recall and its interval. */
export interface RecallEstimate {
  /** Mean recall over all queries, 0 to 1. */
  readonly recall: number;
  readonly low: number;
  readonly high: number;
  readonly standardError: number;
  /** Queries of which the truth was asked for. */
  readonly truths: number;
  /** What the same truths say without the deeper search. */
  readonly plain: { readonly recall: number; readonly low: number; readonly high: number };
  /** Truths that a plain mean needs for the same standard error; at most n. */
  readonly worth: number;
  /** Correlation of recall with what was used to predict it, 0 to 1. */
  readonly correlation: number;
}

const LEAST_TRUTHS = 10;
const DEFAULT_TRUTHS = 100;
/** Truths between two looks at the interval: a look at every one stops where luck makes it narrow. */
const STEP = 25;
/** Truths from which fitted residuals are taken as they are. */
const MANY_TRUTHS = 200;

/**
 * Estimates the recall of a search from the truth of a few queries and a deeper search of all.
 * @throws RangeError on options out of range, fewer than 10 queries or fewer answers than were asked for
 */
export function estimateRecall(options: RecallEstimateOptions): RecallEstimate {
  checkOptions('options', options, PROXY_OPTIONS);
  const steps = estimateSteps(options);
  let step = steps.next();
  while (step.done !== true) step = steps.next(options.truth(step.value));
  return step.value;
}

/**
 * Estimates recall as estimateRecall does, from truths that take a while to come.
 * @throws RangeError as estimateRecall; what `truth` rejects with
 */
export async function estimateRecallFrom(options: RecallEstimateFromOptions): Promise<RecallEstimate> {
  const table: OptionTable<RecallEstimateFromOptions> = PROXY_OPTIONS;
  checkOptions('options', options, table);
  const steps = estimateSteps(options);
  let step = steps.next();
  while (step.done !== true) step = steps.next(await options.truth(step.value));
  return step.value;
}

/** Yields the queries whose truth is needed, and takes it. */
function* estimateSteps(
  options: ProxyOptions,
): Generator<Uint32Array, RecallEstimate, readonly ArrayLike<number>[]> {
  const n = checkInteger('n', options.n, LEAST_TRUTHS, 0xffff_ffff);
  const k = checkInteger('k', options.k, 1, 2 ** 20);
  const first = checkInteger('truths', options.truths ?? DEFAULT_TRUTHS, LEAST_TRUTHS, 0xffff_ffff);
  const halfWidth = checkNumber('halfWidth', options.halfWidth ?? 1, 0, 1);
  const confidence = checkConfidence(options.confidence ?? 0.95);
  const order = Uint32Array.from({ length: n }, (_, query) => query);
  new RandomStream(options.seed ?? 1, 'recall-estimate').shuffle(order);

  const found = Array.from({ length: n }, (_, query) => options.found(query));
  const proxies = [
    Float64Array.from(found, (ids, query) => overlapOf(ids, options.deeper(query), k)),
    ...(options.proxies ?? []).map((proxy) => Float64Array.from(found, (_, query) => proxy(query))),
  ];
  for (const [p, values] of proxies.entries()) {
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) {
      throw new RangeError(
        `"proxies" expected finite numbers, got ${values[at]} of proxy ${p - 1}, query ${at}`,
      );
    }
  }
  const means = proxies.map((values) => values.reduce((sum, value) => sum + value, 0) / n);
  const recalls: number[] = [];
  let wanted = Math.min(first, n);
  for (;;) {
    const queries = order.slice(recalls.length, wanted);
    const truths = yield queries;
    if (truths.length !== queries.length) {
      throw new RangeError(
        `"truth" expected an answer to each of ${queries.length} queries, got ${truths.length}`,
      );
    }
    truths.forEach((ids, i) => {
      recalls.push(overlapOf(found[queries[i] as number] as ArrayLike<number>, ids, k));
    });
    const sample = order.subarray(0, recalls.length);
    const mean = controlledMean(
      Float64Array.from(recalls),
      proxies.map((values, p) => ({
        sample: Float64Array.from(sample, (query) => values[query] as number),
        mean: means[p] as number,
      })),
      n,
    );
    const estimate = intervals(mean, recalls.length, n, k, confidence);
    const half = (estimate.high - estimate.low) / 2;
    if (wanted === n || half <= halfWidth || options.halfWidth === undefined) return estimate;
    wanted = Math.min(n, wanted + STEP);
  }
}

function checkConfidence(value: number): Confidence {
  for (const confidence of CONFIDENCES) if (value === confidence) return confidence;
  throw new RangeError(`"confidence" expected one of ${CONFIDENCES.join(', ')}, got ${value}`);
}

function intervals(
  mean: ControlledMean,
  truths: number,
  n: number,
  k: number,
  confidence: Confidence,
): RecallEstimate {
  const unseen = 1 - truths / n;
  // no miss in as many looks
  const unseenMisses = (-Math.log(1 - confidence) / (truths * k)) * unseen;
  const widened = truths < MANY_TRUTHS ? truths / (truths - 4) : 1;
  const around = (
    recall: number,
    standardError: number,
    degrees: number,
    factor: number,
  ): { recall: number; low: number; high: number } => {
    const half = Math.max(unseenMisses, factor * studentQuantile(confidence, degrees) * standardError);
    return { recall: clamp(recall), low: clamp(recall - half), high: clamp(recall + half) };
  };
  const { estimate, standardError, degrees, plain, variance, correlation } = mean;
  // s²·(1/m - 1/n) = se²
  const worth = variance > 0 ? variance / (standardError ** 2 + variance / n) : truths;
  return {
    ...around(estimate, standardError, degrees, widened),
    standardError,
    truths,
    plain: around(plain.estimate, plain.standardError, truths - 1, 1),
    worth: Math.round(worth),
    correlation,
  };
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
