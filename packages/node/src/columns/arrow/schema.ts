/** The schema of an Arrow file: fields as a tree, and for each how many nodes and buffers of a record batch it takes. */
import type { NumberType } from '../../readers/number-type.ts';
import type { TableField } from '../table.ts';
import type { FlatTable } from './flat-table.ts';

export type Layout =
  | 'numbers'
  | 'texts'
  | 'large-texts'
  | 'text-views'
  | 'list'
  | 'large-list'
  | 'fixed-list'
  | 'struct'
  | 'other';

export interface ArrowField {
  readonly name: string;
  readonly layout: Layout;
  /** As errors name it. */
  readonly type: string;
  /** Of numbers. */
  readonly number?: NumberType | undefined;
  /** Of fixed-list: elements of a list. */
  readonly listSize: number;
  /** Buffers of its own in a record batch. */
  readonly buffers: number;
  /** Whether a record batch says how many more buffers it has. */
  readonly hasVariadic: boolean;
  readonly children: readonly ArrowField[];
  /** The dictionary that its values are indices of, and how the texts lie there. */
  readonly dictionary: number | undefined;
  readonly values?: ArrowField | undefined;
}

const MAX_DEPTH = 32;
const MAX_FIELDS = 1 << 16;

/** Names, and buffers, of the types that are not read, by their number in the format. */
const OTHERS: ReadonlyMap<number, readonly [name: string, buffers: number]> = new Map([
  [1, ['null', 0]],
  [4, ['binary', 3]],
  [7, ['decimal', 2]],
  [8, ['date', 2]],
  [9, ['time', 2]],
  [10, ['timestamp', 2]],
  [11, ['interval', 2]],
  [15, ['fixed_size_binary', 2]],
  [17, ['map', 2]],
  [18, ['duration', 2]],
  [19, ['large_binary', 3]],
  [22, ['run_end_encoded', 0]],
  [25, ['list_view', 3]],
  [26, ['large_list_view', 3]],
]);

/** @throws RangeError on a schema that is nested too deeply or has too many fields, or whose bytes are damaged */
export function schemaFields(schema: FlatTable): ArrowField[] {
  let count = 0;
  const fieldOf = (table: FlatTable, depth: number): ArrowField => {
    if (depth > MAX_DEPTH || ++count > MAX_FIELDS)
      throw new RangeError(`expected at most ${MAX_FIELDS} fields, nested at most ${MAX_DEPTH} deep`);
    const children = table.tables(5).map((child) => fieldOf(child, depth + 1));
    return describe(table, children);
  };
  if (schema.int16(0) !== 0) throw new RangeError('expected little-endian values');
  return schema.tables(1).map((field) => fieldOf(field, 0));
}

function describe(table: FlatTable, children: readonly ArrowField[]): ArrowField {
  const kind = table.int8(2);
  const detail = table.table(3);
  const encoding = table.table(4);
  const dictionary = encoding === undefined ? undefined : encoding.int64(0);
  const inner = children[0]?.type ?? 'nothing';
  const field: MakeField = (layout, type, buffers, more = {}) => {
    const plain = {
      name: table.text(0),
      layout,
      type,
      buffers,
      listSize: 0,
      hasVariadic: false,
      children,
      dictionary,
    };
    return { ...plain, ...more };
  };
  if (encoding !== undefined) {
    // what lies in the batch are the indices
    const number = integerType(encoding.table(1));
    const values = textField(kind, field);
    const type = `dictionary<${values?.type ?? inner}>`;
    return field(values === undefined ? 'other' : 'texts', type, 2, { number, children: [], values });
  }
  switch (kind) {
    case 2: {
      const number = integerType(detail);
      return field('numbers', number, 2, { number });
    }
    case 3: {
      const number = (['float16', 'float32', 'float64'] as const)[detail?.int16(0) ?? 0];
      if (number === undefined)
        throw new RangeError(`expected a precision from 0 to 2, got ${detail?.int16(0)}`);
      return field('numbers', number, 2, { number });
    }
    case 6:
      return field('numbers', 'bool', 2, { number: 'bool' });
    case 12:
      return field('list', `list<${inner}>`, 2);
    case 13:
      return field('struct', `struct<${children.map(({ name }) => name).join(', ')}>`.slice(0, 200), 1);
    case 14:
      return field('other', 'union', detail?.int16(0) === 1 ? 2 : 1);
    case 16: {
      const listSize = detail?.int32(0) ?? 0;
      return field('fixed-list', `fixed_size_list<${inner}, ${listSize}>`, 1, { listSize });
    }
    case 21:
      return field('large-list', `large_list<${inner}>`, 2);
    case 23:
      return field('other', 'binary_view', 2, { hasVariadic: true });
    default: {
      const text = textField(kind, field);
      if (text !== undefined) return text;
      const other = OTHERS.get(kind);
      if (other === undefined) throw new RangeError(`expected a type of the format, got ${kind}`);
      return field('other', other[0], other[1]);
    }
  }
}

type MakeField = (layout: Layout, type: string, buffers: number, more?: Partial<ArrowField>) => ArrowField;

function textField(kind: number, field: MakeField): ArrowField | undefined {
  const plain = { dictionary: undefined, children: [] };
  if (kind === 5) return field('texts', 'utf8', 3, plain);
  if (kind === 20) return field('large-texts', 'large_utf8', 3, plain);
  return kind === 24 ? field('text-views', 'utf8_view', 2, { ...plain, hasVariadic: true }) : undefined;
}

function integerType(detail: FlatTable | undefined): NumberType {
  // an index without a type is an int32
  const bits = detail?.int32(0) ?? 32;
  const name = `${detail === undefined || detail.int8(1) !== 0 ? 'int' : 'uint'}${bits}`;
  switch (name) {
    case 'int8':
    case 'uint8':
    case 'int16':
    case 'uint16':
    case 'int32':
    case 'uint32':
    case 'int64':
    case 'uint64':
      return name;
    default:
      throw new RangeError(`expected integers of 8, 16, 32 or 64 bits, got ${bits}`);
  }
}

/** A field of the table, and the way to it through structs. */
export interface ArrowPath {
  readonly field: TableField;
  readonly way: readonly ArrowField[];
}

/** Every field that may be named, those inside structs with dots. */
export function tableFields(fields: readonly ArrowField[]): ArrowPath[] {
  const found: ArrowPath[] = [];
  const visit = (field: ArrowField, prefix: string, way: readonly ArrowField[]): void => {
    const path = prefix + field.name;
    const here = [...way, field];
    if (field.layout === 'struct') for (const child of field.children) visit(child, `${path}.`, here);
    found.push({ field: { path, type: field.type, ...shapeOf(field) }, way: here });
  };
  for (const field of fields) visit(field, '', []);
  return found;
}

function shapeOf(field: ArrowField): Pick<TableField, 'depth' | 'holds' | 'd'> {
  let depth = 0;
  let inner = field;
  while (isList(inner)) {
    depth++;
    const [child] = inner.children;
    if (child === undefined) return { depth: 0, holds: 'other' };
    if (child.layout === 'numbers' && child.dictionary === undefined)
      return { depth, holds: 'numbers', ...(inner.layout === 'fixed-list' && { d: inner.listSize }) };
    inner = child;
  }
  const isText = ['texts', 'large-texts', 'text-views'].includes(inner.layout);
  const holds = depth > 0 ? 'other' : isText ? 'texts' : inner.layout === 'numbers' ? 'numbers' : 'other';
  return { depth, holds };
}

function isList({ layout }: ArrowField): boolean {
  return layout === 'list' || layout === 'large-list' || layout === 'fixed-list';
}
