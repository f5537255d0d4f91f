/** Writes .ivecs: every row is its dimension (int32, little-endian) followed by that many int32 values. */
import { checkInteger, checkLength, MAX_DIMENSION } from '@sagitta/core-wasm';
import { writeFileAtomic } from '../atomic-file.ts';

const BLOCK_BYTES = 1 << 20;
const NO_ID = 0xffffffff;

/**
 * Writes n × d integers. Ids without a result (0xffffffff) become −1.
 * @throws RangeError on ids that are no int32 otherwise
 */
export async function writeIvecs(path: string, data: Int32Array | Uint32Array, d: number): Promise<void> {
  checkInteger('d', d, 1, MAX_DIMENSION);
  const n = Math.floor(data.length / d);
  checkLength('data', data.length, n * d, `n*d (n=${n}, d=${d})`);
  const at = data.findIndex((value) => value > 0x7fffffff && value !== NO_ID);
  if (at >= 0)
    throw new RangeError(`"data" expected ids below 2^31, got ${data[at]} in row ${Math.floor(at / d)}`);
  await writeFileAtomic(path, blocks(data, n, d));
}

function* blocks(data: Int32Array | Uint32Array, n: number, d: number): Generator<Uint8Array> {
  const most = Math.max(1, Math.floor(BLOCK_BYTES / (4 * (d + 1))));
  for (let row = 0; row < n; row += most) {
    const rows = Math.min(most, n - row);
    const block = new Int32Array(rows * (d + 1));
    for (let i = 0; i < rows; i++) {
      block[i * (d + 1)] = d;
      block.set(data.subarray((row + i) * d, (row + i + 1) * d), i * (d + 1) + 1);
    }
    yield new Uint8Array(block.buffer);
  }
}
