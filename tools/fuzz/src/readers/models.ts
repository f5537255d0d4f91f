/** Models and stores by themselves: read, then used on a few vectors of about 1. */
import { type Core, NO_PTR, readContainer, type SnapshotPiece, tokenSet } from '@sagitta/core-wasm';
import { loadSaqModel, readQuantizer, SaqDecoder, SaqEncoder } from '@sagitta/quantizers';
import { unpackKv } from '@sagitta/quantizers/kv';
import { readTable } from '@sagitta/quantizers/table';
import { readFdeEncoder } from '@sagitta/retrieval';
import { readBridge } from '@sagitta/retrieval/bridge';
import { readClasses } from '@sagitta/retrieval/classes';
import { readTokenStore } from '@sagitta/retrieval/maxsim';
import { readFdeStore } from '@sagitta/retrieval/muvera';
import { loadLexicalIndex, loadStaticTokens } from '@sagitta/retrieval/text';
import { bytesOfPieces } from '@sagitta/testing';
import { check, checkFound, type FuzzReader, type Surroundings, someValues } from '../reader.ts';
import { TEXTS } from '../seeds/models.ts';

const ROWS = 40;

/** Runs what may refuse its input by a RangeError, as coding does where a model holds no such vectors. */
function unlessRefused(body: () => void): void {
  try {
    body();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

function checkFinite(values: Float32Array, what: string): void {
  for (const value of values) check(Number.isFinite(value), `${what}: ${value}`);
}

function useQuantizer(bytes: Uint8Array, { core }: Surroundings): void {
  const reader = readContainer(bytes).reader('QNTZ');
  const quantizer = readQuantizer(reader);
  const rows = someValues(ROWS * quantizer.d, 'rows');
  core.scope((scope) => {
    const blocks = scope.reserve(Math.ceil(ROWS / 32) * quantizer.layout.blockBytes);
    const out = scope.reserve(4 * 64);
    using encoder = quantizer.createEncoder(core);
    unlessRefused(() => encoder.encode(rows, quantizer.origin, blocks, 0));
    if (quantizer.defect(blocks, ROWS) !== undefined) return;
    using estimator = quantizer.createEstimator(core);
    const centroid = scope.reserve(4 * Math.max(1, estimator.centroidDims));
    centroid.f32(0, estimator.centroidDims).set(estimator.project(quantizer.origin));
    const projected = estimator.centroidDims > 0 ? centroid.at() : NO_PTR;
    estimator.setQuery(someValues(quantizer.d, 'query'));
    estimator.scores(blocks.at(), ROWS, projected, 1, out.at());
    checkFinite(out.f32(0, ROWS), 'score');
    checkFinite(quantizer.decode(core, blocks, ROWS, quantizer.origin), 'decoded');
  });
}

function useSaqModel(bytes: Uint8Array, { core }: Surroundings): void {
  const model = loadSaqModel(bytes);
  using encoder = new SaqEncoder(core, model);
  const { blockBytes } = encoder.layout;
  core.scope((scope) => {
    const blocks = scope.reserve(2 * blockBytes);
    unlessRefused(() => encoder.encode(someValues(ROWS * model.d, 'rows'), blocks));
    using decoder = new SaqDecoder(core, model);
    checkFinite(decoder.decode(blocks, ROWS), 'decoded');
  });
}

function useFdeEncoder(bytes: Uint8Array, { core }: Surroundings): void {
  const reader = readContainer(bytes).reader('FDEN');
  const encoder = readFdeEncoder(reader);
  reader.end();
  const { d, length } = encoder;
  using session = encoder.createSession(core);
  const tokens = tokenSet(someValues(6 * d, 'rows'), Uint32Array.of(0, 1, 1, 6), d);
  const out = new Float32Array(3 * length);
  session.encodeDocuments(tokens, out);
  checkFinite(out, 'FDE');
  checkFinite(session.encodeQuery(someValues(2 * d, 'query')), 'query FDE');
}

interface Store extends Disposable {
  readonly n: number;
  parameters(): Uint8Array;
  codePieces(): readonly SnapshotPiece[];
}

/** Reads both parts, uses the store, and compares what it writes with what it was read from. */
function useStore<T extends Store>(
  bytes: Uint8Array,
  core: Core,
  open: (
    core: Core,
    parameters: ReturnType<ReturnType<typeof readContainer>['reader']>,
    codes: Uint8Array,
  ) => T,
  use: (store: T, slots: Uint32Array) => void,
): void {
  const container = readContainer(bytes);
  using store = open(core, container.reader('PARA'), container.section('CODE'));
  use(
    store,
    Uint32Array.from({ length: store.n }, (_, slot) => slot),
  );
  const same = Buffer.compare(store.parameters(), container.section('PARA')) === 0;
  check(same, 'parameters are written as others than were read');
  const codes = bytesOfPieces(store.codePieces());
  check(Buffer.compare(codes, container.section('CODE')) === 0, 'codes are written as others than were read');
}

function useFdeStore(bytes: Uint8Array, { core }: Surroundings): void {
  useStore(bytes, core, readFdeStore, (store, slots) => {
    const query = someValues(store.length, 'query');
    const found = store.search(query, 10);
    checkFound(found.slots, found.scores, 'search');
    check(
      found.slots.length === Math.min(10, store.n),
      `search: ${found.slots.length} of ${store.n} were found`,
    );
    checkFinite(store.scoreSlots(query, slots), 'score');
  });
}

function useTokenStore(bytes: Uint8Array, { core }: Surroundings): void {
  useStore(bytes, core, readTokenStore, (store, slots) => {
    const query = { data: someValues(3 * store.d, 'query'), n: 3, d: store.d };
    for (const [i, score] of store.scores(query, slots).entries()) {
      const isEmpty = store.lengthOf(i) === 0;
      check(isEmpty ? score === -Infinity : Number.isFinite(score), `score of ${i}: ${score}`);
    }
    for (const slot of slots.subarray(0, 3)) checkFinite(store.decode(slot), 'decoded');
  });
}

function useStaticTokens(bytes: Uint8Array): void {
  const encoder = loadStaticTokens(bytes);
  checkFinite(encoder.encodeDocuments(TEXTS).data, 'token');
  const query = encoder.encodeQuery(TEXTS.join(' '));
  checkFinite(query.data, 'query token');
  checkFinite(query.weights, 'weight');
}

function useKvCache(bytes: Uint8Array, { core }: Surroundings): void {
  const { layers, shape } = unpackKv(core, bytes);
  for (const { key, value } of layers) {
    check(key.length === shape.heads * shape.tokens * shape.headDims, `${key.length} keys`);
    for (const rows of [key, value]) if (rows instanceof Float32Array) checkFinite(rows, 'cached');
  }
}

function useLexicalIndex(bytes: Uint8Array): void {
  const index = loadLexicalIndex(bytes);
  for (const text of TEXTS) {
    for (const { similarity } of index.search(text, 3)) check(similarity > 0, `similarity ${similarity}`);
  }
  index.delete(index.ids().slice(0, 1));
  index.add({ texts: TEXTS });
  index.compact();
}

function useBridge(bytes: Uint8Array, { core }: Surroundings): void {
  const bridge = readBridge(core, bytes);
  checkFinite(bridge.queries(someValues(2 * bridge.dQuery, 'query')), 'bridged query');
  checkFinite(bridge.base(someValues(2 * bridge.dBase, 'rows')), 'bridged row');
}

function useClasses(bytes: Uint8Array, { core }: Surroundings): void {
  const model = readClasses(core, bytes);
  checkFinite(model.scores(someValues(2 * model.d, 'rows')), 'score of a class');
}

function useTable(bytes: Uint8Array): void {
  const table = readTable(bytes);
  checkFinite(table.row(table.rows - 1), 'row of a table');
  checkFinite(table.dot(someValues(table.d, 'query'), Uint32Array.of(0)), 'score of a row');
}

export const MODEL_READERS: readonly FuzzReader[] = [
  { name: 'quantizer', seeds: 'quantizers', read: useQuantizer },
  { name: 'saq-model', seeds: 'saq-models', read: useSaqModel },
  { name: 'fde-encoder', seeds: 'fde-encoders', read: useFdeEncoder },
  { name: 'fde-store', seeds: 'fde-stores', read: useFdeStore },
  { name: 'token-store', seeds: 'token-stores', read: useTokenStore },
  { name: 'static-tokens', seeds: 'static-tokens', read: useStaticTokens, words: ['water', 'é'] },
  { name: 'kv-cache', seeds: 'kv-caches', read: useKvCache },
  { name: 'lexical-index', seeds: 'lexical-indexes', read: useLexicalIndex, words: ['water', 'é'] },
  { name: 'classes', seeds: 'classes', read: useClasses, words: ['water', 'é'] },
  { name: 'table', seeds: 'tables', read: useTable },
  { name: 'bridge', seeds: 'bridges', read: useBridge },
];
