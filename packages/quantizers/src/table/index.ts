/**
 * Embedding tables in few bytes: rows by how often they are read, dimensions by what they hold.
 *
 * @module
 */
export { compareTables, type TableComparisonOptions, type TableRow } from './compare.ts';
export { compressTable, type TableOptions } from './compress.ts';
export {
  CompressedTable,
  TABLE_METHODS,
  type TableGroup,
  type TableMethod,
  type TableReport,
} from './compressed-table.ts';
export { readTable, writeTable } from './format.ts';
