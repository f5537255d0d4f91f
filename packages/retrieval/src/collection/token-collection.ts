/** Token sets with ids and metadata that last: what openTokenCollection gives, wherever it lies. */
import {
  checkInteger,
  checkOptions,
  type OptionTable,
  type TokenSet,
  type TokenSetInput,
  tokenSet,
  type Vectors,
} from '@sagitta/core-wasm';
import { createTokenStore } from '../maxsim/index.ts';
import {
  checkDocumentTokens,
  DOCUMENTS,
  type MultiVectorDocuments,
  type MultiVectorSearchOptions,
  SEARCH_OPTIONS,
  type SearchOptionNames,
} from '../multi-vector-index/documents.ts';
import { checkQuery, type MultiVectorQuery } from '../multi-vector-index/query.ts';
import {
  explained,
  type MultiVectorExplanation,
  type MultiVectorHit,
} from '../multi-vector-index/results.ts';
import { checkRecordId, type RecordId } from '../records/ids.ts';
import type { JsonValue } from '../records/json.ts';
import { MAX_K } from '../search/search-result.ts';
import type { StaticTokenEncoder } from '../text/static-tokens.ts';
import { BaseCollection, type CollectionParts, type KeptRecord } from './base-collection.ts';
import { filterOfParts } from './parts.ts';
import { TokenSegment, TokenTail } from './token-kind.ts';
import type { NewRows } from './write-queue.ts';

/** Holds new documents of a collection: with tokens, or with texts of which its text model makes them. */
export interface TokenRows<M> extends Omit<MultiVectorDocuments<M>, 'tokens'> {
  /** As many sets of d-dimensional tokens, copied; empty ones are kept and never found. Left out: those of the texts. */
  readonly tokens?: TokenSetInput;
  /** One a document, undefined where it has none. Kept where the collection keeps texts. */
  readonly texts?: readonly (string | undefined)[];
}

/** A document with its tokens, as iterate gives it. */
export interface TokenRecord<M = JsonValue> extends KeptRecord<M> {
  /** m × d */
  readonly tokens: Float32Array;
}

/** Says how documents are searched for: as in a MultiVectorIndex, in every segment. */
export type TokenSearchOptions<M = JsonValue> = Omit<MultiVectorSearchOptions<M>, 'statistics'>;

const ROWS: OptionTable<TokenRows<JsonValue>> = { ...DOCUMENTS, texts: 'any' };
const { statistics: _, ...SEARCH } = SEARCH_OPTIONS;

/**
 * Keeps sets of token vectors with ids, metadata and, where asked, texts where they last, searched by MaxSim. M is the type of the
 * metadata.
 */
export class TokenCollection<M = JsonValue> extends BaseCollection<M, TokenSet> {
  readonly metric: 'ip' | 'cosine';

  /** @internal openTokenCollection makes it. */
  constructor(made: CollectionParts<M, TokenSet>) {
    super(made);
    this.metric = made.parts.kind.metric as 'ip' | 'cosine';
  }

  /**
   * Adds documents: all of them, or none. Without ids they get row numbers; without tokens the text model makes them of the texts.
   * @returns their ids
   * @throws ConflictError on an id that is there already; TypeError, RangeError on ids that come twice, on bad tokens, texts or metadata;
   * CapacityError where memory ends; ReadOnlyError, StorageError
   */
  async add(rows: TokenRows<M>): Promise<readonly RecordId[]> {
    return this.put('add', () => this.#checked(rows));
  }

  /** add, where a document whose id is there already is replaced: tokens, metadata and text. */
  async upsert(rows: TokenRows<M>): Promise<readonly RecordId[]> {
    return this.put('upsert', () => this.#checked(rows));
  }

  #checked(rows: TokenRows<M>): NewRows<M, TokenSet> {
    checkOptions('rows', rows, ROWS as OptionTable<TokenRows<M>>);
    const { texts, tokens, ids, metadata } = rows;
    const { kept, values } = this.textsOf.complete('tokens', texts, tokens, (model, some) =>
      (model as StaticTokenEncoder).encodeDocuments(some),
    );
    const { data, offsets, n, d } = checkDocumentTokens(values, this.d, this.metric);
    const copy = { data: data.slice(), offsets: offsets.slice(), n, d };
    return { n, values: copy, texts: kept, ids, metadata };
  }

  /**
   * A document's tokens, m × d: as they were added while it is in the tail, else what their codes stand for; for 'cosine' of length 1.
   * @throws RangeError where there is no such document
   */
  async tokens(id: RecordId): Promise<Float32Array> {
    await this.refresh();
    return this.parts.valuesOf(checkRecordId('id', id));
  }

  /**
   * The k best documents by MaxSim, with their metadata; all there are where k is more, none for a query without tokens. What was written
   * before the call is found.
   * @param query - tokens, with weights where wanted; or, where there is a text model, words
   * @throws TypeError, RangeError on a query or options that are wrong
   */
  async search(
    query: Vectors | MultiVectorQuery | string,
    k: number,
    options: TokenSearchOptions<M> = {},
  ): Promise<MultiVectorHit<M>[]> {
    return this.#search(
      typeof query === 'string' ? (this.#words('query', [query])[0] ?? []) : query,
      k,
      options,
    );
  }

  /** search for each set of tokens, or for words, one after the other. */
  async searchBatch(
    queries: TokenSetInput | readonly string[],
    k: number,
    options: TokenSearchOptions<M> = {},
  ): Promise<MultiVectorHit<M>[][]> {
    const all = Array.isArray(queries)
      ? this.#words('queries', queries)
      : this.#sets(queries as TokenSetInput);
    const found: MultiVectorHit<M>[][] = [];
    for (const query of all) found.push(await this.#search(query, k, options));
    return found;
  }

  #words(label: string, words: readonly string[]): MultiVectorQuery[] {
    return this.textsOf.encode(label, words, (model, some) =>
      some.map((text) => {
        const { data, weights } = (model as StaticTokenEncoder).encodeQuery(text);
        return { tokens: data, ...(weights && { weights }) };
      }),
    );
  }

  #sets(queries: TokenSetInput): Float32Array[] {
    const { data, offsets, n, d } = tokenSet(queries.data, queries.offsets, queries.d, 'queries');
    if (d !== this.d) throw new RangeError(`"queries" expected d = ${this.d}, got ${d}`);
    return Array.from({ length: n }, (_, q) =>
      data.subarray((offsets[q] as number) * d, (offsets[q + 1] as number) * d),
    );
  }

  async #search(
    query: Vectors | MultiVectorQuery,
    k: number,
    options: TokenSearchOptions<M>,
  ): Promise<MultiVectorHit<M>[]> {
    checkOptions<Omit<SearchOptionNames, 'statistics'>>('options', options, SEARCH);
    checkInteger('k', k, 1, MAX_K);
    const { filter, ...rest } = options;
    const how = { ...rest, ...filterOfParts(filter) };
    await this.refresh();
    // all of them in one turn: of one moment
    const answers = this.parts.list.map(async (part) => {
      if (part instanceof TokenTail) return part.index.search(query, k, how) as MultiVectorHit<M>[];
      if (!(part instanceof TokenSegment)) return [];
      const { index } = part;
      return part.using(() => index.search(query, k, how) as Promise<MultiVectorHit<M>[]>);
    });
    return this.parts.merge(await Promise.all(answers), k);
  }

  /**
   * Which of a document's tokens matched each token of the query, from the finest tokens that are kept.
   * @throws RangeError where there is no such document, and as search does on a bad query
   */
  async explain(query: Vectors | MultiVectorQuery | string, id: RecordId): Promise<MultiVectorExplanation> {
    const given = typeof query === 'string' ? (this.#words('query', [query])[0] ?? []) : query;
    const { tokens: asked } = checkQuery(given, this.d, this.metric);
    const tokens = await this.tokens(id);
    if (asked.n === 0) return { id, similarity: 0, matches: [] };
    const { d, metric } = this;
    using store = createTokenStore(this.core, { encoding: 'float32', d, metric });
    store.append({ data: tokens, offsets: Uint32Array.of(0, tokens.length / d), n: 1, d });
    return explained(id, asked, store.explain(asked, 0));
  }

  /**
   * Goes through all documents that are there at the call, some at a time, each as it is when it is read; what is deleted before
   * that is passed over.
   */
  async *iterate(): AsyncGenerator<TokenRecord<M>, void, undefined> {
    for await (const { values, ...record } of this.records()) yield { ...record, tokens: values };
  }

  /** Gives all documents as lines of JSON, `{"id":…,"metadata":…,"text":…,"tokens":[[…],…]}`, in chunks of UTF-8. */
  export(): AsyncGenerator<Uint8Array, void, undefined> {
    const { d } = this;
    return this.lines((values) => {
      const rows = Array.from(
        { length: values.length / d },
        (_, i) => `[${values.subarray(i * d, (i + 1) * d).join(',')}]`,
      );
      return `"tokens":[${rows.join(',')}]`;
    });
  }
}
