import { createCore, tokenSet } from '@sagitta/core-wasm';
import { expect, it } from 'vitest';
import { buildMultiVectorIndex, saveMultiVectorIndex } from '../../src/index.ts';
import { fdeHealth, fitLengthBeta, MuveraFde, recommendFde } from '../../src/muvera/index.ts';
import {
  bestOfRows,
  candidatesNeeded,
  encodeToStore,
  exactMaxSim,
  ranksOfTruth,
  shareFound,
} from '../../src/muvera/measure-fde.ts';
import { chamfer, clusteredSets, unitTokens } from './fde-fixtures.ts';

const D = 16;
const core = createCore();
const sizes = Array.from({ length: 120 }, (_, i) => 5 + ((i * 37) % 60));
const sample = clusteredSets(sizes, D, 21, 40);
const queries = clusteredSets(Array(12).fill(6), D, 21, 40, 'query');

it('exact MaxSim is that of plain loops, -Infinity for an empty document', () => {
  const documents = clusteredSets([4, 0, 9], D, 1);
  const scores = exactMaxSim(core, queries, documents);
  const query = queries.data.subarray(0, 6 * D);
  expect(scores[0]).toBeCloseTo(chamfer(query, documents.data.subarray(0, 4 * D), D), 4);
  expect(scores[1]).toBe(-Infinity);
  expect([...bestOfRows(scores, 3, 3).subarray(0, 3)].at(-1)).toBe(1);
});

it('ranks count the documents before each true neighbour', () => {
  const ranks = Uint32Array.of(0, 1, 4, 9);
  expect(shareFound(ranks, 1)).toBe(0.25);
  expect(shareFound(ranks, 5)).toBe(0.75);
  expect(candidatesNeeded(ranks, 0.75)).toBe(5);
  expect(candidatesNeeded(ranks, 1)).toBe(10);
});

it('recommends within the bytes, the fewest candidates first, with figures that a new measurement repeats', () => {
  const { ranked, documents } = recommendFde(core, sample, { bytes: 512, queries, candidates: 20 });
  expect(documents).toBe(120);
  expect(ranked.length).toBeGreaterThan(3);
  for (const { bytesPerDocument, isEnough } of ranked) expect(isEnough).toBe(bytesPerDocument <= 512);
  const enough = ranked.filter(({ isEnough }) => isEnough);
  for (let i = 1; i < enough.length; i++) {
    expect(enough[i].candidatesFor90).toBeGreaterThanOrEqual(enough[i - 1].candidatesFor90);
  }
  const [best] = ranked;
  const truth = bestOfRows(exactMaxSim(core, queries, sample), sample.n, 10);
  using store = encodeToStore(core, best.encoder, sample, best.store);
  const ranks = ranksOfTruth(core, best.encoder, store, queries, truth);
  expect(store.bytesPerDocument).toBe(best.bytesPerDocument);
  expect(shareFound(ranks, 20)).toBeCloseTo(best.recall, 10);
  expect(candidatesNeeded(ranks, 0.9)).toBe(best.candidatesFor90);
  expect(best.reason).toContain(best.recall.toFixed(3));
});

it('recommends the fewest bytes that reach a recall, with queries cut from held-out documents', () => {
  const { ranked, queries: asked } = recommendFde(core, sample, {
    recall: 0.8,
    candidates: 40,
    kinds: ['learned'],
  });
  expect(asked).toBe(24);
  const enough = ranked.filter(({ isEnough }) => isEnough);
  expect(enough.length).toBeGreaterThan(0);
  for (let i = 1; i < enough.length; i++) {
    expect(enough[i].bytesPerDocument).toBeGreaterThanOrEqual(enough[i - 1].bytesPerDocument);
  }
  for (const { recall, isEnough, low } of ranked) {
    expect(isEnough).toBe(low >= 0.8);
    expect(recall).toBeGreaterThanOrEqual(low);
  }
});

it('measures trained features only where asked, and takes regression where it needs fewer candidates', () => {
  const options = {
    bytes: 140,
    queries,
    candidates: 20,
    kinds: ['muvera', 'learned', 'regression'],
  } as const;
  const { ranked } = recommendFde(core, sample, options);
  const kinds = new Set(ranked.map(({ encoder }) => encoder.kind));
  expect(kinds).toContain('regression');
  expect(kinds).toContain('learned');
  expect(ranked.some(({ label }) => label.includes('trained'))).toBe(false);
  const needed = (kind: string): number =>
    Math.min(
      ...ranked
        .filter(({ encoder, isEnough }) => isEnough && encoder.kind === kind)
        .map(({ candidatesFor90 }) => candidatesFor90),
    );
  const winner = needed('regression') < needed('learned') ? 'regression' : 'learned';
  expect(ranked[0].encoder.kind).toBe(winner);
  const trained = recommendFde(core, sample, { ...options, kinds: ['regression'], trained: true }).ranked;
  expect(trained.some(({ label }) => label.includes('128 trained features'))).toBe(true);
}, 60_000);

it('tells progress, times and what FDEs take in a file and in memory, and stops where it is told to', () => {
  const options = { bytes: 300, queries, candidates: 20, kinds: ['learned', 'split'] } as const;
  const seen: string[] = [];
  let now = 0;
  const { ranked } = recommendFde(core, sample, {
    ...options,
    clock: () => now++,
    onProgress: ({ done, total, label, bits }) => seen.push(`${done}/${total} ${label} ${bits}`),
  });
  expect(seen.length).toBeGreaterThan(6);
  for (const [i, line] of seen.entries()) expect(line.startsWith(`${i + 1}/${seen.length} `)).toBe(true);
  expect(new Set(seen.map((line) => line.split(' ').at(-1)))).toEqual(new Set(['8', '4', '1']));
  for (const { encoder, store, milliseconds, fileBytes, memoryBytes, bytesPerDocument } of ranked) {
    expect(milliseconds?.training).toBeGreaterThan(0);
    expect(milliseconds?.query).toBeGreaterThan(0);
    const before = core.bytesUsed();
    using index = buildMultiVectorIndex(
      core,
      { tokens: sample },
      {
        encoder,
        fdeEncoding: store.encoding,
        ...(store.bits && { fdeBits: store.bits }),
      },
    );
    const { tokens } = index.stores;
    const others = tokens.tokenCount * tokens.bytesPerToken + 4 * sample.n;
    const file = saveMultiVectorIndex(index).length - others;
    // head and table of a file, and sections that begin at multiples of 64
    expect(Math.abs(fileBytes - file)).toBeLessThan(2500);
    expect(fileBytes).toBeGreaterThan(bytesPerDocument * sample.n);
    // an index has room for documents to come, and scratch
    expect(memoryBytes).toBeLessThan(core.bytesUsed() - before);
    expect(memoryBytes).toBeGreaterThan(bytesPerDocument * sample.n);
  }
  const abort = new AbortController();
  let calls = 0;
  expect(() =>
    recommendFde(core, sample, {
      ...options,
      signal: abort.signal,
      onProgress: () => {
        calls++;
        abort.abort(new Error('enough of it'));
      },
    }),
  ).toThrow('enough of it');
  expect(calls).toBe(1);
});

it('refuses small samples and options that do not say what is wanted', () => {
  expect(() => recommendFde(core, clusteredSets([3, 3], D, 1), { bytes: 100 })).toThrow('"sample"');
  expect(() => recommendFde(core, sample, {})).toThrow('neither');
  expect(() => recommendFde(core, sample, { bytes: 1, recall: 1 })).toThrow('both');
});

it('the health report tells an anisotropic cloud from one that fills the space', () => {
  const encoder = new MuveraFde({ d: D, numSimhashProjections: 5, numRepetitions: 4 });
  const open = tokenSet(
    unitTokens(600, D, 3),
    Uint32Array.from({ length: 21 }, (_, i) => 30 * i),
    D,
  );
  const healthy = fdeHealth(core, open, encoder);
  expect(Math.abs(healthy.meanPairCosine)).toBeLessThan(0.05);
  expect(healthy.participationRatio).toBeGreaterThan(12);
  expect(healthy.cellsUsed).toBe(1);
  expect(healthy.alarms).toEqual([]);
  const common = unitTokens(1, D, 4);
  const narrow = open.data.map((value, i) => 0.08 * value + common[i % D]);
  const ill = fdeHealth(core, tokenSet(narrow, open.offsets, D), encoder);
  expect(ill.meanPairCosine).toBeGreaterThan(0.95);
  expect(ill.similaritySpread).toBeLessThan(0.03);
  expect(ill.cellsUsed).toBeLessThan(0.5);
  expect(ill.alarms.map(({ figure }) => figure)).toEqual(['meanPairCosine', 'similaritySpread', 'cellsUsed']);
  expect(() => fdeHealth(core, tokenSet(new Float32Array(D), Uint32Array.of(0, 1), D))).toThrow('"sample"');
});

it('the length correction brings long documents forward, as exact MaxSim does', () => {
  const options = { d: D, numSimhashProjections: 3, numRepetitions: 6 };
  const lengths = Array.from({ length: 150 }, (_, i) => 4 + ((i * i) % 97));
  const documents = tokenSet(
    unitTokens(
      lengths.reduce((sum, m) => sum + m, 0),
      D,
      31,
    ),
    lengths.reduce((offsets, m, i) => offsets.fill(offsets[i] + m, i + 1), new Uint32Array(151)),
    D,
  );
  const asked = tokenSet(
    unitTokens(60, D, 32),
    Uint32Array.from({ length: 11 }, (_, i) => 6 * i),
    D,
  );
  const { beta, correlation } = fitLengthBeta(core, options, documents, asked);
  expect(beta).toBeGreaterThan(0);
  expect(correlation).toBeGreaterThan(0.5);
  const truth = bestOfRows(exactMaxSim(core, asked, documents), documents.n, 10);
  const found = [0, beta].map((lengthBeta) => {
    const encoder = new MuveraFde({ ...options, lengthBeta });
    using store = encodeToStore(core, encoder, documents, { encoding: 'float32' });
    return shareFound(ranksOfTruth(core, encoder, store, asked, truth), 30);
  });
  expect(found[1]).toBeGreaterThan(found[0]);
  expect(() => fitLengthBeta(core, options, clusteredSets([5, 5], D, 1), asked)).toThrow('"documents"');
});
