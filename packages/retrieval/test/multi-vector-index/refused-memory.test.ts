/** Every allocation of every operation on documents refused in turn: of the index, its stores and its encoders. */
import { ByteReader, type Core, createCore, making, type TokenSet } from '@sagitta/core-wasm';
import { bytesOfPieces, refusingCore } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  createMultiVectorIndex,
  createTokenStore,
  type FdeEncoder,
  fdeIndexes,
  loadMultiVectorIndex,
  type MultiVectorIndex,
  MuveraFde,
  maxsimRerank,
  saveMultiVectorIndex,
  trainLearnedFde,
  trainRegressionFde,
  trainSplitFde,
} from '../../src/index.ts';
import { readTokenStore, TOKEN_ENCODINGS } from '../../src/maxsim/index.ts';
import type { FdeSession } from '../../src/muvera/fde-encoder.ts';
import {
  createFdeStore,
  FDE_ENCODINGS,
  type FdeStore,
  fdeHealth,
  readFdeStore,
} from '../../src/muvera/index.ts';
import { encodeToStore } from '../../src/muvera/measure-fde.ts';
import { checkRefusals } from '../refused-memory.case.ts';
import { rowsOf } from './chamfer.ts';
import { KINDS, trainKind } from './index-kinds.ts';
import { tokenDocuments } from './token-documents.ts';

const D = 8;
const SAMPLE = tokenDocuments(256, D, { seed: 2, most: 2 });
/** Chunks of FDEs grow behind 32. */
const FIRST = tokenDocuments(28, D, { seed: 3, most: 4 });
const MORE = tokenDocuments(12, D, { seed: 4, most: 4 });
const QUERY = rowsOf(MORE, 1);
const idsOf = ({ n }: TokenSet, first = 0): number[] => Array.from({ length: n }, (_, i) => first + i);
const nothing = (): undefined => undefined;
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

async function refusals(...counts: readonly Promise<number>[]): Promise<void> {
  for (const count of await Promise.all(counts)) expect(count).toBeGreaterThan(0);
}

describe.each(Object.keys(KINDS))('an index of %s', (name) => {
  // centroids of pq256x8 want that many
  const sample = name.includes('pq256x8') ? SAMPLE : FIRST;
  const build = (core: Core): MultiVectorIndex =>
    making((own) => {
      const index = own(trainKind(core, sample, name, { compactAt: 1 }));
      index.add({ ids: idsOf(FIRST), tokens: FIRST });
      return index;
    });
  const answers = (index: MultiVectorIndex): unknown => ({
    found: index.searchIds(QUERY, 5),
    bytes: base64(saveMultiVectorIndex(index)),
  });
  using built = createCore();
  const bytes = saveMultiVectorIndex(build(built));
  // a search does not know where its index comes from, and training takes longer than all that it allocates
  const reading = {
    on: (core: Core): MultiVectorIndex => loadMultiVectorIndex(core, bytes, { indexes: fdeIndexes }),
    answers: (index: MultiVectorIndex) => index.searchIds(QUERY, 5),
  };

  it('is built', async () => {
    await refusals(checkRefusals({ on: nothing, run: (_, core) => build(core) }));
  });

  it('takes documents, and new tokens of one', async () => {
    await refusals(
      checkRefusals({
        on: build,
        answers,
        run: (index) => index.add({ ids: idsOf(MORE, 1000), tokens: MORE }),
      }),
      checkRefusals({ on: build, answers, run: (index) => index.update(3, { tokens: QUERY }) }),
      checkRefusals({
        on: build,
        answers,
        run: (index) => index.upsert({ ids: idsOf(MORE, 20), tokens: MORE }),
      }),
    );
  });

  it('starts empty', async () => {
    const run = (_: undefined, core: Core) => createMultiVectorIndex(core, { d: D, tokenEncoding: 'saq' });
    await refusals(checkRefusals({ on: nothing, run }));
  });

  it('is compacted', async () => {
    const withDead = (core: Core): MultiVectorIndex => {
      const index = build(core);
      for (const id of [0, 1, 7, 20, 27]) index.delete(id);
      return index;
    };
    await refusals(checkRefusals({ on: withDead, answers, run: (index) => index.compact() }));
  });

  it('searches and explains', async () => {
    const search = { statistics: true, ballCarving: 0.9 };
    await refusals(
      checkRefusals({ ...reading, run: (index) => index.searchIds(QUERY, 5, search) }),
      checkRefusals({
        ...reading,
        run: (index) => index.searchIds(QUERY, 5, { filter: idsOf(FIRST).slice(4) }),
      }),
      checkRefusals({ ...reading, run: (index) => index.searchIds(QUERY, 5, { exact: true }) }),
      checkRefusals({ ...reading, run: (index) => index.searchBatch(FIRST, 2) }),
      checkRefusals({ ...reading, run: (index) => index.encodeQuery(QUERY) }),
      checkRefusals({ ...reading, run: (index) => index.explain(QUERY, 3) }),
    );
  });

  it('is saved and loaded', async () => {
    expect(await checkRefusals({ ...reading, run: (index) => void saveMultiVectorIndex(index) })).toBe(0);
    await refusals(
      checkRefusals({
        on: nothing,
        run: (_, own) => loadMultiVectorIndex(own, bytes, { indexes: fdeIndexes }),
      }),
    );
  });
});

it('a compaction of its own that finds no memory is put off, and what asked for it is done', async () => {
  using real = createCore();
  const { core, refuse } = refusingCore(real);
  using index = trainKind(core, FIRST, 'int8 FDEs, int8 tokens, cosine', { compactAt: 0.01 });
  index.add({ ids: idsOf(SAMPLE), tokens: SAMPLE });
  for (let id = 0; id < 63; id++) index.delete(id);
  const before = real.bytesUsed();
  expect(await refuse(0, () => index.delete(100))).toEqual({ isRefused: true, result: 1 });
  expect([index.n, index.dead, index.has(100), real.bytesUsed()]).toEqual([192, 64, false, before]);
  expect(index.delete(101)).toBe(1);
  expect([index.n, index.dead, index.has(101)]).toEqual([191, 0, false]);
  expect(real.bytesUsed()).toBeLessThan(before);
});

const ENCODERS: Readonly<Record<string, (core: Core) => FdeEncoder>> = {
  'muvera, dense, with a final projection': () =>
    new MuveraFde({
      d: D,
      numSimhashProjections: 2,
      numRepetitions: 2,
      projectionDimension: 4,
      finalProjectionDimension: 16,
    }),
  'muvera, count-sketch, about a centre': () =>
    new MuveraFde({
      d: D,
      numSimhashProjections: 2,
      numRepetitions: 2,
      projectionDimension: 4,
      projection: 'count-sketch',
      center: new Float32Array(D).fill(0.1),
      meanSplit: true,
      lengthBeta: 0.1,
    }),
  'learned from votes': (core) => trainLearnedFde(core, FIRST, { numCells: 4, projectionDimension: 4 }),
  'learned from means': (core) =>
    trainLearnedFde(core, FIRST, { numCells: 4, projectionDimension: 4, blocks: 'mean', meanSplit: true }),
  split: (core) =>
    trainSplitFde(core, FIRST, {
      numDirections: 2,
      near: { numCells: 4 },
      rest: { numCells: 4, projectionDimension: 4 },
    }),
  regression: (core) => trainRegressionFde(core, FIRST, { features: 8, numAnchors: 16 }),
  'regression, trained': (core) =>
    trainRegressionFde(core, FIRST, { features: 8, numAnchors: 16, trained: true, hidden: 8, epochs: 1 }),
};

describe.each(Object.keys(ENCODERS))('an encoder, %s,', (name) => {
  const make = ENCODERS[name] as (core: Core) => FdeEncoder;

  it('is trained and makes sessions that encode', async () => {
    await checkRefusals({ on: nothing, run: (_, core) => make(core) });
    using core = createCore();
    const encoder = make(core);
    const on = (own: Core): FdeSession => encoder.createSession(own);
    const answers = (session: FdeSession): unknown => session.encodeQuery(QUERY);
    const out = new Float32Array(FIRST.n * encoder.length);
    await refusals(
      checkRefusals({ on: nothing, run: (_, own) => on(own) }),
      checkRefusals({ on, answers, run: (session) => session.encodeDocuments(FIRST, out) }),
      checkRefusals({ on, answers, run: (session) => session.encodeQuery(QUERY) }),
      checkRefusals({ on: nothing, run: (_, own) => fdeHealth(own, FIRST, encoder) }),
      checkRefusals({
        on: nothing,
        run: (_, own) => encodeToStore(own, encoder, FIRST, { encoding: 'int8' }),
      }),
    );
  });
});

describe.each(FDE_ENCODINGS)('a store of %s FDEs', (encoding) => {
  const length = 32;
  const blockLength = 16;
  const rows = Float32Array.from({ length: 300 * length }, (_, i) => ((i * 7919) % 101) / 50 - 1);
  const make = (core: Core): FdeStore =>
    createFdeStore(core, { encoding, length, blockLength, sample: rows.subarray(0, 256 * length) });
  const on = (core: Core): FdeStore => {
    const store = make(core);
    store.append(rows.subarray(0, 20 * length));
    return store;
  };
  const query = rows.subarray(0, length);
  const answers = (store: FdeStore): unknown => [store.n, store.search(query, 9)];

  it('takes, finds and gives up FDEs', async () => {
    await refusals(
      checkRefusals({ on: nothing, run: (_, core) => make(core) }),
      checkRefusals({ on, answers, run: (store) => store.append(rows.subarray(0, 70 * length)) }),
      checkRefusals({ on, answers, run: (store) => store.search(query, 9) }),
      checkRefusals({ on, answers, run: (store) => store.scoreSlots(query, Uint32Array.of(1, 5)) }),
    );
    await checkRefusals({ on, answers, run: (store) => store.replace(3, query) });
    // compaction is in place
    expect(await checkRefusals({ on, run: (store) => store.compact(Uint32Array.of(1, 5, 6)) })).toBe(0);
  });

  it('is read', async () => {
    using core = createCore();
    const store = on(core);
    const codes = bytesOfPieces(store.codePieces());
    const parameters = store.parameters();
    const run = (_: undefined, own: Core): FdeStore => readFdeStore(own, new ByteReader(parameters), codes);
    await refusals(checkRefusals({ on: nothing, run }));
  });
});

describe.each(TOKEN_ENCODINGS)('a store of %s tokens', (encoding) => {
  const on = (core: Core) => {
    const store = createTokenStore(core, { encoding, d: D, metric: 'cosine' });
    store.append(FIRST);
    return store;
  };
  const query = { data: QUERY, n: QUERY.length / D, d: D };
  const slots = Uint32Array.of(1, 5, 20);
  const answers = (store: ReturnType<typeof on>): unknown => [store.n, store.scores(query, slots)];

  it('takes, scores, decodes and gives up tokens', async () => {
    await refusals(
      checkRefusals({ on: nothing, run: (_, core) => on(core) }),
      checkRefusals({ on, answers, run: (store) => store.append(MORE) }),
      checkRefusals({ on, answers, run: (store) => store.scores(query, slots) }),
      checkRefusals({ on, answers, run: (store) => store.explain(query, 2) }),
      checkRefusals({ on, answers, run: (store) => store.compact(slots) }),
    );
    await checkRefusals({ on, answers, run: (store) => store.decode(2) });
  });

  it('is read', async () => {
    using core = createCore();
    const store = on(core);
    const codes = bytesOfPieces(store.codePieces());
    const parameters = store.parameters();
    await refusals(
      checkRefusals({ on: nothing, run: (_, own) => readTokenStore(own, new ByteReader(parameters), codes) }),
    );
  });
});

it('MaxSim without a store takes scratch alone', async () => {
  const query = { data: QUERY, n: QUERY.length / D, d: D };
  await refusals(checkRefusals({ on: nothing, run: (_, core) => maxsimRerank(core, query, FIRST) }));
});
