/** The index whose file is golden/multi-vector.v1.sag. `write-golden.ts` beside it wrote the file. */
import type { Core, TokenSet } from '@sagitta/core-wasm';
import { type MultiVectorIndex, trainLearnedFde, trainMultiVectorIndex } from '../../src/index.ts';
import { tokenDocuments } from '../late-interaction/token-documents.ts';

export const GOLDEN_MULTI_VECTOR: URL = new URL('multi-vector.v1.sag', import.meta.url);
const D = 16;

export const goldenDocuments = (): TokenSet => tokenDocuments(60, D, { seed: 9, least: 0, most: 6 });
export const goldenQueries = (): TokenSet =>
  tokenDocuments(8, D, { seed: 9, least: 4, most: 6, stream: 'queries' });
export const goldenIds: readonly (number | string)[] = Array.from({ length: 60 }, (_, i) =>
  i % 2 === 0 ? i : `document ${i}`,
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
    seed: 9,
  });
  const metadata = goldenIds.map((id, i) => (i % 3 === 0 ? { id } : undefined));
  index.add({ ids: goldenIds, tokens: documents, metadata });
  return index;
}
