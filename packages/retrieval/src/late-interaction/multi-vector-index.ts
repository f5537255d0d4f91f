/**
 * Documents as sets of token vectors, searched in a funnel: a scan of FDE codes finds candidates, finer FDEs (where
 * kept) rank them again, MaxSim ranks the best and is the score. Documents have the caller's ids and come and go
 * singly; nothing is trained again.
 *
 * Slots: a document is one row of every store. A deleted or replaced one leaves a dead slot behind, which searches pass
 * over and a compaction takes away; ids never change.
 */
import {
  BusyError,
  boundedTokenSet,
  CapacityError,
  type Core,
  checkInteger,
  checkLength,
  checkNumber,
  checkOneOf,
  checkOptions,
  normalizeRows,
  type OptionTable,
  Owner,
  type TokenSet,
  type TokenSetInput,
  toFloat32Rows,
  tokenSet,
  type Vectors,
} from '@sagitta/core-wasm';
import type { QueryTokens, TokenMetric } from '../maxsim/index.ts';
import type { FdeEncoder, FdeSession } from '../muvera/index.ts';
import { AllowedDocuments, type DocumentFilter, slotsOf } from '../records/filter.ts';
import { checkDocumentId, type DocumentId } from '../records/ids.ts';
import { copyMetadata, type JsonValue } from '../records/metadata.ts';
import { DocumentTable } from '../records/records.ts';
import { type BudgetOptions, budgetsOf, SHORT_QUERY_TOKENS, shortQueryFactor } from '../search/budgets.ts';
import { MAX_K } from '../search/search-result.ts';
import { countSlots } from '../search/slot-set.ts';
import { type Clock, StageTimer } from '../search/statistics.ts';
import { carveBalls } from './ball-carving.ts';
import {
  appendDocuments,
  bytesOf,
  compactStores,
  type DocumentStores,
  type MultiVectorBytes,
  storesOf,
} from './document-stores.ts';
import { searchExactly, searchFunnel } from './funnel.ts';
import { checkEncoded, checkQuery, type EncodedQuery, type MultiVectorQuery } from './query.ts';
import type { MultiVectorExplanation, MultiVectorHit, MultiVectorResult } from './results.ts';

export interface MultiVectorParts {
  readonly core: Core;
  readonly metric: TokenMetric;
  readonly encoder: FdeEncoder;
  /** The index's from now on, empty or filled alike: disposed with it. */
  readonly stores: DocumentStores;
  /** Share of dead slots that starts a compaction, put off where there is no memory for it; 1: never by itself. */
  readonly compactAt?: number;
  /** For times in statistics. */
  readonly clock?: Clock;
  /** Contents of a file, row by row of the filled stores. */
  readonly table?: DocumentTable;
}

export interface MultiVectorDocuments {
  /** One id a document, new to the index. */
  readonly ids: readonly DocumentId[];
  /** As many sets of d-dimensional tokens, for 'ip' of lengths up to 2^56; empty ones are kept and never found. */
  readonly tokens: TokenSetInput;
  /** As many JSON values or undefined, copied. */
  readonly metadata?: readonly (JsonValue | undefined)[];
}

/** What a document gets anew. */
export interface MultiVectorChange {
  /** m × d numbers or m arrays of d, copied. */
  readonly tokens?: Vectors;
  readonly metadata?: JsonValue;
}

export interface MultiVectorSearchOptions extends BudgetOptions {
  /** Documents that may be found: a predicate over metadata and id, ids, or what index.filter made of these. */
  readonly filter?: DocumentFilter;
  /** A filter that leaves at most this many documents goes straight to MaxSim with each. Default 5,000. */
  readonly exactBelow?: number;
  /** MaxSim with every allowed document. Default false. */
  readonly exact?: boolean;
  /** τ of ball carving: query tokens of at least this dot share one vector in the rerank. Default: no carving. */
  readonly ballCarving?: number;
  /** What to do with queries of fewer than four tokens: more candidates by default ('overfetch'), 'exact', or 'same'. */
  readonly shortQueries?: 'overfetch' | 'exact' | 'same';
  /** Lists to visit where FDEs are in lists. Default 16. */
  readonly nprobe?: number;
  /** Adds statistics to the result. */
  readonly statistics?: boolean;
}

const SEARCH_OPTIONS: OptionTable<MultiVectorSearchOptions> = {
  candidates: 'number',
  fdeRescore: 'number',
  rerank: 'number',
  refine: 'number',
  filter: 'any',
  exactBelow: 'number',
  exact: 'boolean',
  ballCarving: 'number',
  shortQueries: 'string',
  nprobe: 'number',
  statistics: 'boolean',
};
const DOCUMENTS: OptionTable<MultiVectorDocuments> = { ids: 'any', tokens: 'any', metadata: 'any' };
const CHANGE: OptionTable<MultiVectorChange> = { tokens: 'any', metadata: 'any' };

const DEFAULT_NPROBE = 16;
const DEFAULT_EXACT_BELOW = 5_000;
const DEFAULT_COMPACT_AT = 0.25;
/** Fewer dead slots than this are left alone. */
const LEAST_DEAD = 64;
const SHORT_QUERIES = ['overfetch', 'exact', 'same'] as const;

export class MultiVectorIndex extends Owner {
  readonly metric: TokenMetric;
  readonly d: number;
  readonly encoder: FdeEncoder;
  readonly stores: DocumentStores;
  readonly compactAt: number;
  readonly #table: DocumentTable;
  readonly #session: FdeSession;
  readonly #clock: Clock | undefined;

  constructor(parts: MultiVectorParts) {
    super(parts.core);
    const { encoder, stores } = parts;
    for (const store of storesOf(stores)) this.own(() => store);
    this.metric = parts.metric;
    this.d = encoder.d;
    this.encoder = encoder;
    this.stores = stores;
    this.#table = parts.table ?? new DocumentTable();
    this.#clock = parts.clock;
    this.#session = this.own(() => encoder.createSession(parts.core));
    this.compactAt = parts.compactAt ?? DEFAULT_COMPACT_AT;
    this.own(() => void checkNumber('compactAt', this.compactAt, 0.01, 1));
  }

  /** Documents, those without tokens included. */
  get n(): number {
    return this.#table.ids.size;
  }
  /** Dead slots: deleted documents and older versions whose memory a compaction gives back. */
  get dead(): number {
    return this.#table.dead;
  }
  /** Of the encoder: queries encoded elsewhere must carry the same. */
  get parameterHash(): string {
    return this.encoder.parameterHash;
  }
  /** Ids and metadata by slot; for saving. */
  get table(): DocumentTable {
    return this.#table;
  }

  /** Bytes of the core's memory by part; the encoder's matrices and the table are not counted. */
  bytes(): MultiVectorBytes {
    this.checkLive('index');
    return bytesOf(this.stores);
  }

  has(id: DocumentId): boolean {
    this.checkLive('index');
    return this.#table.ids.slotOf(id) !== undefined;
  }
  /** Tokens and metadata of a document, or undefined. Metadata are not to be written to. */
  get(id: DocumentId): { readonly tokens: number; readonly metadata: JsonValue | undefined } | undefined {
    this.checkLive('index');
    const slot = this.#table.ids.slotOf(id);
    if (slot === undefined) return undefined;
    return { tokens: this.stores.tokens.lengthOf(slot), metadata: this.#table.metadata[slot] };
  }
  /** Ids of all documents, in the order they were added or last given tokens. */
  ids(): DocumentId[] {
    this.checkLive('index');
    return Array.from(this.#table.ids.liveSlots(), (slot) => this.#table.ids.at(slot));
  }

  /**
   * Adds documents: all of them, or none when something is thrown.
   * @throws TypeError, RangeError on ids that are there already or come twice, on tokens of another d, with NaN or,
   * for 'cosine', of length 0; CapacityError where memory ends
   */
  add(documents: MultiVectorDocuments): void {
    this.checkLive('index');
    checkOptions('documents', documents, DOCUMENTS);
    const { ids, tokens, metadata } = documents;
    const set = this.#checkTokens(tokens);
    checkLength('ids', ids.length, set.n, 'number of token sets');
    if (metadata) checkLength('metadata', metadata.length, set.n, 'number of token sets');
    // first of all: a toJSON of the caller's may use the index
    const values = Array.from({ length: set.n }, (_, i) => {
      const value = metadata?.[i];
      return value === undefined ? undefined : copyMetadata(`metadata[${i}]`, value);
    });
    this.checkLive('index');
    const checked = this.#table.ids.checkNew(ids);
    appendDocuments(this.stores, this.#session, this.metric, set);
    for (const [i, id] of checked.entries()) {
      const hasTokens = (set.offsets[i + 1] as number) > (set.offsets[i] as number);
      this.#table.push({ id, metadata: values[i], hasTokens });
    }
  }

  /**
   * Gives a document new tokens (m × d), new metadata, or both; what is left out stays.
   * @throws RangeError where there is no such document, and as add does
   */
  update(id: DocumentId, change: MultiVectorChange): void {
    this.checkLive('index');
    checkOptions('change', change, CHANGE);
    // first of all: a toJSON of the caller's may use the index
    const given = change.metadata === undefined ? undefined : copyMetadata('metadata', change.metadata);
    this.checkLive('index');
    const slot = this.#slotOf(id);
    const metadata = given === undefined ? this.#table.metadata[slot] : given;
    if (change.tokens === undefined) {
      this.#table.setMetadata(slot, metadata);
      return;
    }
    const data = toFloat32Rows('tokens', change.tokens, this.d);
    const rows = Math.floor(data.length / this.d);
    const set = this.#checkTokens({ data, offsets: Uint32Array.of(0, rows), d: this.d });
    appendDocuments(this.stores, this.#session, this.metric, set);
    this.#table.push({ id, metadata, hasTokens: rows > 0 });
    this.#compactIfDue();
  }

  /** Takes a document out; whether there was one. Memory is given back by a compaction, put off where there is none for it. */
  delete(id: DocumentId): boolean {
    this.checkLive('index');
    const isGone = this.#table.delete(checkDocumentId('id', id));
    if (isGone) this.#compactIfDue();
    return isGone;
  }

  /**
   * Gives the memory of dead slots back.
   * @throws CapacityError where memory ends on the way, BusyError where it does and the index is being saved; then all is
   * as it was
   */
  compact(): void {
    this.checkLive('index');
    if (this.dead === 0) return;
    const keep = this.#table.ids.liveSlots();
    compactStores(this.stores, keep);
    this.#table.compact(keep);
  }

  /** Where there is no memory for it, the next change tries again: the one that asked for it is done. */
  #compactIfDue(): void {
    const { dead, slots } = this.#table;
    if (dead < LEAST_DEAD || dead <= this.compactAt * slots || this.compactAt === 1) return;
    try {
      this.compact();
    } catch (error) {
      if (!(error instanceof CapacityError || error instanceof BusyError)) throw error;
    }
  }

  #slotOf(id: DocumentId): number {
    const slot = this.#table.ids.slotOf(checkDocumentId('id', id));
    if (slot === undefined) throw new RangeError(`"id" expected a document's id, got ${JSON.stringify(id)}`);
    return slot;
  }

  #checkTokens(tokens: TokenSetInput): TokenSet {
    const check = this.metric === 'cosine' ? tokenSet : boundedTokenSet;
    const set = check(tokens.data, tokens.offsets, tokens.d);
    if (set.d !== this.d) throw new RangeError(`"tokens" expected d = ${this.d}, got ${set.d}`);
    if (this.metric === 'cosine') {
      for (let row = 0; row < set.data.length; row += this.d) {
        let at = row;
        while (at < row + this.d && set.data[at] === 0) at++;
        if (at < row + this.d) continue;
        throw new RangeError(
          `"tokens" expected rows of length above 0 (strip padding), got zeros in row ${row / this.d}`,
        );
      }
    }
    return set;
  }

  /**
   * A bit set of allowed documents for many searches; good until the index next changes. A predicate may search the index.
   * @throws TypeError on what is no filter, RangeError on a predicate, or ids, that change the index on the way
   */
  filter(filter: Exclude<DocumentFilter, AllowedDocuments>): AllowedDocuments {
    this.checkLive('index');
    const { searchable, slots, ids, metadata, changes } = this.#table;
    const words = slotsOf(filter, searchable, slots, ids, metadata);
    if (!this.isLive || this.#table.changes !== changes) {
      throw new RangeError('"filter" expected one that leaves the index as it is, got one that changed it');
    }
    return new AllowedDocuments(words, this, changes);
  }

  /** A query's FDE, for search, or to be sent to another index of the same parameters. */
  encodeQuery(query: Vectors | MultiVectorQuery): EncodedQuery {
    this.checkLive('index');
    const { tokens } = checkQuery(query, this.d, this.metric);
    return { fde: this.#session.encodeQuery(tokens.data, tokens.weights), parameterHash: this.parameterHash };
  }

  /**
   * The k best documents by MaxSim among those that the funnel lets through; all there are where k is more.
   * @throws TypeError, RangeError on a query without tokens, of another d, with NaN or encoded with other parameters;
   * on k, budgets or τ out of range; on a filter of another index or from before the last change
   */
  search(
    query: Vectors | MultiVectorQuery,
    k: number,
    options: MultiVectorSearchOptions = {},
  ): MultiVectorResult {
    this.checkLive('index');
    checkInteger('k', k, 1, MAX_K);
    checkOptions('options', options, SEARCH_OPTIONS);
    const { tokens, encoded } = checkQuery(query, this.d, this.metric);
    const timer = new StageTimer(this.#clock);
    const given = encoded && checkEncoded(encoded, this.encoder);
    const { filter } = options;
    const allowed =
      filter === undefined
        ? this.#table.searchable
        : (filter instanceof AllowedDocuments ? filter : this.filter(filter)).wordsFor(
            this,
            this.#table.changes,
          );
    const count = countSlots(allowed);
    const exactBelow = checkInteger('exactBelow', options.exactBelow ?? DEFAULT_EXACT_BELOW, 0, 2 ** 32 - 1);
    const short = checkOneOf('shortQueries', options.shortQueries ?? 'overfetch', SHORT_QUERIES);
    const carved = options.ballCarving === undefined ? undefined : this.#carve(tokens, options.ballCarving);
    const budgets = budgetsOf(k, options, {
      hasFinerFdes: this.stores.finerFdes !== undefined,
      hasRefine: carved !== undefined || this.stores.finerTokens !== undefined,
      factor: short === 'overfetch' ? shortQueryFactor(tokens.n) : 1,
    });
    const nprobe = checkInteger('nprobe', options.nprobe ?? DEFAULT_NPROBE, 1, 2 ** 20);
    const isExact =
      options.exact === true ||
      (filter !== undefined && count <= exactBelow) ||
      (short === 'exact' && tokens.n < SHORT_QUERY_TOKENS);
    const { tie } = this.#table;
    const { found, counts } = isExact
      ? searchExactly(this.stores, tokens, { k, allowed, tie, timer })
      : searchFunnel(
          this.stores,
          {
            fde: given ?? timer.run('encode', () => this.#session.encodeQuery(tokens.data, tokens.weights)),
            tokens,
            ...(carved && { carved }),
          },
          { k, budgets, nprobe, allowed, isAllAllowed: count === this.#table.slots, tie, timer },
        );
    const ids = Array.from(found.slots, (slot) => this.#table.ids.at(slot));
    const result = { ids, scores: found.scores };
    if (!options.statistics) return result;
    return {
      ...result,
      statistics: {
        ...counts,
        allowed: count,
        queryTokens: tokens.n,
        rerankTokens: !isExact && carved ? carved.n : tokens.n,
        milliseconds: timer.milliseconds(),
      },
    };
  }

  /** Sums of near-equal tokens, as unit rows and weights: stores of cosines scale every row they are given. */
  #carve(tokens: QueryTokens, tau: number): QueryTokens {
    const { data, n, d } = carveBalls(tokens.data, this.d, tau, tokens.weights);
    const weights = Float32Array.from({ length: n }, (_, i) => {
      let energy = 0;
      for (let j = i * d; j < (i + 1) * d; j++) energy += (data[j] as number) * (data[j] as number);
      return Math.sqrt(energy);
    });
    return { data: normalizeRows(data, d), n, d, weights };
  }

  /** search for every set of tokens. @throws as search does, naming the query */
  searchBatch(
    queries: TokenSetInput,
    k: number,
    options: MultiVectorSearchOptions = {},
  ): MultiVectorResult[] {
    this.checkLive('index');
    const { data, offsets, n } = this.#checkQueries(queries);
    return Array.from({ length: n }, (_, q) => {
      const [start, end] = [offsets[q] as number, offsets[q + 1] as number];
      if (start === end)
        throw new RangeError(`"queries" expected tokens in every query, got none in query ${q}`);
      return this.search(data.subarray(start * this.d, end * this.d), k, options);
    });
  }

  #checkQueries(queries: TokenSetInput): TokenSet {
    const set = tokenSet(queries.data, queries.offsets, queries.d, 'queries');
    if (set.d !== this.d) throw new RangeError(`"queries" expected d = ${this.d}, got ${set.d}`);
    return set;
  }

  /** Results as objects, best first, with the metadata of now. */
  hits({ ids, scores }: MultiVectorResult): MultiVectorHit[] {
    this.checkLive('index');
    return ids.map((id, i) => ({ id, similarity: scores[i] as number, metadata: this.get(id)?.metadata }));
  }

  /**
   * Which of a document's tokens matched each token of the query, from the finest tokens kept.
   * @throws RangeError where there is no such document, and as search does on a bad query
   */
  explain(query: Vectors | MultiVectorQuery, id: DocumentId): MultiVectorExplanation {
    this.checkLive('index');
    const { tokens } = checkQuery(query, this.d, this.metric);
    const store = this.stores.finerTokens ?? this.stores.tokens;
    const explained = store.explain(tokens, this.#slotOf(id));
    return {
      id,
      similarity: explained.similarity,
      matches: Array.from(explained.tokens, (documentToken, queryToken) => ({
        queryToken,
        documentToken,
        similarity: explained.similarities[queryToken] as number,
        weight: tokens.weights?.[queryToken] ?? 1,
      })),
    };
  }
}
