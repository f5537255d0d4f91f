/** Readers of the models of every method, without what trains them: what loads and searches carries no more. */
import { float32 } from './float32/index.ts';
import { readLatentCoder } from './latent/coder.ts';
import { readLeanVecCoder } from './leanvec/read-coder.ts';
import { type CoderReader, linearReader } from './linear/read-linear.ts';
import { readLowRankPqCoder } from './low-rank-pq/coder.ts';
import { readLvqCoder } from './lvq/coder.ts';
import type { ModelReader } from './method.ts';
import type { LinearName } from './names.ts';
import { readPqCoder } from './pq/coder.ts';
import { readRabitqCoder } from './rabitq/train.ts';
import { saqReader } from './saq/reader.ts';
import { readBinaryCoder } from './scalar/binary-coder.ts';
import { readHalfCoder } from './scalar/half-coder.ts';
import { readAnyScalarCoder } from './scalar/vector-coder.ts';
import { readTurboQuantCoder } from './turboquant/coder.ts';

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
  random: readHalfCoder,
};

/** Gives a reader for every method. */
export function modelReaders(): readonly ModelReader[] {
  const linear = Object.entries(CODER_READERS) as [LinearName, CoderReader][];
  return [float32, saqReader, ...linear.map(([name, readCoder]) => linearReader(name, readCoder))];
}
