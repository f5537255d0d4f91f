/** Ids and scores of several queries as files. */
import { extname } from 'node:path';
import { writeIvecs } from '../writers/ivecs.ts';
import { writeNpy } from '../writers/npy.ts';

/** .npy (int32) by its extension, .ivecs otherwise; NO_ID is written as −1. */
export async function writeIds(path: string, ids: Uint32Array, k: number): Promise<void> {
  if (extname(path).toLowerCase() === '.npy') await writeNpy(path, new Int32Array(ids.buffer), k);
  else await writeIvecs(path, ids, k);
}

/** .npy of float32. */
export function writeScores(path: string, scores: Float32Array, k: number): Promise<void> {
  return writeNpy(path, scores, k);
}
