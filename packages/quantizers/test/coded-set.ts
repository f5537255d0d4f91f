/** A set of vectors coded about one point or about class means, and its estimates through the public API alone. */
import { type Block, type Core, NO_PTR, type Ptr, type VectorSet } from '@sagitta/core-wasm';
import { blockCount, SaqEncoder, type SaqEstimator, type SaqModel } from '../src/index.ts';

export interface CodedList {
  readonly model: SaqModel;
  readonly blocks: Block;
  readonly n: number;
  /** The point that was subtracted, d values. */
  readonly centroid: Float32Array;
}

export function subtract(rows: Float32Array, point: ArrayLike<number>): Float32Array {
  const d = point.length;
  return rows.map((value, i) => value - (point[i % d] as number));
}

/** Codes rows about a point; default: the model's mean. */
export function codeList(
  core: Core,
  model: SaqModel,
  rows: Float32Array,
  centroid?: Float32Array,
): CodedList {
  const point = centroid ?? model.mean;
  const encoder = new SaqEncoder(core, model);
  const n = rows.length / model.d;
  const blocks = core.allocate(blockCount(n) * encoder.layout.blockBytes);
  encoder.encode(subtract(rows, point), blocks);
  encoder.dispose();
  return { model, blocks, n, centroid: point };
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

export function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    sum += difference * difference;
  }
  return sum;
}

export function row(rows: Float32Array, i: number, d: number): Float32Array {
  return rows.subarray(i * d, (i + 1) * d);
}

/** Scores as the metric has them in f64, smaller is better: squared distances, or minus inner products. */
export function trueScores(model: SaqModel, rows: Float32Array, query: Float32Array): Float64Array {
  const score = model.metric === 'l2' ? squaredDistance : (a: Float32Array, b: Float32Array) => -dot(a, b);
  return Float64Array.from({ length: rows.length / model.d }, (_, i) => score(row(rows, i, model.d), query));
}

/** What a scan adds to every score of a list. */
export function baseOf(list: CodedList, query: Float32Array): number {
  return list.model.metric === 'l2' ? squaredDistance(query, list.centroid) : -dot(query, list.centroid);
}

/** The estimator's scores of a list, n values. */
export function estimateList(
  core: Core,
  estimator: SaqEstimator,
  list: CodedList,
  query: Float32Array,
): Float32Array {
  return core.scope((scope) => {
    const centroid = placeProjection(
      estimator,
      list.centroid,
      scope.reserve(estimator.layout.keptDims * 4 + 64),
    );
    const out = scope.reserve(blockCount(list.n) * 128);
    estimator.setQuery(query);
    estimator.scores(list.blocks.at(), list.n, centroid, baseOf(list, query), out.at());
    return out.f32(0, list.n).slice();
  });
}

/** The projected centroid for l2; inner products take none. */
export function placeProjection(estimator: SaqEstimator, centroid: Float32Array, block: Block): Ptr {
  if (estimator.model.metric !== 'l2') return NO_PTR;
  const projected = estimator.project(centroid);
  block.f32(0, projected.length).set(projected);
  return block.at();
}

export interface Found {
  readonly ids: Uint32Array;
  readonly scores: Float32Array;
}

/** The k best of a staged scan of one list, ascending; ids are positions. */
export function scanList(
  core: Core,
  estimator: SaqEstimator,
  list: CodedList,
  query: Float32Array,
  options: { readonly k: number; readonly gamma: number },
): Found {
  const { k, gamma } = options;
  return core.scope((scope) => {
    const centroid = placeProjection(
      estimator,
      list.centroid,
      scope.reserve(estimator.layout.keptDims * 4 + 64),
    );
    const [scores, heapIds, size] = [scope.reserve(k * 4), scope.reserve(k * 4), scope.reserve(64)];
    const ids = scope.reserve(blockCount(list.n) * 128);
    ids.u32(0, list.n).set(Uint32Array.from({ length: list.n }, (_, i) => i));
    estimator.setQuery(query, gamma);
    const heap = { k, scores: scores.at(), ids: heapIds.at(), size: size.at() };
    estimator.scan(list.blocks.at(), list.n, centroid, baseOf(list, query), ids.at(), heap);
    const found = size.u32(0, 1)[0] as number;
    core.kernels.topKSortF32(scores.at(), heapIds.at(), found);
    return { ids: heapIds.u32(0, found).slice(), scores: scores.f32(0, found).slice() };
  });
}

export function asSet(data: Float32Array, d: number): VectorSet {
  return { data, n: data.length / d, d };
}

/** A model of one segment over all d dims (a multiple of 16) that codes vectors as they are: no PCA, no rotation. */
export function plainModel(d: number, bits: number, unit = 1): SaqModel {
  const projection = new Float32Array(d * d);
  for (let i = 0; i < d; i++) projection[i * d + i] = 1;
  return {
    d,
    metric: 'ip',
    bits: Math.min(8, bits),
    seed: 1,
    mean: new Float32Array(d),
    plan: [{ start: 0, dims: d, bits }],
    projection,
    factorUnits: Float32Array.of(unit),
    shares: Float32Array.of(1, 0),
  };
}
