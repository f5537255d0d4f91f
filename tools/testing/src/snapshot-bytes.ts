/** Pieces of a snapshot as bytes, read plainly from the blocks of now. */
import type { SnapshotPiece } from '@sagitta/core-wasm';

export function bytesOfPieces(pieces: readonly SnapshotPiece[]): Uint8Array {
  const all: Uint8Array[] = [];
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) {
      all.push(piece);
      continue;
    }
    const { block, byteOffset, rowBytes, runs } = piece;
    for (let i = 0; i < runs.length; i += 2) {
      const [first, rows] = [runs[i] as number, runs[i + 1] as number];
      all.push(block.u8(byteOffset + first * rowBytes, rows * rowBytes));
    }
  }
  return new Uint8Array(Buffer.concat(all));
}
