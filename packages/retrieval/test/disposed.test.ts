/** Every public method of everything that owns memory says when it is dead, by the name its caller knows. */
import { type Core, createCore, type Owner } from '@sagitta/core-wasm';
import { SaqDecoder, SaqEncoder, SaqEstimator, trainQuantizer, trainSaq } from '@sagitta/quantizers';
import { clusteredRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  buildFlat,
  buildMultiVectorIndex,
  bytesSource,
  createTokenStore,
  createVectorIndex,
  indexPieces,
  loadIndex,
  MuveraFde,
  multiVectorPieces,
  openIndex,
  openMultiVectorIndex,
  openVectorIndex,
  saveIndex,
  saveMultiVectorIndex,
  trainIndex,
  trainLearnedFde,
  trainRegressionFde,
  trainSplitFde,
} from '../src/index.ts';
import { createFdeStore, FDE_ENCODINGS } from '../src/muvera/index.ts';
import { tokenDocuments } from './multi-vector-index/token-documents.ts';

const D = 16;
const ROWS = clusteredRows(60, D, { seed: 5, clusters: 4, spread: 0.5 });
const SET = { data: ROWS, n: 60, d: D };
const TOKENS = tokenDocuments(20, D, { seed: 3, most: 4 });
const IDS = Array.from({ length: TOKENS.n }, (_, i) => i);
const saq = (core: Core) => trainSaq(core, SET, { metric: 'l2', bits: 4 });
const rabitq = (core: Core) => trainQuantizer(core, SET, { name: 'rabitq', metric: 'l2', bits: 4 });
const flat = (core: Core) => buildFlat(core, ROWS, D, { metric: 'l2' });
const living = (core: Core) => {
  const index = createVectorIndex(core, { d: D, metric: 'l2', trainAt: 50 });
  index.add({ vectors: ROWS });
  return index;
};
const learned = { numCells: 4, projectionDimension: 4 };

/** What callers call it, and how it is made. */
const OWNERS: Readonly<Record<string, readonly [string, (core: Core) => unknown]>> = {
  IvfIndex: ['index', flat],
  PagedIndex: ['index', (core) => openIndex(core, bytesSource(saveIndex(flat(core))))],
  MultiVectorIndex: ['index', (core) => buildMultiVectorIndex(core, { ids: IDS, tokens: TOKENS })],
  VectorIndex: ['index', (core) => living(core)],
  PagedVectorIndex: ['index', (core) => openVectorIndex(core, bytesSource(saveIndex(living(core))))],
  PagedMultiVectorIndex: [
    'index',
    (core) =>
      openMultiVectorIndex(
        core,
        bytesSource(saveMultiVectorIndex(buildMultiVectorIndex(core, { ids: IDS, tokens: TOKENS }))),
      ),
  ],
  InvertedLists: ['lists', (core) => flat(core).lists],
  'a codec of SAQ': ['codec', (core) => flat(core).codec],
  'a codec of rabitq': [
    'codec',
    (core) => buildFlat(core, ROWS, D, { metric: 'l2', quantizer: 'rabitq' }).codec,
  ],
  'a codec of floats': [
    'codec',
    (core) => buildFlat(core, ROWS, D, { metric: 'l2', quantizer: 'float32' }).codec,
  ],
  SecondaryCodes: [
    'secondary codes',
    (core) => trainIndex(core, SET, { metric: 'l2', secondary: { quantizer: 'float32' } }).secondary,
  ],
  SaqEncoder: ['encoder', (core) => new SaqEncoder(core, saq(core))],
  SaqEstimator: ['estimator', (core) => new SaqEstimator(core, saq(core))],
  SaqDecoder: ['decoder', (core) => new SaqDecoder(core, saq(core))],
  QuantizerEncoder: ['encoder', (core) => rabitq(core).createEncoder(core)],
  QueryEstimator: ['estimator', (core) => rabitq(core).createEstimator(core)],
  Dots: ['dots', (core) => rabitq(core).coder.createDots(core)],
  BlockEncoder: ['encoder', (core) => rabitq(core).coder.createBlockEncoder?.(core)],
  MuveraSession: [
    'session',
    (core) => new MuveraFde({ d: D, numSimhashProjections: 2, numRepetitions: 2 }).createSession(core),
  ],
  LearnedSession: ['session', (core) => trainLearnedFde(core, TOKENS, learned).createSession(core)],
  SplitSession: [
    'session',
    (core) =>
      trainSplitFde(core, TOKENS, { numDirections: 2, near: { numCells: 4 }, rest: learned }).createSession(
        core,
      ),
  ],
  RegressionSession: [
    'session',
    (core) => trainRegressionFde(core, TOKENS, { features: 8, numAnchors: 8 }).createSession(core),
  ],
  TokenStore: ['store', (core) => createTokenStore(core, { encoding: 'int8', d: D, metric: 'ip' })],
  ...Object.fromEntries(
    FDE_ENCODINGS.filter((encoding) => encoding !== 'pq256x8').map((encoding) => [
      `FdeStore of ${encoding}`,
      ['store', (core: Core) => createFdeStore(core, { encoding, length: 32, blockLength: 32 })] as const,
    ]),
  ),
};

/** What makes no sense of its own once the object is dead, and does no harm. */
const HARMLESS = ['constructor', 'dispose', 'releaseEncoder', 'releaseEncoders'];

function methodsOf(owner: object): string[] {
  const prototype: object = Object.getPrototypeOf(owner);
  return Object.getOwnPropertyNames(prototype).filter((name) => {
    const { value } = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
    return typeof value === 'function' && !HARMLESS.includes(name);
  });
}

/** Calls it as nobody would, and reads what it gives to the end. */
async function call(owner: object, name: string): Promise<void> {
  const arguments_ = Array.from({ length: 8 }, () => ({}));
  const given: unknown = await (owner as Record<string, (...given: unknown[]) => unknown>)[name]?.(
    ...arguments_,
  );
  if (typeof given === 'object' && given !== null && Symbol.iterator in given) {
    for (const _ of given as Iterable<unknown>);
  }
}

describe.each(Object.keys(OWNERS))('%s', (kind) => {
  const [label, make] = OWNERS[kind] as (typeof OWNERS)[string];

  it('says that it is dead, whatever it is asked for, and twice disposed is harmless', async () => {
    using core = createCore();
    const owner = (await make(core)) as Owner;
    const methods = methodsOf(owner);
    expect(methods.length).toBeGreaterThan(0);
    owner.dispose();
    owner.dispose();
    for (const name of methods) {
      await expect(call(owner, name), name).rejects.toThrow(
        new RangeError(`"${label}" expected a live ${label}, got a disposed one`),
      );
    }
  });

  it('ends with its core, and is disposed without harm', async () => {
    const core = createCore();
    const owner = (await make(core)) as Owner;
    core.dispose();
    expect(owner.isLive).toBe(false);
    for (const name of methodsOf(owner)) {
      await expect(call(owner, name), name).rejects.toThrow(
        new RangeError('"core" expected a live core, got a disposed one'),
      );
    }
    owner.dispose();
  });
});

describe('saving and loading', () => {
  it('of what is dead is refused', () => {
    using core = createCore();
    const index = flat(core);
    const bytes = saveIndex(index);
    const documents = buildMultiVectorIndex(core, { ids: IDS, tokens: TOKENS });
    index.dispose();
    documents.dispose();
    const dead = '"index" expected a live index, got a disposed one';
    expect(() => saveIndex(index)).toThrow(dead);
    expect(() => indexPieces(index)).toThrow(dead);
    expect(() => saveMultiVectorIndex(documents)).toThrow(dead);
    expect(() => multiVectorPieces(documents)).toThrow(dead);
    expect(core.bytesUsed()).toBe(0);
    core.dispose();
    expect(() => loadIndex(core, bytes)).toThrow('"core" expected a live core, got a disposed one');
    expect(() => flat(core)).toThrow('"core" expected a live core, got a disposed one');
  });
});
