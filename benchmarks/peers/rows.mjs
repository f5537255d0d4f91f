// The rows of a set as a process of a contender sees them: float32 in a file, read a piece at a time, so that the memory that is
// measured is not that of the set. Each row has a number below 1,000 that filters ask for: `draw < 100` allows a tenth.
import { closeSync, openSync, readSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';

export const DRAWS = 1000;
const PIECE = 1000;

/** As good as random and the same everywhere; each number comes equally often. */
export function drawOf(row) {
  return (Math.imul(row + 1, 0x9e3779b1) >>> 0) % DRAWS;
}

/** @returns floats `first` … `first + count` of a file */
export function readFloats(path, first, count) {
  const floats = new Float32Array(count);
  const bytes = new Uint8Array(floats.buffer);
  const file = openSync(path, 'r');
  try {
    for (let done = 0; done < bytes.length; ) {
      const got = readSync(file, bytes, done, Math.min(bytes.length - done, 2 ** 30), 4 * first + done);
      if (got === 0)
        throw new Error(`${path}: expected ${4 * (first + count)} bytes, got ${4 * first + done}`);
      done += got;
    }
  } finally {
    closeSync(file);
  }
  return floats;
}

/**
 * Pieces of { first, count, vectors, draws }; `clock` is told the milliseconds that reading took, `onRows` the rows that were
 * given, once they were taken in.
 */
export async function* pieces({ base, n, d }, { onRead, onRows }) {
  for (let first = 0; first < n; first += PIECE) {
    const start = performance.now();
    const count = Math.min(PIECE, n - first);
    const vectors = readFloats(base, first * d, count * d);
    const draws = Int32Array.from({ length: count }, (_, i) => drawOf(first + i));
    onRead(performance.now() - start);
    yield { first, count, vectors, draws };
    onRows(first + count);
    await turn();
  }
}

/** The rows of a piece as views, or as arrays of numbers. */
export function rowsOf({ vectors, count }, d) {
  return Array.from({ length: count }, (_, i) => vectors.subarray(i * d, (i + 1) * d));
}
