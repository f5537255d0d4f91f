/** Files of multi-vector indexes. */
import {
  fdeIndexes,
  loadMultiVectorIndex,
  type MultiVectorIndex,
  saveMultiVectorIndex,
} from '@sagitta/retrieval';
import { check, checkFound, type FuzzReader, type Surroundings, someValues } from '../reader.ts';

const K = 10;
const QUERY_TOKENS = 4;

function checkSearch(index: MultiVectorIndex): void {
  const query = someValues(QUERY_TOKENS * index.d, 'query');
  for (const options of [{}, { filter: { id: { exists: true } } }, { ballCarving: 0.8, nprobe: 100 }]) {
    const { ids, scores } = index.searchIds(query, K, options);
    checkFound(ids, scores, 'search');
    for (const id of ids) check(index.has(id), `search: ${String(id)} is none of its ids`);
  }
  for (const id of index.ids().slice(0, 3)) index.explain(query, id);
  for (const id of index.ids()) JSON.stringify(index.get(id)?.metadata);
}

function use(bytes: Uint8Array, { core }: Surroundings): void {
  const index = loadMultiVectorIndex(core, bytes, { indexes: fdeIndexes });
  try {
    checkSearch(index);
    using again = loadMultiVectorIndex(core, saveMultiVectorIndex(index), { indexes: fdeIndexes });
    check(again.n === index.n, `saved again it has ${again.n} documents of ${index.n}`);
  } finally {
    index.dispose();
  }
}

export const MULTI_VECTOR_READERS: readonly FuzzReader[] = [
  { name: 'multi-vector', seeds: 'multi-vector', read: use, words: ['[1]', '{"a":', '"\\ud800"', 'null'] },
];
