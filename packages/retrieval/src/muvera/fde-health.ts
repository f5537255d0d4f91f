/** Is a collection of tokens one that FDEs can rank? Figures of a sample, with alarms as data. */
import {
  boundedTokenSet,
  type Core,
  checkInteger,
  RandomStream,
  type TokenSetInput,
} from '@sagitta/core-wasm';
import { trainPca } from '@sagitta/quantizers';
import { gatherRows, sampleIndices } from '@sagitta/quantizers/training';
import type { FdeEncoder } from './fde-encoder.ts';
import { bestSimilarities, gatherSets } from './measure-fde.ts';

/** Above this mean pair cosine random hyperplanes put most tokens into few cells, and projection noise hides the rest. */
const MOST_COSINE = 0.5;
/** Below this spread of MaxSim over documents nearly every document looks alike to a query token. */
const LEAST_SPREAD = 0.03;
/** Below this share of used cells an encoding wastes most of its length. */
const LEAST_CELLS = 0.5;

const SAMPLE_TOKENS = 16_384;
const SAMPLE_SETS = 500;
const SAMPLE_QUERY_TOKENS = 64;

/** Names a figure of fdeHealth that is out of range, and what that means. */
export interface FdeAlarm {
  readonly figure: 'meanPairCosine' | 'similaritySpread' | 'cellsUsed';
  readonly value: number;
  readonly limit: number;
  /** What to do about it, one sentence. */
  readonly advice: string;
}

/** Says whether tokens are such that FDEs can tell documents apart. */
export interface FdeHealth {
  /** Mean cosine of two different tokens; near 0 for tokens that fill the space. */
  readonly meanPairCosine: number;
  /** Standard deviation over documents of a token's best similarity, mean over tokens of the sample. */
  readonly similaritySpread: number;
  /** (Σλ)²/Σλ² of the tokens' covariance: about how many directions count. */
  readonly participationRatio: number;
  /** Share of the encoder's cells that tokens of the sample fall into; undefined without an encoder or with a final projection. */
  readonly cellsUsed: number | undefined;
  readonly alarms: readonly FdeAlarm[];
}

/**
 * Measures on a sample whether tokens are such that FDEs can tell documents apart.
 * @throws RangeError on a sample of fewer than 2 tokens, or of another d than the encoder's
 */
export function fdeHealth(core: Core, sample: TokenSetInput, encoder?: FdeEncoder, seed = 1): FdeHealth {
  const { d } = sample;
  const set = boundedTokenSet(sample.data, sample.offsets, d, 'sample', { isSample: true });
  const n = set.data.length / d;
  if (n < 2) throw new RangeError(`"sample" expected at least 2 tokens, got ${n}`);
  const random = new RandomStream(checkInteger('seed', seed, 0, Number.MAX_SAFE_INTEGER), 'fde/health');
  const rows = { data: set.data, n, d };
  const tokens = gatherRows(rows, sampleIndices(n, SAMPLE_TOKENS, random.fork('tokens')));
  const documents = gatherSets(set, sampleIndices(set.n, SAMPLE_SETS, random.fork('documents')));
  const queries = gatherRows(rows, sampleIndices(n, SAMPLE_QUERY_TOKENS, random.fork('queries')));
  const { variances } = trainPca(core, tokens, { center: true });
  let total = 0;
  let squares = 0;
  for (const variance of variances) {
    total += variance;
    squares += variance * variance;
  }
  const meanPairCosine = pairCosine(tokens.data, d);
  const similaritySpread = spreadOf(bestSimilarities(core, queries.data, documents), documents.n);
  const cellsUsed = encoder ? usedCells(core, encoder, tokens.data) : undefined;
  return {
    meanPairCosine,
    similaritySpread,
    participationRatio: squares > 0 ? (total * total) / squares : 0,
    cellsUsed,
    alarms: alarmsOf(meanPairCosine, similaritySpread, cellsUsed),
  };
}

/** Mean of <x, y>/(|x||y|) over pairs of different rows, from the sum of the unit rows. */
function pairCosine(rows: Float32Array, d: number): number {
  const sum = new Float64Array(d);
  let count = 0;
  for (let start = 0; start < rows.length; start += d) {
    let norm = 0;
    for (let j = start; j < start + d; j++) norm += (rows[j] as number) ** 2;
    if (norm === 0) continue;
    count++;
    const inverse = 1 / Math.sqrt(norm);
    for (let j = 0; j < d; j++) sum[j] = (sum[j] as number) + (rows[start + j] as number) * inverse;
  }
  const energy = sum.reduce((total, value) => total + value * value, 0);
  return count > 1 ? (energy - count) / (count * (count - 1)) : 0;
}

/** Mean over rows (m × n) of the standard deviation of what is finite in them. */
function spreadOf(similarities: Float32Array, n: number): number {
  let total = 0;
  const m = similarities.length / n;
  for (let a = 0; a < m; a++) {
    const row = similarities.subarray(a * n, (a + 1) * n).filter((value) => Number.isFinite(value));
    const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
    total += Math.sqrt(variance) / m;
  }
  return total;
}

/** A query of all tokens touches every cell that one of them is in. */
function usedCells(core: Core, encoder: FdeEncoder, tokens: Float32Array): number | undefined {
  const { length, blockLength } = encoder;
  if (length === blockLength) return undefined;
  using session = encoder.createSession(core);
  const fde = session.encodeQuery(tokens);
  let used = 0;
  for (let start = 0; start < length; start += blockLength) {
    if (fde.subarray(start, start + blockLength).some((value) => value !== 0)) used++;
  }
  return used / (length / blockLength);
}

function alarmsOf(cosine: number, spread: number, cells: number | undefined): FdeAlarm[] {
  const alarms: FdeAlarm[] = [];
  if (cosine > MOST_COSINE) {
    const advice = 'take a learned encoding, or the mean-split with the mean of a sample as center';
    alarms.push({ figure: 'meanPairCosine', value: cosine, limit: MOST_COSINE, advice });
  }
  if (spread < LEAST_SPREAD) {
    const advice =
      'measure with recommendFde before relying on FDEs; candidates by single tokens may be needed';
    alarms.push({ figure: 'similaritySpread', value: spread, limit: LEAST_SPREAD, advice });
  }
  if (cells !== undefined && cells < LEAST_CELLS) {
    const advice = 'hash about a center, or take fewer cells';
    alarms.push({ figure: 'cellsUsed', value: cells, limit: LEAST_CELLS, advice });
  }
  return alarms;
}
