/** Small indexes of every quantizer, metric and kind of section. */
import type { Core, Metric } from '@sagitta/core-wasm';
import {
  buildFlat,
  buildGraph,
  buildIvf,
  createVectorIndex,
  type IndexOptions,
  saveIndex,
  type VectorIndexOptions,
} from '@sagitta/retrieval';
import { clusteredRows } from '@sagitta/testing';
import type { Seed } from '../reader.ts';

const D = 12;
const N = 75;

type Made = Omit<IndexOptions, 'metric'> & { readonly nlist?: number; readonly degree?: number };

/** By what is special about them; each with one or all metrics. */
const KINDS: readonly (readonly [string, Made, readonly Metric[]])[] = [
  ['saq', { bits: 2, nlist: 3 }, ['l2']],
  ['saq flat', { bits: 8 }, ['ip']],
  ['saq kept', { bits: 4, nlist: 3, keepVectors: true }, ['cosine']],
  ['graph saq', { bits: 10, degree: 8 }, ['l2', 'ip']],
  ['graph lvq kept', { quantizer: 'lvq', bits: 4, degree: 8, keepVectors: true }, ['cosine']],
  ['float', { quantizer: 'float32' }, ['l2', 'ip']],
  ['float kept', { quantizer: 'float32', nlist: 3, keepVectors: true }, ['cosine', 'ip', 'l2']],
  ['rabitq 1', { quantizer: 'rabitq', bits: 1, nlist: 3 }, ['l2', 'ip']],
  ['rabitq 4', { quantizer: 'rabitq', bits: 4, quantizerOptions: { mode: 'optimal' } }, ['cosine']],
  ['pq 4', { quantizer: 'pq', bits: 2, quantizerOptions: { nbits: 4 } }, ['ip', 'l2']],
  ['opq', { quantizer: 'opq', bits: 2, nlist: 2, quantizerOptions: { nbits: 4 } }, ['l2']],
  ['lvq', { quantizer: 'lvq', bits: 4, nlist: 3 }, ['cosine', 'l2']],
  [
    'lvq levels means',
    { quantizer: 'lvq', bits: 4, quantizerOptions: { secondBits: 4, means: 3 } },
    ['l2', 'ip'],
  ],
  ['lvq ratio', { quantizer: 'lvq', bits: 3, quantizerOptions: { rotate: true, ratio: true } }, ['l2']],
  ['scalar', { quantizer: 'scalar', bits: 4, nlist: 3 }, ['l2', 'ip']],
  ['scalar vector', { quantizer: 'scalar', bits: 8, quantizerOptions: { ranges: 'vector' } }, ['l2']],
  ['binary', { quantizer: 'sign', nlist: 3, keepVectors: true }, ['l2', 'cosine']],
  ['turboquant', { quantizer: 'turboquant', bits: 2, nlist: 3 }, ['l2']],
  ['turboquant 3', { quantizer: 'turboquant', bits: 3, quantizerOptions: { ratio: false } }, ['ip']],
  [
    'turboquant sketch',
    { quantizer: 'turboquant', bits: 3, quantizerOptions: { sketch: true } },
    ['ip', 'l2'],
  ],
  ['pca', { quantizer: 'pca', bits: 8 }, ['l2']],
  ['random', { quantizer: 'random', bits: 8 }, ['l2']],
  ['fp16', { quantizer: 'float16', nlist: 2 }, ['ip', 'l2']],
  ['leanvec', { quantizer: 'leanvec', bits: 4, nlist: 3 }, ['l2', 'ip']],
  ['latent', { quantizer: 'latent', bits: 2, nlist: 3 }, ['l2']],
  ['latent 8', { quantizer: 'latent', bits: 3 }, ['ip']],
  ['low-rank-pq', { quantizer: 'low-rank-pq', bits: 2, quantizerOptions: { nbits: 4 } }, ['l2', 'ip']],
  [
    'leanvec rabitq, secondary saq',
    {
      quantizer: 'leanvec',
      quantizerOptions: { primary: 'rabitq' },
      bits: 2,
      nlist: 3,
      secondary: { quantizer: 'saq', bits: 4 },
    },
    ['l2'],
  ],
  ['rabitq, secondary lvq', { quantizer: 'rabitq', secondary: { quantizer: 'lvq', bits: 8 } }, ['ip']],
  ['saq, secondary float', { nlist: 3, bits: 1, secondary: { quantizer: 'float32' } }, ['l2', 'cosine']],
];

export function indexSeeds(core: Core): Seed[] {
  const rows = clusteredRows(N, D, { seed: 2, clusters: 4, spread: 0.6 });
  return KINDS.flatMap(([name, { nlist, degree, ...options }, metrics]) =>
    metrics.map((metric) => {
      const all = { metric, ...options };
      using index = degree
        ? buildGraph(core, rows, D, { ...all, degree })
        : nlist === undefined
          ? buildFlat(core, rows, D, all)
          : buildIvf(core, rows, D, { ...all, nlist });
      return { name: `${name} ${metric}`, bytes: saveIndex(index) };
    }),
  );
}

/** By what is special about them. */
const LIVING: readonly (readonly [string, Partial<VectorIndexOptions>])[] = [
  ['not trained', {}],
  ['saq, indexed', { trainAt: 60, index: 'ivf', nlist: 3, bits: 2, indexed: ['folder', 'mtime'] }],
  ['lvq, kept', { trainAt: 60, index: 'flat', quantizer: 'lvq', keepVectors: true, metric: 'ip' }],
  ['saq, graph', { trainAt: 60, index: 'graph', degree: 8, bits: 4 }],
  ['saq, secondary float', { trainAt: 60, index: 'ivf', nlist: 2, secondary: { quantizer: 'none' } }],
];

export function vectorIndexSeeds(core: Core): Seed[] {
  const vectors = clusteredRows(N, D, { seed: 2, clusters: 4, spread: 0.6 });
  return LIVING.flatMap(([name, options]) =>
    [true, false].map((hasIds) => {
      using index = createVectorIndex(core, { d: D, metric: 'l2', compactAt: 1, ...options });
      index.add({
        vectors,
        ...(hasIds && { ids: Array.from({ length: N }, (_, i) => (i % 2 === 0 ? `id ${i}` : BigInt(i))) }),
        metadata: Array.from({ length: N }, (_, i) => (i % 3 === 0 ? { folder: 'x', mtime: i } : undefined)),
      });
      index.delete(index.ids().slice(3, 9));
      return { name: `${name}${hasIds ? ', ids' : ''}`, bytes: saveIndex(index) };
    }),
  );
}
