/** An unknown option, one of another kind, and a forgotten core are refused at every door, by the names that callers use. */
import { type Core, createCore, joinTokenSets } from '@sagitta/core-wasm';
import { QUANTIZER_NAMES, saq, trainKmeans, trainPca, trainQuantizer, trainSaq } from '@sagitta/quantizers';
import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { fuseRankings } from '../src/evaluation/index.ts';
import {
  buildFlat,
  buildIndex,
  buildIvf,
  buildMultiVectorIndex,
  bytesSource,
  createMultiVectorIndex,
  type IndexOptions,
  loadIndex,
  openIndex,
  pcaReport,
  recommend,
  saveIndex,
  trainIndex,
} from '../src/index.ts';
import { createTokenStore, maxsimRerank } from '../src/maxsim/index.ts';
import { createFdeStore } from '../src/muvera/create-fde-store.ts';
import { recommendFde, trainLearnedFde } from '../src/muvera/index.ts';
import { trainTfIdf } from '../src/text/index.ts';

const D = 8;
const N = 100;
const core = createCore();
const data = gaussianRows(N, D, 1);
const sample = { data, n: N, d: D };
const query = data.slice(0, D);
const flat = buildFlat(core, data, D, { metric: 'l2', quantizer: 'float32' });
const tokens = joinTokenSets([data.subarray(0, 4 * D), data.subarray(4 * D, 9 * D)], D);
const multi = buildMultiVectorIndex(core, { ids: ['a', 'b'], tokens });

/** A call as a program without types would make it. */
type Door = (options: never, from: Core) => unknown;
const doors: Record<string, [good: object, door: Door]> = {
  buildFlat: [{ metric: 'l2' }, (options, from) => buildFlat(from, data, D, options).dispose()],
  buildIvf: [{ metric: 'l2' }, (options, from) => buildIvf(from, data, D, options).dispose()],
  buildIndex: [
    { metric: 'l2', quantizer: saq() },
    (options, from) => buildIndex(from, data, D, options).dispose(),
  ],
  trainIndex: [{ metric: 'l2' }, (options, from) => trainIndex(from, sample, options).dispose()],
  buildMultiVectorIndex: [
    { metric: 'ip' },
    (options, from) => buildMultiVectorIndex(from, { ids: ['a', 'b'], tokens }, options).dispose(),
  ],
  createMultiVectorIndex: [
    { metric: 'ip', d: D },
    (options, from) => createMultiVectorIndex(from, options).dispose(),
  ],
  trainQuantizer: [{ name: 'lvq', metric: 'ip' }, (options, from) => trainQuantizer(from, sample, options)],
  trainSaq: [{ metric: 'ip', bits: 2 }, (options, from) => trainSaq(from, sample, options)],
  trainKmeans: [{ nlist: 2, seed: 1 }, (options, from) => trainKmeans(from, sample, options)],
  trainPca: [{ center: true }, (options, from) => trainPca(from, sample, options)],
  pcaReport: [{ metric: 'l2' }, (options, from) => pcaReport(from, sample, options)],
  recommend: [{ metric: 'l2', recall: 0.5, bits: [8] }, (options, from) => recommend(from, sample, options)],
  trainLearnedFde: [
    { numCells: 2, projectionDimension: 4 },
    (options, from) => trainLearnedFde(from, tokens, options),
  ],
  createFdeStore: [
    { encoding: 'float32', length: 8, blockLength: 8 },
    (options, from) => createFdeStore(from, options)[Symbol.dispose](),
  ],
  createTokenStore: [
    { encoding: 'float32', d: D, metric: 'ip' },
    (options, from) => createTokenStore(from, options)[Symbol.dispose](),
  ],
  maxsimRerank: [{}, (options, from) => maxsimRerank(from, { data: query, n: 1, d: D }, tokens, options)],
};
/** Doors that take no core. */
const methods: Record<string, (options: never) => unknown> = {
  search: (options) => flat.search(query, 3, options),
  searchBatch: (options) => flat.searchBatch(data, 3, options),
  searchSteps: (options) => flat.searchSteps(query, 3, options),
  'MultiVectorIndex.search': (options) => multi.search(query, 1, options),
  'MultiVectorIndex.searchIds': (options) => multi.searchIds(query, 1, options),
  'MultiVectorIndex.searchBatch': (options) => multi.searchBatch(tokens, 1, options),
  createCore: (options) => createCore(options),
  fuseRankings: (options) => fuseRankings([], options),
  trainTfIdf: (options) => trainTfIdf(['a b', 'a c'], options),
};

describe('an unknown option', () => {
  it.each(Object.entries(doors))('is refused by %s, and what it has is taken', (_name, [good, door]) => {
    door(good as never, core);
    const before = core.bytesUsed();
    expect(() => door({ ...good, sede: 1 } as never, core)).toThrow(
      /^"options" expected known options \(.*got "sede"/,
    );
    expect(() => door(7 as never, core)).toThrow(/^"options" expected an object of options, got number$/);
    expect(core.bytesUsed()).toBe(before);
  });

  it.each(Object.entries(methods))('is refused by %s', (_name, call) => {
    expect(() => call({ filtre: 1 } as never)).toThrow(/^"options" expected known options \(.*got "filtre"/);
    expect(() => call(null as never)).toThrow(/^"options" expected an object of options, got null$/);
  });

  it('comes with the name that was meant', async () => {
    expect(() => flat.search(query, 3, { nprob: 3 } as never)).toThrow(/did you mean "nprobe"\?$/);
    expect(() => buildFlat(core, data, D, { metric: 'l2', keepvectors: true } as never)).toThrow(
      /did you mean "keepVectors"\?$/,
    );
    using paged = await openIndex(core, bytesSource(saveIndex(flat)));
    await expect(paged.search(query, 3, { nprob: 3 } as never)).rejects.toThrow(/did you mean "nprobe"\?$/);
  });

  it('is refused inside of options', () => {
    expect(() => flat.search(query, 3, { rerank: { candidate: 5 } } as never)).toThrow(
      /^"rerank" expected known options \(candidates, fetch\), got "candidate": did you mean "candidates"\?$/,
    );
    const secondary = { quantizer: 'lvq', bit: 8 };
    expect(() => buildFlat(core, data, D, { metric: 'l2', secondary } as never)).toThrow(
      /^"secondary" expected .*got "bit": did you mean "bits"\?$/,
    );
  });

  it('is refused where documents are given', () => {
    expect(() => multi.add({ ids: ['c', 'd'], tokens, metadatas: [1, 2] } as never)).toThrow(/"metadata"\?$/);
    expect(() => multi.update('a', { metaData: 1 } as never)).toThrow(/did you mean "metadata"\?$/);
    expect(multi.n).toBe(2);
  });
});

describe('an option of another quantizer', () => {
  it.each(QUANTIZER_NAMES)('is as unknown to %s as any other', (quantizer) => {
    const wrong = quantizer === 'rabitq' ? { nbits: 4 } : { mode: 'fast' };
    const options = { metric: 'l2', quantizer, quantizerOptions: wrong } as IndexOptions;
    expect(() => buildFlat(core, data, D, options)).toThrow(/^"quantizerOptions" expected known options/);
    expect(() => trainQuantizer(core, sample, { name: quantizer, metric: 'l2', ...wrong } as never)).toThrow(
      /^"options" expected known options/,
    );
  });

  it('is one of SAQ where the quantizer is another, and the reverse', () => {
    expect(() => buildFlat(core, data, D, { metric: 'l2', quantizer: 'lvq', blockSize: 32 })).toThrow(
      '"options" expected "blockSize" with the quantizer saq alone, got it with lvq',
    );
    expect(() => buildFlat(core, data, D, { metric: 'l2', quantizerOptions: { rotate: true } })).toThrow(
      /^"quantizerOptions" expected known options \(blockSize, objective, singleSegment\), got "rotate"/,
    );
    expect(() => buildFlat(core, data, D, { metric: 'l2', quantizer: 'float32', bits: 4 })).toThrow(
      /"bits" expected 32/,
    );
  });

  it('is one of the primary where that is LeanVec’s', () => {
    const options = { metric: 'l2', quantizer: 'leanvec', bits: 4 } as const;
    using index = buildFlat(core, data, D, {
      ...options,
      quantizerOptions: { primary: 'rabitq', mode: 'optimal' },
    });
    expect(index.n).toBe(N);
    expect(() => buildFlat(core, data, D, { ...options, quantizerOptions: { mode: 'optimal' } })).toThrow(
      /"mode"/,
    );
  });
});

describe('a value of another kind', () => {
  it.each<[object, RegExp]>([
    [{ metric: 'l2', keepVectors: 'yes' }, /^"keepVectors" expected a boolean, got string$/],
    [{ metric: 'l2', seed: '1' }, /^"seed" expected a number, got string$/],
    [{ metric: 'l2', singleSegment: 1 }, /^"singleSegment" expected a boolean, got number$/],
    [{ metric: ['l2'] }, /^"metric" expected a string, got Array$/],
    [{ metric: 'euclidean' }, /^"metric" expected one of l2, ip, cosine, got euclidean$/],
    [{}, /^"metric" expected one of l2, ip, cosine, got undefined$/],
  ])('is refused: %j', (options, message) => {
    expect(() => buildFlat(core, data, D, options as never)).toThrow(message);
  });

  it('is refused by a search', () => {
    expect(() => flat.search(query, 3, { statistics: 'all' } as never)).toThrow(
      /"statistics" expected a boolean/,
    );
    const rerank = { candidates: 3, fetch: data };
    expect(() => flat.search(query, 3, { rerank } as never)).toThrow(
      /"fetch" expected a function, got Float32Array/,
    );
  });
});

describe('a forgotten core', () => {
  it.each(Object.entries(doors))('is what %s says is missing', (_name, [good, door]) => {
    expect(() => door(good as never, data as never)).toThrow(
      /^"core" expected a core, as createCore\(\) makes it, got Float32Array$/,
    );
    expect(() => door(good as never, undefined as never)).toThrow(/^"core" expected .*got undefined$/);
  });

  it('is missed where a file is read', async () => {
    const bytes = saveIndex(flat);
    expect(() => loadIndex(bytes as never, bytes)).toThrow(/^"core" expected/);
    await expect((async () => openIndex(bytes as never, bytesSource(bytes)))()).rejects.toThrow(
      /^"core" expected/,
    );
    expect(() => recommendFde(tokens as never, tokens, {})).toThrow(/^"core" expected/);
  });
});

describe('buildIvf', () => {
  it('takes √n lists unless told otherwise', () => {
    using index = buildIvf(core, data, D, { metric: 'l2' });
    expect([index.kind, index.nlist]).toEqual(['ivf', 10]);
    using one = buildIvf(core, query, D, { metric: 'l2', quantizer: 'float32' });
    expect([one.kind, one.nlist]).toEqual(['ivf', 1]);
  });

  it('is not what buildFlat does with nlist', () => {
    expect(() => buildFlat(core, data, D, { metric: 'l2', nlist: 4 } as never)).toThrow(/got "nlist"/);
  });
});
