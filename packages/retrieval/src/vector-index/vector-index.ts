/**
 * Vectors with ids and metadata that come and go: Records beside an index of rows. A record is a row of that index; one
 * that is deleted or replaced leaves a dead row behind, which searches pass over and a compaction takes away. Ids never
 * change.
 *
 * It may start empty: rows are float32 and searched exactly until there are enough to train codes on, then all of them are
 * coded in one step that callers do not notice.
 */
import {
  checkInteger,
  checkLength,
  checkOptions,
  littleEndianBytes,
  type Metric,
  making,
  metricSet,
  type Numbers,
  type OptionTable,
  Owner,
  toFloat32,
  type Vectors,
  vectorSet,
} from '@sagitta/core-wasm';
import type { QuantizerName } from '@sagitta/quantizers';
import { listsToVisit } from '../advice/choose-index.ts';
import type { IndexKind, IvfIndex } from '../ivf/ivf-index.ts';
import { RERANK_OPTIONS, type SearchOptions } from '../ivf/search-options.ts';
import type { AllowedRecords, RecordFilter } from '../records/filter.ts';
import { recordSections } from '../records/format.ts';
import { checkRecordId, printId, type RecordId } from '../records/ids.ts';
import type { JsonValue } from '../records/json.ts';
import { copyMetadata, type PreparedRecords, type RecordRows, Records } from '../records/records.ts';
import { type FoundIds, type HitOf, hitsOf } from '../search/hits.ts';
import { MAX_K } from '../search/search-result.ts';
import { type AllowedRows, countSlots } from '../search/slot-set.ts';
import { Drift } from './drift.ts';
import { planSection } from './format.ts';
import type { VectorPlan } from './options.ts';
import {
  CHANGE,
  ROWS,
  SEARCH,
  type VectorChange,
  type VectorRecord,
  type VectorReport,
  type VectorRows,
  type VectorSearchOptions,
} from './types.ts';

/** Trains an empty index of rows on a sample. */
export type TrainRows = (sample: { readonly data: Float32Array; readonly d: number }, n: number) => IvfIndex;

export interface VectorIndexParts<M> {
  /** The index's from now on: disposed with it, and if its making fails. */
  readonly rows: IvfIndex;
  readonly records: Records<M>;
  readonly plan: VectorPlan;
  /** Where the plan is not known from options, the rows are all that a file holds. */
  readonly isDerived?: boolean;
  readonly train: TrainRows;
  readonly trainedOn: number;
  /** What codes lose of the vectors they were trained on. */
  readonly lost?: number;
}

/** Bytes of vectors that are coded at a time when an index is trained. */
const CHUNK_BYTES: number = 1 << 24;

/**
 * Searches vectors by id and metadata. createVectorIndex makes an empty one, buildVectorIndex one of vectors, loadVectorIndex
 * one of a file; M is the type of the metadata, S the metric.
 */
export class VectorIndex<M = JsonValue, S extends Metric = Metric> extends Owner {
  readonly metric: S;
  readonly d: number;
  readonly #plan: VectorPlan;
  readonly #isDerived: boolean;
  readonly #records: Records<M>;
  readonly #train: TrainRows;
  #rows: IvfIndex;
  #trainedOn: number;
  #drift: Drift;
  /** Vectors at which the next training is tried. */
  #trainAt: number;
  #trainingError: Error | undefined;

  /** @internal createVectorIndex and loadVectorIndex make it. */
  constructor(parts: VectorIndexParts<M>) {
    super(parts.rows.core);
    const { rows, records, plan } = parts;
    // replaced when it is trained, so not owned
    this.#rows = rows;
    this.metric = rows.metric as S;
    this.d = rows.d;
    this.#plan = plan;
    this.#isDerived = parts.isDerived ?? false;
    this.#records = records;
    this.#train = parts.train;
    this.#trainedOn = parts.trainedOn;
    this.#trainAt = plan.trainAt;
    this.#drift = new Drift(rows.d, parts.lost);
  }

  /** Records. */
  get n(): number {
    return this.#records.n;
  }
  /** Dead rows: deleted records and older versions whose memory a compaction gives back. */
  get dead(): number {
    return this.#records.dead;
  }
  /** Whether vectors are coded as the options say; before that they are float32. */
  get isTrained(): boolean {
    return this.#trainedOn > 0;
  }
  get quantizer(): QuantizerName {
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
  /** The index of rows; for saving. @internal */
  get rows(): IvfIndex {
    return this.#rows;
  }

  /** Ids, metadata and live rows; for what reads all of them. @internal */
  get records(): Records<M> {
    return this.#records;
  }

  /** An index of the same options around empty rows that are trained, which it takes over. @internal */
  alike(rows: IvfIndex): VectorIndex<M, S> {
    this.checkLive('index');
    const records = new Records<M>({ indexed: this.#plan.indexed });
    const trained = {
      trainedOn: this.#trainedOn,
      ...(this.#drift.trained !== undefined && { lost: this.#drift.trained }),
    };
    return new VectorIndex<M, S>({ rows, records, plan: this.#plan, train: this.#train, ...trained });
  }

  /** What a file has besides rows; for saving. @internal */
  extraSections(): ReturnType<typeof recordSections> {
    this.checkLive('index');
    const sections = recordSections(this.#records, this.#records.liveSlots());
    // copied: what is deleted while it is written still lives in the file
    if (this.#records.dead > 0)
      sections.unshift({ id: 'LIVE', pieces: [littleEndianBytes(this.#records.live.slice())] });
    if (!this.#isDerived) sections.push(planSection(this.#plan, this.#trainedOn, this.#drift.trained));
    return sections;
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
  /**
   * A record's vector: as it was added where vectors are kept or not yet coded, else what its code stands for; for 'cosine'
   * of length 1.
   * @throws RangeError where there is no such record
   */
  vector(id: RecordId): Float32Array {
    this.checkLive('index');
    return this.#rows.vectors(Uint32Array.of(this.#slotOf(id)));
  }
  /** Ids of all records, in the order they were added or last replaced. */
  ids(): RecordId[] {
    this.checkLive('index');
    return this.#records.liveIds();
  }

  /**
   * Adds records: all of them, or none when something is thrown.
   * @throws TypeError, RangeError on ids that are there already or come twice, on bad vectors or metadata; CapacityError where
   * memory ends
   */
  add(rows: VectorRows<M>): void {
    this.#append('add', rows);
  }

  /** add, where a record whose id is there already is replaced, vector and metadata. */
  upsert(rows: VectorRows<M>): void {
    this.#append('put', rows);
  }

  #append(kind: 'add' | 'put', rows: VectorRows<M>): void {
    this.checkLive('index');
    checkOptions('rows', rows, ROWS as OptionTable<VectorRows<M>>);
    const { vectors, ...given } = rows;
    const set = metricSet(this.metric, vectors, this.d, 'vectors');
    // a toJSON of the caller's may use the index
    const prepared = this.#records.prepare(kind, set.n, given);
    this.checkLive('index');
    if (set.n === 0) return;
    this.#put(set.data, prepared);
    this.#trainIfDue();
  }

  /** Takes the memory of rows that nothing finds until publish; several times, where they belong together. Throws as add does. @internal */
  stage(vectors: Float32Array): void {
    this.checkLive('index');
    this.#rows.stage(vectors);
  }

  /** Drops what was staged. @internal */
  withdraw(): void {
    this.checkLive('index');
    this.#rows.withdraw();
  }

  /** Makes what was staged rows; records of all of them follow in their order. @internal */
  publish(): void {
    this.checkLive('index');
    this.#rows.publish();
  }

  /** The records of rows that were published. @internal */
  record(vectors: Float32Array, given: RecordRows<M>): void {
    this.checkLive('index');
    this.#records.commit(this.#records.prepare('put', vectors.length / this.d, given));
    if (this.isTrained) this.#drift.add(vectors);
  }

  /** Trains where that is due, when all rows have records. @internal */
  settle(): void {
    this.checkLive('index');
    this.#trainIfDue();
  }

  /** Rows and records together, or neither. */
  #put(data: Float32Array, prepared: PreparedRecords<M>): void {
    this.#rows.stage(data);
    this.#rows.publish();
    this.#records.commit(prepared);
    if (this.isTrained) this.#drift.add(data);
    this.#compactIfDue();
  }

  /**
   * Gives a record a new vector, new metadata, or both; what is left out stays.
   * @throws RangeError where there is no such record, and as add does
   */
  update(id: RecordId, change: VectorChange<M>): void {
    this.checkLive('index');
    checkOptions('change', change, CHANGE as OptionTable<VectorChange<M>>);
    const given = copyMetadata('metadata', change.metadata);
    this.checkLive('index');
    const slot = this.#slotOf(id);
    if (change.vector === undefined) {
      if (given !== undefined) this.#records.setMetadata(slot, given);
      return;
    }
    const vector = toFloat32('vector', change.vector);
    checkLength('vector', vector.length, this.d, 'd');
    const { data } = metricSet(this.metric, vector, this.d, 'vector');
    const metadata = [given ?? this.#records.metadataAt(slot)];
    this.#put(data, this.#records.prepare('put', 1, { ids: [id], metadata }));
  }

  /**
   * Takes records out, in constant time each: no search finds them from now on, and a compaction gives their memory back.
   * @param ids - one id, or any number of them; those that are not there are passed over
   * @returns how many there were
   */
  delete(ids: RecordId | Iterable<RecordId>): number {
    this.checkLive('index');
    const isOne = typeof ids !== 'object';
    const given = isOne ? [checkRecordId('ids', ids)] : Array.from(ids, (id) => checkRecordId('ids', id));
    this.checkLive('index');
    let count = 0;
    for (const id of given) if (this.#records.delete(id)) count++;
    if (count > 0) this.#compactIfDue();
    return count;
  }

  /**
   * Gives the memory of dead rows back, in place; a graph takes some to mend its edges.
   * @throws CapacityError where there is none for that, BusyError where a save holds what would be overwritten and there is no memory for a copy; then all is as it was
   */
  compact(): void {
    this.checkLive('index');
    if (this.dead === 0) return;
    const keep = this.#records.liveSlots();
    using ready = this.#rows.compaction(keep);
    ready.commit();
    this.#records.compact(keep);
  }

  #compactIfDue(): void {
    this.#records.compactIfDue(this.#plan.compactAt, () => this.compact());
  }

  #slotOf(id: RecordId): number {
    const slot = this.#records.slotOf(checkRecordId('id', id));
    if (slot === undefined) throw new RangeError(`"id" expected a record's id, got ${printId(id)}`);
    return slot;
  }

  #trainIfDue(): void {
    if (this.isTrained || this.n < this.#trainAt) return;
    try {
      this.train();
      this.#trainingError = undefined;
    } catch (error) {
      // what was added is there; it is tried again when there is a quarter more
      this.#trainingError = error instanceof Error ? error : new Error(String(error));
      this.#trainAt = Math.ceil(1.25 * this.n);
    }
  }

  /**
   * Trains codes on the vectors there are and codes all of them; dead rows go. Called by the index itself when there are
   * enough; call it again when the report says that new vectors have drifted, or when the index has grown many times over.
   * Where vectors are neither kept nor float32 yet, they are taken from their codes: each training then adds an error like
   * that of the codes. Until it is through the index is as it was, beside the new one.
   * @throws RangeError on too few vectors for the quantizer, CapacityError where memory ends; then all is as it was
   */
  train(): void {
    this.checkLive('index');
    const keep = this.#records.liveSlots();
    const { d } = this;
    const most = checkInteger('trainSize', this.#plan.trainSize ?? 20_000, 1, 2 ** 32 - 1);
    const step = Math.max(1, Math.ceil(keep.length / most));
    const sample = this.#rows.vectors(keep.filter((_, i) => i % step === 0));
    const trained = making((own) => {
      const rows = own(this.#train({ data: sample, d }, keep.length));
      const chunk = Math.max(1, Math.floor(CHUNK_BYTES / (4 * d)));
      for (let first = 0; first < keep.length; first += chunk) {
        rows.stage(this.#rows.vectors(keep.subarray(first, first + chunk)));
      }
      rows.publish();
      rows.releaseEncoders();
      const drift = new Drift(d);
      drift.train(rows, sample);
      return { rows, drift };
    });
    this.#rows.dispose();
    this.#rows = trained.rows;
    this.#drift = trained.drift;
    this.#trainedOn = keep.length;
    this.#records.compact(keep);
  }

  /** How the index does: what it holds, what it was trained on, how far new vectors have drifted from that, bytes. */
  report(): VectorReport {
    this.checkLive('index');
    const { codes, keptVectors } = this.#rows.bytesUsed();
    return {
      n: this.n,
      dead: this.dead,
      isTrained: this.isTrained,
      trainedOn: this.#trainedOn,
      drift: this.#drift.share(this.#rows),
      trainingError: this.#trainingError,
      bytes: { codes, keptVectors, ...this.#records.bytesUsed() },
    };
  }

  /**
   * A bit set of allowed records for many searches; good until the index next changes. A predicate may search the index.
   * @throws TypeError on what is no filter, RangeError on one that changes the index on the way
   */
  filter(filter: Exclude<RecordFilter<M>, AllowedRecords>): AllowedRecords {
    this.checkLive('index');
    return this.#records.filter(filter);
  }

  /** undefined where every row may be found. */
  #allowed(filter: RecordFilter<M> | undefined): AllowedRows | undefined {
    const { live, slots, dead, n } = this.#records;
    if (filter === undefined) return dead === 0 ? undefined : { words: live, count: n, isLive: true };
    const words = this.#records.allowed(filter);
    this.checkLive('index');
    const count = countSlots(words);
    return count === slots ? undefined : { words, count };
  }

  /**
   * The k best records, with their metadata; all there are where k is more.
   * @param query - d numbers
   * @throws TypeError, RangeError on a query or options that are wrong, on a filter of another index or from before the last
   * change
   */
  search(query: Numbers, k: number, options: VectorSearchOptions<M> = {}): HitOf<M, S>[] {
    return this.#hits(this.#search(query, k, options));
  }

  /** search for every row of queries (nq × d numbers or nq arrays of d). */
  searchBatch(queries: Vectors, k: number, options: VectorSearchOptions<M> = {}): HitOf<M, S>[][] {
    this.checkLive('index');
    const { data, n } = vectorSet(queries, this.d, 'queries');
    checkInteger('k', k, 1, MAX_K);
    const ready = this.#ready(options);
    return Array.from({ length: n }, (_, q) => {
      const query = data.subarray(q * this.d, (q + 1) * this.d);
      return this.#hits(this.#find(query, k, ready));
    });
  }

  /** search without objects: ids and scores. */
  searchIds(query: Numbers, k: number, options: VectorSearchOptions<M> = {}): FoundIds {
    const { slots, scores, statistics, before } = this.#search(query, k, options);
    const ids = Array.from(slots, (slot) => before?.get(slot)?.id ?? this.#records.idAt(slot));
    return { ids, scores, ...(statistics && { statistics }) };
  }

  #search(query: Numbers, k: number, options: VectorSearchOptions<M>): Found<M> {
    this.checkLive('index');
    const values = toFloat32('query', query);
    return this.#find(values, k, this.#ready(options));
  }

  /** Options whose filter is evaluated: once, for however many queries. */
  #ready(options: VectorSearchOptions<M>): ReadyOptions {
    checkOptions('options', options, SEARCH as OptionTable<VectorSearchOptions<M>>);
    const { filter, rerank, ...rest } = options;
    const allowed = this.#allowed(filter);
    if (rerank) checkOptions('rerank', rerank, RERANK_OPTIONS);
    const nprobe = rest.nprobe ?? listsToVisit(this.nlist);
    return { ...rest, nprobe, ...(rerank !== undefined && { rerank }), ...(allowed && { allowed }) };
  }

  #find(query: Float32Array, k: number, { rerank, ...rest }: ReadyOptions): Found<M> {
    if (rerank === undefined || rerank === false || !rerank.fetch) {
      const { ids: slots, ...found } = this.#rows.search(query, k, {
        ...rest,
        ...(rerank !== undefined && { rerank: rerank && { candidates: rerank.candidates } }),
      });
      return { slots, ...found, before: undefined };
    }
    // the caller's function may change the index: what candidates were before is the answer
    const { fetch, candidates } = rerank;
    const before = new Map<number, VectorRecord<M>>();
    const fetchRows = (rows: Uint32Array): Vectors => {
      for (const slot of rows) before.set(slot, this.#records.recordAt(slot));
      return fetch(Array.from(rows, (slot) => this.#records.idAt(slot)));
    };
    const { ids: slots, ...found } = this.#rows.search(query, k, {
      ...rest,
      rerank: { candidates, fetch: fetchRows },
    });
    return { slots, ...found, before };
  }

  #hits({ slots, scores, before }: Found<M>): HitOf<M, S>[] {
    const { metric } = this;
    const recordAt = (slot: number): VectorRecord<M> => before?.get(slot) ?? this.#records.recordAt(slot);
    return hitsOf(metric, recordAt, slots, scores);
  }

  override dispose(): void {
    this.#rows?.dispose();
    super.dispose();
  }
}

type ReadyOptions = Omit<SearchOptions, 'rerank'> & Pick<VectorSearchOptions, 'rerank'>;

interface Found<M> extends Pick<FoundIds, 'scores' | 'statistics'> {
  readonly slots: Uint32Array;
  /** Records of slots as they were, where the index may have changed since. */
  readonly before: ReadonlyMap<number, VectorRecord<M>> | undefined;
}
