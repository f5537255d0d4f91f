/** Recall of one row of expected.json, measured on data made on the spot. */
import type { Core, Metric } from '@sagitta/core-wasm';
import { clusteredRows, isotropicRows, skewedRows } from '@sagitta/testing';
import { buildFlat, buildIvf, recallAtK } from '../../src/index.ts';
import { exactTable } from '../brute-force.ts';

export interface RecallCase {
  readonly dataset: 'clustered' | 'skewed' | 'isotropic';
  readonly n: number;
  readonly d: number;
  readonly metric: Metric;
  readonly bits: number;
  /** 0: flat. */
  readonly nlist: number;
  readonly nprobe: number;
  readonly k: number;
}

export interface RecallRow extends RecallCase {
  readonly recall: number;
  readonly tolerance: number;
}

export const QUERIES = 100;

const MAKERS: Record<RecallCase['dataset'], (n: number, d: number, stream: string) => Float32Array> = {
  clustered: (n, d, stream) => clusteredRows(n, d, { seed: 1, clusters: 40, spread: 0.7, stream }),
  skewed: (n, d, stream) => skewedRows(n, d, { seed: 1, stream }),
  isotropic: (n, d, stream) => isotropicRows(n, d, stream === 'base' ? 1 : 2),
};

const truths = new Map<string, Uint32Array>();

export function measureRecall(core: Core, row: RecallCase): number {
  const { dataset, n, d, metric, bits, nlist, nprobe, k } = row;
  const base = MAKERS[dataset](n, d, 'base');
  const queries = MAKERS[dataset](QUERIES, d, 'query');
  const key = [dataset, n, d, metric, k].join();
  const truth = truths.get(key) ?? exactTable(metric, base, d, queries, k);
  truths.set(key, truth);
  const options = { metric, bits, seed: 1 };
  using index =
    nlist === 0 ? buildFlat(core, base, d, options) : buildIvf(core, base, d, { ...options, nlist });
  return recallAtK(index.searchBatch(queries, k, { nprobe }).ids, k, truth, k, k);
}
