/**
 * A MultiVectorIndex in a worker: documents of many vectors with ids and metadata that come and go. Every method is a promise
 * of the index's own.
 */
import { checkOptions, type OptionTable, type TokenSetInput, type Vectors } from '@sagitta/core-wasm';
import {
  type CreateMultiVectorOptions,
  type JsonValue,
  type MultiVectorChange,
  type MultiVectorDocuments,
  type MultiVectorExplanation,
  type MultiVectorHit,
  type MultiVectorIndex,
  type MultiVectorOptions,
  type MultiVectorQuery,
  type MultiVectorResult,
  type MultiVectorSearchOptions,
  type RecordExpression,
  type RecordId,
  writeFdeEncoder,
} from '../index.ts';
import { MULTI_VECTOR_OPTIONS } from '../multi-vector-index/build.ts';
import type { MultiVectorBytes } from '../multi-vector-index/document-stores.ts';
import {
  CHANGE,
  DOCUMENTS,
  SEARCH_OPTIONS,
  type SearchOptionNames,
} from '../multi-vector-index/documents.ts';
import type { EncodedQuery } from '../multi-vector-index/query.ts';
import { CALL, type CallOptions, PROGRESS, type ProgressOptions } from './client-options.ts';
import type { Connection } from './connection.ts';
import type { Place } from './place.ts';
import {
  checkRowLength,
  postedId,
  postedQuery,
  postedRecords,
  postedTokens,
  postedVectors,
  splitSearch,
} from './posted.ts';
import type { Making, MultiVectorInfo } from './protocol.ts';
import { RecordClient, type Sent } from './record-client.ts';

/** Options of a search of documents that can be posted. */
export interface WorkerMultiVectorSearchOptions<M = JsonValue>
  extends Omit<MultiVectorSearchOptions<M>, 'filter'> {
  /** Documents that may be found: an expression over metadata, or ids. */
  readonly filter?: RecordExpression<M> | Iterable<RecordId>;
}

/** Options of an index that can be posted: a clock is a function, workers have indexes, and an encoder goes over as its bytes. */
export type WorkerMultiVectorOptions = Omit<MultiVectorOptions, 'clock' | 'indexes'>;

const SEARCH: OptionTable<SearchOptionNames & CallOptions> = { ...SEARCH_OPTIONS, ...CALL };
const BATCH: OptionTable<SearchOptionNames & ProgressOptions> = { ...SEARCH_OPTIONS, ...PROGRESS };
const { clock: _, indexes: _indexes, ...WORKER_OPTIONS } = MULTI_VECTOR_OPTIONS;
const MAKE: OptionTable<WorkerMultiVectorOptions> = WORKER_OPTIONS;

/**
 * Holds a MultiVectorIndex in a worker; M is the type of the metadata. Until something is made, loaded or opened there is none,
 * and calls reject with a RangeError.
 */
export class MultiVectorClient<M = JsonValue, P extends Place = Place> extends RecordClient<
  P,
  MultiVectorInfo,
  MultiVectorIndex<M>,
  M
> {
  /** Takes the worker over: dispose ends it. */
  constructor(connection: Connection<P>) {
    super(connection, 'multi-vectors');
  }

  /** As createMultiVectorIndex: an empty index, for which nothing is learned. */
  async create(
    options: Omit<CreateMultiVectorOptions, 'clock' | 'indexes'>,
    call: CallOptions = {},
  ): Promise<MultiVectorInfo> {
    checkOptions('options', options, { ...MAKE, d: 'number' });
    const { d, ...rest } = options;
    return this.#made(rest, { d }, [], call);
  }

  /** As buildMultiVectorIndex: an index of documents that are there, which lists and codes are learned from. */
  async build(
    documents: MultiVectorDocuments<M>,
    options: WorkerMultiVectorOptions = {},
    call: CallOptions = {},
  ): Promise<MultiVectorInfo> {
    checkOptions('options', options, MAKE);
    checkOptions('documents', documents, DOCUMENTS as OptionTable<MultiVectorDocuments<M>>);
    const { value: tokens, transfer } = postedTokens('tokens', documents.tokens);
    const posted = { ...postedRecords(documents), tokens } as MultiVectorDocuments;
    return this.#made(options, { documents: posted }, transfer, call);
  }

  /** As trainMultiVectorIndex: an empty index whose lists and codes are learned from documents like those to come. */
  async train(
    sample: TokenSetInput,
    options: WorkerMultiVectorOptions = {},
    call: CallOptions = {},
  ): Promise<MultiVectorInfo> {
    checkOptions('options', options, MAKE);
    const { value, transfer } = postedTokens('sample', sample);
    return this.#made(options, { sample: value }, transfer, call);
  }

  #made(
    { encoder, ...options }: WorkerMultiVectorOptions,
    of: Extract<Making, { kind: 'multi-vectors' }>['of'],
    transfer: Transferable[],
    call: CallOptions,
  ): Promise<MultiVectorInfo> {
    const written = encoder && writeFdeEncoder(encoder);
    return this.make({ kind: 'multi-vectors', options, encoder: written, of }, transfer, call);
  }

  /**
   * Adds documents: all of them, or none.
   * @throws as MultiVectorIndex.add does; RangeError where there is no index, or one whose tokens are elsewhere (open);
   * WorkerGoneError; the signal's reason
   */
  async add(documents: MultiVectorDocuments<M>, call: CallOptions = {}): Promise<void> {
    await this.change('add', this.#sent(documents), call, CALL);
  }

  /** add, where documents whose ids are there already take the place of what has them. */
  async upsert(documents: MultiVectorDocuments<M>, call: CallOptions = {}): Promise<void> {
    await this.change('upsert', this.#sent(documents), call, CALL);
  }

  #sent(documents: MultiVectorDocuments<M>): Sent {
    checkOptions('documents', documents, DOCUMENTS as OptionTable<MultiVectorDocuments<M>>);
    const { value: tokens, transfer } = postedTokens('tokens', documents.tokens);
    return { args: [{ ...postedRecords(documents), tokens }], transfer };
  }

  /** Gives a document new tokens, new metadata, or both; what is left out stays. @throws as MultiVectorIndex.update does */
  async update(id: RecordId, change: MultiVectorChange<M>, call: CallOptions = {}): Promise<void> {
    checkOptions('change', change, CHANGE as OptionTable<MultiVectorChange<M>>);
    const tokens = change.tokens && postedVectors('tokens', change.tokens);
    const sent: Sent = {
      args: [postedId('id', id), { ...this.metadataOf(change), ...(tokens && { tokens: tokens.value }) }],
      transfer: tokens?.transfer ?? [],
      check: () => checkRowLength('tokens', tokens?.rowLength, this.d),
    };
    await this.change('update', sent, call, CALL);
  }

  /** The number of tokens and the metadata of a document, or undefined. */
  async get(
    id: RecordId,
    call: CallOptions = {},
  ): Promise<{ readonly tokens: number; readonly metadata: M | undefined } | undefined> {
    checkOptions('options', call, CALL);
    return this.ask('get', { args: [postedId('id', id)] }, call);
  }

  /** Bytes of the core's memory by part, as MultiVectorIndex.bytes. */
  async bytes(call: CallOptions = {}): Promise<MultiVectorBytes> {
    checkOptions('options', call, CALL);
    return this.ask('bytes', { args: [] }, call);
  }

  /** A query's FDE, for search, or to be sent to another index of the same parameters. @throws RangeError without tokens */
  async encodeQuery(query: Vectors | MultiVectorQuery, call: CallOptions = {}): Promise<EncodedQuery> {
    checkOptions('options', call, CALL);
    return this.ask('encodeQuery', this.#query(query), call);
  }

  /** Which of a document's tokens matched each token of the query. @throws RangeError where there is no such document */
  async explain(
    query: Vectors | MultiVectorQuery,
    id: RecordId,
    call: CallOptions = {},
  ): Promise<MultiVectorExplanation> {
    checkOptions('options', call, CALL);
    return this.ask('explain', this.#query(query, postedId('id', id)), call);
  }

  /**
   * The k best documents by MaxSim, with their metadata; all there are where k is more, none for a query without tokens.
   * @throws as MultiVectorIndex.search does, TypeError on a filter that is a predicate, WorkerGoneError, the signal's reason
   */
  async search(
    query: Vectors | MultiVectorQuery,
    k: number,
    options: WorkerMultiVectorSearchOptions<M> & CallOptions = {},
  ): Promise<MultiVectorHit<M>[]> {
    const { plain, signal } = splitSearch<SearchOptionNames & CallOptions>(options, SEARCH);
    return this.ask('search', this.#query(query, k, plain), { ...(signal && { signal }) });
  }

  /** search without objects: ids and similarities as arrays, with statistics where asked for. */
  async searchIds(
    query: Vectors | MultiVectorQuery,
    k: number,
    options: WorkerMultiVectorSearchOptions<M> & CallOptions = {},
  ): Promise<MultiVectorResult> {
    const { plain, signal } = splitSearch<SearchOptionNames & CallOptions>(options, SEARCH);
    return this.ask('searchIds', this.#query(query, k, plain), { ...(signal && { signal }) });
  }

  #query(query: Vectors | MultiVectorQuery, ...rest: readonly unknown[]): Sent {
    const { value, transfer, rowLength } = postedQuery(query);
    checkRowLength('query.tokens', rowLength, this.d);
    return { args: [value, ...rest], transfer };
  }

  /** The hits of each set of tokens, as search gives them. An abort takes effect every 16 queries. */
  async searchBatch(
    queries: TokenSetInput,
    k: number,
    options: WorkerMultiVectorSearchOptions<M> & ProgressOptions = {},
  ): Promise<MultiVectorHit<M>[][]> {
    const { plain, signal } = splitSearch<SearchOptionNames & ProgressOptions>(options, BATCH);
    const { onProgress } = options;
    const { value, transfer } = postedTokens('queries', queries);
    const call = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
    return this.ask('searchBatch', { args: [value, k, plain], transfer }, call);
  }
}
