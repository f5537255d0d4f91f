/** An index in memory, served as a collection that is read. */
import type { Metric, Numbers, Vectors } from '@sagitta/core-wasm';
import type { JsonValue, VectorIndex } from '@sagitta/retrieval';
import { ReadOnlyError } from '@sagitta/retrieval/collection';
import type { ServedVectors } from './record-wire.ts';

/**
 * Makes of an index what createApp serves, for runtimes without a folder: a worker at the edge that has loaded a file. Nothing changes it; the caller
 * disposes the index when the app has done its last request.
 * @param name - what answers and errors call it
 * @example
 * const index = loadVectorIndex(createCore(), bytes);
 * export default createApp(servedIndex('notes', index));
 */
export function servedIndex(name: string, index: VectorIndex<JsonValue, Metric>): ServedVectors {
  const refused = (method: string) => async (): Promise<never> => {
    throw new ReadOnlyError(name, method, 'for reading');
  };
  return {
    name,
    metric: index.metric,
    d: index.d,
    get n() {
      return index.n;
    },
    isReadOnly: true,
    keepsTexts: false,
    textModel: undefined,
    texts: async (ids) => ids.map(() => undefined),
    has: async (id) => index.has(id),
    get: async (id) => index.get(id),
    vector: async (id) => index.vector(id),
    // words are no numbers, and refused as such
    search: async (query, k, options) => index.search(query as Numbers, k, options),
    searchBatch: async (queries, k, options) => index.searchBatch(queries as Vectors, k, options),
    add: refused('add'),
    upsert: refused('upsert'),
    delete: refused('delete'),
    report: async () => ({
      n: index.n,
      segments: [],
      tail: index.n,
      foldError: undefined,
      memoryBytes: index.rows.core.bytesUsed(),
    }),
  };
}
