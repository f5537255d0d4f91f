/** Indexes of every kind of store, small: for the common suite, for files, for memory. */
import type { Core, TokenSet } from '@sagitta/core-wasm';
import {
  fdeIndexes,
  type MultiVectorIndex,
  type MultiVectorOptions,
  MuveraFde,
  trainMultiVectorIndex,
} from '../../src/index.ts';

export const KINDS: Readonly<Record<string, MultiVectorOptions>> = {
  'float32 FDEs, float32 tokens, ip': { metric: 'ip', fdeEncoding: 'float32', tokenEncoding: 'float32' },
  'int8 FDEs, int8 tokens, cosine': {},
  'bit1 and int8 FDEs, bit1 and float16 tokens, ip': {
    metric: 'ip',
    fdeEncoding: 'bit1',
    finerFdeEncoding: 'int8',
    tokenEncoding: 'bit1',
    finerTokenEncoding: 'float16',
  },
  'saq FDEs in lists, saq tokens, cosine': {
    fdeEncoding: 'saq',
    tokenEncoding: 'saq',
    tokenBits: 8,
    nlist: 7,
  },
  'pq256x8 FDEs and float32 ones, rabitq tokens, ip': {
    metric: 'ip',
    fdeEncoding: 'pq256x8',
    finerFdeEncoding: 'float32',
    tokenEncoding: 'rabitq',
    tokenBits: 8,
  },
  'saq FDEs in a graph and int8 ones, float16 tokens, ip': {
    metric: 'ip',
    fdeIndex: 'graph',
    degree: 8,
    efConstruction: 20,
    fdeBits: 5,
    finerFdeEncoding: 'int8',
    tokenEncoding: 'float16',
  },
};

export function trainKind(
  core: Core,
  sample: TokenSet,
  name: string,
  more: MultiVectorOptions = {},
): MultiVectorIndex {
  const encoder = new MuveraFde({
    d: sample.d,
    numSimhashProjections: 2,
    numRepetitions: 4,
    projectionDimension: 8,
  });
  return trainMultiVectorIndex(core, sample, { encoder, indexes: fdeIndexes, ...KINDS[name], ...more });
}
