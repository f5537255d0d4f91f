/**
 * Codes of vectors in a neighbour graph: row i is vertex i, its code lies in rows of its own, its edges beside. A search
 * walks from a few entries to the best vertices by their codes; nothing else of a vector is kept.
 */
import {
  type Block,
  type Core,
  type Metric,
  type MetricQuery,
  making,
  Owner,
  RandomStream,
  type Scope,
  type VectorSet,
} from '@sagitta/core-wasm';
import { DEFAULT_GAMMA } from '@sagitta/quantizers/internal';
import type { Compaction } from '../columns/compaction.ts';
import type { InvertedLists } from '../columns/inverted-lists.ts';
import type { ListScan } from '../columns/list-scan.ts';
import type { PagedGraph, RouteOptions, SavedSection } from '../columns/slot-index.ts';
import { ResultHeap } from '../search/result-heap.ts';
import { rowScores } from '../search/row-scores.ts';
import { NO_ID, type SearchStatistics } from '../search/search-result.ts';
import { addSlot, wordsFor } from '../search/slot-set.ts';
import { Adjacency } from './adjacency.ts';
import { chooseEntries } from './choose-entries.ts';
import { stageRows } from './column.ts';
import { graphSections } from './format.ts';
import { type GraphPlan, type GraphState, widthFor } from './graph-options.ts';
import { changeBytes, GraphRecord, type Growth } from './graph-record.ts';
import { GraphRows, slotsFrom } from './graph-rows.ts';
import { type GraphPrepared, GraphSearch } from './search-graph.ts';
import { VertexCoordinates } from './vertex-coordinates.ts';

/** Paths to all vertices are made sure of when so much of them is new. */
const CHECKED_SHARE = 1 / 8;

export interface GraphParts {
  readonly metric: Metric;
  /** What vectors lose before they are coded, d values. */
  readonly origin: Float32Array;
  /** The graph's from now on. */
  readonly codec: ListScan;
  readonly plan: GraphPlan;
  /** Tails of codes are elsewhere; then nothing is added. Default false. */
  readonly isPaged?: boolean;
}

/** Memory of a change that was made ready. */
interface Ready extends Disposable {
  readonly order: Block;
  readonly pool: Block;
  /** Vertices that searches are to begin with from then on; none where they stay as they are. */
  entries?: Uint32Array;
}

export class GraphCodes extends Owner implements PagedGraph {
  readonly kind = 'graph';
  readonly plan: GraphPlan;
  readonly rows: GraphRows;
  readonly adjacency: Adjacency;
  readonly #metric: Metric;
  readonly #originBlock: Block;
  readonly #record: GraphRecord;
  readonly #search: GraphSearch;
  #chosenAt = 0;
  #unchecked = 0;
  #longest = 0;
  #n = 0;
  #staged = 0;
  /** What was staged made the coordinates: they go with it where it is withdrawn. */
  #isStagedFirst = false;
  /** Room that was made for what is staged. */
  #growths: Growth[] = [];
  #coordinates: VertexCoordinates | undefined;
  #ready: Ready | undefined;

  constructor(core: Core, { metric, origin, codec, plan, isPaged = false }: GraphParts) {
    super(core);
    this.#metric = metric;
    this.plan = plan;
    this.rows = this.own(() => new GraphRows(core, codec, origin, isPaged));
    this.adjacency = this.own(() => new Adjacency(core, plan.degree));
    this.#record = this.own(() => new GraphRecord(core, this.rows, this.adjacency));
    this.#search = new GraphSearch(this.rows, this.adjacency, this.#record);
    this.#originBlock = this.allocate(4 * origin.length);
    this.#originBlock.f32().set(origin);
  }

  get codec(): ListScan {
    return this.rows.codec;
  }
  get bytesPerVector(): number {
    const { headBytes, tailBytes } = this.rows.layout;
    return headBytes + tailBytes + 4 * this.degree;
  }
  get degree(): number {
    return this.plan.degree;
  }
  get state(): GraphState {
    return {
      plan: this.plan,
      entries: this.#record.entries,
      chosenAt: this.#chosenAt,
      unchecked: this.#unchecked,
      longest: this.#coordinates?.longest ?? this.#longest,
    };
  }
  get #columns(): InvertedLists[] {
    return [...this.rows.columns, this.adjacency.rows];
  }

  sections(): SavedSection[] {
    return graphSections(this);
  }

  /** Makes room for n rows of a file, to be filled by the caller, who calls restored() then. @throws CapacityError */
  reserve(n: number): void {
    for (const column of this.#columns) column.reserve(Uint32Array.of(n));
    this.#record.reserve(n);
    this.#n = n;
    this.#record.touch();
  }

  /** Takes over what a file says besides rows. @throws FormatError on edges that cannot be */
  restored({ entries, chosenAt, unchecked, longest }: GraphState): void {
    this.adjacency.check(this.#n);
    this.#record.entries = entries;
    this.#chosenAt = chosenAt;
    this.#unchecked = unchecked;
    this.#longest = longest;
  }

  stage(rows: VectorSet, first: number): void {
    this.checkLive('graph');
    const total = first + rows.n;
    const hadCoordinates = this.#coordinates !== undefined;
    let growth: Growth | undefined;
    let ready: Ready | undefined;
    try {
      const coordinates = this.#coordinatesFor(first);
      growth = this.#record.grow(total);
      ready = this.#readyFor(total - this.#n, total);
      this.adjacency.beforeWrite();
      this.codec.writing(() =>
        stageRows([...this.#columns, coordinates.rows], rows.n, () =>
          this.rows.write(rows, first, (blocks, start, count) => {
            for (let slot = start; slot < start + count; slot++) this.adjacency.edges(slot).fill(slot);
            coordinates.write(blocks, count, start);
          }),
        ),
      );
      if (total >= 2 * this.#chosenAt) ready.entries = this.#chooseEntries(coordinates, total, (i) => i);
    } catch (error) {
      this.#record.touch();
      ready?.[Symbol.dispose]();
      growth?.undo();
      if (!hadCoordinates) this.#dropCoordinates();
      throw error;
    }
    if (growth) this.#growths.push(growth);
    this.#done();
    this.#ready = ready;
    this.#record.touch();
    this.#isStagedFirst ||= !hadCoordinates;
    this.#staged = total - this.#n;
  }

  /** Coordinates of the first n rows. @throws CapacityError */
  #coordinatesFor(n: number): VertexCoordinates {
    this.#coordinates ??= making((own) => {
      const made = own(new VertexCoordinates(this.core, this.codec.quantizer, this.#longest));
      made.rows.reserve(Uint32Array.of(n));
      this.rows.inBlocks(slotsFrom(0, n), (blocks, run, first) => made.write(blocks, run.length, first));
      return made;
    });
    return this.#coordinates;
  }

  /** Memory for a change of `count` vertices of n. @throws CapacityError */
  #readyFor(count: number, n: number): Ready {
    const { core, plan } = this;
    const { order, pool } = making((own) => ({
      order: own(core.allocate(4 * count)),
      pool: own(core.allocate(changeBytes(plan.efConstruction, n))),
    }));
    return {
      order,
      pool,
      [Symbol.dispose]: () => {
        order.dispose();
        pool.dispose();
      },
    };
  }

  #done(): void {
    this.#ready?.[Symbol.dispose]();
    this.#ready = undefined;
  }

  publish(): void {
    this.checkLive('graph');
    const first = this.#n;
    const count = this.#staged;
    if (count === 0) return;
    this.adjacency.beforeWrite();
    for (const column of this.#columns) column.publish();
    this.#record.touch();
    this.#coordinates?.rows.publish();
    this.#n += count;
    this.#staged = 0;
    this.#isStagedFirst = false;
    for (const growth of this.#growths.splice(0)) growth.commit();
    this.#insert(first, count);
    this.#settle();
    this.#done();
  }

  withdraw(): void {
    this.checkLive('graph');
    for (const column of this.#columns) column.withdraw();
    for (const growth of this.#growths.splice(0).reverse()) growth.undo();
    this.#record.touch();
    this.#coordinates?.rows.withdraw();
    if (this.#isStagedFirst) this.#dropCoordinates();
    this.#isStagedFirst = false;
    this.#staged = 0;
    this.#done();
  }

  releaseEncoders(): void {
    this.codec.releaseEncoder();
    if (this.#staged === 0) this.#dropCoordinates();
  }

  #dropCoordinates(): void {
    this.#longest = this.#coordinates?.longest ?? this.#longest;
    this.#coordinates?.dispose();
    this.#coordinates = undefined;
  }

  /** The record for a change. */
  #pointToChange(): ReturnType<GraphRecord['point']> {
    const { pool } = this.#ready as Ready;
    const { efConstruction: width } = this.plan;
    return this.#record.point({ n: this.#n, width, pool, coordinates: this.#coordinates });
  }

  /** Entries among n vertices, of which slotAt gives the i-th. @throws CapacityError */
  #chooseEntries(coordinates: VertexCoordinates, n: number, slotAt: (i: number) => number): Uint32Array {
    const random = new RandomStream(this.plan.seed, `graph/entries/${n}`);
    return chooseEntries(this.core, coordinates, n, slotAt, random);
  }

  /** Inserts `count` vertices from first on, whose rows are empty, in an order that does not depend on what they are. */
  #insert(first: number, count: number): void {
    const { order, entries } = this.#ready as Ready;
    const { kernels } = this.core;
    const slots = order.u32(0, count);
    for (let i = 0; i < count; i++) slots[i] = first + i;
    new RandomStream(this.plan.seed, `graph/order/${first}`).shuffle(slots);
    let done = 0;
    if (entries) {
      // those that come with them are first, each inserted among the entries before
      const isEntry = new Set(entries);
      const coming = slots.filter((slot) => isEntry.has(slot));
      const rest = slots.filter((slot) => !isEntry.has(slot));
      slots.set(coming);
      slots.set(rest, coming.length);
      const before = entries.filter((slot) => slot < first);
      if (before.length > 0) this.#record.entries = before;
      for (const slot of coming) {
        kernels.graphInsert(this.#pointToChange(), order.at(4 * done), 1);
        this.#record.entries = Uint32Array.of(...this.#record.entries, slot);
        done++;
      }
      this.#record.entries = entries;
      this.#chosenAt = this.#n;
    }
    kernels.graphInsert(this.#pointToChange(), order.at(4 * done), count - done);
    this.#unchecked += count;
  }

  /** After vertices came: paths to all of them. */
  #settle(): void {
    if (this.#unchecked > CHECKED_SHARE * this.#n) this.#connect();
  }

  #connect(): void {
    const { pool } = this.#ready as Ready;
    const { efConstruction: width } = this.plan;
    const record = this.#pointToChange();
    this.adjacency.connect(this.#n, this.#record.entries, (slot) => {
      if (this.core.kernels.graphNearest(record, slot) === 0) return undefined;
      // the highest bit says that it was expanded
      return (pool.u32(4 * (width + 1), 1)[0] as number) & 0x7fffffff;
    });
    this.#unchecked = 0;
  }

  compaction(numbers: Uint32Array): Compaction {
    this.checkLive('graph');
    const n = this.#n;
    const live = new Uint32Array(wordsFor(n));
    const staying = slotsFrom(0, n).filter((slot) => numbers[slot] !== NO_ID);
    for (const slot of staying) addSlot(live, slot);
    const kept = staying.length;
    // of few that stay little is left of the graph
    const isNew = 2 * kept < n;
    const isEntryLeaving = this.#record.entries.some((slot) => numbers[slot] === NO_ID);
    const hadCoordinates = this.#coordinates !== undefined;
    return making((own) => {
      own({
        [Symbol.dispose]: () => {
          if (!hadCoordinates) this.#dropCoordinates();
        },
      });
      const coordinates = this.#coordinatesFor(n);
      const columns = [...this.#columns, coordinates.rows].map((column) => own(column.compaction(numbers)));
      const ready = own(this.#readyFor(n, n));
      if (kept > 0 && (isNew || isEntryLeaving)) {
        const entries = this.#chooseEntries(coordinates, kept, (i) => staying[i] as number);
        ready.entries = entries.map((slot) => numbers[slot] as number).sort();
      }
      const set = own(this.core.allocate(4 * live.length));
      set.u32(0, live.length).set(live);
      const release = (): void => {
        set.dispose();
        ready[Symbol.dispose]();
        this.#ready = undefined;
        if (!hadCoordinates) this.#dropCoordinates();
      };
      return {
        commit: () => {
          this.#ready = ready;
          if (!isNew) this.core.kernels.graphRepair(this.#pointToChange(), 0, n, set.at());
          for (const column of columns) column.commit();
          this.#record.touch();
          this.#n = kept;
          if (isNew) this.#rebuild();
          else this.#renumber(numbers);
          release();
        },
        [Symbol.dispose]: () => {
          for (const column of columns) column[Symbol.dispose]();
          release();
        },
      };
    });
  }

  /** After rows moved: edges and entries get the new numbers, or entries are those that were chosen anew. */
  #renumber(numbers: Uint32Array): void {
    this.adjacency.renumber(this.#n, numbers);
    const { entries } = this.#ready as Ready;
    if (entries) this.#chosenAt = this.#n;
    this.#record.entries = entries ?? this.#record.entries.map((slot) => numbers[slot] as number);
    this.#connect();
  }

  #rebuild(): void {
    for (let slot = 0; slot < this.#n; slot++) this.adjacency.edges(slot).fill(slot);
    this.#record.entries = new Uint32Array(0);
    this.#chosenAt = 0;
    if (this.#n === 0) return;
    this.#insert(0, this.#n);
    this.#settle();
  }

  prepare(scope: Scope, { values: query }: MetricQuery, n: number, options: RouteOptions): GraphPrepared {
    const { count, gamma, isCoarse, allowed, ef, isWhole } = options;
    const place = scope.reserve(4 * query.length);
    const bases = scope.reserve(4);
    place.f32(0, query.length).set(query);
    rowScores(this.core, this.#metric, place.at(), this.#originBlock.at(), 1, query.length, bases);
    this.codec.setQuery(query, gamma, isCoarse);
    const found = new ResultHeap(this.core, scope, Math.min(count, Math.max(1, n)));
    const width = Math.min(Math.max(1, n), widthFor(ef, count));
    return { query: place, bases, found, width, wanted: count, isWhole, allowed };
  }

  /** Returns 1: where lists are counted, a graph is one. */
  scan(prepared: GraphPrepared, n: number): number {
    this.#search.search(prepared, n);
    return 1;
  }

  get tailBytes(): number {
    return this.rows.layout.tailBytes;
  }

  byHeads(prepared: GraphPrepared, scope: Scope, n: number): Uint32Array {
    const { width, isWhole } = prepared;
    if (!isWhole || this.tailBytes === 0) {
      this.#search.search(prepared, n);
      return new Uint32Array(0);
    }
    const found = new ResultHeap(this.core, scope, width);
    this.#search.search({ ...prepared, found, isWhole: false }, n);
    return found.ids(found.sort());
  }

  take({ found, bases }: GraphPrepared, rows: Uint32Array, tails: readonly Uint8Array[]): void {
    if (rows.length === 0) return;
    const scores = this.rows.scoresWith(rows, tails, bases.f32(0, 1)[0] as number);
    this.#search.offer(found, rows, scores);
  }

  statistics(): Pick<SearchStatistics, 'graph' | 'vectorsInFull' | 'codeBitsRead'> {
    const graph = this.#record.statistics();
    const { headBytes, tailBytes } = this.rows.layout;
    const codeBitsRead = 8 * (headBytes * graph.scored + tailBytes * graph.scoredInFull);
    return { graph, vectorsInFull: graph.scoredInFull, codeBitsRead };
  }
  resetStatistics(): void {
    this.#record.resetStatistics();
  }

  levelScores(query: Float32Array, bases: Block, rows: Uint32Array): Float32Array {
    this.codec.setQuery(query, DEFAULT_GAMMA);
    return this.rows.scores(rows, bases.f32(0, 1)[0] as number);
  }

  estimates({ bases }: GraphPrepared): { ids: Uint32Array; scores: Float32Array } {
    const ids = slotsFrom(0, this.#n);
    return { ids, scores: this.rows.scores(ids, bases.f32(0, 1)[0] as number) };
  }

  decode(rows: Uint32Array): Float32Array {
    return this.rows.decode(rows);
  }

  codingError(vectors: VectorSet): number {
    return this.rows.codingError(vectors);
  }

  bytesUsed(): number {
    let bytes = this.#record.bytesUsed() + (this.#coordinates?.rows.bytesUsed() ?? 0);
    for (const column of this.#columns) bytes += column.bytesUsed();
    return bytes;
  }

  override dispose(): void {
    for (const growth of this.#growths.splice(0).reverse()) growth.undo();
    this.#done();
    this.#coordinates?.dispose();
    super.dispose();
  }
}
