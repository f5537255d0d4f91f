/** How hard a collection will be to search, from a sample of it. */
import {
  type Core,
  checkCore,
  checkInteger,
  checkLength,
  checkMetric,
  checkOptions,
  type Metric,
  metricSet,
  type OptionTable,
  RandomStream,
  type VectorSet,
  type VectorSetInput,
} from '@sagitta/core-wasm';
import { gatherRows, sampleIndices } from '@sagitta/quantizers/training';
import { scoreTiles } from '../search/score-tiles.ts';
import { adviseBits, adviseData, adviseIndex, type DiagnosisAdvice } from './advice.ts';
import { distinctRows } from './distinct-rows.ts';
import { localFromDistances, pooledDimension, twoNearest } from './intrinsic.ts';
import { labelSharpness } from './label-sharpness.ts';
import { contrastAt, hubnessOf, type NearestOthers, nearestOthers } from './neighbours.ts';
import { kernelDistances, persistentDimension } from './persistence.ts';
import { type Spectrum, spectrumOf } from './spectrum.ts';

/** Says what is looked at. */
export interface DiagnoseOptions {
  /** Of 'cosine' rows are scaled to length 1; distances are Euclidean whatever it is. */
  readonly metric: Metric;
  /** Rows that are looked at, drawn at random; default 4,000. */
  readonly rows?: number;
  /** Neighbours that local dimensions come from; default 20. */
  readonly k?: number;
  /** One a row of the sample: what class it is of. */
  readonly labels?: ArrayLike<number>;
  /** Queries as they will be asked. */
  readonly queries?: VectorSetInput;
  /** Of what is drawn; default 1. */
  readonly seed?: number;
  /** Told the share that is done. */
  readonly progress?: (share: number) => void;
}

const DIAGNOSE_OPTIONS: OptionTable<DiagnoseOptions> = {
  metric: 'string',
  rows: 'number',
  k: 'number',
  labels: 'any',
  queries: 'any',
  seed: 'number',
  progress: 'function',
};

/** Holds the spread of local dimensions. */
export interface LocalSpread {
  /** 5 of 100 rows have less. */
  readonly low: number;
  readonly median: number;
  /** 5 of 100 rows have more. */
  readonly high: number;
  /** Rows by local dimension, in twenty bins from 0 on. */
  readonly histogram: readonly { readonly from: number; readonly to: number; readonly rows: number }[];
}

/** Says how hard a collection is, in figures and sentences. */
export interface Diagnosis {
  /** Rows looked at, copies included. */
  readonly n: number;
  readonly d: number;
  /** Rows that are copies of others among them; left out of everything that follows. */
  readonly duplicates: number;
  readonly zeroRows: number;
  /** Rows more than ten times as long as the median; none for cosine. */
  readonly longRows: number;
  /** Intrinsic dimension by several estimators, which disagree: no one of them is the truth, and above 15 all fall short. */
  readonly intrinsic: {
    readonly twonn: number;
    /** MacKay and Ghahramani's, which goes best with the recall of lists and graphs. */
    readonly mle: number;
    /** By spanning trees; 0 where rows are too few. */
    readonly phd: number;
    readonly lid: LocalSpread;
  };
  readonly spectrum: Spectrum;
  readonly neighbours: {
    /** Mean distance over mean distance of the nearest. */
    readonly contrast: number;
    readonly contrastAtTen: number;
    /** Skewness of how often rows are among the ten nearest of others. */
    readonly hubness: number;
    readonly largestHub: number;
    /** Share of rows that are among nobody's ten nearest. */
    readonly antiHubs: number;
  };
  readonly labels?: {
    /** Greatest slope of labels, times the root mean square length. */
    readonly sharpness: number;
    /** The slope that 99.9 % of pairs of different labels stay below, times that length. */
    readonly sharpnessQuantile: number;
    /** Share of rows whose nearest other row has the same label. */
    readonly nearestSameLabel: number;
  };
  readonly queries?: {
    /** Median distance of a query to its nearest row over that of a row to its nearest: above 1.3 queries are of another kind. */
    readonly outOfDistribution: number;
  };
  readonly advice: readonly DiagnosisAdvice[];
}

const LEAST_ROWS = 30;
const HUB_NEIGHBOURS = 10;
const LABEL_ROWS = 1000;
const BINS = 20;
const LONG = 10;

/**
 * Measures intrinsic dimensions, spectrum, hubs and contrast of a sample, and says what follows.
 * @throws RangeError on options out of range or fewer than 30 different rows
 */
export function diagnose(core: Core, sample: VectorSetInput, options: DiagnoseOptions): Diagnosis {
  checkCore(core);
  checkOptions('options', options, DIAGNOSE_OPTIONS);
  const metric = checkMetric(options.metric);
  const seed = checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER);
  const most = checkInteger('rows', options.rows ?? 4000, LEAST_ROWS, 65_536);
  const progress = options.progress ?? (() => undefined);
  const whole = metricSet(metric, sample.data, sample.d, 'sample');
  const { labels } = options;
  if (labels !== undefined) checkLength('labels', labels.length, whole.n, 'rows of the sample');
  const drawn = sampleIndices(whole.n, most, new RandomStream(seed, 'diagnose/rows'));
  const chosen = drawn.length === whole.n ? whole : gatherRows(whole, drawn);
  const { rows, numbers } = distinctRows(chosen);
  const { n, d } = rows;
  if (n < LEAST_ROWS) {
    throw new RangeError(`"sample" expected at least ${LEAST_ROWS} rows that differ, got ${n}`);
  }
  const k = checkInteger('k', options.k ?? 20, 3, n - 1);
  const near = nearestOthers(core, rows, Math.max(k, HUB_NEIGHBOURS), (share) => progress(0.5 * share));
  const { variances, ...spectrum } = spectrumOf(core, rows);
  progress(0.6);
  const phd = persistentDimension(rows, kernelDistances(core));
  progress(0.7);
  const first = firstNeighbours(near, k);
  const local = localFromDistances(first, k);
  const mle = pooledDimension(local);
  const hubs = hubnessOf(near, HUB_NEIGHBOURS);
  const contrast = contrastAt(near, 1);
  const lengths = lengthsOf(rows);
  const median = quantileOf(Float64Array.from(lengths).sort(), 0.5);
  const longRows = lengths.filter((length) => length > LONG * median).length;
  const duplicates = chosen.n - n;
  const bits = adviseBits(core, metric, rows);
  progress(0.95);
  const diagnosis: Diagnosis = {
    n: chosen.n,
    d,
    duplicates,
    zeroRows: zeroRowsOf(chosen),
    longRows,
    intrinsic: { twonn: twoNearest(first, k), mle, phd, lid: spreadOf(local) },
    spectrum,
    neighbours: {
      contrast,
      contrastAtTen: contrastAt(near, HUB_NEIGHBOURS),
      hubness: hubs.skewness,
      largestHub: hubs.largest,
      antiHubs: hubs.never,
    },
    ...(labels !== undefined && {
      labels: labelsOf(
        core,
        rows,
        near,
        Array.from(numbers, (i) => labels[drawn[i] as number] as number),
        lengths,
        seed,
      ),
    }),
    ...(options.queries !== undefined && {
      queries: { outOfDistribution: outOfDistribution(core, metric, options.queries, rows, near) },
    }),
    advice: [
      adviseIndex(mle, contrast),
      ...(bits === undefined ? [] : [bits]),
      ...adviseData({ n: chosen.n, d, metric, duplicates, longRows, ...spectrum }),
    ],
  };
  progress(1);
  return diagnosis;
}

/** Says by which distances dimensions are measured. */
export interface LocalDimensionOptions {
  /** Of 'cosine' rows are scaled to length 1 first; default 'l2'. */
  readonly metric?: Metric;
  /** Neighbours of a row; default 100, or all others where there are fewer. */
  readonly k?: number;
}

const LOCAL_OPTIONS: OptionTable<LocalDimensionOptions> = { metric: 'string', k: 'number' };

/**
 * Computes the local intrinsic dimension of every row among the others: by it rows can be put in an order for building a
 * graph. 0 for rows that say nothing: copies of others, or rows as far from all.
 * @throws RangeError on fewer than 4 rows, or k out of range
 */
export function localDimensions(
  core: Core,
  rows: VectorSetInput,
  options: LocalDimensionOptions = {},
): Float64Array {
  checkCore(core);
  checkOptions('options', options, LOCAL_OPTIONS);
  const set = metricSet(checkMetric(options.metric ?? 'l2'), rows.data, rows.d, 'rows');
  checkInteger('rows', set.n, 4, 2 ** 20);
  const k = checkInteger('k', options.k ?? Math.min(100, set.n - 1), 3, set.n - 1);
  return localFromDistances(nearestOthers(core, set, k).distances, k);
}

function firstNeighbours({ distances, k: all }: NearestOthers, k: number): Float64Array {
  if (k === all) return distances;
  const n = distances.length / all;
  const out = new Float64Array(n * k);
  for (let i = 0; i < n; i++) out.set(distances.subarray(i * all, i * all + k), i * k);
  return out;
}

function quantileOf(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] as number;
  return low + (at - Math.floor(at)) * ((sorted[Math.ceil(at)] as number) - low);
}

function spreadOf(local: Float64Array): LocalSpread {
  const sorted = local.filter((value) => value > 0).sort();
  if (sorted.length === 0) return { low: 0, median: 0, high: 0, histogram: [] };
  const width = quantileOf(sorted, 0.99) / (BINS - 1);
  const counts = new Array<number>(BINS).fill(0);
  for (const value of sorted) {
    const bin = Math.min(BINS - 1, Math.floor(value / width));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return {
    low: quantileOf(sorted, 0.05),
    median: quantileOf(sorted, 0.5),
    high: quantileOf(sorted, 0.95),
    histogram: counts.map((rows, bin) => ({ from: bin * width, to: (bin + 1) * width, rows })),
  };
}

function lengthsOf({ data, n, d }: VectorSet): Float64Array {
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let energy = 0;
    for (let j = i * d; j < (i + 1) * d; j++) energy += (data[j] as number) ** 2;
    out[i] = Math.sqrt(energy);
  }
  return out;
}

function zeroRowsOf(rows: VectorSet): number {
  return lengthsOf(rows).filter((length) => length === 0).length;
}

function labelsOf(
  core: Core,
  rows: VectorSet,
  { ids, k }: NearestOthers,
  labels: readonly number[],
  lengths: Float64Array,
  seed: number,
): NonNullable<Diagnosis['labels']> {
  const some = sampleIndices(rows.n, LABEL_ROWS, new RandomStream(seed, 'diagnose/labels'));
  const slopes = labelSharpness(
    core,
    gatherRows(rows, some),
    Array.from(some, (i) => labels[i] as number),
  );
  const scale = Math.sqrt(lengths.reduce((sum, length) => sum + length * length, 0) / lengths.length);
  const same = labels.filter((label, i) => label === labels[ids[i * k] as number]).length;
  return {
    sharpness: slopes.sharpness * scale,
    sharpnessQuantile: slopes.quantile * scale,
    nearestSameLabel: same / labels.length,
  };
}

function outOfDistribution(
  core: Core,
  metric: Metric,
  given: VectorSetInput,
  rows: VectorSet,
  { distances, k }: NearestOthers,
): number {
  const queries = metricSet(metric, given.data, given.d, 'queries');
  checkLength('queries.d', queries.d, rows.d, 'd of the sample');
  if (queries.n === 0) throw new RangeError('"queries" expected at least 1 row, got 0');
  const own = Float64Array.from({ length: rows.n }, (_, i) => distances[i * k] as number).sort();
  const asked = new Float64Array(queries.n);
  scoreTiles(core, 'l2', queries, rows, (q, scores) => {
    asked[q] = Math.sqrt(scores.reduce((least, score) => Math.min(least, score), Infinity));
  });
  return quantileOf(asked.sort(), 0.5) / quantileOf(own, 0.5);
}
