/**
 * Two layers as one (MiniCache, Liu et al., 2024): for each vector, of one head and token, one direction that both share and the
 * length that it has in each.
 *
 *   e = slerp(x̂₁, x̂₂; t),  x₁ ≈ |x₁|·e,  x₂ ≈ |x₂|·e;  of t = ½ (x̂₁ + x̂₂)/|x̂₁ + x̂₂|
 *
 * The error of a pair that is an angle θ apart is 2·(1 - cos(θ/2)) of its energy, known before anything is merged. The pairs
 * that are furthest apart are kept as they are: a share of them, since the range of angles (the paper's rule) hangs on a single
 * outlier. Slerp of other t goes by halving the arc: only roots, so the same bits on every engine.
 */
import { checkNumber, checkOptions, type OptionTable } from '@sagitta/core-wasm';
import { checkShape, type KvLayer, type KvShape, rowsOf } from './shape.ts';

/** Says how two layers are merged. */
export interface MergeOptions {
  /** Share of vectors that are kept unmerged, the furthest apart, 0 to 1. Default .05. */
  readonly keep?: number;
  /** How far from the first layer's direction to the second's, 0 to 1. Default ½. */
  readonly t?: number;
}

const OPTIONS: OptionTable<MergeOptions> = { keep: 'number', t: 'number' };
/** Halvings of an arc: beyond the last bit of a double. */
const HALVINGS = 52;
/** Below this cosine two directions have no common one. */
const OPPOSITE = -1 + 1e-6;

/** Holds rows of two layers as one direction and two lengths each. */
export interface MergedRows {
  /** n × d, of length 1; of kept vectors the first layer's direction; 0 where both are. */
  readonly directions: Float32Array;
  readonly firstLengths: Float32Array;
  readonly secondLengths: Float32Array;
  /** Cosine of each pair; 1 where one of them is 0. */
  readonly cosines: Float32Array;
  /** Positions of the vectors that are not merged, ascending. */
  readonly kept: Uint32Array;
  /** Their rows in the second layer, kept × d. */
  readonly keptSecond: Float32Array;
}

/** Holds two layers of a cache as one. */
export interface MergedKv {
  readonly shape: KvShape;
  readonly key: MergedRows;
  readonly value: MergedRows;
}

/**
 * Makes two neighbouring layers one, in float32.
 * @throws TypeError, RangeError on what does not fit the shape, or on options out
 * of range
 */
export function mergeLayers(
  first: KvLayer,
  second: KvLayer,
  shape: KvShape,
  options: MergeOptions = {},
): MergedKv {
  checkShape(shape);
  const { keep, t } = checkMerge(options);
  const part = (name: 'key' | 'value'): MergedRows =>
    mergeRows(
      rowsOf(`first.${name}`, first[name], shape),
      rowsOf(`second.${name}`, second[name], shape),
      shape.headDims,
      keep,
      t,
    );
  return { shape, key: part('key'), value: part('value') };
}

/** Gives both layers that a merged one stands for. */
export function restoreLayers({ shape, key, value }: MergedKv): readonly [first: KvLayer, second: KvLayer] {
  const { headDims } = shape;
  const [firstKey, secondKey] = restoreRows(key, headDims);
  const [firstValue, secondValue] = restoreRows(value, headDims);
  return [
    { key: firstKey, value: firstValue },
    { key: secondKey, value: secondValue },
  ];
}

/** Gives the share of its energy that a merged pair of this cosine loses, where both are as long or t is ½: 2·(1 - cos(θ/2)). */
export function mergeError(cosine: number): number {
  return 2 * (1 - Math.sqrt((1 + Math.max(-1, Math.min(1, cosine))) / 2));
}

export function checkMerge(options: MergeOptions): Required<MergeOptions> {
  checkOptions('options', options, OPTIONS);
  return {
    keep: checkNumber('keep', options.keep ?? 0.05, 0, 1),
    t: checkNumber('t', options.t ?? 0.5, 0, 1),
  };
}

/** Energies of row i of both, and their product: <a, a>, <b, b>, <a, b>. */
export function pairProducts(
  first: Float32Array,
  second: Float32Array,
  i: number,
  d: number,
): readonly [aa: number, bb: number, ab: number] {
  let [aa, bb, ab] = [0, 0, 0];
  for (let j = i * d; j < (i + 1) * d; j++) {
    const [a, b] = [first[j] as number, second[j] as number];
    aa += a * a;
    bb += b * b;
    ab += a * b;
  }
  return [aa, bb, ab];
}

/** first, second — n × d. */
export function mergeRows(
  first: Float32Array,
  second: Float32Array,
  d: number,
  keep: number,
  t: number,
): MergedRows {
  const n = first.length / d;
  const directions = new Float32Array(first.length);
  const firstLengths = new Float32Array(n);
  const secondLengths = new Float32Array(n);
  const cosines = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    const [aa, bb, ab] = pairProducts(first, second, i, d);
    firstLengths[i] = Math.sqrt(aa);
    secondLengths[i] = Math.sqrt(bb);
    cosines[i] = aa > 0 && bb > 0 ? Math.max(-1, Math.min(1, ab / Math.sqrt(aa * bb))) : 1;
  }
  const kept = furthest(cosines, keep);
  const isKept = new Uint8Array(n);
  for (const i of kept) isKept[i] = 1;
  const keptSecond = new Float32Array(kept.length * d);
  for (const [at, i] of kept.entries()) keptSecond.set(second.subarray(i * d, (i + 1) * d), at * d);
  for (let i = 0; i < n; i++) {
    const [a, b] = [firstLengths[i] as number, secondLengths[i] as number];
    const [u, v] =
      isKept[i] === 1 || b === 0 ? [1, 0] : a === 0 ? [0, 1] : weightsOf(cosines[i] as number, t);
    // of x̂₁ and x̂₂
    const [p, q] = [a > 0 ? u / a : 0, b > 0 ? v / b : 0];
    let energy = 0;
    for (let j = i * d; j < (i + 1) * d; j++) {
      const value = p * (first[j] as number) + q * (second[j] as number);
      directions[j] = value;
      energy += value * value;
    }
    const scale = energy > 0 ? 1 / Math.sqrt(energy) : 0;
    for (let j = i * d; j < (i + 1) * d; j++) directions[j] = (directions[j] as number) * scale;
  }
  return { directions, firstLengths, secondLengths, cosines, kept, keptSecond };
}

function restoreRows(merged: MergedRows, d: number): readonly [Float32Array, Float32Array] {
  const { directions, firstLengths, secondLengths, kept, keptSecond } = merged;
  const first = directions.map((value, at) => value * (firstLengths[Math.floor(at / d)] as number));
  const second = directions.map((value, at) => value * (secondLengths[Math.floor(at / d)] as number));
  for (const [at, i] of kept.entries()) second.set(keptSecond.subarray(at * d, (at + 1) * d), i * d);
  return [first, second];
}

/** Positions of the share of pairs with the least cosines, ascending, and of all that are opposite; ties go to the first. */
function furthest(cosines: Float32Array, keep: number): Uint32Array {
  const count = Math.round(keep * cosines.length);
  const border = count > 0 ? (cosines.slice().sort()[count - 1] as number) : Number.NEGATIVE_INFINITY;
  let ties = count - cosines.reduce((sum, cosine) => sum + (cosine < border ? 1 : 0), 0);
  const kept: number[] = [];
  for (let i = 0; i < cosines.length; i++) {
    const cosine = cosines[i] as number;
    if (cosine < border || cosine < OPPOSITE || (cosine === border && ties-- > 0)) kept.push(i);
  }
  return Uint32Array.from(kept);
}

/** Weights of two directions with this cosine whose sum is t of the way from the first to the second, whatever its length. */
function weightsOf(cosine: number, t: number): readonly [number, number] {
  if (t === 0.5) return [1, 1];
  const sine = Math.sqrt(Math.max(0, 1 - cosine * cosine));
  // nearly one direction: an arc is a line
  if (sine < 1e-6) return [1 - t, t];
  let [lowX, lowY, highX, highY] = [1, 0, cosine, sine];
  let [x, y] = [1, 0];
  let [low, high] = [0, 1];
  for (let i = 0; i < HALVINGS; i++) {
    const size = 1 / Math.sqrt((lowX + highX) ** 2 + (lowY + highY) ** 2);
    [x, y] = [(lowX + highX) * size, (lowY + highY) * size];
    const middle = (low + high) / 2;
    if (middle === t) break;
    if (middle < t) [low, lowX, lowY] = [middle, x, y];
    else [high, highX, highY] = [middle, x, y];
  }
  // (x, y) = u·(1, 0) + v·(cos, sin)
  return [x - (y * cosine) / sine, y / sine];
}

/** Says what of a cache the paper counts. */
export interface MiniCacheCount {
  /** Share of the layers that are merged in pairs. */
  readonly merged: number;
  /** Bits of a code; default 4. */
  readonly bits?: number;
  /** Values that share a scale and an offset of 32 bits; default 128. */
  readonly group?: number;
  /** Share of tokens that are kept in both layers of a pair; default 0. */
  readonly retained?: number;
  /** Whether two lengths of 16 bits a group of a merged pair are counted; default false. */
  readonly lengths?: boolean;
}

/** Counts how many times smaller than half precision a cache becomes, as the paper counts: 5.02 where all it names is left out. */
export function miniCacheRatio({
  merged,
  bits = 4,
  group = 128,
  retained = 0,
  lengths = false,
}: MiniCacheCount): number {
  const code = bits + 32 / group;
  const pairs = merged / 2;
  // what is kept lies in both layers, with a number of 32 bits; merged vectors stay beside it
  const kept = retained * (merged * code + (pairs * 32) / group);
  return 16 / (code * (1 - pairs) + kept + (lengths ? (pairs * 32) / group : 0));
}
