/** Codebooks of one dimension each, by Lloyd's algorithm on a sample. */
import { lloydLevels } from '../training/lloyd.ts';
import { LatentCoder } from './coder.ts';

/** rows — n × dims in the frame, n from 1: with fewer different values than levels some levels are equal. */
export function trainLatentCoder(rows: Float32Array, n: number, dims: number, bits: number): LatentCoder {
  const levels = new Float32Array(dims << bits);
  const column = new Float32Array(n);
  for (let j = 0; j < dims; j++) {
    for (let i = 0; i < n; i++) column[i] = rows[i * dims + j] as number;
    levels.set(lloydLevels(column.sort(), 1 << bits), j << bits);
  }
  return new LatentCoder(dims, bits, levels);
}
