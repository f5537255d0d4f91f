/** Collections that advice is asked about, each with queries that it never sees. */

import { join } from 'node:path';
import { type Metric, RandomStream } from '@sagitta/core-wasm';
import type { VectorSet } from '@sagitta/node';
import { sampleRows } from '@sagitta/quantizers';
import { loadDataSet } from '../data-set.ts';
import { int8Tokens } from '../fde-sets.ts';
import { generatedSet } from '../generated-set.ts';
import { normal } from '../normal.ts';

export interface AdviceSet {
  readonly name: string;
  readonly metric: Metric;
  readonly base: VectorSet;
  readonly queries: VectorSet;
  /** Whether advice may read all of it, instead of knowing its size alone. */
  readonly isRead?: boolean;
}

const QUERIES = 300;
const N = 60_000;

/** n + QUERIES rows, the last of them queries. */
function drawn(
  name: string,
  metric: Metric,
  d: number,
  row: (random: RandomStream) => Float32Array,
): AdviceSet {
  const random = new RandomStream(1, `advice/${name}`);
  const data = new Float32Array((N + QUERIES) * d);
  for (let at = 0; at < data.length; at += d) data.set(row(random), at);
  return {
    name,
    metric,
    base: { data: data.subarray(0, N * d), n: N, d },
    queries: { data: data.slice(N * d), n: QUERIES, d },
  };
}

/** Of `dims` dimensions, all alike, in d: no clusters. */
function normalIn(name: string, dims: number, d: number): AdviceSet {
  const random = new RandomStream(2, `advice/${name}`);
  const map = Float32Array.from({ length: dims * d }, () => normal(random) / Math.sqrt(dims));
  return drawn(name, 'l2', d, (stream) => {
    const row = new Float32Array(d);
    for (let i = 0; i < dims; i++) {
      const x = normal(stream);
      for (let j = 0; j < d; j++) row[j] = (row[j] as number) + x * (map[i * d + j] as number);
    }
    return row;
  });
}

/** Dimensions whose spread falls, times a length that varies by powers: products, not distances. */
function heavyTails(name: string, d: number): AdviceSet {
  return drawn(name, 'cosine', d, (random) => {
    const length = (0.05 + random.nextUnit()) ** -0.7;
    return Float32Array.from({ length: d }, (_, j) => {
      const x = normal(random);
      return (length * x * Math.abs(x)) / Math.sqrt(1 + j);
    });
  });
}

/** Rows of another collection: `part` of its rows drawn, with its own queries. */
function part(set: AdviceSet, name: string, n: number): AdviceSet {
  const base = sampleRows(set.base, n, new RandomStream(3, `advice/${name}`));
  return { ...set, name, base };
}

/** Rows of int8, value / 127: tokens, the last of them as queries. */
async function tokens(root: string): Promise<AdviceSet> {
  const d = 128;
  const all = await int8Tokens(join(root, 'mv-minicolbert-vaswani', 'doc_tokens.i8'));
  const set: AdviceSet = {
    name: 'late-interaction tokens',
    metric: 'cosine',
    base: { data: all, n: all.length / d, d },
    queries: { data: all, n: 0, d },
  };
  const some = part(set, 'tokens', N + QUERIES);
  return {
    ...some,
    name: set.name,
    base: { data: some.base.data.subarray(0, N * d), n: N, d },
    queries: { data: some.base.data.slice(N * d), n: QUERIES, d },
  };
}

async function real(root: string, name: 'sift-photos-200k' | 'fashion-mnist'): Promise<AdviceSet> {
  const { base, queries } = await loadDataSet(root, name, { queryLimit: QUERIES });
  return { name, metric: 'l2', base, queries };
}

function clusters(name: string): AdviceSet {
  const { base, queries } = generatedSet('advice', N, 96, QUERIES);
  return { name, metric: 'l2', base, queries };
}

/** Makes or reads a collection; of those that are read, where the data is. */
export const SETS: Readonly<Record<string, (root: string | undefined) => Promise<AdviceSet> | AdviceSet>> = {
  clusters: () => clusters('clusters'),
  'clusters, read once': () => ({ ...clusters('clusters, read once'), isRead: true }),
  'normal, 32 in 96': () => normalIn('normal, 32 in 96', 32, 96),
  'normal, 64': () => normalIn('normal, 64', 64, 64),
  'heavy tails': () => heavyTails('heavy tails', 64),
  'sift-photos-200k': (root) => real(needed(root), 'sift-photos-200k'),
  'sift-photos, 20,000 of them': async (root) =>
    part(await real(needed(root), 'sift-photos-200k'), 'sift-photos, 20,000 of them', 20_000),
  'late-interaction tokens': (root) => tokens(needed(root)),
  'fashion-mnist': (root) => real(needed(root), 'fashion-mnist'),
};

function needed(root: string | undefined): string {
  if (root === undefined) throw new Error('SAGITTA_DATA is not set');
  return root;
}
