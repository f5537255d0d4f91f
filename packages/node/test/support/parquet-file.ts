/**
 * A small Parquet file: columns of list<list<float>>, list<float> or float, one data page a row group, PLAIN, uncompressed or through a
 * function. Only what the reader's tests need; written from the format's description.
 */

type Numbers = readonly (number | null)[];
export type ParquetRow = readonly (Numbers | null)[] | Numbers | number | null;

export interface ParquetColumn {
  readonly name: string;
  /** Lists of lists, lists, or numbers for a plain column; null is what is missing, NaN is itself. */
  readonly rows: readonly ParquetRow[];
}

export interface ParquetFileOptions {
  readonly rowsPerGroup?: number;
  readonly codec?: { readonly id: number; compress(bytes: Uint8Array): Uint8Array };
}

const I32 = 5;
const I64 = 6;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;

type Field = readonly [id: number, type: number, bytes: readonly number[]];

function varint(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest >= 128) {
    out.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
  return out;
}

const zigzag = (value: number): number[] => varint(value >= 0 ? 2 * value : -2 * value - 1);
const int = (id: number, value: number): Field => [id, I32, zigzag(value)];
const long = (id: number, value: number): Field => [id, I64, zigzag(value)];
const textBytes = (value: string): number[] => {
  const bytes = new TextEncoder().encode(value);
  return [...varint(bytes.length), ...bytes];
};
const text = (id: number, value: string): Field => [id, BINARY, textBytes(value)];
const list = (id: number, type: number, items: readonly (readonly number[])[]): Field => [
  id,
  LIST,
  [
    ...(items.length < 15 ? [(items.length << 4) | type] : [0xf0 | type, ...varint(items.length)]),
    ...items.flat(),
  ],
];

function struct(fields: readonly Field[]): number[] {
  const out: number[] = [];
  let last = 0;
  for (const [id, type, bytes] of fields) {
    out.push(((id - last) << 4) | type, ...bytes);
    last = id;
  }
  return [...out, 0];
}

/** Levels as runs of one, after their length in four bytes. */
function levels(values: readonly number[]): number[] {
  const runs = values.flatMap((value) => [...varint(2), value]);
  return [...new Uint8Array(new Uint32Array([runs.length]).buffer), ...runs];
}

interface Entries {
  readonly repetition: number[];
  readonly definition: number[];
  readonly values: number[];
  /** Lists around a value. */
  readonly most: number;
}

/** A value inside `depth` lists, all of which may be missing; `level` is what is there already. */
function addEntries(
  entries: Entries,
  value: unknown,
  depth: number,
  repetition: number,
  level: number,
): void {
  const add = (definition: number): void => {
    entries.repetition.push(repetition);
    entries.definition.push(definition);
  };
  if (value === null) add(level);
  else if (depth === 0) {
    add(level + 1);
    entries.values.push(Number(value));
  } else {
    const items: readonly unknown[] = Array.isArray(value) ? value : [];
    if (items.length === 0) add(level + 1);
    const own = entries.most - depth + 1;
    items.forEach((item, i) => {
      addEntries(entries, item, depth - 1, i === 0 ? repetition : own, level + 2);
    });
  }
}

function page(column: ParquetColumn, from: number, to: number): { bytes: number[]; values: number } {
  const most = depthOf(column);
  const entries: Entries = { repetition: [], definition: [], values: [], most };
  for (const row of column.rows.slice(from, to)) addEntries(entries, row, most, 0, 0);
  const bytes = [
    ...(most > 0 ? levels(entries.repetition) : []),
    ...levels(entries.definition),
    ...new Uint8Array(new Float32Array(entries.values).buffer),
  ];
  return { bytes, values: entries.definition.length };
}

function schema(columns: readonly ParquetColumn[]): number[][] {
  const OPTIONAL = 1;
  const REPEATED = 2;
  const elements = [struct([text(4, 'schema'), int(5, columns.length)])];
  for (const column of columns) {
    const depth = depthOf(column);
    for (let i = 0; i < depth; i++) {
      const name = i === 0 ? column.name : 'element';
      elements.push(struct([int(3, OPTIONAL), text(4, name), int(5, 1), int(6, 3)]));
      elements.push(struct([int(3, REPEATED), text(4, 'list'), int(5, 1)]));
    }
    elements.push(struct([int(1, 4), int(3, OPTIONAL), text(4, depth === 0 ? column.name : 'element')]));
  }
  return elements;
}

/** How many lists lie around a number. */
function depthOf(column: ParquetColumn): number {
  const lists = column.rows.filter((row) => Array.isArray(row));
  if (lists.length === 0) return 0;
  return lists.flat().some((item) => Array.isArray(item)) ? 2 : 1;
}

export function parquetFile(columns: readonly ParquetColumn[], options: ParquetFileOptions = {}): Uint8Array {
  const n = columns[0]?.rows.length ?? 0;
  const { rowsPerGroup = n, codec } = options;
  const out: number[] = [...Buffer.from('PAR1')];
  const groups: number[][] = [];
  for (let from = 0; from < n; from += rowsPerGroup) {
    const to = Math.min(n, from + rowsPerGroup);
    const chunks = columns.map((column) => {
      const depth = depthOf(column);
      const { bytes, values } = page(column, from, to);
      const stored = codec ? [...codec.compress(new Uint8Array(bytes))] : bytes;
      const data = struct([int(1, values), int(2, 0), int(3, 3), int(4, 3)]);
      const header = struct([int(1, 0), int(2, bytes.length), int(3, stored.length), [5, STRUCT, data]]);
      const offset = out.length;
      out.push(...header, ...stored);
      const total = header.length + stored.length;
      const path = [column.name, ...Array.from({ length: depth }, () => ['list', 'element']).flat()];
      const meta = struct([
        int(1, 4),
        list(2, I32, [zigzag(0), zigzag(3)]),
        list(3, BINARY, path.map(textBytes)),
        int(4, codec?.id ?? 0),
        long(5, values),
        long(6, header.length + bytes.length),
        long(7, total),
        long(9, offset),
      ]);
      return struct([long(2, offset), [3, STRUCT, meta]]);
    });
    groups.push(struct([list(1, STRUCT, chunks), long(2, 0), long(3, to - from)]));
  }
  const footer = struct([int(1, 2), list(2, STRUCT, schema(columns)), long(3, n), list(4, STRUCT, groups)]);
  return new Uint8Array([
    ...out,
    ...footer,
    ...new Uint8Array(new Uint32Array([footer.length]).buffer),
    ...Buffer.from('PAR1'),
  ]);
}
