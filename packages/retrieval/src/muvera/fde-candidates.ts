/** Which encoders and codes recommendFde tries: small learned ones, two beside each other, regression and the paper's. */
import type { Core, TokenSet } from '@sagitta/core-wasm';
import type { FdeStoreOptions } from './create-fde-store.ts';
import type { FdeEncoder, FdeKind } from './fde-encoder.ts';
import { trainLearnedFde } from './learned-train.ts';
import { MuveraFde } from './muvera-fde.ts';
import { MUVERA_PRESETS, type MuveraPreset, muveraPreset } from './muvera-options.ts';
import { trainRegressionFde } from './regression-train.ts';
import { trainSplitFde } from './split-train.ts';

/** Cells × directions; one number more a cell makes blocks of whole vectors. */
const LEARNED_SHAPES = [
  [1, 31],
  [1, 63],
  [4, 63],
  [8, 63],
  [16, 63],
  [32, 63],
  [64, 63],
  [128, 63],
  [8, 127],
  [32, 127],
] as const;
const PRESETS: readonly MuveraPreset[] = [2560, 5120, 10240];
/** Codes that are tried, and the bytes of a number in them. */
export const STORES: readonly (Pick<FdeStoreOptions, 'encoding' | 'bits'> & { readonly bytes: number })[] = [
  { encoding: 'int8', bytes: 1 },
  { encoding: 'saq', bits: 4, bytes: 0.5 },
  { encoding: 'bit1', bytes: 0.125 },
];
/** Cells of 7 directions and cells of the rest, whose means have as many numbers as the second of the pair says. */
const SPLIT_SHAPES = [
  [64, 32, 64],
  [128, 32, 128],
  [256, 64, 128],
] as const;
const SPLIT_DIRECTIONS = 7;
/** Features of regression, random ones and trained ones. */
const RANDOM_FEATURES = [128, 256, 512, 1024, 2048] as const;
const TRAINED_FEATURES = [128, 256, 512] as const;
/** A budget of bytes is met best by what nearly fills it; what needs less than this share is left out. */
export const LEAST_FILL = 0.2;

/** Is an encoder that may be worth its bytes, made where it is asked for: training takes its time. */
export interface FdeCandidate {
  readonly kind: FdeKind;
  readonly label: string;
  /** Numbers of an FDE. */
  readonly length: number;
  make(): FdeEncoder;
}

/** Says what encoders are made of, and which. */
export interface FdeCandidateOptions {
  readonly kinds: readonly FdeKind[];
  readonly bytes: number | undefined;
  readonly trained: boolean;
  readonly seed: number;
}

/** Lists encoders that may be worth their bytes; the learned ones are trained on the documents. */
export function fdeCandidates(
  core: Core,
  documents: TokenSet,
  { kinds, bytes, trained, seed }: FdeCandidateOptions,
): FdeCandidate[] {
  const { d } = documents;
  const out: FdeCandidate[] = [];
  const fits = (length: number): boolean => {
    if (bytes === undefined) return true;
    return STORES.some(
      (store) => length * store.bytes <= bytes && length * store.bytes >= LEAST_FILL * bytes,
    );
  };
  const tokens = documents.data.length / d;
  if (kinds.includes('learned')) {
    const tried = new Set<string>();
    for (const [numCells, directions] of LEARNED_SHAPES) {
      const p = Math.min(directions, d);
      const key = `${numCells}/${p}`;
      if (tried.has(key) || !fits(numCells * (p + 1)) || tokens < 8 * numCells) continue;
      tried.add(key);
      const numVoters = Math.min(tokens, Math.max(512, 16 * numCells));
      out.push({
        kind: 'learned',
        length: numCells * (p + 1),
        label: `learned, ${numCells} cells × ${p} directions, ${numVoters} voters`,
        make: () => trainLearnedFde(core, documents, { numCells, projectionDimension: p, numVoters, seed }),
      });
    }
  }
  if (kinds.includes('split') && d > SPLIT_DIRECTIONS) {
    for (const [numCells, restCells, directions] of SPLIT_SHAPES) {
      const p = Math.min(directions, d);
      const length = numCells * (SPLIT_DIRECTIONS + 1) + restCells * p;
      if (!fits(length) || tokens < 8 * numCells) continue;
      out.push({
        kind: 'split',
        length,
        label: `split, ${numCells} + ${restCells} cells × ${SPLIT_DIRECTIONS} + ${p}`,
        make: () =>
          trainSplitFde(core, documents, {
            numDirections: SPLIT_DIRECTIONS,
            near: { numCells, numVoters: Math.min(tokens, 16 * numCells) },
            rest: { numCells: restCells, projectionDimension: p, blocks: 'mean' },
            seed,
          }),
      });
    }
  }
  if (kinds.includes('regression')) {
    for (const isTrained of trained ? [false, true] : [false]) {
      for (const features of isTrained ? TRAINED_FEATURES : RANDOM_FEATURES) {
        // few tokens are fitted by heart; signs of so many numbers never won
        if (!fits(features) || tokens < 8 * features || features > 2 * (bytes ?? Infinity)) continue;
        out.push({
          kind: 'regression',
          length: features,
          label: `regression, ${features} ${isTrained ? 'trained ' : ''}features`,
          make: () => trainRegressionFde(core, documents, { features, trained: isTrained, seed }),
        });
      }
    }
  }
  if (kinds.includes('muvera')) {
    for (const length of PRESETS) {
      if (!fits(length) || MUVERA_PRESETS[length].projectionDimension > d) continue;
      const options = { ...muveraPreset(length, d), seed };
      out.push({ kind: 'muvera', length, label: `MUVERA ${length}`, make: () => new MuveraFde(options) });
      out.push({
        kind: 'muvera',
        length,
        label: `MUVERA ${length}, documents of unit length`,
        make: () => new MuveraFde({ ...options, documentScale: 'unit' }),
      });
    }
  }
  return out;
}
