/** Which column holds the vectors, or the token sets. */
import { FormatError } from '@sagitta/core-wasm';
import type { TableField, TableFile } from './table.ts';

/**
 * The field that is named, else the only one of the depths.
 * @throws RangeError naming "column" if there is no such column or several; FormatError if the file has none at all
 */
export function chooseField(
  table: Pick<TableFile, 'path' | 'fields'>,
  column: string | undefined,
  depths: readonly number[],
  wanted: string,
): TableField {
  const { path, fields } = table;
  const candidates = fields.filter(({ depth, holds }) => holds === 'numbers' && depths.includes(depth));
  const names = candidates
    .map((field) => field.path)
    .slice(0, 20)
    .join(', ');
  if (column !== undefined) {
    const field = candidates.find((candidate) => candidate.path === column);
    if (field !== undefined) return field;
    const other = fields.find((candidate) => candidate.path === column);
    const got = other === undefined ? 'which is not there' : `which is ${other.type} and no ${wanted}`;
    const expected = names === '' ? `a column that is a ${wanted}` : `one of ${names}`;
    throw new RangeError(`"column" expected ${expected} in ${path}, got "${column}", ${got}`);
  }
  const [field] = candidates;
  if (field !== undefined && candidates.length === 1) return field;
  if (field !== undefined) throw new RangeError(`"column" expected one of ${names} in ${path}, got none`);
  const found = fields
    .map((one) => `${one.path} ${one.type}`)
    .slice(0, 20)
    .join(', ');
  throw new FormatError(
    `${path}: expected a column that is a ${wanted}, found none; the columns are: ${found}`,
  );
}
