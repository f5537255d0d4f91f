/**
 * Weights of the blocks of concatenated embeddings (text | image | price), learned from judged queries.
 *
 *   score = Σ_b w_b·⟨q_b, x_b⟩ = ⟨scaled q, x⟩
 *
 * so nothing is indexed again. Weights are looked for one at a time on a logarithmic grid with 0 in it, from equal ones, by
 * the mean measure; then a block whose loss is below one standard error is dropped. Folds say what that is worth on queries
 * that were not seen: unless it gains more than two standard errors over equal weights there, equal weights are the answer.
 * Idea: anisotropic scaling of blocks (aTLAS), applied to queries.
 *
 * Memory: 4 · queries · rows · blocks bytes. Time: some hundred rankings of all rows a query.
 */
import {
  checkInteger,
  checkLength,
  checkOptions,
  type Numbers,
  type OptionTable,
  toFloat32,
  type VectorSet,
  type VectorSetInput,
  vectorSet,
} from '@sagitta/core-wasm';
import { dealFolds } from '../bridge/trials.ts';
import { bestPositions } from '../search/best-positions.ts';
import { type Measure, measureFunction, splitMeasure } from './evaluate.ts';
import { hasRelevant, type Judgements } from './measures.ts';
import type { Qrels } from './qrels.ts';

/** Says of which blocks weights are learned, and from what. */
export interface BlockWeightOptions {
  /** Queries, of the dimension of the base. Those without a relevant document are left out; ten others are needed. */
  readonly queries: VectorSetInput;
  /** Rows as the index has them: for 'cosine' scaled to length 1. A sample that holds the judged ones does. */
  readonly base: VectorSetInput;
  /** Dimensions of each block, 2 to 8 of them, in their order; d in all. */
  readonly blocks: readonly number[];
  /** Grades of documents for queries. */
  readonly qrels: Qrels;
  /** What is to be large, e.g. 'ndcg@10'. */
  readonly measure: Measure;
  /** Ids of queries in qrels; default row numbers. */
  readonly queryIds?: readonly string[];
  /** Ids of rows of the base in qrels; default row numbers. */
  readonly baseIds?: readonly string[];
  /** Deals queries to folds; default 1. */
  readonly seed?: number;
}

const BLOCK_WEIGHT_OPTIONS: OptionTable<BlockWeightOptions> = {
  queries: 'any',
  base: 'any',
  blocks: 'any',
  qrels: 'any',
  measure: 'string',
  queryIds: 'any',
  baseIds: 'any',
  seed: 'number',
};

/** Holds what weights learned from the other folds did on the queries of one. */
export interface BlockWeightFold {
  /** Queries held out. */
  readonly queries: number;
  readonly weights: readonly number[];
  /** Mean measure of the held-out queries by those weights. */
  readonly learned: number;
  /** The same by equal weights. */
  readonly equal: number;
}

/** Holds weights of blocks, the largest 1, and what they are worth. */
export interface BlockWeights {
  readonly weights: readonly number[];
  /** Says that learned weights were better on held-out queries; else all are 1. */
  readonly isLearned: boolean;
  /** Mean measure over all queries, each by weights that had not seen it. */
  readonly learned: number;
  /** The same by equal weights. */
  readonly equal: number;
  readonly folds: readonly BlockWeightFold[];
  /** Scales the blocks of a query, into a fresh array. Throws RangeError on another length. */
  readonly scale: (query: Numbers) => Float32Array;
}

const GRID: readonly number[] = [0, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16];
const MAX_BLOCKS = 8;
const FOLDS = 5;
const LEAST_QUERIES = 10;
const MAX_PASSES = 4;
/** Standard errors of a gain that is taken for one, and of a loss that is not. */
const SURE_GAIN = 2;
const SMALL_LOSS = 1;
/** Products of all blocks that are held, 1 GiB. */
const MAX_PRODUCTS = 2 ** 28;

/** Values of the measure of every judged query, by weights. */
type Judge = (weights: readonly number[]) => Float64Array;

/**
 * Learns one weight ≥ 0 a block that makes a measure large.
 * @throws TypeError, RangeError on vectors, blocks, ids or a measure that are none, on fewer than ten queries with a relevant
 * document in the base, and on more than 2^28 products (queries · rows · blocks)
 */
export function learnBlockWeights(options: BlockWeightOptions): BlockWeights {
  checkOptions('options', options, BLOCK_WEIGHT_OPTIONS);
  const base = checkSet('base', options.base);
  const queries = checkSet('queries', options.queries);
  if (!(options.qrels instanceof Map)) {
    throw new TypeError(`"qrels" expected a Map, got ${typeof options.qrels}`);
  }
  checkLength('queries.d', queries.d, base.d, 'of base.d');
  const blocks = checkBlocks(options.blocks, base.d);
  const judge = rankingJudge(options, queries, base, blocks);
  const ones = blocks.map(() => 1);
  const equal = judge(ones);
  const n = equal.length;
  const fold = dealFolds(n, FOLDS, options.seed ?? 1);
  const all = Array.from(fold, (_, i) => i);
  const heldOut = new Float64Array(n);
  const folds = Array.from({ length: FOLDS }, (_, f): BlockWeightFold => {
    const weights = searchWeights(
      judge,
      all.filter((i) => fold[i] !== f),
      blocks.length,
    );
    const values = judge(weights);
    const out = all.filter((i) => fold[i] === f);
    for (const i of out) heldOut[i] = values[i] as number;
    return { queries: out.length, weights, learned: meanOf(values, out), equal: meanOf(equal, out) };
  });
  const isLearned = gainOf(heldOut, equal, all) > SURE_GAIN;
  const weights = isLearned ? searchWeights(judge, all, blocks.length) : ones;
  return {
    weights,
    isLearned,
    learned: meanOf(heldOut, all),
    equal: meanOf(equal, all),
    folds,
    scale: (query) => scaleBlocks(query, blocks, weights),
  };
}

function checkSet(label: string, given: VectorSetInput): VectorSet {
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`"${label}" expected { data, d }, got ${given === null ? 'null' : typeof given}`);
  }
  return vectorSet(given.data, given.d, label);
}

function checkBlocks(blocks: readonly number[], d: number): readonly number[] {
  if (!Array.isArray(blocks)) throw new TypeError(`"blocks" expected an array, got ${typeof blocks}`);
  checkInteger('blocks.length', blocks.length, 2, MAX_BLOCKS);
  for (const [b, size] of blocks.entries()) checkInteger(`blocks[${b}]`, size, 1, d);
  const sum = blocks.reduce((total: number, size: number) => total + size, 0);
  if (sum !== d) throw new RangeError(`"blocks" expected dimensions that sum to d = ${d}, got ${sum}`);
  return [...blocks];
}

function checkIds(label: string, ids: readonly string[] | undefined, n: number): readonly string[] {
  if (ids === undefined) return Array.from({ length: n }, (_, i) => String(i));
  checkLength(label, ids.length, n, 'of rows');
  if (new Set(ids).size !== n) throw new RangeError(`"${label}" expected each id once, got some twice`);
  return ids;
}

/** Ranks the whole base for every judged query; answers for the same weights are kept. */
function rankingJudge(
  options: BlockWeightOptions,
  queries: VectorSet,
  base: VectorSet,
  blocks: readonly number[],
): Judge {
  const queryIds = checkIds('queryIds', options.queryIds, queries.n);
  const baseIds = checkIds('baseIds', options.baseIds, base.n);
  const measureOne = measureFunction(options.measure, {});
  const [, cutoff] = splitMeasure(options.measure);
  const known = new Set(baseIds);
  const judged: { products: Float32Array[]; judgements: Judgements }[] = [];
  const rows: { row: number; judgements: Judgements }[] = [];
  for (const [row, id] of queryIds.entries()) {
    const judgements = options.qrels.get(id);
    if (judgements === undefined || !hasRelevant(judgements)) continue;
    if ([...judgements].some(([document, grade]) => grade > 0 && known.has(document))) {
      rows.push({ row, judgements });
    }
  }
  if (rows.length < LEAST_QUERIES) {
    throw new RangeError(
      `"qrels" expected at least ${LEAST_QUERIES} of the queries to have a relevant document in the base, got ${rows.length}`,
    );
  }
  checkInteger('queries · rows · blocks', rows.length * base.n * blocks.length, 1, MAX_PRODUCTS);
  for (const { row, judgements } of rows) {
    const query = queries.data.subarray(row * queries.d, (row + 1) * queries.d);
    judged.push({ products: blockProducts(query, base, blocks), judgements });
  }
  const scores = new Float32Array(base.n);
  const answers = new Map<string, Float64Array>();
  return (weights) => {
    const key = weights.join();
    const before = answers.get(key);
    if (before) return before;
    const values = Float64Array.from(judged, ({ products, judgements }) => {
      scores.fill(0);
      for (const [b, ofBlock] of products.entries()) {
        const weight = weights[b] as number;
        if (weight === 0) continue;
        for (let i = 0; i < scores.length; i++)
          scores[i] = (scores[i] as number) + weight * (ofBlock[i] as number);
      }
      const best = bestPositions(scores, cutoff ?? base.n);
      return measureOne(
        Array.from(best, (at) => baseIds[at] as string),
        judgements,
      );
    });
    answers.set(key, values);
    return values;
  };
}

/** ⟨q_b, x_b⟩ of every row, block by block. */
function blockProducts(query: Float32Array, base: VectorSet, blocks: readonly number[]): Float32Array[] {
  let first = 0;
  return blocks.map((size) => {
    const out = new Float32Array(base.n);
    for (let row = 0; row < base.n; row++) {
      let sum = 0;
      for (let i = first; i < first + size; i++)
        sum += (query[i] as number) * (base.data[row * base.d + i] as number);
      out[row] = sum;
    }
    first += size;
    return out;
  });
}

/** The best weights that coordinate search finds on a sample of queries, the largest 1. */
function searchWeights(judge: Judge, sample: readonly number[], count: number): number[] {
  let weights: number[] = new Array(count).fill(1);
  let best = meanOf(judge(weights), sample);
  const equal = best;
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const before = best;
    for (let b = 0; b < count; b++) {
      const from = weights;
      for (const value of GRID) {
        const tried = withWeight(from, b, value);
        const mean = tried ? meanOf(judge(tried), sample) : best;
        if (tried && mean > best) [weights, best] = [tried, mean];
      }
    }
    if (best === before) break;
  }
  // nothing is better than equal weights: a tie is no reason to drop a block
  if (best === equal) return weights;
  for (let b = 0; b < count; b++) {
    const without = weights[b] === 0 ? undefined : withWeight(weights, b, 0);
    if (!without || gainOf(judge(weights), judge(without), sample) >= SMALL_LOSS) continue;
    weights = without;
    // what went with it may go too
    b = -1;
  }
  return weights;
}

/** Weights with another one in place b, scaled so that the largest is 1; none where all would be 0. */
function withWeight(weights: readonly number[], b: number, value: number): number[] | undefined {
  const out = weights.map((weight, i) => (i === b ? value : weight));
  const most = Math.max(...out);
  return most > 0 ? out.map((weight) => weight / most) : undefined;
}

function meanOf(values: Float64Array, sample: readonly number[]): number {
  let sum = 0;
  for (const i of sample) sum += values[i] as number;
  return sum / sample.length;
}

/** Mean of a - b in standard errors, 0 where they are equal. */
function gainOf(a: Float64Array, b: Float64Array, sample: readonly number[]): number {
  const difference = a.map((value, i) => value - (b[i] as number));
  const mean = meanOf(difference, sample);
  const spread = difference.map((value) => (value - mean) ** 2);
  return mean === 0 ? 0 : mean / Math.sqrt(meanOf(spread, sample) / (sample.length - 1));
}

function scaleBlocks(query: Numbers, blocks: readonly number[], weights: readonly number[]): Float32Array {
  const values = toFloat32('query', query);
  const d = blocks.reduce((sum, size) => sum + size, 0);
  checkLength('query', values.length, d, 'd');
  const byDimension = blocks.flatMap((size, b) => new Array<number>(size).fill(weights[b] as number));
  return values.map((value, i) => value * (byDimension[i] as number));
}
