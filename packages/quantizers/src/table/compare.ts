/** Methods side by side at several budgets. */
import type { Core, VectorSetInput } from '@sagitta/core-wasm';
import { checkOptions, type OptionTable } from '@sagitta/core-wasm';
import { fittingTable } from './compress.ts';
import { TABLE_METHODS, type TableMethod, type TableReport } from './compressed-table.ts';

/** Says which budgets are compared. */
export interface TableComparisonOptions {
  /** How often each row is read; default alike. */
  readonly frequency?: ArrayLike<number>;
  /** Bytes, in any order. */
  readonly budgets: readonly number[];
}

const COMPARISON_OPTIONS: OptionTable<TableComparisonOptions> = { frequency: 'any', budgets: 'any' };

/** Holds what a method makes of a budget. */
export interface TableRow {
  readonly method: TableMethod;
  readonly budget: number;
  readonly bytes: number;
  readonly isRotated: boolean;
  readonly report: TableReport;
}

/**
 * Measures every method at every budget that it fits in, budgets first.
 * @throws RangeError as compressTable, but for budgets that are too small
 */
export function compareTables(
  core: Core,
  rows: VectorSetInput,
  options: TableComparisonOptions,
): readonly TableRow[] {
  checkOptions('options', options, COMPARISON_OPTIONS);
  const { frequency, budgets } = options;
  const out: TableRow[] = [];
  for (const budget of budgets) {
    for (const method of TABLE_METHODS) {
      const own = { budgetBytes: budget, method, ...(frequency && { frequency }) };
      const { table } = fittingTable(core, rows, own);
      if (table === undefined) continue;
      out.push({ method, budget, bytes: table.bytes, isRotated: table.isRotated, report: table.report });
    }
  }
  return out;
}
