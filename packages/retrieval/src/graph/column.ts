/**
 * A column: rows of one length by slot, in pieces of 2^16 that the kernels of graphs find in a table. It is one list without
 * ids, so it grows, is staged, saved and compacted as lists are.
 */
import type { Block, Core } from '@sagitta/core-wasm';
import { BlockLayout } from '@sagitta/quantizers/internal';
import { BLOCK, InvertedLists } from '../columns/inverted-lists.ts';

/** Rows of a full piece: assembly/graph.ts of the core. */
export const PIECE_ROWS: number = 1 << 16;

export function createColumn(core: Core, rowBytes: number): InvertedLists {
  const layout = new BlockLayout([{ kind: 'rows', bytesPerVector: rowBytes }]);
  return new InvertedLists(core, 1, layout, { hasIds: false, pieceBytes: rowBytes * PIECE_ROWS });
}

/** Where a row lies: its block, and its first byte there. */
export function rowOf(
  column: InvertedLists,
  slot: number,
): { readonly block: Block; readonly offset: number } {
  const { blocks, position } = column.locate(0, slot);
  return { block: blocks, offset: (position * column.layout.blockBytes) / BLOCK };
}

/** Makes room for `count` more rows in all columns, then calls `write`; where anything throws, all are as they were. */
export function stageRows(columns: readonly InvertedLists[], count: number, write: () => void): void {
  const [column, ...rest] = columns;
  if (!column) {
    write();
    return;
  }
  column.stage(Uint32Array.of(count), ({ offset, count: part }) => {
    if (offset + part === count) stageRows(rest, count, write);
  });
}
