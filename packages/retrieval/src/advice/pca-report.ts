/**
 * How few principal dimensions will do: the share of the variance they explain, and the recall that plain search of the
 * reduced vectors loses, measured on vectors of the sample that the components have not seen.
 *
 * Reduced vectors are P·(x - μ) for l2, and P·x for ip and cosine, where a shift would change the scores; P are the
 * principal directions about μ or about 0. For cosine they are normalised anew, as any index of them does. Components are
 * nested, so one decomposition serves every number of dims: n·d² + d³ operations.
 */
import {
  type Core,
  checkCore,
  checkInteger,
  checkMetric,
  checkOptions,
  type Metric,
  metricSet,
  type OptionTable,
  type VectorSetInput,
} from '@sagitta/core-wasm';
import { principalDirections, projectRows } from '@sagitta/quantizers';
import { relevantDims } from '@sagitta/quantizers/training';
import { recallAtK } from '../evaluation/recall.ts';
import { buildFlat } from '../ivf/build.ts';
import { holdOut } from './held-out.ts';

/** Says which numbers of dimensions to report, and how they are measured. */
export interface PcaReportOptions {
  readonly metric: Metric;
  /** Numbers of dims to report, 1 to d; default: d and halves of it down to 8. */
  readonly dims?: readonly number[];
  /** Default 10. */
  readonly k?: number;
  /** Most vectors that are searched for; default 200, at most a fifth of the sample. */
  readonly queries?: number;
  readonly seed?: number;
}

const PCA_REPORT_OPTIONS: OptionTable<PcaReportOptions> = {
  metric: 'string',
  dims: 'any',
  k: 'number',
  queries: 'number',
  seed: 'number',
};

/** Holds the figures of one number of dimensions. */
export interface PcaReportRow {
  readonly dims: number;
  /** Share of the variance (about 0 for ip and cosine) in the first dims, 0 to 1. */
  readonly explainedVariance: number;
  /** recall@k of exact search among reduced vectors. */
  readonly recall: number;
  /** 1 - recall. */
  readonly recallLost: number;
  /** As float32. */
  readonly bytesPerVector: number;
}

/** Says what is lost when only the leading principal dimensions are kept. */
export interface PcaReport {
  readonly d: number;
  /** Vectors that were searched, and that the components come from. */
  readonly n: number;
  readonly queries: number;
  readonly k: number;
  /**
   * Directions that stand out from white noise, by automatic relevance determination: a hint, since real data have no white
   * floor; the recall of the rows decides. Where it is the largest of dims below d, it may be more.
   */
  readonly relevantDims: number;
  /** By rising dims. */
  readonly rows: readonly PcaReportRow[];
}

/** Fewest vectors of which recall says anything. */
const LEAST_SAMPLE = 50;
const LEAST_DIMS = 8;

/**
 * Measures, for each number of principal dimensions, the variance explained and the recall lost.
 * @throws RangeError on options out of range or a sample of fewer than 50 vectors
 */
export function pcaReport(core: Core, sample: VectorSetInput, options: PcaReportOptions): PcaReport {
  checkCore(core);
  checkOptions('options', options, PCA_REPORT_OPTIONS);
  const { d } = sample;
  const metric = checkMetric(options.metric);
  const whole = metricSet(metric, sample.data, d, 'sample', { isSample: true });
  const { n } = whole;
  if (n < LEAST_SAMPLE) {
    throw new RangeError(`"sample" expected at least ${LEAST_SAMPLE} vectors to measure recall on, got ${n}`);
  }
  const seed = checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER);
  const held = checkInteger('queries', options.queries ?? 200, 1, 2 ** 20);
  const wanted = [...new Set(options.dims ?? halves(d))].sort((a, b) => a - b);
  for (const dims of wanted) checkInteger('dims', dims, 1, d);
  const { base, queries } = holdOut(whole, Math.min(held, Math.floor(n / 5)), seed, 'pca-report/queries');
  const k = checkInteger('k', options.k ?? 10, 1, base.n);
  const search = (x: Float32Array, q: Float32Array, dims: number): Uint32Array => {
    using index = buildFlat(core, x, dims, { metric, quantizer: 'float32' });
    return index.searchBatch(q, k).ids;
  };
  const truth = search(base.data, queries.data, d);
  // all dims are the vectors themselves
  const most = wanted.filter((dims) => dims < d).at(-1) ?? 1;
  const model = principalDirections(core, base, { center: metric === 'l2', dims: most, seed });
  const [reducedBase, reducedQueries] = [base, queries].map((set) => projectRows(core, set, model, most)) as [
    Float32Array,
    Float32Array,
  ];
  const { total } = model;
  const relevant = relevantDims(allVariances(model.variances, total, d), base.n);
  const rows = wanted.map((dims): PcaReportRow => {
    const found =
      dims === d
        ? truth
        : search(firstOf(reducedBase, most, dims), firstOf(reducedQueries, most, dims), dims);
    const recall = recallAtK(found, k, truth, k, k);
    const explained = model.variances.subarray(0, dims).reduce((sum, value) => sum + value, 0);
    const explainedVariance = total > 0 && dims < d ? explained / total : 1;
    return { dims, explainedVariance, recall, recallLost: 1 - recall, bytesPerVector: 4 * dims };
  });
  return { d, n: base.n, queries: queries.n, k, relevantDims: relevant, rows };
}

/** Variances of all d directions: what the first leave is spread over the others. */
function allVariances(first: Float64Array, total: number, d: number): Float64Array {
  const rest = total - first.reduce((sum, value) => sum + value, 0);
  const out = new Float64Array(d).fill(Math.max(0, rest) / Math.max(1, d - first.length));
  out.set(first.subarray(0, d));
  return out;
}

function halves(d: number): number[] {
  const out = [d];
  while ((out.at(-1) as number) / 2 >= LEAST_DIMS) out.push(Math.ceil((out.at(-1) as number) / 2));
  return out;
}

/** The first dims of rows of `width` values. */
function firstOf(rows: Float32Array, width: number, dims: number): Float32Array {
  if (dims === width) return rows;
  const n = rows.length / width;
  const out = new Float32Array(n * dims);
  for (let i = 0; i < n; i++) out.set(rows.subarray(i * width, i * width + dims), i * dims);
  return out;
}
