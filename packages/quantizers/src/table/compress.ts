/**
 * Embedding tables by frequency: word, item or user vectors, of which few are read most of the time. Rows are unit vectors and
 * a length (a half); rows of like weight f·n² (frequency times squared length) are one group, 16 dimensions one block, and every cell of
 * group and block gets its own bits and its own levels, so that Σ f·|x - x̂|² is least at given bytes. Pruning and mixed
 * dimensions come out by themselves: cells of no bits keep the means of their dimensions.
 *
 * Compared with methods that share rows (hashing, quotient and remainder): those are for tables that are trained through them,
 * and fitted afterwards they destroy rows.
 */
import {
  type Core,
  checkCore,
  checkInteger,
  checkLength,
  checkOneOf,
  checkOptions,
  type OptionTable,
  type VectorSetInput,
  vectorSet,
} from '@sagitta/core-wasm';
import { halfToNumber, numberToHalf } from '../scalar/half-coder.ts';
import { projectRows, trainPca } from '../training/pca.ts';
import { allocateBits, type CellChoice } from './allocate.ts';
import { type Cell, type Group, learnCell, nearestLevel } from './cells.ts';
import {
  CompressedTable,
  groupReport,
  sectionLengths,
  TABLE_METHODS,
  type TableMethod,
  type TableParts,
} from './compressed-table.ts';
import { BLOCK_DIMS, blockBytes, blocksOf, containerBytes, dimsOf, levelsOf, MAX_BITS } from './layout.ts';

/** Says how a table is compressed. */
export interface TableOptions {
  /** How often each row is read; default alike. */
  readonly frequency?: ArrayLike<number>;
  /** Bytes that the table takes at most, as writeTable gives it. */
  readonly budgetBytes: number;
  /**
   * 'allocated' by group and block, 'scalar' with the same bits everywhere, or 'auto': the one that loses less; default
   * 'auto'.
   */
  readonly method?: TableMethod | 'auto';
  /**
   * Least bits of the first 4 blocks, so that rare rows keep a direction; left out where it takes more than a quarter of the
   * budget. Default 0: the weighted error is all that counts.
   */
  readonly floorBits?: number;
}

const TABLE_OPTIONS: OptionTable<TableOptions> = {
  frequency: 'any',
  budgetBytes: 'number',
  method: 'string',
  floorBits: 'number',
};

/** Groups by octaves of weight; those of fewer rows join the next. */
const MOST_OCTAVES = 12;
const LEAST_ROWS = 64;
const FLOOR_BLOCKS = 4;
const FLOOR_SHARE = 0.25;
/** Levels beyond 6 bits cost more than they gain, but for large tables. */
const ALL_BITS: readonly number[] = Array.from({ length: MAX_BITS + 1 }, (_, bits) => bits);

/**
 * Compresses a table of vectors (rows × d) into given bytes.
 * @throws RangeError where the budget is below what the table takes at least (which it names), on frequencies below 0 or of
 * another count, values that are not finite, no rows or options out of range
 */
export function compressTable(core: Core, given: VectorSetInput, options: TableOptions): CompressedTable {
  const { table, least } = fittingTable(core, given, options);
  if (table !== undefined) return table;
  throw new RangeError(`"budgetBytes" expected at least ${least} for these rows, got ${options.budgetBytes}`);
}

/** The table, or undefined where the budget is below `least`. @throws RangeError as compressTable else */
export function fittingTable(
  core: Core,
  given: VectorSetInput,
  options: TableOptions,
): { readonly table: CompressedTable | undefined; readonly least: number } {
  checkCore(core);
  checkOptions('options', options, TABLE_OPTIONS);
  const { data, n, d } = vectorSet(given.data, given.d, 'rows');
  checkInteger('rows', n, 1, 2 ** 31);
  const method = checkOneOf('method', options.method ?? 'auto', ['auto', ...TABLE_METHODS] as const);
  const budget = checkInteger('budgetBytes', options.budgetBytes, 1, 2 ** 40);
  const floorBits = checkInteger('floorBits', options.floorBits ?? 0, 0, MAX_BITS);
  const frequency = frequencies(options.frequency, n);
  const table = prepare(data, n, d, frequency);
  const tried: CompressedTable[] = [];
  if (method !== 'scalar') tried.push(...allocated(core, table, budget, floorBits));
  if (method !== 'allocated') tried.push(...scalar(table, budget));
  const [first] = tried;
  if (first === undefined) {
    return { table: undefined, least: leastBytes(table, [wholeGroup(table)]) };
  }
  const best = tried.reduce(
    (found, one) => (one.report.weightedError < found.report.weightedError ? one : found),
    first,
  );
  return { table: best, least: 0 };
}

interface Table {
  readonly data: Float32Array;
  readonly n: number;
  readonly d: number;
  readonly frequency: Float64Array;
  readonly scale: number;
  /** Halves of lengths over scale. */
  readonly lengths: Uint16Array;
  /** Rows of length 1 or 0. */
  readonly units: Float32Array;
  /** f·n². */
  readonly weights: Float64Array;
}

function frequencies(given: ArrayLike<number> | undefined, n: number): Float64Array {
  if (given === undefined) return new Float64Array(n).fill(1);
  checkLength('frequency', given.length, n, 'rows');
  const out = Float64Array.from(given);
  const at = out.findIndex((value) => !(value >= 0 && value <= Number.MAX_SAFE_INTEGER));
  if (at >= 0) throw new RangeError(`"frequency" expected numbers from 0 on, got ${out[at]} at ${at}`);
  if (n > 0 && out.every((value) => value === 0)) {
    throw new RangeError('"frequency" expected a row that is read at all, got 0 for every row');
  }
  return out;
}

function prepare(data: Float32Array, n: number, d: number, frequency: Float64Array): Table {
  const lengths = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let energy = 0;
    for (let j = i * d; j < (i + 1) * d; j++) energy += (data[j] as number) * (data[j] as number);
    lengths[i] = Math.sqrt(energy);
  }
  // as a file holds it
  const scale = Math.fround(lengths.reduce((most, length) => Math.max(most, length), 0)) || 1;
  const units = new Float32Array(n * d);
  for (let at = 0; at < units.length; at++) {
    const length = lengths[Math.floor(at / d)] as number;
    units[at] = length > 0 ? (data[at] as number) / length : 0;
  }
  return {
    data,
    n,
    d,
    frequency,
    scale,
    lengths: Uint16Array.from(lengths, (length) => numberToHalf(length / scale)),
    units,
    weights: Float64Array.from(lengths, (length, i) => (frequency[i] as number) * length * length),
  };
}

/** Rows by octave of weight, the heaviest first; rows of weight 0 go with the lightest. */
function groupsOf({ weights, n }: Pick<Table, 'weights' | 'n'>): Group[] {
  let most = 0;
  for (const weight of weights) most = Math.max(most, weight);
  const octaves: number[][] = Array.from({ length: MOST_OCTAVES }, () => []);
  for (let i = 0; i < n; i++) {
    let octave = 0;
    for (let edge = most / 2; octave + 1 < MOST_OCTAVES && (weights[i] as number) < edge; edge /= 2) octave++;
    (octaves[octave] as number[]).push(i);
  }
  const merged: number[][] = [];
  let open: number[] = [];
  for (const rows of octaves) {
    open.push(...rows);
    if (open.length < LEAST_ROWS) continue;
    merged.push(open);
    open = [];
  }
  if (open.length > 0) {
    const last = merged.at(-1);
    if (last === undefined) merged.push(open);
    else last.push(...open);
  }
  return merged.map((rows) => groupOf(Uint32Array.from(rows).sort(), weights));
}

function groupOf(rows: Uint32Array, weights: Float64Array): Group {
  let sum = 0;
  for (const row of rows) sum += weights[row] as number;
  return { rows, weight: sum / rows.length };
}

function wholeGroup({ n, weights }: Table): Group {
  return groupOf(
    Uint32Array.from({ length: n }, (_, i) => i),
    weights,
  );
}

/** Bytes of everything but codes and levels. */
function overhead(
  { n, d }: Table,
  groupCount: number,
  isRotated: boolean,
  levels: number,
  codes: number,
): number {
  return containerBytes(sectionLengths({ rows: n, d, groupCount, levels, codes, isRotated }));
}

function leastBytes(table: Table, groups: readonly Group[]): number {
  return overhead(table, groups.length, false, groups.length * table.d, 0);
}

function allocated(core: Core, table: Table, budget: number, floorBits: number): CompressedTable[] {
  const { n, d } = table;
  // fewer groups where even their means do not fit
  let groups = groupsOf(table);
  while (groups.length > 1 && leastBytes(table, groups) > budget) groups = mergeLast(groups, table.weights);
  const out: CompressedTable[] = [];
  for (const isRotated of [false, true]) {
    const free = budget - overhead(table, groups.length, isRotated, 0, 0) - SLACK;
    if (free < 2 * groups.length * d) {
      if (!isRotated && leastBytes(table, groups) <= budget)
        out.push(assemble(table, 'allocated', groups, undefined, new Map()));
      continue;
    }
    const rotation = isRotated ? principalHalves(core, table) : undefined;
    const units = rotation === undefined ? table.units : turn(core, table.units, n, d, rotation);
    const blocks = blocksOf(d);
    const cells = groups.flatMap((group) =>
      Array.from({ length: blocks }, (_, b) => learnCell(units, d, group, b, ALL_BITS)),
    );
    const floors = withFloor(cells, blocks, floorBits, free * FLOOR_SHARE) ? floorBits : 0;
    const choices = cells.map(({ choices: all }, c) =>
      all.filter(({ bits }) => c % blocks >= FLOOR_BLOCKS || bits >= floors),
    );
    const chosen = allocateBits(choices, free);
    const plan = new Map(cells.map((cell, c) => [c, { cell, choice: chosen[c] as CellChoice }]));
    out.push(assemble(table, 'allocated', groups, rotation, plan, units));
  }
  return out;
}

/** Sections begin at multiples of 64, so two that grow may each need as much more. */
const SLACK = 128;

function withFloor(cells: readonly Cell[], blocks: number, floorBits: number, most: number): boolean {
  let bytes = 0;
  cells.forEach(({ choices }, c) => {
    if (c % blocks < FLOOR_BLOCKS) bytes += choices.find(({ bits }) => bits === floorBits)?.bytes ?? 0;
  });
  return floorBits > 0 && bytes <= most;
}

function mergeLast(groups: readonly Group[], weights: Float64Array): Group[] {
  const [a, b] = groups.slice(-2) as [Group, Group];
  return [...groups.slice(0, -2), groupOf(Uint32Array.from([...a.rows, ...b.rows]).sort(), weights)];
}

function scalar(table: Table, budget: number): CompressedTable[] {
  const { n, d, units } = table;
  const group = wholeGroup(table);
  const blocks = blocksOf(d);
  const codesAt = (bits: number): number => {
    let bytes = 0;
    for (let b = 0; b < blocks; b++) bytes += n * blockBytes(dimsOf(d, b), bits);
    return bytes;
  };
  const levelsAt = (bits: number): number => {
    let count = 0;
    for (let b = 0; b < blocks; b++) count += levelsOf(dimsOf(d, b), bits);
    return count;
  };
  const fits = ALL_BITS.filter((bits) => overhead(table, 1, false, levelsAt(bits), codesAt(bits)) <= budget);
  const bits = fits.at(-1);
  if (bits === undefined) return [];
  const plan = new Map(
    Array.from({ length: blocks }, (_, b) => {
      const cell = learnCell(units, d, group, b, [bits]);
      return [b, { cell, choice: cell.choices[0] as CellChoice }];
    }),
  );
  return [assemble(table, 'scalar', [group], undefined, plan, units)];
}

/** Principal directions of the weighted second moments, as halves. */
function principalHalves(core: Core, { data, n, d, frequency, scale }: Table): Uint16Array {
  const scaled = new Float32Array(n * d);
  for (let at = 0; at < scaled.length; at++) {
    scaled[at] = ((data[at] as number) / scale) * Math.sqrt(frequency[Math.floor(at / d)] as number);
  }
  const { components } = trainPca(core, { data: scaled, n, d }, { center: false });
  return Uint16Array.from(components, (value) => numberToHalf(value));
}

function turn(core: Core, units: Float32Array, n: number, d: number, rotation: Uint16Array): Float32Array {
  const components = Float32Array.from(rotation, halfToNumber);
  return projectRows(core, { data: units, n, d }, { d, mean: new Float32Array(d), components }, d);
}

/** Codes rows by a plan (cell by cell; one that is missing has no bits), and measures what is lost. */
function assemble(
  table: Table,
  method: TableMethod,
  groups: readonly Group[],
  rotation: Uint16Array | undefined,
  plan: ReadonlyMap<number, { readonly cell: Cell; readonly choice: CellChoice }>,
  units: Float32Array = table.units,
): CompressedTable {
  const { n, d, scale, lengths } = table;
  const blocks = blocksOf(d);
  const bits = new Uint8Array(groups.length * blocks);
  const levels: Uint16Array[] = [];
  const ids = new Uint8Array(n);
  const codes: Uint8Array[] = [];
  groups.forEach((group, g) => {
    for (const row of group.rows) ids[row] = g;
    const own = Array.from({ length: blocks }, (_, b) => {
      const found = plan.get(g * blocks + b);
      const chosen = found?.choice.bits ?? 0;
      const halves = (found?.cell ?? learnCell(units, d, group, b, [0])).levels.get(chosen) as Uint16Array;
      bits[g * blocks + b] = chosen;
      levels.push(halves);
      return { bits: chosen, levels: Float32Array.from(halves, halfToNumber), dims: dimsOf(d, b) };
    });
    const stride = own.reduce((sum, { dims, bits: one }) => sum + blockBytes(dims, one), 0);
    const out = new Uint8Array(group.rows.length * stride);
    group.rows.forEach((row, i) => {
      let at = i * stride;
      own.forEach(({ bits: one, levels: values, dims }, b) => {
        if (one === 0) return;
        for (let t = 0; t < dims; t++) {
          const code = nearestLevel(values, units[row * d + b * BLOCK_DIMS + t] as number);
          const bit = t * one;
          const place = at + (bit >> 3);
          const shifted = code << (bit & 7);
          out[place] = (out[place] as number) | (shifted & 255);
          if (shifted > 255) out[place + 1] = (out[place + 1] as number) | (shifted >> 8);
        }
        at += blockBytes(dims, one);
      });
    });
    codes.push(out);
  });
  const parts: TableParts = {
    method,
    rows: n,
    d,
    groups: ids,
    bits,
    levels: joined(levels, Uint16Array),
    lengths,
    scale,
    rotation: rotation ?? new Uint16Array(0),
    codes: joined(codes, Uint8Array),
    report: { weightedError: 0, error: 0, lostRows: 0, bitsByGroup: [] },
  };
  return new CompressedTable({ ...parts, report: measure(table, groups, new CompressedTable(parts), bits) });
}

function joined<T extends Uint8Array | Uint16Array>(
  pieces: readonly T[],
  Kind: new (length: number) => T,
): T {
  const out = new Kind(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

function measure(
  { data, n, d, frequency, weights }: Table,
  groups: readonly Group[],
  table: CompressedTable,
  bits: Uint8Array,
): TableParts['report'] {
  const row = new Float32Array(d);
  const sums = { lost: 0, energy: 0, weightedLost: 0, weightedEnergy: 0 };
  for (let i = 0; i < n; i++) {
    table.row(i, row);
    let lost = 0;
    let energy = 0;
    for (let j = 0; j < d; j++) {
      const value = data[i * d + j] as number;
      lost += (value - (row[j] as number)) ** 2;
      energy += value * value;
    }
    sums.lost += lost;
    sums.energy += energy;
    sums.weightedLost += (frequency[i] as number) * lost;
    sums.weightedEnergy += (frequency[i] as number) * energy;
  }
  const from = groups.map(({ rows }) =>
    rows.reduce((least, i) => Math.min(least, weights[i] as number), Infinity),
  );
  const share = (lost: number, energy: number): number => (energy > 0 ? lost / energy : 0);
  return {
    weightedError: share(sums.weightedLost, sums.weightedEnergy),
    error: share(sums.lost, sums.energy),
    ...groupReport(table.parts().groups, bits, d, from),
  };
}
