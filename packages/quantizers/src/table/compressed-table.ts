/** A table of vectors in few bytes: rows are read one by one, gathered, and scored without being decoded all. */
import { checkInteger, checkLength, MAX_DIMENSION, type Numbers, toFloat32 } from '@sagitta/core-wasm';
import { halfToNumber } from '../scalar/half-coder.ts';
import { blockBytes, blocksOf, containerBytes, dimsOf, levelsOf } from './layout.ts';

/** Lists the ways in which a table is compressed. */
export const TABLE_METHODS = ['allocated', 'scalar'] as const;

/** Names a way in which a table is compressed. */
export type TableMethod = (typeof TABLE_METHODS)[number];

/** Says what a group of rows got. */
export interface TableGroup {
  /** Least weight (frequency times squared length) of its rows. */
  readonly from: number;
  readonly rows: number;
  /** Bits a number, on average. */
  readonly bits: number;
}

/** Says what compression lost. */
export interface TableReport {
  /** Share of the energy lost, rows weighed by frequency. */
  readonly weightedError: number;
  /** Share of the energy lost, rows alike: weighted errors can be small while every rare row is lost. */
  readonly error: number;
  /** Share of the rows that got no bits at all: their group's mean stands for them. */
  readonly lostRows: number;
  readonly bitsByGroup: readonly TableGroup[];
}

/** Parts that a table is made of. */
export interface TableParts {
  readonly method: TableMethod;
  readonly rows: number;
  readonly d: number;
  /** Group of each row. */
  readonly groups: Uint8Array;
  /** groups × blocks: bits of a number in each cell. */
  readonly bits: Uint8Array;
  /** Levels of the cells, one after the other, as halves. */
  readonly levels: Uint16Array;
  /** Length of each row over `scale`, as halves. */
  readonly lengths: Uint16Array;
  /** Length of the longest row. */
  readonly scale: number;
  /** d × d halves, row i = direction i, or empty where rows are not rotated. */
  readonly rotation: Uint16Array;
  /** Rows' codes, group after group. */
  readonly codes: Uint8Array;
  readonly report: TableReport;
}

interface Block {
  readonly dims: number;
  readonly bits: number;
  /** Bytes in a row's code. */
  readonly bytes: number;
  readonly levels: Float32Array;
}

/**
 * Holds a compressed table.
 * @example
 * const table = compressTable(core, { data, d: 256 }, { frequency, budgetBytes: 2e6 });
 * table.row(7); table.gather(Uint32Array.of(7, 8, 9));
 */
export class CompressedTable {
  readonly rows: number;
  readonly d: number;
  readonly method: TableMethod;
  readonly report: TableReport;
  readonly #parts: TableParts;
  readonly #blocks: (readonly Block[])[];
  /** Where a row's code begins. */
  readonly #starts: Uint32Array;
  readonly #rotation: Float32Array;
  readonly #lengths: Float32Array;
  readonly #turned: Float32Array;

  constructor(parts: TableParts) {
    this.#parts = parts;
    this.rows = parts.rows;
    this.d = parts.d;
    this.method = parts.method;
    this.report = parts.report;
    this.#blocks = blocksOfParts(parts);
    this.#starts = startsOf(parts.groups, this.#blocks);
    this.#rotation = Float32Array.from(parts.rotation, halfToNumber);
    this.#lengths = Float32Array.from(parts.lengths, (half) => halfToNumber(half) * parts.scale);
    this.#turned = new Float32Array(parts.d);
  }

  /** Bytes of the table as writeTable gives it. */
  get bytes(): number {
    return tableBytes(this.#parts);
  }

  /** Whether rows lie in principal directions, whose matrix is part of the table. */
  get isRotated(): boolean {
    return this.#rotation.length > 0;
  }

  /**
   * Reads row `index` (d values) into out, or a fresh array.
   * @throws RangeError on a row that is not there or an `out` of another length
   */
  row(index: number, out: Float32Array = new Float32Array(this.d)): Float32Array {
    checkInteger('index', index, 0, this.rows - 1);
    checkLength('out', out.length, this.d, 'd');
    if (!this.isRotated) {
      this.#decode(index, out, 0);
      return out;
    }
    this.#decode(index, this.#turned, 0);
    this.#turnBack(this.#turned, out, 0);
    return out;
  }

  /**
   * Reads rows into out (indices.length × d), or a fresh array: the look-up of an embedding.
   * @throws RangeError on a row that is not there or an `out` of another length
   */
  gather(indices: Uint32Array, out: Float32Array = new Float32Array(indices.length * this.d)): Float32Array {
    const { d } = this;
    checkLength('out', out.length, indices.length * d, `indices*d (indices=${indices.length}, d=${d})`);
    this.#checkIndices(indices);
    for (let i = 0; i < indices.length; i++) {
      if (this.isRotated) {
        this.#decode(indices[i] as number, this.#turned, 0);
        this.#turnBack(this.#turned, out, i * d);
      } else this.#decode(indices[i] as number, out, i * d);
    }
    return out;
  }

  /**
   * Computes inner products of a query (d values) with rows, all by default; the query is rotated, not the rows.
   * @throws RangeError on a query of another length or a row that is not there
   */
  dot(query: Numbers, indices?: Uint32Array): Float32Array {
    const { d } = this;
    const given = toFloat32('query', query);
    checkLength('query', given.length, d, 'd');
    if (indices !== undefined) this.#checkIndices(indices);
    let own: Float32Array = given;
    if (this.isRotated) {
      own = new Float32Array(d);
      for (let i = 0; i < d; i++) {
        let sum = 0;
        for (let j = 0; j < d; j++) sum += (this.#rotation[i * d + j] as number) * (given[j] as number);
        own[i] = sum;
      }
    }
    const n = indices?.length ?? this.rows;
    const out = new Float32Array(n);
    for (let i = 0; i < n; i++) {
      this.#decode(indices === undefined ? i : (indices[i] as number), this.#turned, 0);
      let sum = 0;
      for (let j = 0; j < d; j++) sum += (own[j] as number) * (this.#turned[j] as number);
      out[i] = sum;
    }
    return out;
  }

  /** What is saved. */
  parts(): TableParts {
    return this.#parts;
  }

  #checkIndices(indices: Uint32Array): void {
    const at = indices.findIndex((index) => index >= this.rows);
    if (at < 0) return;
    throw new RangeError(`"indices" expected rows from 0 to ${this.rows - 1}, got ${indices[at]} at ${at}`);
  }

  /** Row in the table's own coordinates, at `to` of out. */
  #decode(row: number, out: Float32Array, to: number): void {
    const { codes, groups } = this.#parts;
    const length = this.#lengths[row] as number;
    let at = this.#starts[row] as number;
    let j = to;
    for (const { dims, bits, bytes, levels } of this.#blocks[groups[row] as number] as readonly Block[]) {
      if (bits === 0) {
        for (let t = 0; t < dims; t++) out[j++] = length * (levels[t] as number);
        continue;
      }
      const mask = (1 << bits) - 1;
      let held = 0;
      let count = 0;
      let from = at;
      for (let t = 0; t < dims; t++) {
        if (count < bits) {
          held |= (codes[from++] as number) << count;
          count += 8;
        }
        out[j++] = length * (levels[held & mask] as number);
        held >>>= bits;
        count -= bits;
      }
      at += bytes;
    }
  }

  #turnBack(turned: Float32Array, out: Float32Array, to: number): void {
    const { d } = this;
    const rotation = this.#rotation;
    const target = out.subarray(to, to + d).fill(0);
    for (let i = 0; i < d; i++) {
      const value = turned[i] as number;
      if (value === 0) continue;
      const at = i * d;
      for (let j = 0; j < d; j++) target[j] = (target[j] as number) + value * (rotation[at + j] as number);
    }
  }
}

/** Bytes of the sections of a table, as format.ts writes them. */
export function sectionLengths(of: {
  readonly rows: number;
  readonly d: number;
  readonly groupCount: number;
  readonly levels: number;
  readonly codes: number;
  readonly isRotated: boolean;
}): number[] {
  const { rows, d, groupCount, levels, codes, isRotated } = of;
  return [
    META_BYTES + groupCount * GROUP_BYTES,
    Math.ceil(rows / 2),
    groupCount * blocksOf(d),
    2 * levels,
    2 * rows,
    codes,
    ...(isRotated ? [2 * d * d] : []),
  ];
}

/** Bytes of META before its groups, and of each group in it. */
export const META_BYTES = 40;
/** Is the number of bytes of each group in META. */
export const GROUP_BYTES = 8;

/** What groups got, from their rows and bits. */
export function groupReport(
  groups: Uint8Array,
  bits: Uint8Array,
  d: number,
  from: readonly number[],
): Pick<TableReport, 'lostRows' | 'bitsByGroup'> {
  const perGroup = blocksOf(d);
  const counts = new Float64Array(from.length);
  for (const group of groups) counts[group] = (counts[group] as number) + 1;
  let lostRows = 0;
  const bitsByGroup = from.map((least, g) => {
    let all = 0;
    for (let b = 0; b < perGroup; b++) all += dimsOf(d, b) * (bits[g * perGroup + b] as number);
    if (all === 0) lostRows += (counts[g] as number) / groups.length;
    return { from: least, rows: counts[g] as number, bits: all / d };
  });
  return { lostRows, bitsByGroup };
}

function tableBytes({ rows, d, bits, levels, codes, rotation }: TableParts): number {
  return containerBytes(
    sectionLengths({
      rows,
      d,
      groupCount: bits.length / blocksOf(d),
      levels: levels.length,
      codes: codes.length,
      isRotated: rotation.length > 0,
    }),
  );
}

function blocksOfParts({ d, bits, levels }: Pick<TableParts, 'd' | 'bits' | 'levels'>): Block[][] {
  checkInteger('d', d, 1, MAX_DIMENSION);
  const perGroup = blocksOf(d);
  let at = 0;
  return Array.from({ length: bits.length / perGroup }, (_, g) =>
    Array.from({ length: perGroup }, (_b, b): Block => {
      const own = bits[g * perGroup + b] as number;
      const dims = dimsOf(d, b);
      const count = levelsOf(dims, own);
      const values = Float32Array.from(levels.subarray(at, at + count), halfToNumber);
      at += count;
      return { dims, bits: own, bytes: blockBytes(dims, own), levels: values };
    }),
  );
}

function startsOf(groups: Uint8Array, blocks: readonly (readonly Block[])[]): Uint32Array {
  const strides = blocks.map((own) => own.reduce((sum, { bytes }) => sum + bytes, 0));
  const counts = new Float64Array(blocks.length);
  for (const group of groups) counts[group] = (counts[group] as number) + 1;
  const next = new Float64Array(blocks.length);
  for (let g = 1; g < blocks.length; g++) {
    next[g] = (next[g - 1] as number) + (counts[g - 1] as number) * (strides[g - 1] as number);
  }
  return Uint32Array.from(groups, (group) => {
    const at = next[group] as number;
    next[group] = at + (strides[group] as number);
    return at;
  });
}
