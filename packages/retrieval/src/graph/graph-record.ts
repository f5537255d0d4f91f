/** What kernels read of a graph: its record, and the tables, stamps and entries that it points to (assembly/graph.ts of the core). */
import { type Block, type Core, making, Owner, type Ptr } from '@sagitta/core-wasm';
import type { InvertedLists } from '../columns/inverted-lists.ts';
import type { GraphStatistics } from '../search/search-result.ts';
import type { Adjacency } from './adjacency.ts';
import { PIECE_ROWS } from './column.ts';
import { MAX_ENTRIES } from './graph-options.ts';
import type { GraphRows } from './graph-rows.ts';
import type { VertexCoordinates } from './vertex-coordinates.ts';

const RECORD_BYTES = 96;
/** Words of the record. */
const STAMP = 4;
/** Stamps begin anew before they are used up. */
const LAST_STAMP = 0xfff00000;
/** Behind the pool of a change. */
const SCRATCH_BYTES = 3072;
/** Pruning factor, of distances. */
const ALPHA = 1.2;
/** Columns whose pieces kernels look up. */
const TABLES = 4;

/** How a kernel is to see the graph. */
export interface GraphView {
  readonly n: number;
  /** Of the pool. */
  readonly width: number;
  readonly pool: Block;
  /** Heads alone are read. */
  readonly isHeadOnly?: boolean;
  /** For changes. */
  readonly coordinates?: VertexCoordinates | undefined;
}

/** Room that was made and can be given back. */
export interface Growth {
  commit(): void;
  undo(): void;
}

/** Bytes of the pool of a search. */
export function poolBytes(width: number): number {
  return 8 * (width + 1);
}

/** Bytes of the pool of a change in a graph of n vertices, with its scratch and what it knows of every row. */
export function changeBytes(width: number, n: number): number {
  return poolBytes(width) + SCRATCH_BYTES + n;
}

export class GraphRecord extends Owner {
  readonly #record: Block;
  readonly #statistics: Block;
  readonly #entryBlock: Block;
  readonly #rows: GraphRows;
  readonly #adjacency: Adjacency;
  #tables: Block;
  #stamps: Block;
  #entries: Uint32Array = new Uint32Array(0);
  /** The record says where everything lies. */
  #isPlaced = false;

  constructor(core: Core, rows: GraphRows, adjacency: Adjacency) {
    super(core);
    this.#rows = rows;
    this.#adjacency = adjacency;
    // replaced as the graph grows, so not owned; first, as dispose looks at them
    const { tables, stamps } = making((own) => ({
      tables: own(core.allocate(0)),
      stamps: own(core.allocate(0)),
    }));
    this.#tables = tables;
    this.#stamps = stamps;
    this.#record = this.allocate(RECORD_BYTES);
    this.#statistics = this.allocate(12);
    this.#entryBlock = this.allocate(4 * MAX_ENTRIES);
  }

  /** Vertices that searches begin with. */
  get entries(): Uint32Array {
    return this.#entries;
  }
  set entries(entries: Uint32Array) {
    this.#entries = entries;
    this.#entryBlock.u32(0, entries.length).set(entries);
    this.#isPlaced = false;
  }

  /** To be called where blocks of columns may have changed. */
  touch(): void {
    this.#isPlaced = false;
  }

  /** Makes room for n vertices. @throws CapacityError */
  reserve(n: number): void {
    this.grow(n)?.commit();
  }

  /** Makes room for n vertices that can be given back until it is committed; undefined where there is room. @throws CapacityError */
  grow(n: number): Growth | undefined {
    const { core } = this;
    if (this.#stamps.byteLength >= 4 * n) return undefined;
    const room = Math.max(n, Math.ceil((1.5 * this.#stamps.byteLength) / 4));
    const made = making((own) => ({
      stamps: own(core.allocate(4 * room)),
      tables: own(core.allocate(4 * TABLES * Math.ceil(room / PIECE_ROWS))),
    }));
    const before = { stamps: this.#stamps, tables: this.#tables };
    // its stamps are 0, which is none that is given
    this.#stamps = made.stamps;
    this.#tables = made.tables;
    this.#isPlaced = false;
    const drop = ({ stamps, tables }: typeof made): void => {
      stamps.dispose();
      tables.dispose();
    };
    return {
      commit: () => drop(before),
      undo: () => {
        this.#stamps = before.stamps;
        this.#tables = before.tables;
        this.#isPlaced = false;
        drop(made);
      },
    };
  }

  /** Writes the record; good until the graph changes. */
  point({ n, width, pool, isHeadOnly = false, coordinates }: GraphView): Ptr {
    const words = this.#record.u32();
    if ((words[STAMP] as number) >= LAST_STAMP) {
      this.#stamps.u32().fill(0);
      words[STAMP] = 0;
    }
    if (!this.#isPlaced || coordinates) this.#place(words, n, coordinates);
    words.set([pool.at(), pool.at(4 * (width + 1)), width], 5);
    words[20] = isHeadOnly ? 1 : 0;
    if (coordinates) {
      const scratch = poolBytes(width);
      words[19] = pool.at(scratch);
      words[21] = pool.at(scratch + SCRATCH_BYTES);
    }
    return this.#record.at();
  }

  #place(words: Uint32Array, n: number, coordinates: VertexCoordinates | undefined): void {
    const { heads, tails, layout, codec } = this.#rows;
    const pieces = Math.ceil(n / PIECE_ROWS);
    const tables = [this.#adjacency.rows, heads, tails, coordinates?.rows].map((column, c) =>
      column ? this.#table(column, 4 * c * pieces, pieces) : 0,
    );
    const [edges = 0, headTable = 0, tailTable = 0, coordinateTable = 0] = tables;
    words.set([edges, this.#adjacency.degree, n, this.#stamps.at()]);
    words.set([this.#entryBlock.at(), this.#entries.length], 8);
    words.set([headTable, layout.headBytes, tailTable, layout.tailBytes], 10);
    words.set([codec.graph?.headStages ?? 0, this.#statistics.at()], 14);
    words.set([coordinateTable, coordinates?.dims ?? 0], 16);
    this.#record.f32(72, 1)[0] = ALPHA * ALPHA;
    // with coordinates it is a change, after which rows lie elsewhere
    this.#isPlaced = coordinates === undefined;
  }

  /** Addresses of a column's pieces. */
  #table(column: InvertedLists, at: number, pieces: number): Ptr {
    const table = this.#tables.u32(at, pieces);
    let i = 0;
    for (const { blocks } of column.pieces(0)) table[i++] = blocks.at();
    return this.#tables.at(at);
  }

  /** For a search outside the kernels: marks vertices as met, at most so many at once, and gives those that were not. */
  meeting(most: number): (slots: Uint32Array) => Uint32Array {
    const last = this.#record.u32(4 * STAMP, 1);
    if ((last[0] as number) >= LAST_STAMP) {
      this.#stamps.u32().fill(0);
      last[0] = 0;
    }
    const stamp = (last[0] as number) + 1;
    last[0] = stamp;
    const unmet = new Uint32Array(most);
    return (slots) => {
      const stamps = this.#stamps.u32();
      let count = 0;
      for (let i = 0; i < slots.length; i++) {
        const slot = slots[i] as number;
        if (stamps[slot] === stamp) continue;
        stamps[slot] = stamp;
        unmet[count++] = slot;
      }
      return unmet.subarray(0, count);
    };
  }

  statistics(): GraphStatistics {
    const [hops = 0, scored = 0, scoredInFull = 0] = this.#statistics.u32();
    return { hops, scored, scoredInFull };
  }
  /** Counts what was done outside the kernels. */
  count(hops: number, scored: number): void {
    const { hops: before, scored: met, scoredInFull } = this.statistics();
    this.#statistics.u32().set([before + hops, met + scored, scoredInFull + scored]);
  }
  resetStatistics(): void {
    this.#statistics.u32().fill(0);
  }

  bytesUsed(): number {
    return this.#stamps.byteLength + this.#tables.byteLength + this.#entryBlock.byteLength;
  }

  override dispose(): void {
    this.#tables.dispose();
    this.#stamps.dispose();
    super.dispose();
  }
}
