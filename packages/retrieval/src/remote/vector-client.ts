/** A VectorIndex in a worker: vectors with ids and metadata that come and go. Every method is a promise of the index's own. */
import {
  checkOptions,
  type Metric,
  type Numbers,
  type OptionTable,
  shapedSet,
  type Vectors,
} from '@sagitta/core-wasm';
import type {
  FoundIds,
  JsonValue,
  RecordExpression,
  RecordId,
  VectorChange,
  VectorIndex,
  VectorIndexOptions,
  VectorRecord,
  VectorReport,
  VectorRows,
} from '../index.ts';
import type { HitOf } from '../search/hits.ts';
import { namedOptions } from '../vector-index/options.ts';
import { CHANGE, ROWS } from '../vector-index/types.ts';
import { CALL, type CallOptions, PROGRESS, type ProgressOptions, SEARCH } from './client-options.ts';
import type { Connection } from './connection.ts';
import type { Place } from './place.ts';
import {
  checkRowLength,
  postedId,
  postedNumbers,
  postedRecords,
  postedVectors,
  splitSearch,
} from './posted.ts';
import type { VectorInfo, WorkerSearchOptions } from './protocol.ts';
import { RecordClient, type Sent } from './record-client.ts';
import { reviveError, type TransferredError } from './transfer-error.ts';
import { packed } from './vector-input.ts';

/** Options of a search of records that can be posted. */
export interface WorkerVectorSearchOptions<M = JsonValue> extends WorkerSearchOptions {
  /** Records that may be found: an expression over metadata, or ids. */
  readonly filter?: RecordExpression<M> | Iterable<RecordId>;
}

const RECORD_SEARCH: OptionTable<WorkerVectorSearchOptions & CallOptions> = { ...SEARCH, filter: 'any' };
const RECORD_BATCH: OptionTable<WorkerVectorSearchOptions & ProgressOptions> = {
  ...RECORD_SEARCH,
  ...PROGRESS,
};
const RERANK: OptionTable<NonNullable<WorkerSearchOptions['rerank']>> = { candidates: 'number' };

/**
 * Holds a VectorIndex in a worker; M is the type of the metadata, S the metric. Until something is made, loaded or opened
 * there is none, and calls reject with a RangeError.
 */
export class VectorClient<
  M = JsonValue,
  S extends Metric = Metric,
  P extends Place = Place,
> extends RecordClient<P, VectorInfo, VectorIndex<M, S>, M> {
  /** Takes the worker over: dispose ends it. */
  constructor(connection: Connection<P>) {
    super(connection, 'vectors');
  }

  /** As createVectorIndex: an empty index, which trains itself when there are enough vectors. */
  async create(options: VectorIndexOptions<S>, call: CallOptions = {}): Promise<VectorInfo> {
    return this.make({ kind: 'vectors', options: namedOptions(options), rows: undefined }, [], call);
  }

  /** As buildVectorIndex: an index of vectors that are there, trained on them. */
  async build(
    rows: VectorRows<M>,
    options: VectorIndexOptions<S>,
    call: CallOptions = {},
  ): Promise<VectorInfo> {
    const named = namedOptions(options);
    checkOptions('rows', rows, ROWS as OptionTable<VectorRows<M>>);
    const { view: vectors, transfer } = packed(shapedSet(rows.vectors, options.d, 'vectors').data);
    const posted = { ...postedRecords(rows), vectors } as VectorRows;
    return this.make({ kind: 'vectors', options: named, rows: posted }, transfer, call);
  }

  /**
   * Adds records: all of them, or none. Where the index trains itself that is part of the call.
   * @throws as VectorIndex.add does; RangeError where there is no index, or one whose lists are elsewhere (open);
   * WorkerGoneError; the signal's reason
   */
  async add(rows: VectorRows<M>, call: CallOptions = {}): Promise<void> {
    await this.change('add', this.#sent(rows), call, CALL);
  }

  /** add, where a record whose id is there already is replaced, vector and metadata. */
  async upsert(rows: VectorRows<M>, call: CallOptions = {}): Promise<void> {
    await this.change('upsert', this.#sent(rows), call, CALL);
  }

  #sent(rows: VectorRows<M>): Sent {
    checkOptions('rows', rows, ROWS as OptionTable<VectorRows<M>>);
    const { value: vectors, transfer, rowLength } = postedVectors('vectors', rows.vectors);
    return {
      args: [{ ...postedRecords(rows), vectors }],
      transfer,
      check: () => checkRowLength('vectors', rowLength, this.d),
    };
  }

  /** Gives a record a new vector, new metadata, or both; what is left out stays. @throws as VectorIndex.update and add do */
  async update(id: RecordId, change: VectorChange<M>, call: CallOptions = {}): Promise<void> {
    checkOptions('change', change, CHANGE as OptionTable<VectorChange<M>>);
    const vector = change.vector && postedNumbers('vector', change.vector);
    const posted = { ...this.metadataOf(change), ...(vector && { vector: vector.value }) };
    const sent: Sent = { args: [postedId('id', id), posted], transfer: vector?.transfer ?? [] };
    await this.change('update', sent, call, CALL);
  }

  /**
   * Trains codes on the vectors there are and codes all of them, as VectorIndex.train. It is one step of the worker, and
   * searches wait for it; onProgress is told when it begins and when it is through.
   */
  async train(call: ProgressOptions = {}): Promise<void> {
    await this.change('train', { args: [] }, call, PROGRESS);
  }

  /** How the index does: what it holds, what it was trained on, how far new vectors have drifted from that, bytes. */
  async report(call: CallOptions = {}): Promise<VectorReport> {
    checkOptions('options', call, CALL);
    const report = await this.ask('report', { args: [] }, call);
    // an error goes over as transfer-error.ts describes it
    const error = report.trainingError as TransferredError | undefined;
    return { ...report, trainingError: error && reviveError(error) };
  }

  /** A record's metadata, or undefined where there is no such record. */
  async get(id: RecordId, call: CallOptions = {}): Promise<VectorRecord<M> | undefined> {
    checkOptions('options', call, CALL);
    return this.ask('get', { args: [postedId('id', id)] }, call);
  }

  /** A record's vector, as VectorIndex.vector gives it. @throws RangeError where there is no such record */
  async vector(id: RecordId, call: CallOptions = {}): Promise<Float32Array> {
    checkOptions('options', call, CALL);
    return this.ask('vector', { args: [postedId('id', id)] }, call);
  }

  /**
   * The k best records, with their metadata; all there are where k is more.
   * @throws as VectorIndex.search does, TypeError on a filter that is a predicate, WorkerGoneError, the signal's reason
   */
  async search(
    query: Numbers,
    k: number,
    options: WorkerVectorSearchOptions<M> & CallOptions = {},
  ): Promise<HitOf<M, S>[]> {
    const { sent, signal } = this.#query(query, k, options);
    return this.ask('search', sent, { ...(signal && { signal }) });
  }

  /** search without objects: ids and scores. */
  async searchIds(
    query: Numbers,
    k: number,
    options: WorkerVectorSearchOptions<M> & CallOptions = {},
  ): Promise<FoundIds> {
    const { sent, signal } = this.#query(query, k, options);
    return this.ask('searchIds', sent, { ...(signal && { signal }) });
  }

  #query(
    query: Numbers,
    k: number,
    options: WorkerVectorSearchOptions<M> & CallOptions,
  ): { readonly sent: Sent; readonly signal: AbortSignal | undefined } {
    const table = RECORD_SEARCH as OptionTable<WorkerVectorSearchOptions<M> & CallOptions>;
    const { plain, signal } = splitSearch(options, table);
    if (options.rerank) checkOptions('rerank', options.rerank, RERANK);
    const { value, transfer } = postedNumbers('query', query);
    return { sent: { args: [value, k, plain], transfer }, signal };
  }

  /** search for every row of queries (nq × d numbers or nq arrays of d). An abort takes effect every 16 queries. */
  async searchBatch(
    queries: Vectors,
    k: number,
    options: WorkerVectorSearchOptions<M> & ProgressOptions = {},
  ): Promise<HitOf<M, S>[][]> {
    const table = RECORD_BATCH as OptionTable<WorkerVectorSearchOptions<M> & ProgressOptions>;
    const { plain, signal } = splitSearch(options, table);
    if (options.rerank) checkOptions('rerank', options.rerank, RERANK);
    const { value, transfer, rowLength } = postedVectors('queries', queries);
    checkRowLength('queries', rowLength, this.d);
    const { onProgress } = options;
    const call = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
    return this.ask('searchBatch', { args: [value, k, plain], transfer }, call);
  }
}
