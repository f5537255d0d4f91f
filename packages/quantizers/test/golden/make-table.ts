/** The table whose file is kept; nothing here may change. Written by: writeFileSync(GOLDEN_TABLE, writeTable(makeGoldenTable(createCore()))). */
import { fileURLToPath } from 'node:url';
import type { Core } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { type CompressedTable, compressTable } from '../../src/table/index.ts';

export const GOLDEN_TABLE: string = fileURLToPath(new URL('table.v1.sgt', import.meta.url));

export function makeGoldenTable(core: Core): CompressedTable {
  const frequency = Uint32Array.from({ length: 201 }, (_, i) => Math.floor(4000 / (i + 1)));
  const data = gaussianRows(201, 20, 61).map((value, at) => value / (1 + (at % 20)));
  return compressTable(core, { data, d: 20 }, { frequency, budgetBytes: 2600 });
}
