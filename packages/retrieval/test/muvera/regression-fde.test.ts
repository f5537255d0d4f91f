/** RegressionFde against a plain twin in f64, its invariants, training on streams, and what it finds. */
import { type Core, createCore, RandomStream, type TokenSet, tokenSet } from '@sagitta/core-wasm';
import { expect, it } from 'vitest';
import {
  fdeIndexes,
  loadMultiVectorIndex,
  saveMultiVectorIndex,
  trainMultiVectorIndex,
} from '../../src/index.ts';
import {
  type FdeEncoder,
  MuveraFde,
  RegressionFde,
  type RegressionProgress,
  trainLearnedFde,
  trainRegressionFde,
  trainRegressionFdeFrom,
} from '../../src/muvera/index.ts';
import {
  bestOfRows,
  encodeToStore,
  exactMaxSim,
  ranksOfTruth,
  shareFound,
  sliceSets,
} from '../../src/muvera/measure-fde.ts';
import { bytesOf, chamfer, clusteredSets, dot, joined, oneSet, unitTokens } from './fde-fixtures.ts';
import { regressionTwin } from './regression-twin.ts';

const D = 12;
const core: Core = createCore();
const sample = clusteredSets(Array(30).fill(15), D, 7);
const small = { features: 20, numAnchors: 60, seed: 3 };

function encode(encoder: FdeEncoder, sets: TokenSet, own: Core = core): Float32Array {
  using session = encoder.createSession(own);
  const out = new Float32Array(sets.n * encoder.length);
  session.encodeDocuments(sets, out);
  return out;
}

it.each([
  { metric: 'unit tokens', factor: 1, unit: 1 },
  { metric: 'tokens of length 40', factor: 40, unit: 1 / 32 },
])('is what a plain twin in f64 makes of $metric', ({ factor, unit }) => {
  const scaledSample = { ...sample, data: sample.data.map((value) => factor * value) };
  const encoder = trainRegressionFde(core, scaledSample, small);
  expect(encoder.parts.unit).toBe(unit);
  const twin = regressionTwin(scaledSample, encoder.parts, small);
  expect(encoder.parts.layers[0].weights.length).toBe(D * 20);
  encoder.parts.layers[0].weights.forEach((value, i) => {
    expect(Math.abs(value - twin.weights[i])).toBeLessThan(1e-5);
  });
  encoder.parts.layers[0].bias.forEach((value, i) => {
    expect(Math.abs(value - twin.bias[i])).toBeLessThan(1e-5);
  });
  encoder.parts.means.forEach((value, i) => {
    expect(Math.abs(value - twin.means[i])).toBeLessThan(1e-3);
  });
  const documents = clusteredSets([5, 0, 1, 33], D, 9);
  const tokens = { ...documents, data: documents.data.map((value) => factor * value) };
  const expected = twin.encodeDocuments(tokens);
  const size = Math.max(...expected.map((value) => Math.abs(value)));
  encode(encoder, tokens).forEach((value, i) => {
    // anchors, similarities and P are rounded to 2^-13 of a row's root mean square
    expect(Math.abs(value - expected[i])).toBeLessThan(2e-3 * size);
  });
  using session = encoder.createSession(core);
  const query = unitTokens(4, D, 5).map((value) => factor * value);
  const weights = Float32Array.of(1, 2, 0.5, 0);
  const asked = twin.encodeQuery(query, weights);
  session.encodeQuery(query, weights).forEach((value, i) => {
    // tokens and weights are rounded to 2^-13 of a row's root mean square
    expect(Math.abs(value - asked[i])).toBeLessThan(1e-3);
  });
});

it('with more features than anchors and hardly a ridge, scores of the anchors themselves are exact', () => {
  const open = oneSet(unitTokens(400, D, 12), D);
  const encoder = trainRegressionFde(core, open, { features: 96, numAnchors: 24, ridge: 1e-6 });
  const { anchors, means } = encoder.parts;
  const documents = clusteredSets([6, 17, 40], D, 4);
  const fdes = encode(encoder, documents);
  using session = encoder.createSession(core);
  for (let j = 0; j < anchors.rows; j++) {
    const anchor = Float32Array.from({ length: D }, (_, i) => anchors.scales[j] * anchors.codes[j * D + i]);
    const query = session.encodeQuery(anchor);
    for (let i = 0; i < documents.n; i++) {
      const own = documents.data.subarray(documents.offsets[i] * D, documents.offsets[i + 1] * D);
      const score = dot(query, fdes.subarray(i * 96, (i + 1) * 96)) + means[j];
      expect(Math.abs(score - chamfer(anchor, own, D))).toBeLessThan(5e-3);
    }
  }
});

it('neither the order of tokens nor that of documents changes a byte', () => {
  const encoder = trainRegressionFde(core, sample, small);
  const [a, b] = [unitTokens(9, D, 1), unitTokens(4, D, 2)];
  const turned = joined(a.subarray(5 * D), a.subarray(0, 5 * D));
  const plain = encode(encoder, tokenSet(joined(a, b, a), Uint32Array.of(0, 9, 13, 22), D));
  const moved = encode(encoder, tokenSet(joined(b, turned), Uint32Array.of(0, 4, 13), D));
  expect(plain.subarray(0, 20)).toEqual(plain.subarray(40));
  expect(moved.subarray(0, 20)).toEqual(plain.subarray(20, 40));
  expect(moved.subarray(20)).toEqual(plain.subarray(0, 20));
});

it('documents longer than a run of products, and more of them than are solved together', () => {
  const encoder = trainRegressionFde(core, sample, { ...small, numAnchors: 400 });
  const long = unitTokens(6000, D, 6);
  const short = clusteredSets(Array(40).fill(3), D, 2);
  const all = tokenSet(
    joined(short.data, long),
    Uint32Array.of(...short.offsets, short.data.length / D + 6000),
    D,
  );
  const together = encode(encoder, all);
  expect(bytesOf(together.slice(40 * 20)).equals(bytesOf(encode(encoder, oneSet(long, D))))).toBe(true);
  expect(bytesOf(together.slice(0, 40 * 20)).equals(bytesOf(encode(encoder, short)))).toBe(true);
});

it('a stream gives the same encoder as the whole, however it is cut, with progress', async () => {
  const options = {
    ...small,
    trained: true,
    hidden: 16,
    trainingTokens: 300,
    epochs: 2,
    trainingDocuments: 20,
  };
  const whole = trainRegressionFde(core, sample, options);
  const seen: RegressionProgress[] = [];
  const before = core.bytesUsed();
  async function* parts(): AsyncGenerator<TokenSet> {
    for (const [first, end] of [
      [0, 1],
      [1, 20],
      [20, 30],
    ])
      yield sliceSets(sample, first, end);
  }
  const streamed = await trainRegressionFdeFrom(core, parts(), {
    ...options,
    onProgress: (progress) => seen.push(progress),
  });
  expect(streamed.parameterHash).toBe(whole.parameterHash);
  expect(core.bytesUsed()).toBe(before);
  expect([...new Set(seen.map(({ phase }) => phase))]).toEqual(['read', 'similarities', 'features', 'solve']);
  expect(seen.filter(({ phase }) => phase === 'read').map(({ done }) => done)).toEqual([1, 20, 30]);
  for (const { done, total } of seen) if (total !== undefined) expect(done).toBeLessThanOrEqual(total);
});

it('an aborted training ends with the reason and gives its memory back', async () => {
  const before = core.bytesUsed();
  const control = new AbortController();
  const options = { ...small, trained: true, hidden: 16, trainingTokens: 450, epochs: 500 };
  const training = trainRegressionFdeFrom(core, [sample], {
    ...options,
    signal: control.signal,
    onProgress: ({ phase }) => {
      if (phase === 'features') control.abort(new Error('enough'));
    },
  });
  await expect(training).rejects.toThrow('enough');
  expect(core.bytesUsed()).toBe(before);
  const gone = AbortSignal.abort(new Error('before'));
  await expect(trainRegressionFdeFrom(core, [sample], { ...small, signal: gone })).rejects.toThrow('before');
});

it('half of the anchors are tokens of queries where there are any', () => {
  const queries = oneSet(unitTokens(100, D, 8), D);
  const { parts } = trainRegressionFde(core, sample, small, queries);
  const { codes, scales } = parts.anchors;
  let own = 0;
  for (let j = 0; j < 60; j++) {
    const anchor = Float32Array.from({ length: D }, (_, i) => scales[j] * codes[j * D + i]);
    for (let q = 0; q < 100; q++) {
      if (dot(anchor, queries.data.subarray(q * D, (q + 1) * D)) > 0.999) own++;
    }
  }
  expect(own).toBe(30);
  const none = oneSet(new Float32Array(0), D);
  expect(() => trainRegressionFde(core, sample, small, none)).toThrow('"queries"');
});

it('options and parts out of range are refused by name', async () => {
  const train = (options: object): unknown => trainRegressionFde(core, sample, { ...small, ...options });
  expect(() => train({ features: 0 })).toThrow('"features"');
  expect(() => train({ features: 1e5 })).toThrow('"features"');
  expect(() => train({ numAnchors: 0 })).toThrow('"numAnchors"');
  expect(() => train({ ridge: 0 })).toThrow('"ridge"');
  expect(() => train({ hidden: 0, trained: true })).toThrow('"hidden"');
  expect(() => train({ epochs: 0.5 })).toThrow('"epochs"');
  expect(() => train({ trainingTokens: -1 })).toThrow('"trainingTokens"');
  expect(() => train({ trainingDocuments: 0 })).toThrow('"trainingDocuments"');
  expect(() => train({ seed: -1 })).toThrow('"seed"');
  expect(() => train({ trained: 1 })).toThrow('"trained"');
  expect(() => train({ feature: 4 })).toThrow('feature');
  expect(() => trainRegressionFde(core, oneSet(new Float32Array(0), D), small)).toThrow('"sample"');
  await expect(trainRegressionFdeFrom(core, [], small)).rejects.toThrow('"sample"');
  const other = oneSet(unitTokens(3, D + 1, 1), D + 1);
  await expect(trainRegressionFdeFrom(core, [sample, other], small)).rejects.toThrow('d = 12');
  const { parts } = trainRegressionFde(core, sample, small);
  const make = (change: object): unknown => new RegressionFde({ ...parts, ...change });
  expect(() => make({ unit: 3 })).toThrow('"unit"');
  expect(() => make({ layers: [] })).toThrow('"layers"');
  expect(() => make({ means: new Float32Array(3) })).toThrow('"means"');
  expect(() => make({ means: parts.means.map(() => Number.NaN) })).toThrow('"means"');
  expect(() => make({ solver: parts.anchors })).toThrow('"solver"');
  const codes = new Int16Array(parts.anchors.codes.length).fill(32_000);
  expect(() => make({ anchors: { ...parts.anchors, codes } })).toThrow('"anchors"');
  using session = new RegressionFde(parts).createSession(core);
  expect(() => session.encodeQuery(new Float32Array(D).fill(2 ** 50))).toThrow('"tokens"');
});

it('carries an index of token sets through changes, compaction and a file', () => {
  const documents = clusteredSets(Array(80).fill(12), D, 6, 40);
  const encoder = trainRegressionFde(core, documents, { features: 48, numAnchors: 300 });
  for (const options of [
    { fdeEncoding: 'int8' },
    { fdeEncoding: 'saq', fdeBits: 4, nlist: 4, indexes: fdeIndexes },
  ] as const) {
    using index = trainMultiVectorIndex(core, documents, { encoder, ...options });
    index.add({ ids: Array.from({ length: 80 }, (_, i) => i), tokens: documents });
    const one = sliceSets(documents, 17, 18);
    index.upsert({ ids: [90], tokens: one });
    index.delete([17]);
    const query = documents.data.slice(17 * 12 * D, 17 * 12 * D + 5 * D);
    const search = { candidates: 20, exactBelow: 0 };
    const { ids, scores } = index.searchIds(query, 3, search);
    expect(ids[0]).toBe(90);
    const [hit] = index.search(query, 1, search);
    const explained = index.explain(query, hit.id);
    expect(explained.similarity).toBeCloseTo(hit.similarity, 4);
    using loaded = loadMultiVectorIndex(core, saveMultiVectorIndex(index), { indexes: fdeIndexes });
    const again = loaded.searchIds(query, 3, search);
    expect(again.ids).toEqual(ids);
    expect(again.scores).toEqual(scores);
    expect(loaded.encoder.kind).toBe('regression');
  }
});

/** Words around a common direction: documents and queries are draws of words. */
function cloud(common: number): { documents: TokenSet; queries: TokenSet } {
  const random = new RandomStream(5, 'test/regression-cloud');
  const words = unitTokens(200, 24, 1);
  const noise = unitTokens(12_000, 24, 3);
  const direction = unitTokens(1, 24, 2);
  let drawn = 0;
  const token = (word: number): number[] => {
    const row = Array.from({ length: 24 }, (_, j) => {
      return words[word * 24 + j] + 0.5 * noise[drawn * 24 + j] + common * direction[j];
    });
    drawn++;
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    return row.map((value) => value / norm);
  };
  const setOf = (texts: readonly number[][]): TokenSet => {
    const offsets = new Uint32Array(texts.length + 1);
    texts.forEach((text, i) => {
      offsets[i + 1] = offsets[i] + text.length;
    });
    return tokenSet(Float32Array.from(texts.flatMap((text) => text.flatMap(token))), offsets, 24);
  };
  const texts = Array.from({ length: 400 }, () =>
    Array.from({ length: 10 + random.nextBelow(30) }, () => random.nextBelow(200)),
  );
  const asked = Array.from({ length: 40 }, () => {
    const text = texts[random.nextBelow(texts.length)];
    return Array.from({ length: 8 }, () => text[random.nextBelow(text.length)]);
  });
  return { documents: setOf(texts), queries: setOf(asked) };
}

it.each([
  { common: 0, least: 0.8 },
  { common: 3.4, least: 0.8 },
])('finds with fewer bytes what others lose, a common direction of $common', ({ common, least }) => {
  const { documents, queries } = cloud(common);
  const truth = bestOfRows(exactMaxSim(core, queries, documents), documents.n, 10);
  const found = (encoder: FdeEncoder): number => {
    using store = encodeToStore(core, encoder, documents, { encoding: 'int8' });
    return shareFound(ranksOfTruth(core, encoder, store, queries, truth), 50);
  };
  const share = found(trainRegressionFde(core, documents, { features: 128 }));
  expect(share).toBeGreaterThan(least);
  const paper = new MuveraFde({ d: 24, numSimhashProjections: 3, numRepetitions: 4, projectionDimension: 8 });
  expect(paper.length).toBe(256);
  expect(share).toBeGreaterThan(found(paper) + 0.05);
  const votes = trainLearnedFde(core, documents, { numCells: 8, projectionDimension: 15 });
  expect(votes.length).toBe(128);
  expect(share).toBeGreaterThan(found(votes));
});
