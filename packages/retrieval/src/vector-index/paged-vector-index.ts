/**
 * A vector index whose lists stay where they are, in a file, in the browser's storage or behind HTTP range requests: ids
 * and metadata are in memory, codes come as searches visit them. It does not change.
 */
import {
  type Core,
  checkCore,
  checkInteger,
  checkOptions,
  type Metric,
  making,
  type Numbers,
  type OptionTable,
  Owner,
  toFloat32,
  type Vectors,
  vectorSet,
} from '@sagitta/core-wasm';
import { listsToVisit } from '../advice/choose-index.ts';
import type { ByteSource } from '../files/byte-source.ts';
import { type PagedHead, readPagedHead } from '../files/paged-head.ts';
import {
  OPEN_INDEX_OPTIONS,
  type OpenIndexOptions,
  type PagedIndex,
  type PagedSearchOptions,
  pagedIndex,
  type ReadStatistics,
} from '../files/paged-index.ts';
import { type Program, reading, runHead, type SectionTable } from '../files/program.ts';
import type { IndexKind } from '../ivf/ivf-parts.ts';
import { SEARCH_OPTIONS } from '../ivf/search-options.ts';
import type { AllowedRecords, RecordFilter } from '../records/filter.ts';
import type { RecordId } from '../records/ids.ts';
import type { JsonValue } from '../records/json.ts';
import type { Records } from '../records/records.ts';
import { type FoundIds, type HitOf, hitsOf } from '../search/hits.ts';
import { MAX_K, type SearchResult } from '../search/search-result.ts';
import { type AllowedRows, addSlot, countSlots, listSlots, wordsFor } from '../search/slot-set.ts';
import { readExtras } from './load.ts';
import type { VectorRecord } from './types.ts';

/** Says how the file of a vector index is searched. */
export interface PagedVectorSearchOptions<M = JsonValue> extends Omit<PagedSearchOptions, 'allowed'> {
  /** As that of VectorIndex.search. */
  readonly filter?: RecordFilter<M>;
}

const { allowed: _, ...SHARED } = SEARCH_OPTIONS;
const SEARCH: OptionTable<PagedVectorSearchOptions> = { ...SHARED, filter: 'any', signal: 'any' };

interface Head<M> extends PagedHead {
  /** Live rows, ascending. */
  readonly live: Uint32Array;
  readonly records: Records<M>;
}

function* readHead<M>(core: Core, table: SectionTable): Program<Head<M>> {
  return yield* reading(function* (own): Program<Head<M>> {
    const head = own(yield* readPagedHead(core, table, true));
    const { live, records } = yield* readExtras<M>(table, head.meta.n);
    return { ...head, live, records };
  });
}

/**
 * Opens a vector index without reading its lists; ids and metadata are read whole. The source is the index's from now on and
 * closed with it.
 * @throws FormatError on bytes that are no index, what the source rejects with, the signal's reason
 */
export async function openVectorIndex<M = JsonValue>(
  core: Core,
  source: ByteSource,
  options: OpenIndexOptions = {},
): Promise<PagedVectorIndex<M>> {
  checkCore(core);
  checkOptions('options', options, OPEN_INDEX_OPTIONS);
  const head = await runHead((table) => readHead<M>(core, table), source, options.signal);
  return making((own) => new PagedVectorIndex<M>(own(pagedIndex(head, source, options)), head));
}

/** Searches the file of a vector index by id and metadata. openVectorIndex makes it. */
export class PagedVectorIndex<M = JsonValue, S extends Metric = Metric> extends Owner {
  readonly metric: S;
  readonly d: number;
  readonly #rows: PagedIndex;
  readonly #records: Records<M>;
  readonly #live: Uint32Array;
  /** Slot of each row's record, where rows are dead. */
  readonly #slots: Uint32Array | undefined;

  /** @internal openVectorIndex makes it. */
  constructor(rows: PagedIndex, { live, records }: Pick<Head<M>, 'live' | 'records'>) {
    super(rows.core);
    this.#rows = this.own(() => rows);
    this.metric = rows.metric as S;
    this.d = rows.d;
    this.#records = records;
    this.#live = live;
    if (live.length === rows.n) return;
    this.#slots = new Uint32Array(rows.n);
    for (const [slot, row] of live.entries()) this.#slots[row] = slot;
  }

  /** Records. */
  get n(): number {
    return this.#records.n;
  }
  /** Rows of deleted records and of older versions that the file has. */
  get dead(): number {
    return this.#rows.n - this.n;
  }
  get quantizer(): PagedIndex['quantizer'] {
    return this.#rows.quantizer;
  }
  get kind(): IndexKind {
    return this.#rows.kind;
  }
  get nlist(): number {
    return this.#rows.nlist;
  }
  /** Average code bits a dimension. */
  get bits(): number {
    return this.#rows.bits;
  }
  /** What reading has cost since the index was opened. */
  get reads(): ReadStatistics {
    return this.#rows.reads;
  }

  has(id: RecordId): boolean {
    this.checkLive('index');
    return this.#records.slotOf(id) !== undefined;
  }
  /** A record's metadata, or undefined where there is no such record. */
  get(id: RecordId): VectorRecord<M> | undefined {
    this.checkLive('index');
    const slot = this.#records.slotOf(id);
    return slot === undefined ? undefined : this.#records.recordAt(slot);
  }

  /** Ids of all records, in the order they were added or last replaced. */
  ids(): RecordId[] {
    this.checkLive('index');
    return this.#records.liveIds();
  }

  /** As VectorIndex.filter. */
  filter(filter: Exclude<RecordFilter<M>, AllowedRecords>): AllowedRecords {
    this.checkLive('index');
    return this.#records.filter(filter);
  }

  #allowed(filter: RecordFilter<M> | undefined): AllowedRows | undefined {
    const { n } = this.#rows;
    const words = filter && this.#records.allowed(filter);
    if (!this.#slots) {
      const count = words ? countSlots(words) : n;
      return words && count < n ? { words, count } : undefined;
    }
    const rows = new Uint32Array(wordsFor(n));
    const slots = words ? listSlots(words) : this.#live.keys();
    let count = 0;
    for (const slot of slots) {
      addSlot(rows, this.#live[slot] as number);
      count++;
    }
    return { words: rows, count, isLive: !words };
  }

  /**
   * The k best records, as VectorIndex.search gives them; searches run one after the other.
   * @throws as VectorIndex.search does, FormatError on lists that are none, what the source rejects with, the signal's reason
   */
  async search(query: Numbers, k: number, options: PagedVectorSearchOptions<M> = {}): Promise<HitOf<M, S>[]> {
    this.checkLive('index');
    const [hits] = await this.searchBatch([toFloat32('query', query)], k, options);
    return hits as HitOf<M, S>[];
  }

  /** search without objects: ids and scores. */
  async searchIds(query: Numbers, k: number, options: PagedVectorSearchOptions<M> = {}): Promise<FoundIds> {
    this.checkLive('index');
    const [found] = await this.#search([toFloat32('query', query)], k, options);
    const { ids: rows, scores, statistics } = found as SearchResult;
    const ids = Array.from(rows, (row) => this.#records.idAt(this.#slotOf(row)));
    return { ids, scores, ...(statistics && { statistics }) };
  }

  /** search for every row of queries (nq × d numbers or nq arrays of d). */
  async searchBatch(
    queries: Vectors,
    k: number,
    options: PagedVectorSearchOptions<M> = {},
  ): Promise<HitOf<M, S>[][]> {
    this.checkLive('index');
    const { data, n } = vectorSet(queries, this.d, 'queries');
    const rows = Array.from({ length: n }, (_, q) => data.slice(q * this.d, (q + 1) * this.d));
    const found = await this.#search(rows, k, options);
    return found.map(({ ids, scores }) => {
      const recordAt = (row: number): VectorRecord<M> => this.#records.recordAt(this.#slotOf(row));
      return hitsOf(this.metric, recordAt, ids, scores);
    });
  }

  async #search(
    queries: readonly Float32Array[],
    k: number,
    options: PagedVectorSearchOptions<M>,
  ): Promise<SearchResult[]> {
    this.checkLive('index');
    checkInteger('k', k, 1, MAX_K);
    checkOptions('options', options, SEARCH as OptionTable<PagedVectorSearchOptions<M>>);
    const { filter, ...rest } = options;
    // evaluated at the call, once for all queries
    const allowed = this.#allowed(filter);
    const nprobe = listsToVisit(this.#rows.nlist);
    const out: SearchResult[] = [];
    for (const query of queries) {
      out.push(await this.#rows.search(query, k, { nprobe, ...rest, ...(allowed && { allowed }) }));
    }
    return out;
  }

  #slotOf(row: number): number {
    return this.#slots ? (this.#slots[row] as number) : row;
  }
}
