/** SplitFde: the two sums add up, and strong directions that say nothing do not hide the words. */
import { type Core, createCore, RandomStream, type TokenSet, tokenSet } from '@sagitta/core-wasm';
import { expect, it } from 'vitest';
import { loadMultiVectorIndex, saveMultiVectorIndex, trainMultiVectorIndex } from '../../src/index.ts';
import {
  type FdeEncoder,
  MuveraFde,
  SplitFde,
  trainLearnedFde,
  trainSplitFde,
} from '../../src/muvera/index.ts';
import {
  bestOfRows,
  encodeToStore,
  exactMaxSim,
  ranksOfTruth,
  shareFound,
} from '../../src/muvera/measure-fde.ts';
import { clusteredSets, dot, unitTokens } from './fde-fixtures.ts';

const core: Core = createCore();
const D = 32;

function splitOf(tokens: Float32Array, directions: Float32Array): { near: Float32Array; rest: Float32Array } {
  const r = directions.length / D;
  const m = tokens.length / D;
  const near = new Float32Array(m * r);
  const rest = tokens.slice();
  for (let t = 0; t < m; t++) {
    const row = tokens.subarray(t * D, (t + 1) * D);
    for (let a = 0; a < r; a++) near[t * r + a] = dot(row, directions.subarray(a * D, (a + 1) * D));
    for (let j = 0; j < D; j++) {
      for (let a = 0; a < r; a++) rest[t * D + j] -= near[t * r + a] * directions[a * D + j];
    }
  }
  return { near, rest };
}

it('its FDEs are those of its two encoders, one behind the other', () => {
  const documents = clusteredSets([9, 0, 30, 1], D, 4);
  const encoder = trainSplitFde(core, clusteredSets(Array(20).fill(20), D, 3), {
    numDirections: 3,
    near: { numCells: 4, numVoters: 30 },
    rest: { numCells: 5, projectionDimension: 8, blocks: 'mean' },
  });
  const { near, rest, directions } = encoder.parts;
  expect(encoder.length).toBe(4 * (3 + 1) + 5 * 8);
  expect(encoder.blockLength).toBe(4);
  const split = splitOf(documents.data, directions);
  using session = encoder.createSession(core);
  using nearSession = near.createSession(core);
  using restSession = rest.createSession(core);
  const whole = new Float32Array(4 * encoder.length);
  const left = new Float32Array(4 * near.length);
  const right = new Float32Array(4 * rest.length);
  session.encodeDocuments(documents, whole);
  nearSession.encodeDocuments(tokenSet(split.near, documents.offsets, 3), left);
  restSession.encodeDocuments(tokenSet(split.rest, documents.offsets, D), right);
  const query = unitTokens(6, D, 8);
  const querySplit = splitOf(query, directions);
  const queries = [
    session.encodeQuery(query),
    nearSession.encodeQuery(querySplit.near),
    restSession.encodeQuery(querySplit.rest),
  ];
  for (let i = 0; i < 4; i++) {
    const score = dot(queries[0], whole.subarray(i * encoder.length, (i + 1) * encoder.length));
    const parts =
      dot(queries[1], left.subarray(i * near.length, (i + 1) * near.length)) +
      dot(queries[2], right.subarray(i * rest.length, (i + 1) * rest.length));
    expect(Math.abs(score - parts)).toBeLessThan(1e-4);
  }
});

it('refuses parts that do not fit each other', () => {
  const near = trainLearnedFde(core, clusteredSets([40], 3, 3), { numCells: 2, projectionDimension: 3 });
  const rest = trainLearnedFde(core, clusteredSets([40], D, 3), { numCells: 2, projectionDimension: 3 });
  expect(() => new SplitFde({ directions: new Float32Array(2 * D), near, rest })).toThrow('"directions"');
  const bad = new Float32Array(3 * D).fill(Number.NaN);
  expect(() => new SplitFde({ directions: bad, near, rest })).toThrow('finite');
  const options = { near: { numCells: 2 }, rest: { numCells: 2, projectionDimension: 3 } };
  const sample = clusteredSets([40], D, 3);
  expect(() => trainSplitFde(core, sample, { ...options, numDirections: D + 1 })).toThrow('"numDirections"');
  expect(() => trainSplitFde(core, clusteredSets([0], D, 3), options)).toThrow('"sample"');
});

it('carries an index of token sets, through a file', () => {
  const documents = clusteredSets(Array(60).fill(12), D, 6);
  const encoder = trainSplitFde(core, documents, {
    near: { numCells: 8, numVoters: 100 },
    rest: { numCells: 8, projectionDimension: 16, blocks: 'mean' },
  });
  using index = trainMultiVectorIndex(core, documents, { encoder, fdeEncoding: 'int8' });
  index.add({ ids: Array.from({ length: 60 }, (_, i) => i), tokens: documents });
  const query = documents.data.slice(17 * 12 * D, 17 * 12 * D + 5 * D);
  const { ids, scores } = index.searchIds(query, 3, { candidates: 20 });
  expect(ids[0]).toBe(17);
  using loaded = loadMultiVectorIndex(core, saveMultiVectorIndex(index));
  const again = loaded.searchIds(query, 3, { candidates: 20 });
  expect(again.ids).toEqual(ids);
  expect(again.scores).toEqual(scores);
});

/** Unit tokens of a common direction, strong random coefficients along three more, a word and noise. */
function nuisanceCloud(): { documents: TokenSet; queries: TokenSet } {
  const random = new RandomStream(5, 'test/nuisance');
  const normal = (): number => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += random.nextUnit();
    return sum;
  };
  const words = unitTokens(300, D, 1);
  const strong = unitTokens(4, D, 2);
  const noise = unitTokens(20_000, D, 3);
  let drawn = 0;
  const token = (word: number): Float32Array => {
    const coefficients = [3, 0.75 * normal(), 0.75 * normal(), 0.75 * normal()];
    const row = new Float32Array(D);
    for (let j = 0; j < D; j++) {
      row[j] = words[word * D + j] + 0.5 * noise[drawn * D + j];
      for (let a = 0; a < 4; a++) row[j] += coefficients[a] * strong[a * D + j];
    }
    drawn++;
    const norm = Math.sqrt(dot(row, row));
    return row.map((value) => value / norm);
  };
  const setOf = (texts: readonly number[][]): TokenSet => {
    const offsets = new Uint32Array(texts.length + 1);
    texts.forEach((text, i) => {
      offsets[i + 1] = offsets[i] + text.length;
    });
    return tokenSet(
      Float32Array.from(texts.flatMap((text) => text.flatMap((w) => [...token(w)]))),
      offsets,
      D,
    );
  };
  const texts = Array.from({ length: 400 }, () =>
    Array.from({ length: 10 + random.nextBelow(30) }, () => random.nextBelow(300)),
  );
  const asked = Array.from({ length: 40 }, () => {
    const text = texts[random.nextBelow(texts.length)];
    return Array.from({ length: 16 }, () => text[random.nextBelow(text.length)]);
  });
  return { documents: setOf(texts), queries: setOf(asked) };
}

it('finds among nuisance directions what the paper and votes of more numbers lose', () => {
  const { documents, queries } = nuisanceCloud();
  const truth = bestOfRows(exactMaxSim(core, queries, documents), documents.n, 1);
  const found = (encoder: FdeEncoder): number => {
    using store = encodeToStore(core, encoder, documents, { encoding: 'float32' });
    return shareFound(ranksOfTruth(core, encoder, store, queries, truth), 20);
  };
  const paper = new MuveraFde({ d: D, numSimhashProjections: 4, numRepetitions: 20, projectionDimension: 8 });
  const votes = trainLearnedFde(core, documents, { numCells: 48, projectionDimension: 31, numVoters: 1024 });
  const split = trainSplitFde(core, documents, {
    near: { numCells: 64, numVoters: 1024, ownShare: 0 },
    rest: { numCells: 32, projectionDimension: 31, blocks: 'mean' },
  });
  expect(split.length).toBeLessThan(votes.length);
  const share = found(split);
  expect(share).toBeGreaterThan(found(votes));
  expect(share).toBeGreaterThan(found(paper) + 0.1);
});
