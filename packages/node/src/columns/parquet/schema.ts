/** The schema of a Parquet file: its leaves, each with its way of names and the levels at which it is missing or repeated. */
import type { NumberType } from '../../readers/number-type.ts';
import type { TableField } from '../table.ts';
import type { ThriftStruct } from './thrift.ts';

export type Physical =
  | 'BOOLEAN'
  | 'INT32'
  | 'INT64'
  | 'INT96'
  | 'FLOAT'
  | 'DOUBLE'
  | 'BYTE_ARRAY'
  | 'FIXED_LEN_BYTE_ARRAY';

const PHYSICALS: readonly Physical[] = [
  'BOOLEAN',
  'INT32',
  'INT64',
  'INT96',
  'FLOAT',
  'DOUBLE',
  'BYTE_ARRAY',
  'FIXED_LEN_BYTE_ARRAY',
];
const MAX_DEPTH = 32;
const MAX_ELEMENTS = 1 << 16;
const [REQUIRED, OPTIONAL, REPEATED] = [0, 1, 2] as const;
const LIST = 3;

export interface Leaf {
  readonly field: TableField;
  /** Names from the root, as row groups write them. */
  readonly way: readonly string[];
  readonly physical: Physical;
  /** How its numbers lie in the file; undefined for texts and others. */
  readonly number: NumberType | undefined;
  /** Definition level of a value that is there. */
  readonly maxDefinition: number;
  /** For each list around it, from outside: the definition level from which it has an element. */
  readonly repeated: readonly number[];
}

interface Walk {
  readonly way: readonly string[];
  readonly names: readonly string[];
  readonly definition: number;
  readonly repeated: readonly number[];
  readonly depth: number;
  /** Whether the parent is a list, whose child's name says nothing. */
  readonly inList: boolean;
}

/** @throws RangeError on a tree that is not one */
export function schemaLeaves(elements: readonly ThriftStruct[]): Leaf[] {
  const leaves: Leaf[] = [];
  if (elements.length > MAX_ELEMENTS) throw new RangeError(`expected at most ${MAX_ELEMENTS} columns`);
  let next = 1;
  const visit = (walk: Walk): void => {
    const element = elements[next++];
    if (element === undefined || walk.depth > MAX_DEPTH)
      throw new RangeError(`expected columns nested at most ${MAX_DEPTH} deep, as many as are there`);
    const repetition = element.number(3) ?? REQUIRED;
    const children = element.number(5) ?? 0;
    const name = element.text(4);
    const definition = walk.definition + (repetition === OPTIONAL || repetition === REPEATED ? 1 : 0);
    const repeated = repetition === REPEATED ? [...walk.repeated, definition] : walk.repeated;
    // "list" and "element" under a list are the format's own names
    const isInner = walk.inList && (repetition === REPEATED || walk.names.length > 0);
    const here = {
      way: [...walk.way, name],
      names: isInner ? walk.names : [...walk.names, name],
      definition,
      repeated,
      depth: walk.depth + 1,
      inList: isList(element) || (walk.inList && repetition === REPEATED),
    };
    if (children > 0 && element.number(1) === undefined) {
      for (let i = 0; i < children; i++) visit(here);
      return;
    }
    leaves.push(leafOf(element, here));
  };
  const roots = elements[0]?.number(5) ?? 0;
  for (let i = 0; i < roots; i++)
    visit({ way: [], names: [], definition: 0, repeated: [], depth: 0, inList: false });
  return leaves;
}

function isList(element: ThriftStruct): boolean {
  return element.number(6) === LIST || element.struct(10)?.struct(LIST) !== undefined;
}

function leafOf(element: ThriftStruct, walk: Omit<Walk, 'inList'>): Leaf {
  const physical = PHYSICALS[element.number(1) ?? -1];
  if (physical === undefined) throw new RangeError(`expected a type from 0 to 7, got ${element.number(1)}`);
  const number = numberOf(element, physical);
  const isText =
    physical === 'BYTE_ARRAY' && (element.number(6) === 0 || element.struct(10)?.struct(1) !== undefined);
  const depth = walk.repeated.length;
  const name = number ?? (isText ? 'string' : physical.toLowerCase());
  return {
    field: {
      path: walk.names.join('.'),
      depth,
      holds: number !== undefined ? 'numbers' : isText && depth === 0 ? 'texts' : 'other',
      type: 'list<'.repeat(depth) + name + '>'.repeat(depth),
    },
    way: walk.way,
    physical,
    number,
    maxDefinition: walk.definition,
    repeated: walk.repeated,
  };
}

/** Integers of 8 and 16 bits are kept in 32; decimals, dates and times are no numbers here. */
function numberOf(element: ThriftStruct, physical: Physical): NumberType | undefined {
  const converted = element.number(6);
  const logical = element.struct(10);
  const integer = logical?.struct(10);
  // UINT_8 … UINT_64 are 11 … 14, INT_8 … INT_64 15 … 18
  const isUnsigned =
    integer?.boolean(2) === false || (converted !== undefined && converted >= 11 && converted <= 14);
  const isPlain =
    integer !== undefined ||
    (logical === undefined &&
      (converted === undefined || converted >= 11) &&
      !(converted !== undefined && converted > 18));
  switch (physical) {
    case 'BOOLEAN':
      return 'bool';
    case 'FLOAT':
      return 'float32';
    case 'DOUBLE':
      return 'float64';
    case 'INT32':
      return isPlain ? (isUnsigned ? 'uint32' : 'int32') : undefined;
    case 'INT64':
      return isPlain ? (isUnsigned ? 'uint64' : 'int64') : undefined;
    case 'FIXED_LEN_BYTE_ARRAY':
      return element.number(2) === 2 && logical?.struct(15) !== undefined ? 'float16' : undefined;
    default:
      return undefined;
  }
}
