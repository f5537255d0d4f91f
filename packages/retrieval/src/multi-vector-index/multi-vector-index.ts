/**
 * Documents as sets of token vectors, searched in a funnel: a scan of FDE codes finds candidates, finer FDEs (where
 * kept) rank them again, MaxSim ranks the best and is the score. Documents have the caller's ids and come and go
 * singly; nothing is trained again.
 *
 * Slots: a document is one row of every store. A deleted or replaced one leaves a dead slot behind, which searches pass
 * over and a compaction takes away; ids never change.
 */
import {
  type Core,
  checkInteger,
  checkNumber,
  checkOneOf,
  checkOptions,
  type OptionTable,
  Owner,
  type TokenSet,
  type TokenSetInput,
  toFloat32Rows,
  tokenSet,
  type Vectors,
} from '@sagitta/core-wasm';
import { MAX_EF } from '../graph/graph-options.ts';
import type { TokenMetric } from '../maxsim/index.ts';
import type { FdeEncoder, FdeSession } from '../muvera/index.ts';
import type { AllowedRecords, RecordFilter } from '../records/filter.ts';
import { checkRecordId, printId, type RecordId } from '../records/ids.ts';
import type { JsonValue } from '../records/json.ts';
import { copyMetadata, type PreparedRecords, type RecordRows, Records } from '../records/records.ts';
import { budgetsOf, SHORT_QUERY_TOKENS, shortQueryFactor } from '../search/budgets.ts';
import { MAX_K } from '../search/search-result.ts';
import { countSlots, withRoom } from '../search/slot-set.ts';
import { type Clock, type MultiVectorStatistics, StageTimer } from '../search/statistics.ts';
import { carveQuery } from './ball-carving.ts';
import {
  appendDocuments,
  bytesOf,
  compactStores,
  type DocumentStores,
  type MultiVectorBytes,
  storesOf,
} from './document-stores.ts';
import {
  CHANGE,
  checkDocumentTokens,
  DOCUMENTS,
  type MultiVectorChange,
  type MultiVectorDocuments,
  type MultiVectorSearchOptions,
  SEARCH_OPTIONS,
  type SearchOptionNames,
} from './documents.ts';
import { DEFAULT_NPROBE } from './fde-index.ts';
import { FilledSlots } from './filled-slots.ts';
import {
  type Found,
  findNothing,
  runInMemory,
  type SearchProgram,
  searchExactly,
  searchFunnel,
} from './funnel.ts';
import { checkEncoded, checkQuery, type EncodedQuery, type MultiVectorQuery } from './query.ts';
import {
  explained,
  type MultiVectorExplanation,
  type MultiVectorHit,
  type MultiVectorResult,
} from './results.ts';

/** Made of what was made before: for those who make stores of their own. */
export interface MultiVectorParts<M = JsonValue> {
  readonly core: Core;
  readonly metric: TokenMetric;
  readonly encoder: FdeEncoder;
  /** The index's from now on, empty or filled alike: disposed with it. */
  readonly stores: DocumentStores;
  /** Share of dead slots that starts a compaction, put off where there is no memory for it; 1: never by itself. */
  readonly compactAt?: number;
  /** For times in statistics. */
  readonly clock?: Clock;
  /** Contents of a file, row by row of the filled stores. @internal */
  readonly records?: Records<M>;
  /** Tokens of each of its rows, where they lie elsewhere: the token stores are empty then. @internal */
  readonly lengths?: Uint32Array;
}

const DEFAULT_EXACT_BELOW = 5_000;
const DEFAULT_COMPACT_AT = 0.25;
const SHORT_QUERIES = ['overfetch', 'exact', 'same'] as const;

/**
 * Searches documents that are sets of token vectors by MaxSim. buildMultiVectorIndex makes one of documents,
 * createMultiVectorIndex an empty one, trainMultiVectorIndex an empty one for documents like a sample; M is the type of their
 * metadata.
 */
export class MultiVectorIndex<M = JsonValue> extends Owner {
  readonly metric: TokenMetric;
  readonly d: number;
  readonly encoder: FdeEncoder;
  readonly stores: DocumentStores;
  readonly compactAt: number;
  readonly #records: Records<M>;
  readonly #filled = new FilledSlots();
  readonly #session: FdeSession;
  readonly #clock: Clock | undefined;

  constructor(parts: MultiVectorParts<M>) {
    super(parts.core);
    const { encoder, stores } = parts;
    for (const store of storesOf(stores)) this.own(() => store);
    this.metric = parts.metric;
    this.d = encoder.d;
    this.encoder = encoder;
    this.stores = stores;
    this.#records = parts.records ?? new Records<M>();
    for (let slot = 0; slot < this.#records.slots; slot++)
      this.#filled.push((parts.lengths?.[slot] ?? stores.tokens.lengthOf(slot)) > 0);
    this.#clock = parts.clock;
    this.#session = this.own(() => encoder.createSession(parts.core));
    this.compactAt = parts.compactAt ?? DEFAULT_COMPACT_AT;
    this.own(() => void checkNumber('compactAt', this.compactAt, 0.01, 1));
  }

  /** Documents, those without tokens included. */
  get n(): number {
    return this.#records.n;
  }
  /** Dead slots: deleted documents and older versions whose memory a compaction gives back. */
  get dead(): number {
    return this.#records.dead;
  }
  /** Of the encoder: queries encoded elsewhere must carry the same. */
  get parameterHash(): string {
    return this.encoder.parameterHash;
  }
  /** Ids and metadata by slot; for saving. @internal */
  get records(): Records<M> {
    return this.#records;
  }

  /** Bytes of the core's memory by part; the encoder's matrices and the records are not counted. */
  bytes(): MultiVectorBytes {
    this.checkLive('index');
    return bytesOf(this.stores);
  }

  has(id: RecordId): boolean {
    this.checkLive('index');
    return this.#records.slotOf(id) !== undefined;
  }
  /** The number of tokens and the metadata of a document, or undefined. Metadata are made anew: the caller's. */
  get(id: RecordId): { readonly tokens: number; readonly metadata: M | undefined } | undefined {
    this.checkLive('index');
    const slot = this.#records.slotOf(id);
    if (slot === undefined) return undefined;
    return { tokens: this.stores.tokens.lengthOf(slot), metadata: this.#records.metadataAt(slot) };
  }
  /** Ids of all documents, in the order they were added or last given tokens. */
  ids(): RecordId[] {
    this.checkLive('index');
    return this.#records.liveIds();
  }

  /**
   * Adds documents: all of them, or none when something is thrown.
   * @throws TypeError, RangeError on ids that are there already or come twice, on tokens of another d, with NaN or,
   * for 'cosine', of length 0; CapacityError where memory ends
   */
  add(documents: MultiVectorDocuments<M>): void {
    this.#put('add', documents);
  }

  /**
   * Adds documents; those whose ids are there already take the place of what has them, metadata included. All or none.
   * @throws as add does, on ids that come twice in one call too
   */
  upsert(documents: MultiVectorDocuments<M>): void {
    this.#put('put', documents);
    this.#compactIfDue();
  }

  #put(kind: 'add' | 'put', documents: MultiVectorDocuments<M>): void {
    this.checkLive('index');
    checkOptions('documents', documents, DOCUMENTS);
    const set = checkDocumentTokens(documents.tokens, this.d, this.metric);
    const prepared = this.#records.prepare(kind, set.n, documents);
    // a toJSON of the caller's may have used the index
    this.checkLive('index');
    this.#append(set, prepared);
  }

  #append(set: TokenSet, prepared: PreparedRecords<M>): void {
    appendDocuments(this.stores, this.#session, this.metric, set);
    this.#commit(set, prepared);
  }

  #commit(set: TokenSet, prepared: PreparedRecords<M>): void {
    this.#records.commit(prepared);
    for (let i = 0; i < set.n; i++) {
      this.#filled.push((set.offsets[i + 1] as number) > (set.offsets[i] as number));
    }
  }

  /** Takes the memory of documents that nothing finds until they have records; several times, where they belong together. Throws as add does. @internal */
  stage(set: TokenSet): void {
    this.checkLive('index');
    appendDocuments(this.stores, this.#session, this.metric, set);
  }

  /** Drops what was staged. @internal */
  withdraw(): void {
    this.checkLive('index');
    for (const store of storesOf(this.stores)) store.truncate(this.#records.slots);
  }

  /** What was staged is found when it has records. @internal */
  publish(): void {
    this.checkLive('index');
  }

  /** The records of the next documents that were staged. @internal */
  record(set: TokenSet, given: RecordRows<M>): void {
    this.checkLive('index');
    this.#commit(set, this.#records.prepare('put', set.n, given));
  }

  /** Compacts where that is due, when all documents have records. @internal */
  settle(): void {
    this.checkLive('index');
    this.#compactIfDue();
  }

  /** The finest tokens that are kept of a slot, as their codes have them: tokens × d. @internal */
  decode(slot: number): Float32Array {
    this.checkLive('index');
    return (this.stores.finerTokens ?? this.stores.tokens).decode(slot);
  }

  /**
   * Gives a document new tokens (m × d), new metadata, or both; what is left out stays.
   * @throws RangeError where there is no such document, and as add does
   */
  update(id: RecordId, change: MultiVectorChange<M>): void {
    this.checkLive('index');
    checkOptions('change', change, CHANGE as OptionTable<MultiVectorChange<M>>);
    // first of all: a toJSON of the caller's may use the index
    const given = copyMetadata('metadata', change.metadata);
    this.checkLive('index');
    const slot = this.#slotOf(id);
    if (change.tokens === undefined) {
      if (given !== undefined) this.#records.setMetadata(slot, given);
      return;
    }
    const data = toFloat32Rows('tokens', change.tokens, this.d);
    const rows = Math.floor(data.length / this.d);
    const set = checkDocumentTokens(
      { data, offsets: Uint32Array.of(0, rows), d: this.d },
      this.d,
      this.metric,
    );
    const metadata = [given ?? this.#records.metadataAt(slot)];
    this.#append(set, this.#records.prepare('put', 1, { ids: [id], metadata }));
    this.#compactIfDue();
  }

  /**
   * Takes a document out, or several; how many of them there were. Memory is given back by a compaction, put off where there
   * is none for it.
   * @throws TypeError, RangeError on what are no ids: then none is gone
   */
  delete(ids: RecordId | readonly RecordId[]): number {
    this.checkLive('index');
    const checked = isList(ids)
      ? Array.from(ids, (id, i) => checkRecordId(`ids[${i}]`, id))
      : [checkRecordId('id', ids)];
    let gone = 0;
    for (const id of checked) if (this.#records.delete(id)) gone++;
    if (gone > 0) this.#compactIfDue();
    return gone;
  }

  /**
   * Gives the memory of dead slots back.
   * @throws CapacityError where memory ends on the way, BusyError where it does and the index is being saved; then all is
   * as it was
   */
  compact(): void {
    this.checkLive('index');
    if (this.dead === 0) return;
    const keep = this.#records.liveSlots();
    compactStores(this.stores, keep);
    this.#records.compact(keep);
    this.#filled.compact(keep);
  }

  #compactIfDue(): void {
    this.#records.compactIfDue(this.compactAt, () => this.compact());
  }

  #slotOf(id: RecordId): number {
    const slot = this.#records.slotOf(checkRecordId('id', id));
    if (slot === undefined) throw new RangeError(`"id" expected a document's id, got ${printId(id)}`);
    return slot;
  }

  /**
   * A bit set of allowed documents for many searches; good until the index next changes. A predicate may search the index.
   * @throws TypeError, RangeError on what is no filter, naming its part; RangeError on a predicate, or ids, that change the
   * index on the way
   */
  filter(filter: Exclude<RecordFilter<M>, AllowedRecords>): AllowedRecords {
    this.checkLive('index');
    const allowed = this.#records.filter(filter);
    this.#checkStillLive();
    return allowed;
  }

  #checkStillLive(): void {
    if (!this.isLive) {
      throw new RangeError('"filter" expected one that leaves the index as it is, got one that disposed it');
    }
  }

  /** A query's FDE, for search, or to be sent to another index of the same parameters. @throws RangeError without tokens */
  encodeQuery(query: Vectors | MultiVectorQuery): EncodedQuery {
    this.checkLive('index');
    const { tokens } = checkQuery(query, this.d, this.metric);
    if (tokens.n === 0) throw new RangeError('"query.tokens" expected at least one token, got none');
    return { fde: this.#session.encodeQuery(tokens.data, tokens.weights), parameterHash: this.parameterHash };
  }

  /**
   * The k best documents by MaxSim among those that the funnel lets through, best first; all there are where k is more,
   * none for a query without tokens.
   * @throws TypeError, RangeError on a query of another d, with NaN or encoded with other parameters; on k, budgets or τ out of
   * range; on what is no filter, or one of another index or from before the last change
   */
  search(
    query: Vectors | MultiVectorQuery,
    k: number,
    options: MultiVectorSearchOptions<M> = {},
  ): MultiVectorHit<M>[] {
    return this.hitsOf(this.#find(query, k, options).found);
  }

  /** What was found, with ids and metadata. @internal */
  hitsOf(found: Found): MultiVectorHit<M>[] {
    this.checkLive('index');
    return Array.from(found.slots, (slot, i) => ({
      id: this.#records.idAt(slot),
      similarity: found.scores[i] as number,
      metadata: this.#records.metadataAt(slot),
    }));
  }

  /** search without objects: ids and similarities as arrays, with statistics where asked for. @throws as search does */
  searchIds(
    query: Vectors | MultiVectorQuery,
    k: number,
    options: MultiVectorSearchOptions<M> = {},
  ): MultiVectorResult {
    const { found, statistics } = this.#find(query, k, options);
    const ids = Array.from(found.slots, (slot) => this.#records.idAt(slot));
    return { ids, scores: found.scores, ...(options.statistics && { statistics }) };
  }

  /** The hits of each set of tokens, as search gives them. @throws as search does */
  searchBatch(
    queries: TokenSetInput,
    k: number,
    options: MultiVectorSearchOptions<M> = {},
  ): MultiVectorHit<M>[][] {
    this.checkLive('index');
    const { data, offsets, n } = this.#checkQueries(queries);
    return Array.from({ length: n }, (_, q) =>
      this.search(
        data.subarray((offsets[q] as number) * this.d, (offsets[q + 1] as number) * this.d),
        k,
        options,
      ),
    );
  }

  #find(
    query: Vectors | MultiVectorQuery,
    k: number,
    options: MultiVectorSearchOptions<M>,
  ): { found: Found; statistics: MultiVectorStatistics } {
    return runInMemory(this.searching(query, k, options), this.stores);
  }

  /** search as a program that asks for tokens when it wants them; for tokens that lie elsewhere. @internal */
  *searching(
    query: Vectors | MultiVectorQuery,
    k: number,
    options: MultiVectorSearchOptions<M>,
  ): SearchProgram<{ found: Found; statistics: MultiVectorStatistics }> {
    this.checkLive('index');
    checkInteger('k', k, 1, MAX_K);
    checkOptions<SearchOptionNames>('options', options, SEARCH_OPTIONS);
    const { tokens, encoded } = checkQuery(query, this.d, this.metric);
    const timer = new StageTimer(this.#clock);
    const given = encoded && checkEncoded(encoded, this.encoder);
    const { filter } = options;
    const chosen = filter === undefined ? this.#records.live : this.#records.allowed(filter);
    const slots = this.stores.fdes.n; // with those that are staged
    const allowed = withRoom(this.#filled.within(chosen), slots);
    this.#checkStillLive();
    const count = countSlots(allowed);
    const exactBelow = checkInteger('exactBelow', options.exactBelow ?? DEFAULT_EXACT_BELOW, 0, 2 ** 32 - 1);
    const short = checkOneOf('shortQueries', options.shortQueries ?? 'overfetch', SHORT_QUERIES);
    const carved =
      options.ballCarving === undefined || tokens.n === 0
        ? undefined
        : carveQuery(tokens, options.ballCarving);
    const budgets = budgetsOf(k, options, {
      hasFinerFdes: this.stores.finerFdes !== undefined,
      hasRefine: carved !== undefined || this.stores.finerTokens !== undefined,
      factor: short === 'overfetch' ? shortQueryFactor(tokens.n) : 1,
    });
    const nprobe = checkInteger('nprobe', options.nprobe ?? DEFAULT_NPROBE, 1, 2 ** 20);
    const ef = options.ef === undefined ? undefined : checkInteger('ef', options.ef, 1, MAX_EF);
    const isExact =
      options.exact === true ||
      (filter !== undefined && count <= exactBelow) ||
      (short === 'exact' && tokens.n < SHORT_QUERY_TOKENS);
    const tie = this.#records.compare;
    const { found, counts } =
      tokens.n === 0
        ? findNothing()
        : isExact
          ? yield* searchExactly(tokens, { k, allowed, tie, timer })
          : yield* searchFunnel(
              this.stores,
              {
                fde:
                  given ?? timer.run('encode', () => this.#session.encodeQuery(tokens.data, tokens.weights)),
                tokens,
                ...(carved && { carved }),
              },
              {
                k,
                budgets,
                nprobe,
                ef,
                allowed,
                count,
                isAllAllowed: count === slots,
                isUnfiltered: filter === undefined,
                tie,
                timer,
              },
            );
    const statistics = {
      ...counts,
      allowed: count,
      queryTokens: tokens.n,
      rerankTokens: !isExact && carved ? carved.n : tokens.n,
      milliseconds: timer.milliseconds(),
    };
    return { found, statistics };
  }

  #checkQueries(queries: TokenSetInput): TokenSet {
    const set = tokenSet(queries.data, queries.offsets, queries.d, 'queries');
    if (set.d !== this.d) throw new RangeError(`"queries" expected d = ${this.d}, got ${set.d}`);
    return set;
  }

  /**
   * Which of a document's tokens matched each token of the query, from the finest tokens kept.
   * @throws RangeError where there is no such document, and as search does on a bad query
   */
  explain(query: Vectors | MultiVectorQuery, id: RecordId): MultiVectorExplanation {
    this.checkLive('index');
    const { tokens } = checkQuery(query, this.d, this.metric);
    const slot = this.#slotOf(id);
    if (tokens.n === 0) return { id, similarity: 0, matches: [] };
    const store = this.stores.finerTokens ?? this.stores.tokens;
    return explained(id, tokens, store.explain(tokens, slot));
  }
}

/** Array.isArray does not narrow readonly arrays away. */
function isList(ids: RecordId | readonly RecordId[]): ids is readonly RecordId[] {
  return Array.isArray(ids);
}
