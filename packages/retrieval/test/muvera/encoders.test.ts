import { createCore } from '@sagitta/core-wasm';
import { isotropicRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import {
  MuveraFde,
  muveraPreset,
  trainLearnedFde,
  trainRegressionFde,
  trainSplitFde,
} from '../../src/muvera/index.ts';
import { describeEncoder } from './fde-encoder.case.ts';
import { clusteredSets, dot, oneSet, unitTokens } from './fde-fixtures.ts';

const D = 24;
const core = createCore();
const sample = clusteredSets(Array(40).fill(30), D, 11);
const base = { d: D, numSimhashProjections: 4, numRepetitions: 3 };

describeEncoder('MuveraFde', D, () => new MuveraFde({ ...base, projectionDimension: 8 }));
describeEncoder(
  'MuveraFde, count-sketch',
  D,
  () => new MuveraFde({ ...base, projection: 'count-sketch', projectionDimension: 8 }),
);
describeEncoder('MuveraFde without fill', D, () => new MuveraFde({ ...base, fillEmpty: false }));
describeEncoder(
  'MuveraFde, one cell',
  D,
  () => new MuveraFde({ d: D, numSimhashProjections: 0, numRepetitions: 1 }),
);
describeEncoder(
  'MuveraFde with documents of unit length',
  D,
  () => new MuveraFde({ ...base, projectionDimension: 8, documentScale: 'unit' }),
);
describeEncoder(
  'MuveraFde with a final projection',
  D,
  () => new MuveraFde({ ...base, finalProjectionDimension: 100, lengthBeta: 0.1 }),
);
describeEncoder(
  'MuveraFde with mean-split and length correction',
  D,
  () =>
    new MuveraFde({
      ...base,
      projectionDimension: 7,
      center: unitTokens(1, D, 2),
      meanSplit: true,
      lengthBeta: 0.1,
    }),
);
describeEncoder('MuveraFde with matrices of its own', D, () => {
  const { matrices } = new MuveraFde({ ...base, projectionDimension: 8, seed: 9 });
  return new MuveraFde({ ...base, projectionDimension: 8, order: 'gray' }, matrices);
});
describeEncoder('LearnedFde of votes', D, (own) =>
  trainLearnedFde(own, sample, { numCells: 5, projectionDimension: 15, numVoters: 100 }),
);
describeEncoder('LearnedFde of votes alone', D, (own) =>
  trainLearnedFde(own, sample, { numCells: 3, projectionDimension: 15, numVoters: 50, ownShare: 0 }),
);
describeEncoder('LearnedFde of votes, two cells a query token', D, (own) =>
  trainLearnedFde(own, sample, { numCells: 5, projectionDimension: 15, numVoters: 100, queryCells: 2 }),
);
describeEncoder('LearnedFde of means', D, (own) =>
  trainLearnedFde(own, sample, { numCells: 8, projectionDimension: 12, blocks: 'mean' }),
);
describeEncoder('LearnedFde of means with the mean-split', D, (own) =>
  trainLearnedFde(own, sample, { numCells: 8, projectionDimension: 11, blocks: 'mean', meanSplit: true }),
);

describeEncoder('SplitFde', D, (own) =>
  trainSplitFde(own, sample, {
    numDirections: 3,
    near: { numCells: 6, numVoters: 60 },
    rest: { numCells: 4, projectionDimension: 12, blocks: 'mean' },
  }),
);
describeEncoder('SplitFde of votes', D, (own) =>
  trainSplitFde(own, sample, {
    near: { numCells: 3, numVoters: 20, ownShare: 0 },
    rest: { numCells: 2, projectionDimension: D, numVoters: 40 },
  }),
);

describeEncoder('RegressionFde', D, (own) =>
  trainRegressionFde(own, sample, { features: 40, numAnchors: 90 }),
);
describeEncoder('RegressionFde of trained features', D, (own) =>
  trainRegressionFde(own, sample, {
    features: 24,
    trained: true,
    hidden: 20,
    numAnchors: 64,
    trainingTokens: 600,
    epochs: 2,
  }),
);

it.each([1536, 1920, 2560, 5120, 10240] as const)('the preset of %i has that length', (length) => {
  expect(new MuveraFde(muveraPreset(length, 128)).length).toBe(length);
});

it('parameters have hashes of their own', () => {
  const hashes = [
    base,
    { ...base, seed: 2 },
    { ...base, fillEmpty: false },
    { ...base, order: 'gray' as const },
    { ...base, projectionDimension: 8 },
    { ...base, projectionDimension: 8, projection: 'count-sketch' as const },
    { ...base, center: unitTokens(1, D, 1) },
    { ...base, center: unitTokens(1, D, 1), meanSplit: true },
    { ...base, lengthBeta: 0.5 },
    { ...base, documentScale: 'unit' as const },
    { ...base, finalProjectionDimension: 64 },
  ].map((options) => new MuveraFde(options).parameterHash);
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(new MuveraFde(base).parameterHash).toBe(new MuveraFde({ ...base, seed: 1 }).parameterHash);
});

it.each([{}, { finalProjectionDimension: 50 }])(
  'the document scale "unit" makes unit vectors of the same directions and leaves queries as they are: %j',
  (more) => {
    const documents = clusteredSets([4, 1, 0, 40], D, 3);
    const fdes = (['none', 'unit'] as const).map((documentScale) => {
      const encoder = new MuveraFde({ ...base, ...more, documentScale });
      using session = encoder.createSession(core);
      const out = new Float32Array(documents.n * encoder.length);
      session.encodeDocuments(documents, out);
      return { out, length: encoder.length, query: session.encodeQuery(unitTokens(5, D, 6)) };
    });
    const [none, unit] = fdes;
    expect(unit.query).toEqual(none.query);
    for (const i of [0, 1, 3]) {
      const own = none.out.subarray(i * none.length, (i + 1) * none.length);
      const scaled = unit.out.subarray(i * none.length, (i + 1) * none.length);
      const norm = Math.sqrt(dot(own, own));
      expect(Math.abs(norm - 1)).toBeGreaterThan(0.01);
      expect(Math.abs(dot(scaled, scaled) - 1)).toBeLessThan(1e-6);
      own.forEach((value, j) => {
        expect(Math.abs(scaled[j] - value / norm)).toBeLessThan(1e-6);
      });
    }
  },
);

it('options out of range are refused', () => {
  const make = (options: object): MuveraFde => new MuveraFde({ ...base, ...options });
  expect(() => make({ numSimhashProjections: 11 })).toThrow('"numSimhashProjections"');
  expect(() => make({ numRepetitions: 0 })).toThrow('"numRepetitions"');
  expect(() => make({ projectionDimension: D + 1 })).toThrow('"projectionDimension"');
  expect(() => make({ finalProjectionDimension: 0 })).toThrow('"finalProjectionDimension"');
  expect(() => make({ numSimhashProjections: 10, numRepetitions: 256 })).toThrow('1048576');
  expect(() => make({ meanSplit: true })).toThrow('"meanSplit"');
  expect(() => make({ documentScale: 'long' })).toThrow('"documentScale"');
  expect(() => make({ documentScale: 'unit', lengthBeta: 0.1 })).toThrow('"lengthBeta"');
  expect(() => make({ center: new Float32Array(D - 1) })).toThrow('"center"');
  expect(() => make({ center: new Float32Array(D).fill(Number.NaN) })).toThrow('finite');
  expect(() => make({ projection: 'sparse', projectionDimension: 4 })).toThrow('"projection"');
  const train = (options: object): unknown =>
    trainLearnedFde(core, sample, { numCells: 4, projectionDimension: 8, ...options });
  expect(() => train({ numCells: 0 })).toThrow('"numCells"');
  expect(() => train({ projectionDimension: D + 1 })).toThrow('"projectionDimension"');
  expect(() => train({ ownShare: 1.5 })).toThrow('"ownShare"');
  expect(() => train({ queryCells: 4 })).toThrow('"queryCells"');
  expect(() => train({ meanSplit: true })).toThrow('"meanSplit"');
  expect(() => train({ numCells: 2000 })).toThrow('"sample"');
});

it('votes of one voter a cell give the MaxSim of the voters themselves', () => {
  // with as many cells as voters, all directions and a query made of voters, y + <0, v> is the exact maximum
  const tokens = isotropicRows(16, D, 4);
  const encoder = trainLearnedFde(core, oneSet(tokens, D), {
    numCells: 16,
    projectionDimension: D,
    numVoters: 16,
    ownShare: 0,
  });
  using session = encoder.createSession(core);
  const documents = clusteredSets([7, 20], D, 5);
  const fdes = new Float32Array(2 * encoder.length);
  session.encodeDocuments(documents, fdes);
  const query = session.encodeQuery(tokens);
  for (let i = 0; i < 2; i++) {
    let exact = 0;
    for (let q = 0; q < 16; q++) {
      let best = -Infinity;
      for (let t = documents.offsets[i]; t < documents.offsets[i + 1]; t++) {
        best = Math.max(
          best,
          dot(tokens.subarray(q * D, (q + 1) * D), documents.data.subarray(t * D, (t + 1) * D)),
        );
      }
      exact += best;
    }
    expect(dot(query, fdes.subarray(i * encoder.length, (i + 1) * encoder.length))).toBeCloseTo(exact, 3);
  }
});

it('pseudo-queries come from the queries where there are any', () => {
  const queries = oneSet(unitTokens(50, D, 6), D);
  const options = { numCells: 1, projectionDimension: 4, numVoters: 50 };
  const { parts } = trainLearnedFde(core, sample, options, queries);
  expect(parts.voters).toEqual(queries.data);
  expect(() => trainLearnedFde(core, sample, options, oneSet(new Float32Array(0), D))).toThrow('"queries"');
});
