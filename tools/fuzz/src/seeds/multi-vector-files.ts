/** Small multi-vector indexes of every encoder, store of FDEs and coder of tokens. */
import { readFileSync } from 'node:fs';
import type { Core } from '@sagitta/core-wasm';
import {
  type FdeEncoder,
  fdeIndexes,
  type MultiVectorOptions,
  MuveraFde,
  type RecordId,
  saveMultiVectorIndex,
  trainLearnedFde,
  trainMultiVectorIndex,
  trainRegressionFde,
  trainSplitFde,
} from '@sagitta/retrieval';
import type { Seed } from '../reader.ts';
import { documents } from './documents.ts';

/** What this build no longer writes. */
const VERSION_1 = new URL('../../../../packages/retrieval/test/golden/multi-vector.v1.sag', import.meta.url);

const D = 8;
const N = 30;
const MOST = 4;

/** Encoders of every kind, and with every option that changes what is written. */
export function encoders(core: Core): Record<string, FdeEncoder> {
  const sample = documents(60, D, 6, 1);
  const plain = { d: D, numSimhashProjections: 2, numRepetitions: 2 };
  const center = Float32Array.from({ length: D }, (_, j) => j / 16);
  const votes = { numCells: 4, numVoters: 12 };
  return {
    muvera: new MuveraFde({ ...plain, projectionDimension: 4 }),
    'muvera sketch': new MuveraFde({
      ...plain,
      projectionDimension: 4,
      projection: 'count-sketch',
      finalProjectionDimension: 20,
      center,
      meanSplit: true,
      lengthBeta: 0.5,
    }),
    'muvera unit': new MuveraFde({ ...plain, order: 'gray', fillEmpty: false, documentScale: 'unit' }),
    learned: trainLearnedFde(core, sample, { ...votes, projectionDimension: 3 }),
    'learned mean': trainLearnedFde(core, sample, {
      numCells: 4,
      projectionDimension: 3,
      blocks: 'mean',
      meanSplit: true,
      queryCells: 2,
    }),
    split: trainSplitFde(core, sample, {
      numDirections: 2,
      near: votes,
      rest: { ...votes, projectionDimension: 3 },
    }),
    regression: trainRegressionFde(core, sample, { features: 9, numAnchors: 21 }),
    'regression trained': trainRegressionFde(core, sample, {
      features: 10,
      numAnchors: 16,
      trained: true,
      hidden: 6,
      epochs: 2,
    }),
  };
}

const KINDS: readonly (MultiVectorOptions & { readonly by: string })[] = [
  { by: 'muvera', metric: 'ip', fdeEncoding: 'float32', tokenEncoding: 'float32' },
  { by: 'learned' },
  {
    by: 'muvera',
    metric: 'ip',
    fdeEncoding: 'bit1',
    finerFdeEncoding: 'int8',
    tokenEncoding: 'bit1',
    finerTokenEncoding: 'float16',
  },
  { by: 'split', fdeEncoding: 'saq', tokenEncoding: 'saq', tokenBits: 8, nlist: 5 },
  {
    by: 'learned mean',
    metric: 'ip',
    fdeEncoding: 'int8',
    finerFdeEncoding: 'float32',
    tokenEncoding: 'rabitq',
  },
  {
    by: 'muvera sketch',
    fdeEncoding: 'saq',
    fdeBits: 2,
    tokenEncoding: 'int8',
    finerTokenEncoding: 'float32',
  },
  { by: 'muvera unit', metric: 'ip', fdeIndex: 'graph', degree: 8, tokenEncoding: 'float16' },
  { by: 'muvera', metric: 'ip', fdeEncoding: 'pq256x8', tokenEncoding: 'int8' },
  { by: 'regression', fdeEncoding: 'int8', tokenEncoding: 'float32' },
  { by: 'regression trained', metric: 'ip', fdeEncoding: 'saq', tokenEncoding: 'int8', nlist: 3 },
];

export function multiVectorSeeds(core: Core): Seed[] {
  const made = encoders(core);
  const tokens = documents(N, D, MOST);
  const ids = Array.from(
    { length: N },
    (_, i): RecordId => (i % 3 === 0 ? `document ${i}` : i % 5 === 0 ? BigInt(-i) : i),
  );
  const metadata = ids.map((id, i) =>
    i % 2 === 0
      ? { id: String(id), list: [1, null, i / 3], deep: { '__proto__ ': true } }
      : ['é', '\ud800'][(i % 4) >> 1],
  );
  const ofKinds = KINDS.map(({ by, ...options }, kind) => {
    const sample = documents(options.fdeEncoding === 'pq256x8' ? 260 : 60, D, MOST, 1);
    const encoder = made[by] as FdeEncoder;
    using index = trainMultiVectorIndex(core, sample, {
      encoder,
      indexes: fdeIndexes,
      ...options,
      ...(kind === 0 && { indexed: ['id', 'deep.list'] }),
    });
    // one of row numbers alone, whose file says nothing of records
    index.add(kind === 1 ? { tokens } : { ids, tokens, metadata });
    const {
      fdeIndex = 'scan',
      fdeEncoding = fdeIndex === 'scan' ? 'int8' : 'saq',
      tokenEncoding = 'int8',
    } = options;
    return { name: `${by} ${fdeEncoding} ${fdeIndex} ${tokenEncoding}`, bytes: saveMultiVectorIndex(index) };
  });
  return [...ofKinds, { name: 'version 1', bytes: readFileSync(VERSION_1) }];
}
