/** The encodings that are put side by side, each with the codes it is measured in. */
import type { Core } from '@sagitta/core-wasm';
import {
  type FdeEncoder,
  MuveraFde,
  type MuveraOptions,
  type MuveraPreset,
  muveraPreset,
  trainLearnedFde,
  trainSplitFde,
} from '@sagitta/retrieval/muvera';
import type { Code } from './fde-measure.ts';
import type { FdeSet } from './fde-sets.ts';
import { show } from './figure.ts';

const D = 128;
export const FLOAT: readonly Code[] = [{ encoding: 'float32' }];
const THREE: readonly Code[] = [...FLOAT, { encoding: 'int8' }, { encoding: 'saq', bits: 4 }];
const PAPER: readonly Code[] = [...FLOAT, { encoding: 'pq256x8' }, { encoding: 'bit1' }];

export interface Contender {
  readonly label: string;
  readonly codes: readonly Code[];
  readonly make: (core: Core, set: Pick<FdeSet, 'documents'>) => FdeEncoder;
}

function meanOf({ documents }: Pick<FdeSet, 'documents'>): Float32Array {
  const sums = new Float64Array(D);
  for (let i = 0; i < documents.data.length; i++) {
    sums[i % D] = (sums[i % D] as number) + (documents.data[i] as number);
  }
  return Float32Array.from(sums, (sum) => (sum * D) / documents.data.length);
}

const paper = (label: string, options: MuveraOptions, codes: readonly Code[] = FLOAT): Contender => ({
  label,
  codes,
  make: () => new MuveraFde(options),
});
export const preset = (length: MuveraPreset, codes: readonly Code[] = FLOAT): Contender =>
  paper(`MUVERA ${length}`, muveraPreset(length, D), codes);
export const votes = (
  numCells: number,
  p: number,
  numVoters: number,
  codes: readonly Code[] = THREE,
  ownShare?: number,
): Contender => ({
  label: `votes, ${numCells} × ${p + 1}, ${show(numVoters)} voters${ownShare === undefined ? '' : `, own share ${ownShare}`}`,
  codes,
  make: (core, { documents }) =>
    trainLearnedFde(core, documents, {
      numCells,
      projectionDimension: p,
      numVoters,
      ...(ownShare === undefined ? {} : { ownShare }),
    }),
});
export const means = (numCells: number, p: number): Contender => ({
  label: `means, ${numCells} × ${p}`,
  codes: FLOAT,
  make: (core, { documents }) =>
    trainLearnedFde(core, documents, { numCells, projectionDimension: p, blocks: 'mean' }),
});

export const split = (nearCells: number, restCells: number, p: number): Contender => ({
  label: `split, ${nearCells} × 8 + ${restCells} × ${p}`,
  codes: FLOAT,
  make: (core, { documents }) =>
    trainSplitFde(core, documents, {
      near: { numCells: nearCells, numVoters: 32 * nearCells, ownShare: 0 },
      rest: { numCells: restCells, projectionDimension: p, blocks: 'mean' },
    }),
});

const POOLING = { d: D, numSimhashProjections: 0, numRepetitions: 1 };
export const CENTRED: Contender = {
  label: 'MUVERA 10240, hash centred',
  codes: FLOAT,
  make: (_, set) => new MuveraFde({ ...muveraPreset(10240, D), center: meanOf(set) }),
};
export const MEAN_SPLIT: Contender = {
  label: 'MUVERA (20,5,15+1), mean-split',
  codes: FLOAT,
  make: (_, set) =>
    new MuveraFde({
      ...muveraPreset(10240, D),
      projectionDimension: 15,
      center: meanOf(set),
      meanSplit: true,
    }),
};

export const CONTENDERS: readonly Contender[] = [
  paper('mean pooling', POOLING),
  paper('mean pooling, unit length', { ...POOLING, documentScale: 'unit' }),
  preset(1536),
  preset(1920),
  preset(2560, PAPER),
  paper('MUVERA 2560, unit length', { ...muveraPreset(2560, D), documentScale: 'unit' }),
  preset(10240, PAPER),
  paper('MUVERA 10240, unit length', { ...muveraPreset(10240, D), documentScale: 'unit' }),
  MEAN_SPLIT,
  means(128, 64),
  votes(16, 63, 1024),
  votes(32, 63, 1024),
  votes(64, 63, 2048),
  votes(128, 63, 2048),
  votes(160, 63, 2560),
  split(128, 64, 64),
];
