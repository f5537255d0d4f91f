/** Vectors with ids and metadata that last: what openCollection gives, wherever it lies. */
import {
  checkLength,
  checkOptions,
  type Metric,
  metricSet,
  type Numbers,
  type OptionTable,
  toFloat32,
  type Vectors,
} from '@sagitta/core-wasm';
import type { RecordId } from '../records/ids.ts';
import type { JsonValue } from '../records/json.ts';
import type { HitOf } from '../search/hits.ts';
import { ROWS, SEARCH, type VectorRows } from '../vector-index/types.ts';
import { BaseCollection, type CollectionParts, type KeptRecord } from './base-collection.ts';
import { type CollectionSearchOptions, searchVectors } from './vector-search.ts';
import type { NewRows } from './write-queue.ts';

const { rerank: _, statistics: _statistics, ...SHARED } = SEARCH;
const SEARCH_OPTIONS: OptionTable<CollectionSearchOptions<JsonValue>> = { ...SHARED, rerank: 'any' };
const RERANK: OptionTable<{ readonly candidates: number }> = { candidates: 'number' };
const ROW_OPTIONS: OptionTable<CollectionRows<JsonValue>> = { ...ROWS, texts: 'any' };

/** Holds new rows of a collection: with vectors, or with texts of which its text model makes them. */
export interface CollectionRows<M> extends Omit<VectorRows<M>, 'vectors'> {
  /** n × d numbers or n arrays of d, finite, copied. Left out: those of the texts. */
  readonly vectors?: Vectors;
  /** One a vector, undefined where a record has none. Kept where the collection keeps texts. */
  readonly texts?: readonly (string | undefined)[];
}

/** A record with its vector, as iterate gives it. */
export interface CollectionRecord<M = JsonValue> extends KeptRecord<M> {
  readonly vector: Float32Array;
}

/** Keeps vectors with ids, metadata and, where asked, texts where they last. M is the type of the metadata, S the metric. */
export class Collection<M = JsonValue, S extends Metric = Metric> extends BaseCollection<M, Float32Array> {
  readonly metric: S;

  /** @internal openCollection makes it. */
  constructor(made: CollectionParts<M, Float32Array>) {
    super(made);
    this.metric = made.parts.kind.metric as S;
  }

  /**
   * Adds records: all of them, or none. Without ids they get row numbers; without vectors the text model makes them of the texts.
   * @returns their ids
   * @throws ConflictError on an id that is there already; TypeError, RangeError on ids that come twice, on bad vectors, texts or metadata;
   * CapacityError where memory ends; ReadOnlyError, StorageError
   */
  async add(rows: CollectionRows<M>): Promise<readonly RecordId[]> {
    return this.put('add', () => this.#checked(rows));
  }

  /** add, where a record whose id is there already is replaced: vector, metadata and text. */
  async upsert(rows: CollectionRows<M>): Promise<readonly RecordId[]> {
    return this.put('upsert', () => this.#checked(rows));
  }

  #checked(rows: CollectionRows<M>): NewRows<M, Float32Array> {
    checkOptions('rows', rows, ROW_OPTIONS as OptionTable<CollectionRows<M>>);
    const { texts, vectors, ids, metadata } = rows;
    const { kept, values } = this.textsOf.complete('vectors', texts, vectors, (model, some) =>
      model.embed(some),
    );
    const { data, n } = metricSet(this.metric, values, this.d, 'vectors');
    return { n, values: data.slice(), texts: kept, ids, metadata };
  }

  /**
   * A record's vector: as it was added where vectors are kept or it is still in the tail, else what its code stands for; for 'cosine'
   * of length 1.
   * @throws RangeError where there is no such record
   */
  async vector(id: RecordId): Promise<Float32Array> {
    await this.refresh();
    return this.parts.valuesOf(id);
  }

  /**
   * The k best records, with their metadata; all there are where k is more. What was written before the call is found.
   * @param query - d numbers; or, where there is a text model, words: those of which it knows none find nothing
   * @throws TypeError, RangeError on a query or options that are wrong
   */
  async search(
    query: Numbers | string,
    k: number,
    options: CollectionSearchOptions<M> = {},
  ): Promise<HitOf<M, S>[]> {
    const [hits] =
      typeof query === 'string'
        ? await this.#searchWords('query', [query], k, options)
        : await this.#search([oneQuery(query, this.d).slice()], k, options);
    return hits as HitOf<M, S>[];
  }

  /** search for every row of queries (nq × d numbers or nq arrays of d), or for words. */
  async searchBatch(
    queries: Vectors | readonly string[],
    k: number,
    options: CollectionSearchOptions<M> = {},
  ): Promise<HitOf<M, S>[][]> {
    return isWords(queries)
      ? this.#searchWords('queries', queries, k, options)
      : this.#search(queries, k, options);
  }

  async #searchWords(
    label: string,
    words: readonly string[],
    k: number,
    options: CollectionSearchOptions<M>,
  ): Promise<HitOf<M, S>[][]> {
    const { d } = this;
    const all = this.textsOf.encode(label, words, (model, some) => model.embed(some));
    const vectors = words.map((_, i) => all.subarray(i * d, (i + 1) * d));
    const places = Array.from(words.keys()).filter((i) => vectors[i]?.some((value) => value !== 0));
    const known = places.map((place) => vectors[place] as Float32Array);
    const found = await this.#search(known.length > 0 ? known : new Float32Array(0), k, options);
    const results: HitOf<M, S>[][] = words.map(() => []);
    for (const [i, place] of places.entries()) results[place] = found[i] as HitOf<M, S>[];
    return results;
  }

  async #search(queries: Vectors, k: number, options: CollectionSearchOptions<M>): Promise<HitOf<M, S>[][]> {
    checkOptions('options', options, SEARCH_OPTIONS as OptionTable<CollectionSearchOptions<M>>);
    if (options.rerank) checkOptions('rerank', options.rerank, RERANK);
    await this.refresh();
    return searchVectors<M, S>(this.parts, queries, k, options);
  }

  /**
   * Goes through all records that are there at the call, a thousand at a time, each as it is when its thousand is read; what is
   * deleted before that is passed over.
   */
  async *iterate(): AsyncGenerator<CollectionRecord<M>, void, undefined> {
    for await (const { values, ...record } of this.records()) yield { ...record, vector: values.slice() };
  }

  /**
   * Gives all records as lines of JSON, `{"id":…,"metadata":…,"text":…,"vector":[…]}`, in chunks of UTF-8: what iterate gives, for a file. Ids
   * that are bigints are numbers with all their digits.
   */
  export(): AsyncGenerator<Uint8Array, void, undefined> {
    return this.lines((values) => `"vector":[${values.join(',')}]`);
  }
}

function isWords(queries: Vectors | readonly string[]): queries is readonly string[] {
  return Array.isArray(queries) && typeof queries[0] === 'string';
}

/** @throws TypeError, RangeError naming the query */
function oneQuery(query: Numbers, d: number): Float32Array {
  const values = toFloat32('query', query);
  checkLength('query', values.length, d, 'd');
  return values;
}
