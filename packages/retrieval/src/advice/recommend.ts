/**
 * Which quantizer to take, by measuring: a held-out part of the sample is searched for among the rest with every
 * candidate, and recall is read for the size of the collection (recall-at-size.ts). No guess without figures.
 *
 * Vectors are coded by models that were trained without them: a model of few vectors knows those by heart.
 */
import {
  boundedSet,
  type Core,
  checkCore,
  checkInteger,
  checkMetric,
  checkNumber,
  checkOneOf,
  checkOptions,
  type Metric,
  type OptionTable,
  RandomStream,
  type VectorSet,
  type VectorSetInput,
  vectorSet,
} from '@sagitta/core-wasm';
import { fewestVectors } from '@sagitta/quantizers';
import { gatherRows } from '@sagitta/quantizers/training';
import { depthFor, ranksFor, recallAtSize, type SizedRecall } from '../evaluation/recall-at-size.ts';
import { buildFlat, type IndexOptions, trainIndex } from '../ivf/build.ts';
import type { Clock } from '../search/statistics.ts';
import { type Candidate, candidatesAt, KINDS } from './candidates.ts';
import { holdOut } from './held-out.ts';
import { emptyIndexBytes, type IndexBytes, indexBytes } from './index-bytes.ts';
import { nearRows } from './whole-collection.ts';

/** Says what is wanted, a recall or a number of bytes, and how it is measured. */
export interface RecommendOptions {
  readonly metric: Metric;
  /**
   * The least recall@k that is good enough: candidates are ranked by bytes among those that reach it with what is `sure` of
   * their recall.
   */
  readonly recall?: number;
  /** The most code bytes a vector may cost: candidates are ranked by recall among those that fit. */
  readonly bytes?: number;
  readonly k?: number;
  /** Vectors of the collection that the sample is of; figures are for that many. Default: those of the sample. */
  readonly collectionSize?: number;
  /**
   * All of the collection, the sample's vectors among it, in batches that are read once. Recall is then measured on it instead of
   * read from the sample, which knows little of clusters that it holds one vector of: what lies near each query is looked for
   * in all of it, and coded by models of the sample. Instead of collectionSize.
   */
  readonly collection?: Iterable<VectorSetInput>;
  /** Candidates that are reranked exactly are judged by the recall after it; default 0: codes alone. */
  readonly rerank?: number;
  /** Bits a dimension that are tried. */
  readonly bits?: readonly number[];
  /** Labels of the kinds that are tried, e.g. ['saq', 'lvq']. Default: all; opq and low-rank pq take most of the time. */
  readonly kinds?: readonly string[];
  /** Most vectors that are searched for; default 200, at most a fifth of the sample. */
  readonly queries?: number;
  readonly seed?: number;
  /** For times: milliseconds since any moment, e.g. `() => performance.now()`. */
  readonly clock?: Clock;
  /** Called after each candidate that was measured or passed over. */
  readonly onProgress?: (progress: RecommendProgress) => void;
  /** Looked at before each candidate; its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** Tells how far the measuring has come. */
export interface RecommendProgress {
  readonly done: number;
  readonly total: number;
  /** The candidate, e.g. 'saq'. */
  readonly label: string;
  /** Bits a dimension of it. */
  readonly bits: number;
}

const RECOMMEND_OPTIONS: OptionTable<RecommendOptions> = {
  metric: 'string',
  recall: 'number',
  bytes: 'number',
  k: 'number',
  collectionSize: 'number',
  collection: 'any',
  rerank: 'number',
  bits: 'any',
  kinds: 'any',
  queries: 'number',
  seed: 'number',
  clock: 'function',
  onProgress: 'function',
  signal: 'any',
};

/** Is a candidate with its figures and the reason for its rank. */
export interface Recommendation extends SizedRecall {
  /** As a reader of a chart knows it. */
  readonly label: string;
  readonly quantizer: Candidate['quantizer'];
  /** As asked for; what a vector costs is measured. */
  readonly bits: number;
  /** What buildFlat takes; nlist makes it what buildIvf takes. */
  readonly options: IndexOptions;
  /** Code and factors of a vector. */
  readonly bytesPerVector: number;
  /** Of a file of the whole collection: model, row numbers and codes. */
  readonly fileBytes: number;
  /** Of an index of the whole collection, in WebAssembly: what a search needs, row numbers and codes. */
  readonly memoryBytes: number;
  /** With a clock: to train on half of the sample, and a query that scans the whole collection, one thread. */
  readonly milliseconds?: { readonly training: number; readonly query: number };
  /** Whether the asked recall, with what is sure of it, or the bytes are met. */
  readonly isEnough: boolean;
  /** One sentence with the figures. */
  readonly reason: string;
}

/** Ranks candidates, and says what they were measured on. */
export interface Recommendations {
  /** Best first: those that meet what is asked, by bytes (`recall`) or by recall (`bytes`), then the others. */
  readonly choices: readonly Recommendation[];
  /** Vectors that figures are for. */
  readonly collectionSize: number;
  /** Vectors and queries that were measured on. */
  readonly vectors: number;
  readonly queries: number;
}

const BITS = [0.5, 1, 2, 3, 4, 6, 8];
/** Below so many vectors models know their own by heart. */
const MOST_IN_FOLDS = 10_000;
const FOLDS = 2;
/** Codes of so many times the bytes that are allowed are not measured. */
const MOST_OVER = 1.5;
/** Rows near each query in the collection that are coded, and times the candidates where these are many. */
const RIVALS = 60;
const RIVALS_PER_CANDIDATE = 4;
/** Fewest vectors of which recall says anything. */
const LEAST_SAMPLE = 50;

/**
 * Measures candidates on a sample and ranks them for a collection: of each kind, where a recall is asked, up to the fewest bits
 * that reach it.
 * @throws RangeError unless exactly one of recall and bytes is given, or on a sample of fewer than 50 vectors
 */
export function recommend(core: Core, sample: VectorSetInput, options: RecommendOptions): Recommendations {
  checkCore(core);
  checkOptions('options', options, RECOMMEND_OPTIONS);
  const { d } = sample;
  const metric = checkMetric(options.metric);
  const { data, n } = (metric === 'cosine' ? vectorSet : boundedSet)(sample.data, d, 'sample');
  if (n < LEAST_SAMPLE) {
    throw new RangeError(`"sample" expected at least ${LEAST_SAMPLE} vectors to measure recall on, got ${n}`);
  }
  if ((options.recall === undefined) === (options.bytes === undefined)) {
    const got = options.recall === undefined ? 'neither' : 'both';
    throw new RangeError(`"options" expected either recall or bytes, got ${got}`);
  }
  const asked =
    options.recall === undefined
      ? checkNumber('bytes', options.bytes as number, 1, 2 ** 32)
      : checkNumber('recall', options.recall, 0, 1);
  const seed = checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER);
  const held = checkInteger('queries', options.queries ?? 200, 1, 2 ** 20);
  const { base, queries } = holdOut(
    { data, n, d },
    Math.min(held, Math.floor(n / 5)),
    seed,
    'recommend/queries',
  );
  const k = checkInteger('k', options.k ?? 10, 1, base.n);
  const rerank = checkInteger('rerank', options.rerank ?? 0, 0, 2 ** 20);
  const candidates = Math.max(k, rerank);
  const { collection, collectionSize } = options;
  const ground = collection
    ? wholeGround(core, base, queries, { metric, k, candidates, collectionSize, collection })
    : sampleGround(core, base, queries, { metric, k, candidates, seed });
  const { folds, truth, depth, wanted } = ground;
  const size = checkInteger('collectionSize', collectionSize ?? ground.size, 1, 2 ** 32 - 1);
  if (collectionSize !== undefined && size < n) {
    throw new RangeError(`"collectionSize" expected at least the ${n} vectors of the sample, got ${size}`);
  }
  const fewest = Math.min(...folds.map(({ training }) => training.n));
  const kinds = checkKinds(options.kinds);
  const reached = new Set<string>();
  const tried = [...(options.bits ?? BITS)]
    .sort((a, b) => a - b)
    .flatMap((bits) => candidatesAt(bits, fewest, d))
    .filter(({ label, quantizer, options: { bits, quantizerOptions } }) => {
      const own = { ...quantizerOptions, ...(bits !== undefined && { bits }) };
      return (!kinds || kinds.has(label)) && fewestVectors(quantizer, d, own) <= fewest;
    });
  const choices = tried
    .flatMap((candidate, i): Recommendation[] => {
      options.signal?.throwIfAborted();
      const { label, bits } = candidate;
      // more bits of the same, where fewer are enough, or too many
      const isTooLarge = options.bytes !== undefined && (bits * d) / 8 > MOST_OVER * options.bytes;
      const choice = isTooLarge || reached.has(label) ? [] : [measureOne(candidate)];
      options.onProgress?.({ done: i + 1, total: tried.length, label, bits });
      return choice;
    })
    .sort((a, b) => {
      if (a.isEnough !== b.isEnough) return a.isEnough ? -1 : 1;
      // what is enough is ranked by the other quantity; what is not, by how near it comes
      const byBytes = (options.recall !== undefined) === a.isEnough;
      return byBytes
        ? a.bytesPerVector - b.bytesPerVector || b.recall - a.recall
        : b.recall - a.recall || a.bytesPerVector - b.bytesPerVector;
    });
  return { choices, collectionSize: size, vectors: base.n, queries: queries.n };

  function measureOne(candidate: Candidate): Recommendation {
    const index: IndexOptions = { ...candidate.options, metric, quantizer: candidate.quantizer, seed };
    const coded = rankFolds(core, folds, queries, truth, wanted, index, options.clock);
    const { bytesPerVector, milliseconds } = coded;
    const table = { ranks: coded.ranks, depth, queries: queries.n, n: ground.size };
    const found = recallAtSize(table, { k, candidates, size, seed });
    const isEnough = options.recall === undefined ? bytesPerVector <= asked : found.sure >= asked;
    if (isEnough && options.recall !== undefined) reached.add(candidate.label);
    const figures = { ...found, bytesPerVector, k, rerank, isEnough, asked, size };
    return {
      label: candidate.label,
      quantizer: candidate.quantizer,
      bits: candidate.bits,
      options: index,
      ...found,
      bytesPerVector,
      ...indexBytes(coded.empty, size, bytesPerVector),
      ...(milliseconds && {
        milliseconds: {
          training: milliseconds.training,
          query: (milliseconds.query * size) / folds.reduce((rows, { coded }) => rows + coded.n, 0),
        },
      }),
      isEnough,
      reason: reasonOf({ ...figures, byRecall: options.recall !== undefined }),
    };
  }
}

/** What recall is measured on. */
interface Ground {
  readonly folds: readonly Fold[];
  /** Exact neighbours of each query among the rows of all folds, depth a query. */
  readonly truth: Uint32Array;
  readonly depth: number;
  /** Rows by codes that are looked at. */
  readonly wanted: number;
  /** Rows that were searched for these neighbours. */
  readonly size: number;
}

interface GroundOptions {
  readonly metric: Metric;
  readonly k: number;
  readonly candidates: number;
}

function sampleGround(
  core: Core,
  base: VectorSet,
  queries: VectorSet,
  { metric, k, candidates, seed }: GroundOptions & { readonly seed: number },
): Ground {
  const depth = depthFor(base.n, k);
  using exact = buildFlat(core, base.data, base.d, { metric, quantizer: 'float32' });
  const truth = exact.searchBatch(queries.data, depth).ids;
  return { folds: foldsOf(base, seed), truth, depth, wanted: ranksFor(base.n, k, candidates), size: base.n };
}

/** @throws RangeError beside collectionSize, TypeError on what gives no batches */
function wholeGround(
  core: Core,
  base: VectorSet,
  queries: VectorSet,
  options: GroundOptions & {
    readonly collection: Iterable<VectorSetInput>;
    readonly collectionSize: number | undefined;
  },
): Ground {
  const { collection, collectionSize, metric, k, candidates } = options;
  if (collectionSize !== undefined) {
    throw new RangeError(`"collectionSize" expected none beside collection, got ${collectionSize}`);
  }
  if (typeof collection[Symbol.iterator] !== 'function') {
    throw new TypeError(`"collection" expected batches to iterate over, got ${typeof collection}`);
  }
  const rivals = Math.max(RIVALS, RIVALS_PER_CANDIDATE * candidates);
  const { rows: coded, truth, size } = nearRows(core, collection, queries, { metric, k, rivals });
  const rows = Uint32Array.from({ length: coded.n }, (_, i) => i);
  return { folds: [{ training: base, coded, rows }], truth, depth: k, wanted: candidates, size };
}

/** @throws TypeError, RangeError on what names no kind */
function checkKinds(kinds: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (kinds === undefined) return undefined;
  if (!Array.isArray(kinds)) throw new TypeError(`"kinds" expected an array of labels, got ${typeof kinds}`);
  for (const [i, kind] of kinds.entries()) checkOneOf(`kinds[${i}]`, kind, KINDS);
  return new Set(kinds);
}

/** Vectors to train on, and others, by the rows of all that are searched. */
interface Fold {
  readonly training: VectorSet;
  readonly coded: VectorSet;
  readonly rows: Uint32Array;
}

/** Few vectors in parts, each coded by what was trained on the others; many, which no model knows by heart, as they are. */
function foldsOf(base: VectorSet, seed: number): Fold[] {
  const all = Uint32Array.from({ length: base.n }, (_, i) => i);
  if (base.n > MOST_IN_FOLDS) return [{ training: base, coded: base, rows: all }];
  new RandomStream(seed, 'recommend/folds').shuffle(all);
  return Array.from({ length: FOLDS }, (_, fold) => {
    const rows = all.filter((_row, i) => i % FOLDS === fold).sort();
    const others = all.filter((_row, i) => i % FOLDS !== fold).sort();
    return { training: gatherRows(base, others), coded: gatherRows(base, rows), rows };
  });
}

/** What codes make of the sample. */
interface CodedFolds {
  readonly ranks: Uint32Array;
  readonly bytesPerVector: number;
  readonly empty: IndexBytes;
  /** The longest training, and a query over all folds. */
  readonly milliseconds: { readonly training: number; readonly query: number } | undefined;
}

/** Ranks by codes of the exact neighbours (truth, depth a query): at most `wanted`, which stands for all behind. */
function rankFolds(
  core: Core,
  folds: readonly Fold[],
  queries: VectorSet,
  truth: Uint32Array,
  wanted: number,
  options: IndexOptions,
  clock: Clock | undefined,
): CodedFolds {
  const { n: nq, data, d } = queries;
  const found: { readonly row: number; readonly score: number }[][] = Array.from({ length: nq }, () => []);
  let bytesPerVector = 0;
  let empty: IndexBytes = { fileBytes: 0, memoryBytes: 0 };
  let training = 0;
  let searching = 0;
  const now = clock ?? (() => 0);
  const sign = options.metric === 'l2' ? 1 : -1;
  for (const fold of folds) {
    const { coded, rows } = fold;
    const before = core.bytesUsed();
    const start = now();
    using index = trainIndex(core, fold.training, options);
    training = Math.max(training, now() - start);
    empty = emptyIndexBytes(index, before);
    index.add(coded.data);
    bytesPerVector = index.codeBytesPerVector;
    const first = now();
    for (const [q, own] of found.entries()) {
      const { ids, scores } = index.search(data.subarray(q * d, (q + 1) * d), Math.min(wanted, coded.n));
      for (const [i, id] of ids.entries()) {
        own.push({ row: rows[id] as number, score: sign * (scores[i] as number) });
      }
    }
    searching += now() - first;
  }
  const depth = truth.length / nq;
  const ranks = new Uint32Array(truth.length).fill(wanted);
  for (const [q, own] of found.entries()) {
    own.sort((a, b) => a.score - b.score || a.row - b.row);
    const rankOf = new Map(own.slice(0, wanted).map(({ row }, rank) => [row, rank]));
    for (let j = q * depth; j < (q + 1) * depth; j++) {
      ranks[j] = rankOf.get(truth[j] as number) ?? wanted;
    }
  }
  const milliseconds = clock && { training, query: searching / nq };
  return { ranks, bytesPerVector, empty, milliseconds };
}

function reasonOf(figures: {
  readonly recall: number;
  readonly low: number;
  readonly high: number;
  readonly bytesPerVector: number;
  readonly k: number;
  readonly rerank: number;
  readonly isEnough: boolean;
  readonly asked: number;
  readonly size: number;
  readonly byRecall: boolean;
}): string {
  const { recall, low, high, bytesPerVector, k, rerank, isEnough, asked, size, byRecall } = figures;
  const how = rerank > 0 ? `after exact scores for ${rerank} candidates` : 'from codes alone';
  const want = byRecall ? `recall ${asked}` : `${asked} bytes`;
  const verdict = isEnough ? 'enough for' : 'not enough for';
  const interval = `${low.toFixed(4)} to ${high.toFixed(4)}`;
  return `recall@${k} ${recall.toFixed(4)} (${interval}) ${how} among ${size} vectors at ${Number(bytesPerVector.toFixed(2))} bytes each: ${verdict} ${want}`;
}
