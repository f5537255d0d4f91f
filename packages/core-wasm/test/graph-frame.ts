/** Neighbour graphs in the memory of the core as their kernels want them, with guard bytes behind all that these write. */
import type { Block, Ptr, Scope } from '../src/memory.ts';
import type { MetVertex, NeighbourGraph, VertexCoordinates } from '../src/reference/graph.ts';

export const PIECE_ROWS = 65_536;
/** When a search reads tails. */
export const TAILS = { atTheEnd: 0, never: 1 } as const;

const RECORD_BYTES = 96;
const SCRATCH_BYTES = 3072;
const COORDINATE_HEAD = 16;
const GUARD_BYTES = 64;
const GUARD = 0xa5;

/** A vertex at `x`, as integers up to 127. */
export function vertexAt(x: Float32Array, lift = 0): VertexCoordinates {
  const scale = Math.fround(x.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127);
  const codes = Int8Array.from(x, (value) => (scale > 0 ? Math.round(value / scale) : 0));
  const squares = codes.reduce((sum, code) => sum + code * code, 0);
  const square = Math.fround(Math.fround(scale * scale) * Math.fround(squares));
  return { square, scale, lift, codes };
}

/** A graph of vertices without edges; of `n`, where not all are given. */
export function emptyGraph(
  coordinates: readonly VertexCoordinates[],
  degree: number,
  width: number,
  n: number = coordinates.length,
): NeighbourGraph & { entries: number[] } {
  const edges = Array.from({ length: n }, (_, slot) => new Array<number>(degree).fill(slot));
  return { coordinates, edges, degree, width, entries: [], factor: Math.fround(1.44) };
}

/** A bit set of slots. */
export function bitsOf(slots: Iterable<number>, n: number): Uint32Array {
  const words = new Uint32Array(Math.ceil(n / 32));
  for (const slot of slots) words[slot >> 5] = ((words[slot >> 5] as number) | (1 << (slot & 31))) >>> 0;
  return words;
}

interface Guarded {
  readonly block: Block;
  readonly byteLength: number;
}

/** Blocks of one graph, and whether anything was written behind one. */
class GuardedScope {
  readonly #scope: Scope;
  readonly #all: Guarded[] = [];

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  reserve(byteLength: number): Block {
    const block = this.#scope.reserve(byteLength + GUARD_BYTES);
    block.u8(byteLength).fill(GUARD);
    this.#all.push({ block, byteLength });
    return block;
  }

  check(): void {
    for (const { block, byteLength } of this.#all) {
      if (block.u8(byteLength).some((byte) => byte !== GUARD)) {
        throw new Error('the kernel wrote past a block of the graph');
      }
    }
  }
}

/** Rows of one length in pieces of 2^16, the later pieces at lower addresses, and the table of the pieces. */
export class Column {
  readonly rowBytes: number;
  readonly table: Ptr;
  readonly #pieces: Block[] = [];

  constructor(scope: { reserve(byteLength: number): Block }, n: number, rowBytes: number) {
    this.rowBytes = rowBytes;
    for (let p = Math.ceil(n / PIECE_ROWS) - 1; p >= 0; p--) {
      this.#pieces[p] = scope.reserve(rowBytes * Math.min(PIECE_ROWS, n - p * PIECE_ROWS));
    }
    const table = scope.reserve(4 * this.#pieces.length);
    table.u32(0, this.#pieces.length).set(this.#pieces.map((piece) => piece.at()));
    this.table = table.at();
  }

  row(slot: number): { readonly block: Block; readonly offset: number } {
    const block = this.#pieces[Math.floor(slot / PIECE_ROWS)] as Block;
    return { block, offset: (slot % PIECE_ROWS) * this.rowBytes };
  }
}

/** A graph record and what it points to. */
export class GraphFrame {
  readonly #scope: GuardedScope;
  readonly #n: number;
  readonly #degree: number;
  readonly #width: number;
  readonly #record: Block;
  readonly #stamps: Block;
  readonly #scores: Block;
  readonly #slots: Block;
  readonly #entries: Block;
  readonly #statistics: Block;
  readonly #edges: Column;

  /** The graph as it is now, its coordinates left out. */
  constructor(scope: Scope, { edges, degree, width, entries, factor }: Omit<NeighbourGraph, 'coordinates'>) {
    const own = new GuardedScope(scope);
    const n = edges.length;
    this.#scope = own;
    this.#n = n;
    this.#degree = degree;
    this.#width = width;
    this.#record = own.reserve(RECORD_BYTES);
    this.#stamps = own.reserve(4 * n);
    this.#scores = own.reserve(4 * (width + 1));
    this.#slots = own.reserve(4 * (width + 1));
    this.#entries = own.reserve(4 * Math.max(n, entries.length));
    this.#statistics = own.reserve(12);
    const scratch = own.reserve(SCRATCH_BYTES);
    const pruned = own.reserve(n);
    pruned.u8(0, n).fill(0);
    this.#edges = new Column(own, n, 4 * degree);
    for (const [slot, row] of edges.entries()) {
      const { block, offset } = this.#edges.row(slot);
      block.u32(offset, degree).set(row);
    }
    const words = this.#record.u32();
    words.set([this.#edges.table, degree, n, this.#stamps.at()]);
    words.set([this.#scores.at(), this.#slots.at(), width], 5);
    words[15] = this.#statistics.at();
    this.#record.f32(72, 1)[0] = factor;
    words[19] = scratch.at();
    words[21] = pruned.at();
    this.setEntries(entries);
  }

  get at(): Ptr {
    return this.#record.at();
  }

  setEntries(entries: readonly number[]): void {
    this.#entries.u32(0, entries.length).set(entries);
    this.#record.u32(32, 2).set([this.#entries.at(), entries.length]);
  }

  /** The last stamp given, and those that vertices have. */
  setStamps(last: number, stampOf: (slot: number) => number): void {
    this.#record.u32(16, 1)[0] = last;
    for (const [slot, stamps] of this.#stamps.u32(0, this.#n).entries()) {
      if (stamps !== stampOf(slot)) this.#stamps.u32(4 * slot, 1)[0] = stampOf(slot);
    }
  }

  lastStamp(): number {
    return this.#record.u32(16, 1)[0] as number;
  }

  /** Coordinates of vertices, by default of 0, 1, …; what kernels do not read of them is not a number. */
  setCoordinates(coordinates: readonly VertexCoordinates[], slotOf: (i: number) => number = (i) => i): void {
    const dims = coordinates[0]?.codes.length ?? 0;
    const column = new Column(this.#scope, this.#n, COORDINATE_HEAD + dims);
    for (const [i, { square, scale, lift, codes }] of coordinates.entries()) {
      const { block, offset } = column.row(slotOf(i));
      block.f32(offset, 4).set([square, scale, Number.NaN, lift]);
      block.i8(offset + COORDINATE_HEAD, dims).set(codes);
    }
    this.#record.u32(64, 2).set([column.table, dims]);
  }

  /** Where codes lie. */
  setCodes(heads: Column, tails: Column, headStages: number): void {
    this.#record.u32(40, 5).set([heads.table, heads.rowBytes, tails.table, tails.rowBytes, headStages]);
  }

  setTails(tails: (typeof TAILS)[keyof typeof TAILS]): void {
    this.#record.u32(80, 1)[0] = tails;
  }

  edges(): number[][] {
    this.#scope.check();
    return Array.from({ length: this.#n }, (_, slot) => {
      const { block, offset } = this.#edges.row(slot);
      return [...block.u32(offset, this.#degree)];
    });
  }

  /** The first `size` places of the pool; the highest bit of a slot, which says that it was expanded, is left out. */
  pool(size: number): MetVertex[] {
    this.#scope.check();
    const scores = this.#scores.f32(0, this.#width + 1);
    return Array.from(this.#slots.u32(0, size), (slot, i) => ({
      slot: slot % 2 ** 31,
      score: scores[i] as number,
    }));
  }

  /** Vertices expanded, scored, scored in full. */
  statistics(): number[] {
    this.#scope.check();
    return [...this.#statistics.u32(0, 3)];
  }
}
