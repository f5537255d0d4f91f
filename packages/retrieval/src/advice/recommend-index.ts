/**
 * Which index to build for a collection, by measuring on it: how many bits reach the recall that is asked for, whether lists
 * are faster than scanning all of it, and how many of them to visit. No guess without figures.
 */
import {
  boundedSet,
  type Core,
  checkCore,
  checkInteger,
  checkMetric,
  checkNumber,
  checkOptions,
  type Metric,
  type OptionTable,
  RandomStream,
  type VectorSetInput,
  vectorSet,
} from '@sagitta/core-wasm';
import { sampleRows } from '@sagitta/quantizers';
import { recallAtK } from '../evaluation/recall.ts';
import { buildFlat, buildIvf } from '../ivf/build.ts';
import type { IvfIndex } from '../ivf/ivf-index.ts';
import type { Clock } from '../search/statistics.ts';
import { holdOut } from './held-out.ts';

/** Says what is wanted of an index, recall or bytes, and how it is measured. */
export interface RecommendIndexOptions {
  readonly metric: Metric;
  /** The least recall@k that is good enough. Default 0.95. */
  readonly recall?: number;
  /** The most bytes of codes a vector; then as many bits as fit, and the recall that they give. */
  readonly bytes?: number;
  readonly k?: number;
  /** Vectors of the whole collection, where only a sample of it is given. */
  readonly total?: number;
  /** Most vectors of the collection that are measured on. Default 100,000; what is left out makes lists longer. */
  readonly most?: number;
  /** Most vectors that are searched for; default 200, at most a fifth of the collection. */
  readonly queries?: number;
  readonly seed?: number;
  /** For times: milliseconds since any moment, e.g. `() => performance.now()`. */
  readonly clock: Clock;
}

const OPTIONS: OptionTable<RecommendIndexOptions> = {
  metric: 'string',
  recall: 'number',
  bytes: 'number',
  k: 'number',
  total: 'number',
  most: 'number',
  queries: 'number',
  seed: 'number',
  clock: 'function',
};

/** Is an index with its figures and the reasons for it. */
export interface IndexRecommendation {
  readonly index: 'flat' | 'ivf';
  readonly nlist: number;
  readonly nprobe: number;
  readonly quantizer: 'saq';
  readonly bits: number;
  /** Code and factors of a vector. */
  readonly bytesPerVector: number;
  /** recall@k of codes alone. */
  readonly recall: number;
  /** A query, one thread. */
  readonly milliseconds: number;
  /** Whether what was asked for is met. */
  readonly isEnough: boolean;
  /** Three sentences with the figures: the bits, the lists, the cost. */
  readonly reasons: readonly [bits: string, lists: string, cost: string];
}

const BITS = [0.5, 1, 1.5, 2, 3, 4, 6, 8];
const DEFAULT_RECALL = 0.95;
/** Fewest vectors of which recall says anything. */
const LEAST = 50;
/** Below so many vectors lists are not tried: there is nothing to save. */
const LEAST_FOR_LISTS = 1000;
const ROUNDS = 3;

interface Measured {
  readonly recall: number;
  readonly milliseconds: number;
}

interface Question {
  readonly core: Core;
  readonly metric: Metric;
  readonly d: number;
  readonly base: Float32Array;
  readonly queries: Float32Array;
  readonly truth: Uint32Array;
  readonly k: number;
  readonly clock: Clock;
  readonly seed: number;
}

/**
 * Measures and chooses. The time is the best of three rounds over all queries, flat and lists in turn.
 * @throws TypeError, RangeError on options out of range, or on fewer than 50 vectors
 */
export function recommendIndex(
  core: Core,
  collection: VectorSetInput,
  options: RecommendIndexOptions,
): IndexRecommendation {
  checkCore(core);
  checkOptions('options', options, OPTIONS);
  const { d } = collection;
  const metric = checkMetric(options.metric);
  const all = (metric === 'cosine' ? vectorSet : boundedSet)(collection.data, d, 'collection');
  if (all.n < LEAST) {
    throw new RangeError(`"collection" expected at least ${LEAST} vectors to measure on, got ${all.n}`);
  }
  if (options.recall !== undefined && options.bytes !== undefined) {
    throw new RangeError('"options" expected either recall or bytes, got both');
  }
  const asked = checkNumber('recall', options.recall ?? DEFAULT_RECALL, 0, 1);
  const bytes = options.bytes === undefined ? undefined : checkNumber('bytes', options.bytes, 1, 2 ** 32);
  const seed = checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER);
  const most = checkInteger('most', options.most ?? 100_000, LEAST, 2 ** 32 - 1);
  const some = sampleRows(all, most, new RandomStream(seed, 'recommend/collection'));
  const held = Math.min(checkInteger('queries', options.queries ?? 200, 1, 2 ** 20), Math.floor(some.n / 5));
  const { base, queries } = holdOut(some, held, seed, 'recommend/queries');
  const k = checkInteger('k', options.k ?? 10, 1, base.n);
  using exact = buildFlat(core, base.data, d, { metric, quantizer: 'none' });
  const question: Question = {
    core,
    metric,
    d,
    base: base.data,
    queries: queries.data,
    truth: exact.searchBatch(queries.data, k).ids,
    k,
    clock: options.clock,
    seed,
  };
  const total = checkInteger('total', options.total ?? all.n, all.n, 2 ** 32 - 1);
  const codes = chooseBits(question, asked, bytes);
  return chooseLists(question, total, codes, bytes === undefined ? asked : codes.recall, asked, bytes);
}

function measure({ queries, truth, k, d, clock }: Question, index: IvfIndex, nprobe: number): Measured {
  const started = clock();
  const { ids } = index.searchBatch(queries, k, { nprobe });
  const spent = clock() - started;
  return { recall: recallAtK(ids, k, truth, k, k), milliseconds: (spent * d) / queries.length };
}

interface Codes extends Measured {
  readonly bits: number;
  readonly bytesPerVector: number;
}

/** The fewest bits that reach the recall, or the most that fit the bytes; flat, so that nothing but the codes counts. */
function chooseBits(question: Question, asked: number, bytes: number | undefined): Codes {
  const { core, base, d, metric, seed } = question;
  let best: Codes | undefined;
  for (const bits of BITS) {
    using index = buildFlat(core, base, d, { metric, bits, seed });
    const found = { ...measure(question, index, 1), bits, bytesPerVector: index.codeBytesPerVector };
    if (bytes !== undefined && best && found.bytesPerVector > bytes) break;
    best = found;
    if (bytes === undefined && found.recall >= asked) break;
  }
  return best as Codes;
}

/** Lists where they are faster at the recall that is wanted, else flat. */
function chooseLists(
  question: Question,
  total: number,
  codes: Codes,
  wanted: number,
  asked: number,
  bytes: number | undefined,
): IndexRecommendation {
  const { core, base, d, metric, k, seed } = question;
  const n = base.length / d;
  const nlist = Math.round(Math.sqrt(total));
  using flat = buildFlat(core, base, d, { metric, bits: codes.bits, seed });
  using lists =
    n >= LEAST_FOR_LISTS ? buildIvf(core, base, d, { metric, bits: codes.bits, seed, nlist }) : undefined;
  const probes: number[] = [];
  for (let nprobe = 4; lists && nprobe < nlist; nprobe *= 2) probes.push(nprobe);
  let scan = measure(question, flat, 1);
  const tried = probes.map((nprobe) => ({ nprobe, ...measure(question, lists as IvfIndex, nprobe) }));
  for (let round = 1; round < ROUNDS; round++) {
    scan = faster(scan, measure(question, flat, 1));
    for (const [i, one] of tried.entries()) {
      tried[i] = { ...one, ...faster(one, measure(question, lists as IvfIndex, one.nprobe)) };
    }
  }
  // what lists lose beside a scan is what they cost
  const least = Math.min(wanted, scan.recall) - 0.002;
  const good = tried.find(({ recall }) => recall >= least);
  const isLists = good !== undefined && good.milliseconds < scan.milliseconds;
  const chosen: Measured = isLists ? good : scan;
  const isEnough = bytes === undefined ? chosen.recall >= asked : codes.bytesPerVector <= bytes;
  const bytesPerVector = Number(codes.bytesPerVector.toFixed(2));
  const want = bytes === undefined ? `recall ${asked}` : `${bytes} bytes`;
  const other = tried[tried.length - 1];
  return {
    index: isLists ? 'ivf' : 'flat',
    nlist: isLists ? nlist : 1,
    nprobe: isLists ? good.nprobe : 1,
    quantizer: 'saq',
    bits: codes.bits,
    bytesPerVector,
    recall: chosen.recall,
    milliseconds: chosen.milliseconds,
    isEnough,
    reasons: [
      `SAQ of ${codes.bits} bits a dimension has recall@${k} ${scan.recall.toFixed(4)} at ${bytesPerVector} bytes a vector, ` +
        `${isEnough ? 'enough' : 'not enough'} for ${want}.`,
      isLists
        ? `${good.nprobe} of ${nlist} lists give recall@${k} ${good.recall.toFixed(4)} in ${ms(good)} a query, where scanning all takes ${ms(scan)}.`
        : other
          ? `Scanning all takes ${ms(scan)} a query; of ${nlist} lists none so few were faster at that recall (${other.nprobe} of them: ${other.recall.toFixed(4)} in ${ms(other)}).`
          : `Scanning all takes ${ms(scan)} a query: there are too few vectors for lists to save anything.`,
      `${total} vectors take ${Math.ceil((total * (bytesPerVector + 4) + (isLists ? 8 * nlist * d : 0)) / 1e6)} MB; ` +
        `measured on ${n} of them with ${question.queries.length / d} held out as queries.`,
    ],
  };
}

function faster(a: Measured, b: Measured): Measured {
  return b.milliseconds < a.milliseconds ? b : a;
}

function ms({ milliseconds }: Measured): string {
  return `${milliseconds.toFixed(3)} ms`;
}
