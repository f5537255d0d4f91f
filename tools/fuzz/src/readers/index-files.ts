/** Files of indexes of rows and of vector indexes, by every way there is to read them. */
import { float32, saq } from '@sagitta/quantizers';
import {
  bytesSource,
  type IvfIndex,
  loadIndex,
  loadIndexFrom,
  loadVectorIndex,
  loadVectorIndexFrom,
  openIndex,
  openVectorIndex,
  readIndex,
  saveIndex,
  type VectorIndex,
} from '@sagitta/retrieval';
import { containerEntries } from '@sagitta/testing';
import { check, checkFound, type FuzzReader, type Surroundings, someValues } from '../reader.ts';

const K = 10;

function checkSearch(index: IvfIndex): void {
  const { n, nlist } = index;
  const query = someValues(index.d, 'query');
  for (const scale of [1, 0, 1000]) {
    const scaled = query.map((value) => scale * value);
    const { ids, scores } = index.search(scaled, K, { nprobe: nlist });
    checkFound(ids, scores, 'search');
    check(ids.length === Math.min(K, n), `search: ${ids.length} of ${Math.min(K, n)} were found`);
    for (const id of ids) check(id < n, `search: id ${id} of ${n}`);
  }
  if (!index.keepsVectors) return;
  const { ids, scores } = index.search(query, K, { nprobe: nlist, rerank: { candidates: 2 * K } });
  checkFound(ids, scores, 'rerank');
}

/** Of all sections, without what aligns them: their order is free. */
function contentBytes(bytes: Uint8Array): number {
  return containerEntries(bytes).reduce((sum, { length }) => sum + length, 0);
}

function useIndex(index: IvfIndex, bytes: Uint8Array, { core }: Surroundings): void {
  try {
    checkSearch(index);
    const saved = saveIndex(index);
    check(contentBytes(saved) === contentBytes(bytes), 'it is saved with other sections than were read');
    using again = loadIndex(core, saved);
    check(again.n === index.n, `saved again it has ${again.n} vectors of ${index.n}`);
  } finally {
    index.dispose();
  }
}

async function* inChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777);
}

async function usePaged(bytes: Uint8Array, { core }: Surroundings): Promise<void> {
  const index = await openIndex(core, bytesSource(bytes), { pieceBytes: 4096, cacheBytes: 16_384 });
  try {
    const query = someValues(index.d, 'query');
    const { nlist, n } = index;
    const options = index.keepsVectors ? [{}, { rerank: { candidates: 2 * K } }] : [{}];
    for (const option of options) {
      const { ids, scores } = await index.search(query, K, { nprobe: nlist, ...option });
      checkFound(ids, scores, 'search');
      check(ids.length === Math.min(K, n), `search: ${ids.length} of ${Math.min(K, n)} were found`);
      for (const id of ids) check(id < n, `search: id ${id} of ${n}`);
    }
  } finally {
    index.dispose();
  }
}

const PLAN_WORDS = ['"trainAt":1', '"bits":', '"never"', '"quantizer":"pq"', '{"folder":', 'null'];

function useVectorIndex(index: VectorIndex, { core }: Surroundings): void {
  try {
    const query = someValues(index.d, 'query');
    for (const options of [{}, { filter: { folder: 'x' } }, { filter: { mtime: { gte: 10 } } }]) {
      const { ids, scores } = index.searchIds(query, K, options);
      checkFound(ids, scores, 'search');
      for (const id of ids) check(index.has(id), `search: ${String(id)} is none of its ids`);
    }
    for (const id of index.ids()) JSON.stringify(index.get(id)?.metadata);
    using again = loadVectorIndex(core, saveIndex(index));
    check(again.n === index.n, `saved again it has ${again.n} records of ${index.n}`);
    again.add({ vectors: [query], metadata: [{ folder: 'x' }] });
    check(again.n === index.n + 1, 'a record was added and is not there');
  } finally {
    index.dispose();
  }
}

async function usePagedVectorIndex(bytes: Uint8Array, { core }: Surroundings): Promise<void> {
  const index = await openVectorIndex(core, bytesSource(bytes), { pieceBytes: 4096, cacheBytes: 16_384 });
  try {
    const query = someValues(index.d, 'query');
    for (const options of [{}, { filter: { folder: 'x' } }]) {
      const { ids, scores } = await index.searchIds(query, K, options);
      checkFound(ids, scores, 'search');
      for (const id of ids) check(index.has(id), `search: ${String(id)} is none of its ids`);
    }
  } finally {
    index.dispose();
  }
}

export const INDEX_READERS: readonly FuzzReader[] = [
  {
    name: 'index',
    seeds: 'indexes',
    read: (bytes, around) => useIndex(loadIndex(around.core, bytes), bytes, around),
  },
  {
    name: 'index-saq',
    seeds: 'indexes',
    refuses: (name) => !/^(saq|float)/.test(name),
    read: (bytes, around) => useIndex(readIndex(around.core, bytes, [saq, float32]), bytes, around),
  },
  {
    name: 'index-stream',
    seeds: 'indexes',
    read: async (bytes, around) =>
      useIndex(await loadIndexFrom(around.core, inChunks(bytes), { size: bytes.length }), bytes, around),
  },
  { name: 'index-paged', seeds: 'indexes', read: usePaged },
  {
    name: 'vector-index',
    seeds: 'vector-indexes',
    words: PLAN_WORDS,
    read: (bytes, around) => useVectorIndex(loadVectorIndex(around.core, bytes), around),
  },
  {
    name: 'vector-index-stream',
    seeds: 'vector-indexes',
    words: PLAN_WORDS,
    read: async (bytes, around) =>
      useVectorIndex(await loadVectorIndexFrom(around.core, inChunks(bytes), { size: bytes.length }), around),
  },
  {
    name: 'vector-index-paged',
    seeds: 'vector-indexes',
    words: PLAN_WORDS,
    read: usePagedVectorIndex,
  },
];
