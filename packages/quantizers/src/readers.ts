/** Readers of the models of every method, without what trains them: what loads and searches carries no more. */
import { float32 } from './float32/index.ts';
import { readLatentCoder } from './latent/index.ts';
import { readLeanVecCoder } from './leanvec/index.ts';
import { type CoderReader, linearReader } from './linear/read-linear.ts';
import { readLowRankPqCoder } from './low-rank-pq/index.ts';
import { readLvqCoder } from './lvq/index.ts';
import type { ModelReader } from './method.ts';
import type { LinearName } from './names.ts';
import { readPqCoder } from './pq/index.ts';
import { readRabitqCoder } from './rabitq/index.ts';
import { saqReader } from './saq/index.ts';
import { readAnyScalarCoder, readBinaryCoder, readHalfCoder } from './scalar/index.ts';
import { readTurboQuantCoder } from './turboquant/index.ts';

/** The compiler refuses a list that lacks a name. */
const CODER_READERS: Readonly<Record<LinearName, CoderReader>> = {
  rabitq: readRabitqCoder,
  pq: readPqCoder,
  opq: readPqCoder,
  lvq: readLvqCoder,
  scalar: readAnyScalarCoder,
  sign: readBinaryCoder,
  turboquant: readTurboQuantCoder,
  pca: readHalfCoder,
  float16: readHalfCoder,
  leanvec: readLeanVecCoder,
  latent: readLatentCoder,
  'low-rank-pq': readLowRankPqCoder,
};

/** Gives a reader for every method. */
export function modelReaders(): readonly ModelReader[] {
  const linear = Object.entries(CODER_READERS) as [LinearName, CoderReader][];
  return [float32, saqReader, ...linear.map(([name, readCoder]) => linearReader(name, readCoder))];
}
