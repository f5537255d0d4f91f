/** The indexes whose files are golden/multi-vector.v*.sag. `write-golden.ts` beside it wrote them, each in its time. */
import type { Core, TokenSet } from '@sagitta/core-wasm';
import {
  fdeIndexes,
  type JsonValue,
  type MultiVectorIndex,
  type RecordId,
  trainLearnedFde,
  trainMultiVectorIndex,
  trainRegressionFde,
} from '../../src/index.ts';
import { tokenDocuments } from '../multi-vector-index/token-documents.ts';

export const GOLDEN_MULTI_VECTOR_1: URL = new URL('multi-vector.v1.sag', import.meta.url);
/** With lists of slots, which are passed over. */
export const GOLDEN_MULTI_VECTOR_2: URL = new URL('multi-vector.v2.sag', import.meta.url);
export const GOLDEN_MULTI_VECTOR: URL = new URL('multi-vector.v3.sag', import.meta.url);
/** Of an encoder by regression, features trained. */
export const GOLDEN_REGRESSION: URL = new URL('multi-vector-regression.v2.sag', import.meta.url);
const D = 16;

export const goldenDocuments = (): TokenSet => tokenDocuments(60, D, { seed: 9, least: 0, most: 6 });
export const goldenQueries = (): TokenSet =>
  tokenDocuments(8, D, { seed: 9, least: 4, most: 6, stream: 'queries' });
/** Of version 1. */
export const goldenIds1: readonly (number | string)[] = Array.from({ length: 60 }, (_, i) =>
  i % 2 === 0 ? i : `document ${i}`,
);
/** Ids of every kind. */
export const goldenIds: readonly RecordId[] = goldenIds1.map((id, i) =>
  i % 10 === 9 ? BigInt(i) - 20n : i % 10 === 7 ? 2n ** 64n - BigInt(i) : id,
);
/** Values of every kind. */
export const goldenMetadata: readonly (JsonValue | undefined)[] = goldenIds.map((id, i) =>
  i % 3 === 0
    ? { id: String(id), tags: ['a', 'β', '\ud800'].slice(i % 4), mtime: 1.5e12 + i, more: { share: i / 7 } }
    : [undefined, null, -i, [true, { 'a.b': i }]][i % 4],
);

export function makeGoldenMultiVector(core: Core): MultiVectorIndex {
  const documents = goldenDocuments();
  const encoder = trainLearnedFde(core, documents, {
    numCells: 4,
    projectionDimension: 7,
    numVoters: 64,
    seed: 9,
  });
  const index = trainMultiVectorIndex(core, documents, {
    encoder,
    fdeEncoding: 'saq',
    finerFdeEncoding: 'int8',
    tokenEncoding: 'bit1',
    finerTokenEncoding: 'int8',
    nlist: 3,
    indexes: fdeIndexes,
    seed: 9,
    indexed: ['mtime', 'tags'],
  });
  index.add({ ids: goldenIds, tokens: documents, metadata: goldenMetadata });
  return index;
}

export function makeGoldenRegression(core: Core): MultiVectorIndex {
  const documents = goldenDocuments();
  const encoder = trainRegressionFde(core, documents, {
    features: 12,
    numAnchors: 33,
    trained: true,
    hidden: 10,
    epochs: 3,
    seed: 9,
  });
  const index = trainMultiVectorIndex(core, documents, { encoder, seed: 9 });
  index.add({ tokens: documents });
  return index;
}
