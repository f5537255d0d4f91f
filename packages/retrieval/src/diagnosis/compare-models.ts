/**
 * What changed between two versions of an embedding model, from the same rows by both. Right singular vectors of the new
 * rows that no old direction comes near are intruders (Shuttleworth et al. 2024, of weights; here of embeddings):
 *
 *   c_j = max_i |projection of v'_j on the old directions whose singular value is within 5 % of the i-th|,
 *   intruder where c_j < ε = .6
 *
 * The groups of 5 % are there since directions of nearly equal singular values are arbitrary; new directions are compared by
 * groups too, since one that is new and one that is old may come out mixed. A rotation shows intruders only
 * and loses nothing: intruders explain, the overlap of neighbours decides.
 */
import {
  type Core,
  checkCore,
  checkInteger,
  checkLength,
  checkNumber,
  checkOptions,
  normalizeRows,
  type OptionTable,
  RandomStream,
  type VectorSet,
  type VectorSetInput,
  vectorSet,
} from '@sagitta/core-wasm';
import { type PcaModel, sampleIndices, symmetricEigen, trainPca } from '@sagitta/quantizers/training';
import { bestPositions } from '../search/best-positions.ts';
import { scoreTiles } from '../search/score-tiles.ts';

/** Says what is compared. */
export interface ModelDifferenceOptions {
  /** Leading directions that are looked at, and neighbours that count; default 10. */
  readonly k?: number;
  /** Cosine below which a new direction is an intruder; default .6. */
  readonly epsilon?: number;
  /** Rows whose neighbours are compared; default 200. */
  readonly rows?: number;
  /** Of their drawing; default 1. */
  readonly seed?: number;
}

const DIFFERENCE_OPTIONS: OptionTable<ModelDifferenceOptions> = {
  k: 'number',
  epsilon: 'number',
  rows: 'number',
  seed: 'number',
};

/** Is a direction of the new model that the old one has not. */
export interface IntruderDirection {
  /** Its place among the new directions, by falling singular value, from 0. */
  readonly index: number;
  readonly singularValue: number;
  /** Its largest cosine with old directions. */
  readonly largestCosine: number;
  /** d numbers, length 1. */
  readonly direction: Float32Array;
}

/** Says what changed between two models. */
export interface ModelDifference {
  readonly n: number;
  readonly d: number;
  /** Of the first k new directions. */
  readonly intruders: readonly IntruderDirection[];
  /** Mean squared cosine of the principal angles between the first k directions of both. */
  readonly subspaceOverlap: number;
  /** Linear centred kernel alignment, which hides the loss of many neighbours. */
  readonly cka: number;
  /** Of the k nearest rows by cosine within the old model, the share that are so within the new one: what decides. */
  readonly neighbourOverlap: number;
  /** The same where new rows are searched for among old ones: whether both may stand in one index. */
  readonly mixedOverlap: number;
  /** Mean cosine of a row with itself. */
  readonly meanCosine: number;
  /** What the overlap would be with the intruders taken out of the rows of both. */
  readonly without: { readonly indices: readonly number[]; readonly neighbourOverlap: number };
  /** 'same-index': both may stand in one; 'rotate': a bridge carries queries over; 're-embed': neither. */
  readonly advice: 'same-index' | 'rotate' | 're-embed';
  /** One sentence with the figures. */
  readonly reason: string;
}

/** Old directions whose singular values are within this share of one another are one group. */
const GROUP = 0.05;
/** New ones are within this: one that comes in beside an old one of the same strength pushes the values apart. */
const NEW_GROUP = 0.15;
/** Singular values below this share of the largest are rounding of f32 moments. */
const NO_VALUE = 1e-3;
/** Overlaps from which an index may be shared, or a bridge pays. */
const SHARED = 0.85;
const BRIDGED = 0.7;

/**
 * Measures what changed between two versions of a model, from the same rows by both.
 * @throws RangeError on sets of other shapes, fewer than 3 rows, values that are not finite or options out of range
 */
export function compareModels(
  core: Core,
  before: VectorSetInput,
  after: VectorSetInput,
  options: ModelDifferenceOptions = {},
): ModelDifference {
  checkCore(core);
  checkOptions('options', options, DIFFERENCE_OPTIONS);
  const old = vectorSet(before.data, before.d, 'before');
  const fresh = vectorSet(after.data, after.d, 'after');
  const { n, d } = old;
  checkLength('after.d', fresh.d, d, 'd of before');
  checkLength('after rows', fresh.n, n, 'rows of before');
  checkInteger('rows of before', n, 3, 2 ** 24);
  const wanted = checkInteger('k', options.k ?? 10, 1, 1000);
  const epsilon = checkNumber('epsilon', options.epsilon ?? 0.6, 0, 1);
  const count = checkInteger('rows', options.rows ?? 200, 1, 65_536);
  const seed = checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER);

  const [own, other] = [old, fresh].map((set) => trainPca(core, set, { center: false })) as [
    PcaModel,
    PcaModel,
  ];
  const directions = Math.min(wanted, d, n);
  const intruders = intrudersOf(own, other, n, directions, epsilon);
  const rows = sampleIndices(n, count, new RandomStream(seed, 'compare-models/rows'));
  const k = Math.min(wanted, n - 1);
  const native = neighboursOf(core, old, old, rows, k);
  const overlapWith = (queries: VectorSet, base: VectorSet): number =>
    overlapOfAll(native, neighboursOf(core, queries, base, rows, k));
  const neighbourOverlap = overlapWith(fresh, fresh);
  const mixedOverlap = overlapWith(fresh, old);
  const [oldRest, freshRest] = [old, fresh].map((set) => without(set, intruders)) as [VectorSet, VectorSet];
  const repaired =
    intruders.length === 0
      ? neighbourOverlap
      : overlapOfAll(
          neighboursOf(core, oldRest, oldRest, rows, k),
          neighboursOf(core, freshRest, freshRest, rows, k),
        );
  const advice = mixedOverlap >= SHARED ? 'same-index' : neighbourOverlap >= BRIDGED ? 'rotate' : 're-embed';
  return {
    n,
    d,
    intruders,
    subspaceOverlap: subspaceOverlap(own, other, directions),
    cka: alignment(core, old, fresh),
    neighbourOverlap,
    mixedOverlap,
    meanCosine: meanCosine(old, fresh),
    without: { indices: intruders.map(({ index }) => index), neighbourOverlap: repaired },
    advice,
    reason: reasonOf(advice, neighbourOverlap, mixedOverlap, intruders.length, directions, k),
  };
}

function reasonOf(
  advice: ModelDifference['advice'],
  within: number,
  mixed: number,
  intruders: number,
  directions: number,
  k: number,
): string {
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
  const figures =
    `the new model keeps ${percent(within)} of the ${k} nearest neighbours within itself and ${percent(mixed)} where its rows are ` +
    `searched for among old ones, and ${intruders} of its first ${directions} directions are new`;
  const what = {
    'same-index': 'Both may stand in one index',
    rotate: 'A bridge can carry queries over, one index cannot hold both',
    're-embed': 'Embed the collection again',
  }[advice];
  return `${what}: ${figures}.`;
}

/** The end of the group of new directions that begins with `i`. */
function groupFrom(values: readonly number[], i: number, end: number): number {
  let j = i + 1;
  while (j < end && (values[j] as number) >= (1 - NEW_GROUP) * (values[i] as number)) j++;
  return j;
}

/** Singular values of n rows that are more than rounding. */
function singularValues({ variances }: PcaModel, n: number): number[] {
  const values = Array.from(variances, (value) => Math.sqrt(value * n));
  return values.filter((value) => value > NO_VALUE * (values[0] as number));
}

/**
 * Within each group of new directions those that an old group comes nearest to are taken away one by one, as long as it comes
 * within ε; what is left are intruders.
 */
function intrudersOf(
  own: PcaModel,
  other: PcaModel,
  n: number,
  k: number,
  epsilon: number,
): IntruderDirection[] {
  const { d } = own;
  const [old, fresh] = [singularValues(own, n), singularValues(other, n)];
  const end = Math.min(k, fresh.length);
  const intruders: IntruderDirection[] = [];
  for (let first = 0; first < end; first = groupFrom(fresh, first, end)) {
    let group = rowsOf(other.components, d, first, groupFrom(fresh, first, end));
    for (let index = first; group.length > 0; index++) {
      const { cosine, turned } = nearestOld(own, old, group, d);
      if (cosine < epsilon) {
        for (const direction of turned) {
          const singularValue = fresh[index++] as number;
          intruders.push({
            index: index - 1,
            singularValue,
            largestCosine: cosine,
            direction: Float32Array.from(direction),
          });
        }
        break;
      }
      group = turned.slice(1);
    }
  }
  return intruders;
}

function rowsOf(components: Float32Array, d: number, first: number, end: number): Float64Array[] {
  return Array.from({ length: end - first }, (_, i) =>
    Float64Array.from(components.subarray((first + i) * d, (first + i + 1) * d)),
  );
}

/** The direction of the group's span that an old group comes nearest to, first among a basis of the span; and the cosine. */
function nearestOld(
  { components }: PcaModel,
  old: readonly number[],
  group: readonly Float64Array[],
  d: number,
): { readonly cosine: number; readonly turned: readonly Float64Array[] } {
  const g = group.length;
  // dots[t·g + a] = <old t, direction a>
  const dots = new Float64Array(old.length * g);
  for (let t = 0; t < old.length; t++) {
    group.forEach((direction, a) => {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += (components[t * d + j] as number) * (direction[j] as number);
      dots[t * g + a] = sum;
    });
  }
  let best = -1;
  let vectors = new Float64Array(0);
  for (let i = 0; i < old.length; i++) {
    const moments = new Float64Array(g * g);
    for (let t = 0; t < old.length; t++) {
      const ratio = (old[t] as number) / (old[i] as number);
      if (ratio > 1 + GROUP || ratio < 1 - GROUP) continue;
      for (let a = 0; a < g; a++) {
        for (let b = 0; b < g; b++) {
          const at = a * g + b;
          moments[at] = (moments[at] as number) + (dots[t * g + a] as number) * (dots[t * g + b] as number);
        }
      }
    }
    const eigen = symmetricEigen(moments, g);
    if ((eigen.values[0] as number) <= best) continue;
    best = eigen.values[0] as number;
    vectors = Float64Array.from(eigen.vectors);
  }
  const turned = group.map((_, row) => {
    const direction = new Float64Array(d);
    for (let a = 0; a < g; a++) {
      const weight = vectors[row * g + a] as number;
      for (let j = 0; j < d; j++)
        direction[j] = (direction[j] as number) + weight * ((group[a] as Float64Array)[j] as number);
    }
    return direction;
  });
  return { cosine: Math.sqrt(Math.min(1, Math.max(0, best))), turned };
}

function subspaceOverlap(own: PcaModel, other: PcaModel, k: number): number {
  const { d } = own;
  let sum = 0;
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      let dot = 0;
      for (let t = 0; t < d; t++) {
        dot += (own.components[i * d + t] as number) * (other.components[j * d + t] as number);
      }
      sum += dot * dot;
    }
  }
  return Math.min(1, sum / k);
}

/** |YᵀX|² / (|XᵀX|·|YᵀY|) of centred rows: from the second moments of rows that stand side by side. */
function alignment(core: Core, { data: a, n, d }: VectorSet, { data: b }: VectorSet): number {
  const both = new Float32Array(n * 2 * d);
  for (let i = 0; i < n; i++) {
    both.set(a.subarray(i * d, (i + 1) * d), 2 * i * d);
    both.set(b.subarray(i * d, (i + 1) * d), (2 * i + 1) * d);
  }
  const width = 2 * d;
  const mean = new Float64Array(width);
  for (let at = 0; at < both.length; at++)
    mean[at % width] = (mean[at % width] as number) + (both[at] as number) / n;
  for (let at = 0; at < both.length; at++) both[at] = (both[at] as number) - (mean[at % width] as number);
  const sums = [0, 0, 0];
  core.scope((scope) => {
    const chunk = Math.min(n, 4096);
    const rows = scope.reserve(4 * chunk * width);
    const gram = scope.reserve(4 * width * width);
    gram.f32(0, width * width).fill(0);
    for (let first = 0; first < n; first += chunk) {
      const size = Math.min(chunk, n - first);
      rows.f32(0, size * width).set(both.subarray(first * width, (first + size) * width));
      core.kernels.gramF32(rows.at(), size, width, gram.at());
    }
    const products = gram.f32(0, width * width);
    for (let i = 0; i < width; i++) {
      for (let j = 0; j < width; j++) {
        const kind = i < d !== j < d ? 2 : i < d ? 0 : 1;
        sums[kind] = (sums[kind] as number) + (products[i * width + j] as number) ** 2;
      }
    }
  });
  const [own, other, cross] = sums as [number, number, number];
  // the cross block stands there twice
  return own > 0 && other > 0 ? Math.min(1, cross / 2 / Math.sqrt(own * other)) : 0;
}

function meanCosine({ data: a, n, d }: VectorSet, { data: b }: VectorSet): number {
  const [left, right] = [normalizeRows(a, d), normalizeRows(b, d)];
  let sum = 0;
  for (let at = 0; at < left.length; at++) sum += (left[at] as number) * (right[at] as number);
  return sum / n;
}

/** The k nearest rows of base, by cosine, of the queries asked for; a row is not its own neighbour. */
function neighboursOf(
  core: Core,
  queries: VectorSet,
  base: VectorSet,
  asked: Uint32Array,
  k: number,
): Uint32Array[] {
  const { d } = base;
  const units = normalizeRows(queries.data, d);
  const some = new Float32Array(asked.length * d);
  asked.forEach((row, i) => {
    some.set(units.subarray(row * d, (row + 1) * d), i * d);
  });
  const targets = queries === base ? units : normalizeRows(base.data, d);
  const out: Uint32Array[] = [];
  scoreTiles(
    core,
    'dot',
    { data: some, n: asked.length, d },
    { data: targets, n: base.n, d },
    (i, scores) => {
      scores[asked[i] as number] = -Infinity;
      out.push(bestPositions(scores, k));
    },
  );
  return out;
}

function overlapOfAll(a: readonly Uint32Array[], b: readonly Uint32Array[]): number {
  let shared = 0;
  let all = 0;
  a.forEach((ids, i) => {
    const others = b[i] as Uint32Array;
    shared += ids.filter((id) => others.includes(id)).length;
    all += ids.length;
  });
  return shared / all;
}

/** Rows less their parts along directions that are orthogonal to one another. */
function without({ data, n, d }: VectorSet, intruders: readonly IntruderDirection[]): VectorSet {
  const out = data.slice();
  for (const { direction } of intruders) {
    for (let i = 0; i < n; i++) {
      let dot = 0;
      for (let t = 0; t < d; t++) dot += (out[i * d + t] as number) * (direction[t] as number);
      for (let t = 0; t < d; t++)
        out[i * d + t] = (out[i * d + t] as number) - dot * (direction[t] as number);
    }
  }
  return { data: out, n, d };
}
