/** Making vector indexes: empty ones, and ones of vectors that are there. */
import { type Core, checkCore, making } from '@sagitta/core-wasm';
import { chooseIndex } from '../advice/choose-index.ts';
import { trainGraph, trainIndex } from '../ivf/build.ts';
import { emptyAlike } from '../ivf/empty-alike.ts';
import type { IvfIndex } from '../ivf/ivf-index.ts';
import type { JsonValue } from '../records/json.ts';
import { Records } from '../records/records.ts';
import { planOf, type VectorIndexOptions, type VectorPlan } from './options.ts';
import type { VectorRows } from './types.ts';
import { type TrainRows, VectorIndex } from './vector-index.ts';

/** Trains rows as a plan says. */
export function trainerOf(core: Core, plan: VectorPlan): TrainRows {
  const {
    index,
    nlist,
    d,
    trainAt: _,
    compactAt: _compactAt,
    indexed: _indexed,
    iterations,
    degree,
    efConstruction,
    ...options
  } = plan;
  return (sample, n) => {
    const kind = index === 'auto' ? chooseIndex(n, d).index : index;
    if (kind === 'flat') return trainIndex(core, sample, options);
    if (kind === 'graph') {
      const graph = {
        ...(degree !== undefined && { degree }),
        ...(efConstruction !== undefined && { efConstruction }),
      };
      return trainGraph(core, sample, { ...options, ...graph });
    }
    const lists = {
      nlist: nlist ?? Math.max(1, Math.round(Math.sqrt(n))),
      ...(iterations !== undefined && { iterations }),
    };
    return trainIndex(core, sample, { ...options, ...lists });
  };
}

/** Rows as they are, searched exactly. */
function untrainedRows(core: Core, { d, metric }: VectorPlan): IvfIndex {
  return trainIndex(core, { data: new Float32Array(0), d }, { metric, quantizer: 'none' });
}

/**
 * Makes an empty index of vectors with ids and metadata; the caller disposes it. M is the type of the metadata. Vectors are
 * searched exactly until there are enough of them to train codes on (`trainAt`).
 * @example
 * const index = createVectorIndex<Note>(core, { d: 384, metric: 'cosine' });
 * index.add({ ids: ['a'], vectors, metadata: [{ folder: 'x', mtime: 1 }] });
 * index.search(query, 10, { filter: { folder: 'x' } }); // [{ id: 'a', similarity, metadata }]
 * @throws TypeError, RangeError on options that are wrong
 */
export function createVectorIndex<M = JsonValue>(
  core: Core,
  options: VectorIndexOptions<'l2'>,
): VectorIndex<M, 'l2'>;
export function createVectorIndex<M = JsonValue>(
  core: Core,
  options: VectorIndexOptions<'ip' | 'cosine'>,
): VectorIndex<M, 'ip' | 'cosine'>;
export function createVectorIndex<M = JsonValue>(core: Core, options: VectorIndexOptions): VectorIndex<M>;
export function createVectorIndex<M = JsonValue>(core: Core, options: VectorIndexOptions): VectorIndex<M> {
  checkCore(core);
  const plan = planOf(options);
  const records = new Records<M>({ indexed: plan.indexed });
  return making((own) => {
    const rows = own(untrainedRows(core, plan));
    return new VectorIndex<M>({ rows, records, plan, train: trainerOf(core, plan), trainedOn: 0 });
  });
}

/** An empty index of an index's options that codes as that one does and keeps vectors, without a training of its own. */
export function createAlike<M>(index: VectorIndex<M>): VectorIndex<M> {
  const { core, rows } = index;
  return making((own) => index.alike(own(emptyAlike(core, rows))));
}

/**
 * Makes an index of vectors that are there, trained on them; the caller disposes it.
 * @throws as createVectorIndex and VectorIndex.add and train do
 */
export function buildVectorIndex<M = JsonValue>(
  core: Core,
  rows: VectorRows<M>,
  options: VectorIndexOptions<'l2'>,
): VectorIndex<M, 'l2'>;
export function buildVectorIndex<M = JsonValue>(
  core: Core,
  rows: VectorRows<M>,
  options: VectorIndexOptions<'ip' | 'cosine'>,
): VectorIndex<M, 'ip' | 'cosine'>;
export function buildVectorIndex<M = JsonValue>(
  core: Core,
  rows: VectorRows<M>,
  options: VectorIndexOptions,
): VectorIndex<M>;
export function buildVectorIndex<M = JsonValue>(
  core: Core,
  rows: VectorRows<M>,
  options: VectorIndexOptions,
): VectorIndex<M> {
  return making((own) => {
    // trained once, and not before all are there
    const index = own(createVectorIndex<M>(core, { ...options, trainAt: Number.POSITIVE_INFINITY }));
    index.add(rows);
    index.train();
    return index;
  });
}
