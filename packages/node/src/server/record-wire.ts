/** What routes of vectors and of token sets do not share: what of a body is a query or a record, and how the collection is asked. */
import type { JsonValue, RecordId } from '@sagitta/retrieval';
import type {
  Collection,
  CollectionSearchOptions,
  TokenCollection,
  TokenSearchOptions,
} from '@sagitta/retrieval/collection';
import type * as v from 'valibot';
import { badRequest } from './failure.ts';
import {
  BATCH,
  type BatchBody,
  RECORD,
  RECORDS,
  type RecordsBody,
  type SchemaOf,
  SEARCH,
  SEARCH_OPTIONS,
  type SearchBody,
  TOKEN_BATCH,
  TOKEN_RECORD,
  TOKEN_RECORDS,
  TOKEN_SEARCH,
  TOKEN_SEARCH_OPTIONS,
  type WireSearchOptions,
} from './schemas.ts';
import { toRows, toVector, type WireNumbers, type WireRows } from './wire.ts';

type Shared =
  | 'name'
  | 'metric'
  | 'd'
  | 'n'
  | 'isReadOnly'
  | 'keepsTexts'
  | 'textModel'
  | 'texts'
  | 'has'
  | 'get'
  | 'search'
  | 'searchBatch'
  | 'add'
  | 'upsert'
  | 'delete'
  | 'report';

/** Is what of a collection of vectors is served; `openCollection` and `openCollectionIn` give one. */
export type ServedVectors = Pick<Collection<JsonValue>, Shared | 'vector'>;
/** Is what of a collection of token sets is served; `openTokenCollection` and `openTokenCollectionIn` give one. */
export type ServedTokens = Pick<TokenCollection<JsonValue>, Shared | 'tokens'>;
/** Is what of a collection is served, whatever its records are. */
export type ServedCollection = ServedVectors | ServedTokens;

export type AnyHit = Awaited<ReturnType<ServedVectors['search']>>[number];

/** Some queries of a body. */
export interface WiredBatch {
  readonly count: number;
  run(): Promise<AnyHit[][]>;
}

/** Values of new records, as add takes them. */
type WiredValues = Parameters<ServedVectors['add']>[0] & Parameters<ServedTokens['add']>[0];

export interface RecordWire {
  /** What a body calls the values of records. */
  readonly name: 'vectors' | 'tokens';
  readonly options: SchemaOf<WireSearchOptions>;
  readonly search: SchemaOf<SearchBody>;
  readonly batch: SchemaOf<BatchBody>;
  readonly records: SchemaOf<RecordsBody>;
  /** What a record is answered as. */
  readonly record: v.GenericSchema;
  /** Whether records are of one length, so that float32 alone say where each ends. */
  readonly isOneLength: boolean;
  find(
    query: NonNullable<SearchBody['query']> | Float32Array,
    body: SearchBody,
    k: number,
  ): Promise<AnyHit[]>;
  findWords(words: readonly string[], body: WireSearchOptions, k: number): Promise<AnyHit[][]>;
  findLike(id: RecordId, body: WireSearchOptions, k: number): Promise<AnyHit[]>;
  batchOf(
    queries: NonNullable<BatchBody['queries']> | Float32Array,
    body: WireSearchOptions,
    k: number,
  ): WiredBatch;
  valuesOf(given: NonNullable<RecordsBody['vectors' | 'tokens']> | Float32Array): Partial<WiredValues>;
  /** Of a record that is there. */
  kept(id: RecordId): Promise<object>;
}

export function wireOf(collection: ServedCollection): RecordWire {
  return 'tokens' in collection ? tokenWire(collection) : vectorWire(collection);
}

function vectorWire(collection: ServedVectors): RecordWire {
  const { d } = collection;
  const rows = (label: string, given: unknown): Float32Array =>
    toRows(label, given as WireRows | Float32Array, d);
  return {
    name: 'vectors',
    options: SEARCH_OPTIONS,
    search: SEARCH,
    batch: BATCH,
    records: RECORDS,
    record: RECORD,
    isOneLength: true,
    find: (query, body, k) =>
      collection.search(toVector('query', query as WireNumbers | Float32Array, d), k, vectorOptions(body)),
    findWords: (words, body, k) => collection.searchBatch(words, k, vectorOptions(body)),
    findLike: async (id, body, k) => collection.search(await collection.vector(id), k, vectorOptions(body)),
    batchOf(queries, body, k) {
      const vectors = rows('queries', queries);
      return {
        count: vectors.length / d,
        run: () => collection.searchBatch(vectors, k, vectorOptions(body)),
      };
    },
    valuesOf: (given) => ({ vectors: rows('vectors', given) }),
    kept: async (id) => ({ vector: Array.from(await collection.vector(id)) }),
  };
}

function tokenWire(collection: ServedTokens): RecordWire {
  const { d } = collection;
  const rows = (label: string, given: unknown): Float32Array =>
    toRows(label, given as WireRows | Float32Array, d);
  const sets = (label: string, given: unknown): { data: Float32Array; offsets: number[]; d: number } => {
    if (!Array.isArray(given)) throw badRequest(`"${label}" expected token sets, got something else`);
    const all = given.map((set, i) => rows(`${label}[${i}]`, set));
    const offsets = [0];
    for (const { length } of all) offsets.push((offsets.at(-1) as number) + length / d);
    const data = new Float32Array((offsets.at(-1) as number) * d);
    for (const [i, set] of all.entries()) data.set(set, (offsets[i] as number) * d);
    return { data, offsets, d };
  };
  return {
    name: 'tokens',
    options: TOKEN_SEARCH_OPTIONS,
    search: TOKEN_SEARCH,
    batch: TOKEN_BATCH,
    records: TOKEN_RECORDS,
    record: TOKEN_RECORD,
    isOneLength: false,
    find(query, body, k) {
      const { weights } = body;
      const tokens = rows('query', query);
      return collection.search({ tokens, ...(weights && { weights: [...weights] }) }, k, tokenOptions(body));
    },
    findWords: (words, body, k) => collection.searchBatch(words, k, tokenOptions(body)),
    findLike: async (id, body, k) => collection.search(await collection.tokens(id), k, tokenOptions(body)),
    batchOf(queries, body, k) {
      const tokens = sets('queries', queries);
      return {
        count: tokens.offsets.length - 1,
        run: () => collection.searchBatch(tokens, k, tokenOptions(body)),
      };
    },
    valuesOf: (given) => ({ tokens: sets('tokens', given) }),
    async kept(id) {
      const tokens = await collection.tokens(id);
      const all = Array.from({ length: tokens.length / d }, (_, i) => [
        ...tokens.subarray(i * d, (i + 1) * d),
      ]);
      return { tokens: all };
    },
  };
}

/** What of a body says how to search; the collection checks what the expression holds. */
function vectorOptions(body: WireSearchOptions): CollectionSearchOptions<JsonValue> {
  return given(body, ['filter', 'nprobe', 'ef', 'gamma', 'precision', 'rerank']);
}

function tokenOptions(body: WireSearchOptions): TokenSearchOptions {
  return given(body, ['filter', 'nprobe', 'ef', 'candidates', 'rerank', 'exact']);
}

function given<T extends object>(body: WireSearchOptions, names: readonly (keyof WireSearchOptions)[]): T {
  const said = names.filter((name) => body[name] !== undefined).map((name) => [name, body[name]]);
  return Object.fromEntries(said) as T;
}
