/** Models and stores by themselves. What is not in a container of its own, or in two parts, is put into one. */
import { type Core, writeContainer } from '@sagitta/core-wasm';
import { saveSaqModel, trainQuantizer, trainSaq, writeQuantizer } from '@sagitta/quantizers';
import { KV_METHODS, packKv } from '@sagitta/quantizers/kv';
import { compressTable, writeTable } from '@sagitta/quantizers/table';
import { writeFdeEncoder } from '@sagitta/retrieval';
import { BRIDGE_METHODS, trainBridge, writeBridge } from '@sagitta/retrieval/bridge';
import { CLASS_KINDS, trainClasses, writeClasses } from '@sagitta/retrieval/classes';
import { createTokenStore, type TokenStoreOptions } from '@sagitta/retrieval/maxsim';
import { createFdeStore, type FdeStoreOptions } from '@sagitta/retrieval/muvera';
import { LexicalIndex, saveLexicalIndex, saveStaticTokens, trainStaticTokens } from '@sagitta/retrieval/text';
import { bytesOfPieces, clusteredRows } from '@sagitta/testing';
import type { Seed } from '../reader.ts';
import { documents } from './documents.ts';
import { encoders } from './multi-vector-files.ts';

const D = 20;
const N = 80;
const METRICS = ['l2', 'ip', 'cosine'] as const;

/** Sections in a container of kind "FUZZ". */
export function boxed(sections: Readonly<Record<string, Uint8Array>>): Uint8Array {
  return writeContainer({
    kind: 'FUZZ',
    version: 1,
    sections: Object.entries(sections).map(([id, bytes]) => ({ id, pieces: [bytes] })),
  });
}

const QUANTIZERS = [
  { name: 'rabitq', bits: 1 },
  { name: 'rabitq', bits: 5, mode: 'optimal' },
  { name: 'pq', bits: 2, nbits: 4 },
  { name: 'opq', bits: 2, nbits: 4 },
  { name: 'lvq', bits: 4 },
  { name: 'lvq', bits: 4, secondBits: 8, means: 4 },
  { name: 'lvq', bits: 2, rotate: true, ratio: true },
  { name: 'scalar', bits: 4 },
  { name: 'scalar', bits: 8, ranges: 'vector' },
  { name: 'sign' },
  { name: 'turboquant', bits: 2 },
  { name: 'turboquant', bits: 3, sketch: true },
  { name: 'pca', bits: 8 },
  { name: 'random', bits: 8 },
  { name: 'float16' },
  { name: 'leanvec', bits: 4 },
  { name: 'leanvec', bits: 2, primary: 'pq', nbits: 4 },
  { name: 'latent', bits: 3 },
  { name: 'low-rank-pq', bits: 2, nbits: 4 },
] as const;

export function quantizerSeeds(core: Core): Seed[] {
  const rows = clusteredRows(N, D, { seed: 3, clusters: 4, spread: 0.6 });
  return QUANTIZERS.map((options, i) => {
    const metric = METRICS[i % 3] as (typeof METRICS)[number];
    const quantizer = trainQuantizer(core, { data: rows, n: N, d: D }, { ...options, metric });
    return { name: `${options.name} ${i}`, bytes: boxed({ QNTZ: writeQuantizer(quantizer) }) };
  });
}

export function saqModelSeeds(core: Core): Seed[] {
  const data = clusteredRows(N, D, { seed: 3, clusters: 4, spread: 0.6 });
  return METRICS.flatMap((metric) =>
    [1, 4, 9].map((bits) => {
      const model = trainSaq(core, { data, n: N, d: D }, { metric, bits });
      return { name: `${metric} ${bits}`, bytes: saveSaqModel(model) };
    }),
  );
}

export function fdeEncoderSeeds(core: Core): Seed[] {
  return Object.entries(encoders(core)).map(([name, encoder]) => ({
    name,
    bytes: boxed({ FDEN: writeFdeEncoder(encoder) }),
  }));
}

const FDE_STORES: readonly Omit<FdeStoreOptions, 'length' | 'blockLength'>[] = [
  { encoding: 'float32' },
  { encoding: 'int8' },
  { encoding: 'saq', bits: 3 },
  { encoding: 'bit1' },
  { encoding: 'pq256x8' },
];

export function fdeStoreSeeds(core: Core): Seed[] {
  const [length, blockLength] = [48, 8];
  const sample = clusteredRows(260, length, { seed: 3, clusters: 4, spread: 0.6 });
  return FDE_STORES.flatMap((options) =>
    [true, false].map((hasSample) => {
      const learns = hasSample || options.encoding === 'pq256x8';
      using store = createFdeStore(core, { ...options, length, blockLength, ...(learns && { sample }) });
      store.append(sample.subarray(0, 20 * length));
      const bytes = boxed({ PARA: store.parameters(), CODE: bytesOfPieces(store.codePieces()) });
      return { name: `${options.encoding} ${learns}`, bytes };
    }),
  );
}

const TOKEN_STORES: readonly Omit<TokenStoreOptions, 'd' | 'metric'>[] = [
  { encoding: 'float32' },
  { encoding: 'float16' },
  { encoding: 'int8' },
  { encoding: 'saq', bits: 4 },
  { encoding: 'rabitq', bits: 3 },
  { encoding: 'bit1' },
];

export function tokenStoreSeeds(core: Core): Seed[] {
  const tokens = documents(12, 18, 5);
  return TOKEN_STORES.map((options, i) => {
    const metric = i % 2 === 0 ? 'ip' : 'cosine';
    using store = createTokenStore(core, { ...options, d: tokens.d, metric });
    store.append(tokens);
    const bytes = boxed({ PARA: store.parameters(), CODE: bytesOfPieces(store.codePieces()) });
    return { name: options.encoding, bytes };
  });
}

export const TEXTS: readonly string[] = [
  'a boiler in the plant burns gas',
  'the plant has green leaves and needs water',
  'water boils in the boiler',
  'leaves of the tree are green',
  'gas and water in pipes of the plant',
];

export function staticTokenSeeds(): Seed[] {
  return [1, 0].map((context) => {
    const encoder = trainStaticTokens(TEXTS, { dimension: 4, context });
    return { name: `context ${context}`, bytes: saveStaticTokens(encoder) };
  });
}

export function kvSeeds(core: Core): Seed[] {
  const shape = { heads: 2, tokens: 3, headDims: 16 };
  const rows = clusteredRows(48, 16, { seed: 3, clusters: 4, spread: 0.6 });
  const part = (i: number): Float32Array => rows.slice(96 * i, 96 * (i + 1));
  const layers = [0, 2, 4].map((i) => ({ key: part(i), value: part(i + 1) }));
  return KV_METHODS.map((method) => ({
    name: method,
    bytes: packKv(core, layers, shape, { method, firstLayer: 1, keep: 0.3 }).bytes,
  }));
}

export function lexicalSeeds(): Seed[] {
  const plain = new LexicalIndex();
  plain.add({ texts: TEXTS });
  const named = new LexicalIndex({ k1: 1, b: 0 });
  named.add({ ids: TEXTS.map((_, i) => `t${i}`), texts: TEXTS, metadata: TEXTS.map((_, i) => ({ i })) });
  return [
    { name: 'row numbers', bytes: saveLexicalIndex(plain) },
    { name: 'names', bytes: saveLexicalIndex(named) },
  ];
}

export function bridgeSeeds(core: Core): Seed[] {
  const d = 5;
  const [query, base] = [
    { seed: 6, clusters: 3, spread: 0.5 },
    { seed: 7, clusters: 3, spread: 0.5 },
  ].map((shape) => ({
    data: clusteredRows(24, d, shape),
    d,
  })) as [{ data: Float32Array; d: number }, { data: Float32Array; d: number }];
  return BRIDGE_METHODS.map((method) => {
    const bridge = trainBridge(core, { query, base }, { method, regularization: [0.1] });
    return { name: method, bytes: writeBridge(bridge) };
  });
}

export function classSeeds(core: Core): Seed[] {
  const d = 5;
  const data = clusteredRows(24, d, { seed: 6, clusters: 3, spread: 0.5 });
  const labels = Uint32Array.from({ length: 24 }, (_, i) => i % 3);
  return CLASS_KINDS.map((kind) => {
    return { name: kind, bytes: writeClasses(trainClasses(core, { data, d }, labels, { kind, dims: 2 })) };
  });
}

export function tableSeeds(core: Core): Seed[] {
  const d = 20;
  const data = clusteredRows(150, d, { seed: 6, clusters: 3, spread: 0.5 });
  const frequency = Uint32Array.from({ length: 150 }, (_, i) => Math.ceil(900 / (i + 1)));
  return (['allocated', 'scalar'] as const).map((method) => {
    const table = compressTable(core, { data, d }, { frequency, budgetBytes: 3000, method });
    return { name: method, bytes: writeTable(table) };
  });
}
