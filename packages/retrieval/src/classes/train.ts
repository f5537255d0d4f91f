/** Training of classes: the leading directions of the rows of each, without a loop. */
import {
  type Core,
  checkCore,
  checkInteger,
  checkLength,
  checkOneOf,
  checkOptions,
  metricSet,
  type OptionTable,
  type VectorSet,
  type VectorSetInput,
} from '@sagitta/core-wasm';
import { trainLeadingPca } from '@sagitta/quantizers/internal';
import { gatherRows, trainKmeans, trainPca } from '@sagitta/quantizers/training';
import { CLASS_KINDS, type ClassKind, ClassModel } from './class-model.ts';

/** Says how classes are described. */
export interface ClassOptions {
  /** Directions or prototypes of a class; default 8. A mean is one. */
  readonly dims?: number;
  /** 'subspace', 'affine' (about the mean, a little better), 'mean' or 'prototypes'; default 'subspace'. */
  readonly kind?: ClassKind;
  /** Of k-means and of the search for directions; default 1. */
  readonly seed?: number;
}

const CLASS_OPTIONS: OptionTable<ClassOptions> = { dims: 'number', kind: 'string', seed: 'number' };

/** Dimensions up to which second moments are decomposed whole. */
const FEW_DIMENSIONS = 256;
/** Variances below this share of a class's energy are rounding. */
const NEGLIGIBLE = 1e-7;
const MAX_CLASSES = 65_536;

/**
 * Learns classes from labelled rows; each is scaled to length 1. Classes stand in ascending order of their labels, whatever
 * order they come in.
 * @throws RangeError on labels of another count, no rows, values that are not finite or options out of range
 */
export function trainClasses(
  core: Core,
  rows: VectorSetInput,
  labels: readonly string[] | Uint32Array,
  options: ClassOptions = {},
): ClassModel {
  checkCore(core);
  checkOptions('options', options, CLASS_OPTIONS);
  const kind = checkOneOf('kind', options.kind ?? 'subspace', CLASS_KINDS);
  const seed = checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER);
  const set = metricSet('cosine', rows.data, rows.d, 'rows');
  const { n, d } = set;
  checkLength('labels', labels.length, n, 'rows');
  if (n === 0) throw new RangeError('"rows" expected at least 1 row, got 0');
  const dims = kind === 'mean' ? 1 : checkInteger('dims', options.dims ?? Math.min(8, d), 1, d);
  const members = membersOf(labels);
  checkInteger('classes', members.size, 1, MAX_CLASSES);
  const described = new Float32Array(members.size * dims * d);
  const means = new Float32Array(kind === 'affine' ? members.size * d : 0);
  let c = 0;
  for (const ids of members.values()) {
    const own = gatherRows(set, ids);
    const { directions, mean } = describe(core, own, kind, dims, seed);
    described.set(directions, c * dims * d);
    if (kind === 'affine') means.set(mean, c * d);
    c++;
  }
  return new ClassModel(core, { kind, d, dims, classes: [...members.keys()], rows: described, means });
}

/** Rows of each label, ascending; labels ascending too. */
function membersOf(labels: readonly string[] | Uint32Array): Map<string, Uint32Array> {
  const found = new Map<string | number, number[]>();
  labels.forEach((label: string | number, i: number) => {
    if (typeof label !== 'string' && typeof label !== 'number') {
      throw new TypeError(`"labels" expected strings or a Uint32Array, got ${typeof label} at ${i}`);
    }
    const own = found.get(label);
    if (own === undefined) found.set(label, [i]);
    else own.push(i);
  });
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(sorted.map(([label, ids]) => [String(label), Uint32Array.from(ids)]));
}

interface Described {
  /** dims × d. */
  readonly directions: Float32Array;
  readonly mean: Float32Array;
}

function describe(core: Core, rows: VectorSet, kind: ClassKind, dims: number, seed: number): Described {
  const { d } = rows;
  const directions = new Float32Array(dims * d);
  if (kind === 'prototypes') {
    const nlist = Math.min(dims, rows.n);
    const { centroids } = trainKmeans(core, rows, { nlist, seed, iterations: 25, sampleSize: rows.n });
    directions.set(unit(centroids, d));
    // a class of fewer rows says its first one again: it changes no maximum
    for (let i = nlist; i < dims; i++) directions.copyWithin(i * d, 0, d);
    return { directions, mean: new Float32Array(0) };
  }
  const mean = meanOf(rows);
  if (kind === 'mean') return { directions: unit(mean, d), mean };
  const center = kind === 'affine';
  const found =
    d <= FEW_DIMENSIONS
      ? trainPca(core, rows, { center })
      : trainLeadingPca(core, rows, { center, dims, seed });
  const total = rows.data.reduce((sum, value) => sum + value * value, 0) / rows.n;
  for (let i = 0; i < dims; i++) {
    // beyond what the rows span directions are any
    if (!((found.variances[i] as number) > NEGLIGIBLE * total)) break;
    directions.set(found.components.subarray(i * d, (i + 1) * d), i * d);
  }
  return { directions, mean };
}

function meanOf({ data, n, d }: VectorSet): Float32Array {
  const sums = new Float64Array(d);
  for (let at = 0; at < n * d; at++) sums[at % d] = (sums[at % d] as number) + (data[at] as number);
  return Float32Array.from(sums, (sum) => sum / n);
}

function unit(rows: Float32Array, d: number): Float32Array {
  return metricSet('cosine', rows, d, 'rows').data;
}
