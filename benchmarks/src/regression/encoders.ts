/** Encoders that cost a document about the same bytes, with the codes that bring them there. */
import type { Core, TokenSetInput } from '@sagitta/core-wasm';
import {
  type FdeEncoder,
  MuveraFde,
  muveraPreset,
  trainLearnedFde,
  trainRegressionFde,
} from '@sagitta/retrieval/muvera';
import type { Code } from '../fde-measure.ts';

export interface Candidate {
  readonly label: string;
  readonly codes: readonly Code[];
  readonly make: (core: Core, documents: TokenSetInput) => FdeEncoder;
}

const INT8: Code = { encoding: 'int8' };
const SAQ4: Code = { encoding: 'saq', bits: 4 };
const BOTH = [INT8, SAQ4];

/** The paper's 10,240 numbers projected to fewer, documents of unit length (the better of its scales). */
function muvera(length: number): Candidate {
  return {
    label: `MUVERA 10,240 projected to ${length}, unit length`,
    codes: [INT8],
    make: (_, { d }) =>
      new MuveraFde({ ...preset(d), finalProjectionDimension: length, documentScale: 'unit' }),
  };
}

/** No inner projection where tokens have fewer dimensions than it projects to. */
function preset(d: number) {
  const { projectionDimension, ...rest } = muveraPreset(10240, d);
  return projectionDimension !== undefined && projectionDimension < d
    ? { ...rest, projectionDimension }
    : rest;
}

function votes(numCells: number): Candidate {
  return {
    label: `votes, ${numCells} × 64`,
    codes: BOTH,
    make: (core, documents) =>
      trainLearnedFde(core, documents, {
        numCells,
        projectionDimension: Math.min(63, documents.d),
        numVoters: Math.max(512, 16 * numCells),
      }),
  };
}

export function regression(features: number, trained: boolean): Candidate {
  return {
    label: `regression, ${features} ${trained ? 'trained' : 'random'} features`,
    codes: BOTH,
    make: (core, documents) => trainRegressionFde(core, documents, { features, trained }),
  };
}

/** Of a few hundred documents: what needs many tokens is left out. */
export const SMALL: readonly Candidate[] = [
  ...[256, 512, 1024, 2048].map(muvera),
  ...[4, 8, 16, 32].map(votes),
  ...[256, 512, 1024].map((features) => regression(features, false)),
  regression(256, true),
];

export const ALL: readonly Candidate[] = [
  ...[256, 512, 1024, 2048].map(muvera),
  ...[4, 8, 16, 32].map(votes),
  ...[256, 512, 1024, 2048].map((features) => regression(features, false)),
  ...[128, 256, 512].map((features) => regression(features, true)),
];

/** What fills about 1,024 bytes, and trained features at a quarter and a half of that. */
export const TEXT: readonly Candidate[] = [
  muvera(1024),
  votes(16),
  { ...votes(32), codes: [SAQ4] },
  regression(1024, false),
  { ...regression(2048, false), codes: [SAQ4] },
  { ...regression(256, true), codes: [INT8] },
];
