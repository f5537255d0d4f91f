/** Rows without those that are there already. */
import { crc32, type VectorSet } from '@sagitta/core-wasm';
import { gatherRows } from '@sagitta/quantizers/training';

/** Keeps the first of equal rows; numbers — of the rows kept. */
export function distinctRows(rows: VectorSet): { readonly rows: VectorSet; readonly numbers: Uint32Array } {
  const { data, n, d } = rows;
  const seen = new Map<number, number[]>();
  const numbers: number[] = [];
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  for (let i = 0; i < n; i++) {
    const hash = crc32(bytes.subarray(4 * i * d, 4 * (i + 1) * d));
    const others = seen.get(hash) ?? [];
    if (others.some((other) => isEqual(data, i * d, other * d, d))) continue;
    others.push(i);
    seen.set(hash, others);
    numbers.push(i);
  }
  const kept = Uint32Array.from(numbers);
  return { rows: kept.length === n ? rows : gatherRows(rows, kept), numbers: kept };
}

function isEqual(data: Float32Array, a: number, b: number, d: number): boolean {
  for (let j = 0; j < d; j++) if (data[a + j] !== data[b + j]) return false;
  return true;
}
