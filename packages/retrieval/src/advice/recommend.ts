/**
 * Which quantizer to take, by measuring: a held-out part of the sample is searched for among the rest with every
 * candidate. No guess without figures.
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
  type VectorSetInput,
  vectorSet,
} from '@sagitta/core-wasm';
import { recallAtK } from '../evaluation/recall.ts';
import { buildFlat } from '../ivf/build.ts';
import { type Candidate, candidatesAt } from './candidates.ts';
import { holdOut } from './held-out.ts';

/** Says what is wanted, a recall or a number of bytes, and how it is measured. */
export interface RecommendOptions {
  readonly metric: Metric;
  /** The least recall@k that is good enough: candidates are ranked by bytes among those that reach it. */
  readonly recall?: number;
  /** The most code bytes a vector may cost: candidates are ranked by recall among those that fit. */
  readonly bytes?: number;
  readonly k?: number;
  /** Candidates that are reranked exactly are judged by the recall after it; default 0: codes alone. */
  readonly rerank?: number;
  /** Bits a dimension that are tried. */
  readonly bits?: readonly number[];
  /** Most vectors that are searched for; default 200, at most a fifth of the sample. */
  readonly queries?: number;
  readonly seed?: number;
}

const RECOMMEND_OPTIONS: OptionTable<RecommendOptions> = {
  metric: 'string',
  recall: 'number',
  bytes: 'number',
  k: 'number',
  rerank: 'number',
  bits: 'any',
  queries: 'number',
  seed: 'number',
};

/** Is a candidate with its figures and the reason for its rank. */
export interface Recommendation extends Candidate {
  readonly recall: number;
  readonly bytesPerVector: number;
  /** Whether the asked recall or bytes are met. */
  readonly isEnough: boolean;
  /** One sentence with the figures. */
  readonly reason: string;
}

const BITS = [0.5, 1, 2, 3, 4, 6, 8];
/** Fewest vectors of which recall says anything. */
const LEAST_SAMPLE = 50;

/**
 * Ranked, best first: those that meet what is asked, by bytes (`recall`) or by recall (`bytes`), then the others.
 * @throws RangeError unless exactly one of recall and bytes is given, or on a sample of fewer than 50 vectors
 */
export function recommend(core: Core, sample: VectorSetInput, options: RecommendOptions): Recommendation[] {
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
  using exact = buildFlat(core, base.data, d, { metric, quantizer: 'float32' });
  const truth = exact.searchBatch(queries.data, k).ids;
  const measured = (options.bits ?? BITS)
    .flatMap((bits) => candidatesAt(bits, base.n, d))
    .map((candidate) => {
      const { quantizer } = candidate;
      using index = buildFlat(core, base.data, d, {
        metric,
        quantizer,
        seed,
        keepVectors: rerank > 0,
        ...candidate.options,
      });
      const search = rerank > 0 ? { rerank: { candidates: rerank } } : {};
      const found = index.searchBatch(queries.data, k, search).ids;
      return { candidate, recall: recallAtK(found, k, truth, k, k), bytes: index.codeBytesPerVector };
    });
  return measured
    .map(({ candidate, recall, bytes }): Recommendation => {
      const isEnough = options.recall === undefined ? bytes <= asked : recall >= asked;
      return {
        ...candidate,
        recall,
        bytesPerVector: bytes,
        isEnough,
        reason: reasonOf({
          recall,
          bytes,
          k,
          rerank,
          isEnough,
          asked,
          byRecall: options.recall !== undefined,
        }),
      };
    })
    .sort((a, b) => {
      if (a.isEnough !== b.isEnough) return a.isEnough ? -1 : 1;
      // what is enough is ranked by the other quantity; what is not, by how near it comes
      const byBytes = (options.recall !== undefined) === a.isEnough;
      return byBytes
        ? a.bytesPerVector - b.bytesPerVector || b.recall - a.recall
        : b.recall - a.recall || a.bytesPerVector - b.bytesPerVector;
    });
}

function reasonOf(figures: {
  readonly recall: number;
  readonly bytes: number;
  readonly k: number;
  readonly rerank: number;
  readonly isEnough: boolean;
  readonly asked: number;
  readonly byRecall: boolean;
}): string {
  const { recall, bytes, k, rerank, isEnough, asked, byRecall } = figures;
  const how = rerank > 0 ? `after exact scores for ${rerank} candidates` : 'from codes alone';
  const want = byRecall ? `recall ${asked}` : `${asked} bytes`;
  const verdict = isEnough ? 'enough for' : 'not enough for';
  return `recall@${k} ${recall.toFixed(4)} ${how} at ${Number(bytes.toFixed(2))} bytes a vector: ${verdict} ${want}`;
}
