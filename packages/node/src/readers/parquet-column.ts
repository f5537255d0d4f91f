/** Which column of a Parquet file holds the vectors. */
import { FormatError } from '@sagitta/core-wasm';
import { type FileMetaData, parquetSchema, type SchemaTree } from 'hyparquet';

/**
 * The name of the column to read: `column` if given, else the only one that is a list of numbers.
 * @throws RangeError if the file has no such column or several; FormatError if it has none at all
 */
export function vectorColumn(path: string, metadata: FileMetaData, column?: string): string {
  const fields = parquetSchema(metadata).children;
  const names = fields.filter(isNumberList).map((field) => field.element.name);
  if (column !== undefined) {
    if (names.includes(column)) return column;
    const found = fields.some((field) => field.element.name === column);
    const all = names.length > 0 ? `one of ${names.join(', ')}` : 'a column';
    const got = found ? `"${column}", which is no list of numbers` : `"${column}", which is not there`;
    throw new RangeError(`"column" expected ${all} in ${path}, got ${got}`);
  }
  const [name] = names;
  if (name === undefined)
    throw new FormatError(`${path}: expected a column that is a list of numbers, found none`);
  if (names.length > 1)
    throw new RangeError(`"column" expected one of ${names.join(', ')} in ${path}, got none`);
  return name;
}

function isNumberList(field: SchemaTree): boolean {
  let repeated = 0;
  let node = field;
  for (;;) {
    if (node.element.repetition_type === 'REPEATED') repeated++;
    const child = node.children[0];
    if (child === undefined) break;
    if (node.children.length > 1) return false;
    node = child;
  }
  const { type, logical_type: logical } = node.element;
  if (repeated !== 1) return false;
  return (
    type === 'FLOAT' ||
    type === 'DOUBLE' ||
    type === 'INT32' ||
    (type === 'FIXED_LEN_BYTE_ARRAY' && logical?.type === 'FLOAT16')
  );
}
