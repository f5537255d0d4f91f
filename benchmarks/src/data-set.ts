/** The real collections that SAGITTA_DATA points to: base, queries, true neighbours. */
import { join } from 'node:path';
import { openVectors, readAll, readMatrixI32, type VectorSet } from '@sagitta/node';

export interface DataSet {
  readonly name: string;
  readonly base: VectorSet;
  readonly queries: VectorSet;
  /** Row numbers of the true neighbours, best first: queries.n × truthWidth. */
  readonly truth: Uint32Array;
  readonly truthWidth: number;
}

const FILES = {
  'fashion-mnist': ['fashion-mnist-784-l2', 'base.bvecs', 'query.bvecs'],
  'cifar10-mobilenetv2': ['cifar10-mobilenetv2-1280-cos', 'base.npy', 'query.npy'],
  'sift-photos-200k': ['sift-photos-200k-l2', 'base.bvecs', 'query.bvecs'],
} as const;

/** At most `queryLimit` queries. `normalise`: vectors and queries of length 1. */
export async function loadDataSet(
  root: string,
  name: keyof typeof FILES,
  options: { readonly queryLimit: number; readonly normalise?: boolean },
): Promise<DataSet> {
  const [folder, baseFile, queryFile] = FILES[name];
  const base = await readFileWhole(join(root, folder, baseFile), Infinity);
  const queries = await readFileWhole(join(root, folder, queryFile), options.queryLimit);
  const matrix = await readMatrixI32(join(root, folder, 'gt100.ivecs'));
  if (options.normalise) for (const { data, d } of [base, queries]) normalise(data, d);
  const truth = Uint32Array.from(matrix.data.subarray(0, queries.n * matrix.d));
  return { name, base, queries, truth, truthWidth: matrix.d };
}

async function readFileWhole(path: string, limit: number): Promise<VectorSet> {
  const source = await openVectors(path);
  try {
    return await readAll(source, limit);
  } finally {
    await source.close();
  }
}

function normalise(data: Float32Array, d: number): void {
  for (let at = 0; at < data.length; at += d) {
    let sum = 0;
    for (let j = at; j < at + d; j++) sum += (data[j] as number) ** 2;
    const scale = sum > 0 ? 1 / Math.sqrt(sum) : 0;
    for (let j = at; j < at + d; j++) data[j] = (data[j] as number) * scale;
  }
}

/** The first n rows; a view. */
export function firstRows(set: VectorSet, n: number): VectorSet {
  const count = Math.min(n, set.n);
  return { data: set.data.subarray(0, count * set.d), n: count, d: set.d };
}
