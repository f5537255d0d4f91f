/**
 * Which index to build for a collection, by measuring on it: how many bits reach the recall that is asked for, whether lists
 * or a graph are faster than scanning all of it, and how wide to search them. No guess without figures.
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
import { buildFlat } from '../ivf/build.ts';
import type { Clock } from '../search/statistics.ts';
import { GRAPH_GAIN, graphBytesPerVector, type IndexStructure } from './choose-index.ts';
import { type Contender, contend, type Measured, measure, type Question } from './contenders.ts';
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
  /**
   * Most vectors of the collection that are measured on. Default 100,000; what is left out makes lists longer. On more no graph
   * is tried, which would take minutes to build.
   */
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

/** Holds the figures of a recommended index and the reasons for it. */
export interface IndexFigures {
  readonly quantizer: 'saq';
  readonly bits: number;
  /** Code and factors of a vector; of a graph its edges too. */
  readonly bytesPerVector: number;
  /** recall@k of codes alone. */
  readonly recall: number;
  /** A query, one thread. */
  readonly milliseconds: number;
  /** Whether what was asked for is met. */
  readonly isEnough: boolean;
  /** Three sentences with the figures: the bits, the structure beside the others, the cost. */
  readonly reasons: readonly [bits: string, structure: string, cost: string];
}

/** Is an index with its figures and the reasons for it. */
export type IndexRecommendation = IndexStructure & IndexFigures;

const BITS = [0.5, 1, 1.5, 2, 3, 4, 6, 8];
const DEFAULT_RECALL = 0.95;
/** Fewest vectors of which recall says anything. */
const LEAST = 50;
/** Recall that lists and graphs may lose beside a scan, where that does not reach what is asked for. */
const COST = 0.002;

/**
 * Measures and chooses. The time is the best of three rounds over all queries; flat, lists and graph take turns.
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
  return chooseStructure(question, total, measureBits(question, asked, bytes), asked, bytes);
}

interface Codes extends Measured {
  readonly bits: number;
  readonly bytesPerVector: number;
}

/** The fewest bits that reach the recall, or the most that fit the bytes; flat, so that nothing but the codes counts. */
function measureBits(question: Question, asked: number, bytes: number | undefined): Codes[] {
  const { core, base, d, metric, seed } = question;
  const all: Codes[] = [];
  for (const bits of BITS) {
    using index = buildFlat(core, base, d, { metric, bits, seed });
    const found = measure(question, { index, structure: { index: 'flat', nlist: 1, nprobe: 1 }, bits });
    const codes = { ...found, bits, bytesPerVector: index.codeBytesPerVector };
    if (bytes !== undefined && all.length > 0 && codes.bytesPerVector > bytes) break;
    all.push(codes);
    if (bytes === undefined && codes.recall >= asked) break;
  }
  return all;
}

/** Lists or a graph where they are faster at the recall that is wanted, else flat. */
function chooseStructure(
  question: Question,
  total: number,
  measured: readonly Codes[],
  asked: number,
  bytes: number | undefined,
): IndexRecommendation {
  const { base, d, k } = question;
  const n = base.length / d;
  const codes = measured.at(-1) as Codes;
  const wanted = bytes === undefined ? asked : codes.recall;
  // edges count too: where they leave no room for these bits, fewer may do as well
  const ofGraph = measured.filter(({ bytesPerVector }) => fitsGraph(bytesPerVector, bytes)).at(-1);
  const isTried = ofGraph !== undefined && ofGraph.recall >= Math.min(wanted, codes.recall) - COST;
  const nlist = Math.round(Math.sqrt(total));
  const { flat, lists, graphs } = contend(question, codes.bits, nlist, isTried ? ofGraph.bits : undefined);
  // what was asked for and codes reach stays reached; of what they do not, lists and graphs may lose a little
  const reaches = bytes === undefined && flat.recall >= asked;
  const least = reaches ? asked : Math.min(wanted, flat.recall) - COST;
  const isGood = ({ recall, bytesPerVector }: Contender): boolean =>
    recall >= least && (bytes === undefined || bytesPerVector <= Math.max(bytes, codes.bytesPerVector));
  const list = lists.find(isGood);
  const graph = graphs.find(isGood);
  const scan = list && list.milliseconds < flat.milliseconds ? list : flat;
  const chosen = graph && GRAPH_GAIN * graph.milliseconds < scan.milliseconds ? graph : scan;
  const isEnough = bytes === undefined ? chosen.recall >= asked : chosen.bytesPerVector <= bytes;
  const bytesPerVector = Number(chosen.bytesPerVector.toFixed(2));
  const want = bytes === undefined ? `recall ${asked}` : `${bytes} bytes`;
  const others = [flat, list ?? lists.at(-1), graph ?? graphs.at(-1)].filter(
    (one): one is Contender => one !== undefined && one !== chosen,
  );
  const codesOfChosen = measured.find(({ bits }) => bits === chosen.bits) as Codes;
  return {
    ...chosen.structure,
    quantizer: 'saq',
    bits: chosen.bits,
    bytesPerVector,
    recall: chosen.recall,
    milliseconds: chosen.milliseconds,
    isEnough,
    reasons: [
      `SAQ of ${chosen.bits} bits a dimension has recall@${k} ${codesOfChosen.recall.toFixed(4)} at ${bytesPerVector} bytes a vector` +
        `${chosen === graph ? ', edges among them' : ''}, ${isEnough ? 'enough' : 'not enough'} for ${want}.`,
      reasonOf(chosen, others, k),
      `${total} vectors take ${Math.ceil(bytesOf(chosen, total, d) / 1e6)} MB; ` +
        `measured on ${n} of them with ${question.queries.length / d} held out as queries.`,
    ],
  };
}

/** Before a graph is built its bytes are known about: rows of codes are padded. */
function fitsGraph(codeBytes: number, bytes: number | undefined): boolean {
  return bytes === undefined || graphBytesPerVector(codeBytes) <= bytes;
}

function bytesOf({ structure, bytesPerVector }: Contender, total: number, d: number): number {
  if (structure.index === 'graph') return total * bytesPerVector;
  // row numbers; centroids lie there twice
  return total * (bytesPerVector + 4) + (structure.index === 'ivf' ? 8 * structure.nlist * d : 0);
}

function reasonOf(chosen: Contender, others: readonly Contender[], k: number): string {
  const { structure, recall } = chosen;
  const found = `${recall.toFixed(4)} in ${ms(chosen)} a query`;
  const first = `${subjectOf(structure)} recall@${k} ${found}`;
  const rest =
    others.length === 0
      ? ': there are too few vectors for lists or a graph to save anything'
      : `, where ${others.map((one) => `${subjectOf(one.structure)} ${one.recall.toFixed(4)} in ${ms(one)}`).join(' and ')}`;
  return `${first.charAt(0).toUpperCase()}${first.slice(1)}${rest}.`;
}

/** Subject and verb of a sentence. */
function subjectOf(structure: IndexStructure): string {
  if (structure.index === 'graph') return `a graph of ${structure.degree} edges at ef ${structure.ef} finds`;
  if (structure.index === 'flat') return 'scanning all finds';
  return `${structure.nprobe} of ${structure.nlist} lists find`;
}

function ms({ milliseconds }: Measured): string {
  return `${milliseconds.toFixed(3)} ms`;
}
