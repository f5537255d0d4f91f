/**
 * Which encoding to take, by measuring: queries held out of the sample search the rest of it by FDEs in every candidate
 * encoding and code, and by exact MaxSim. No guess without figures.
 */
import {
  boundedTokenSet,
  type Core,
  checkCore,
  checkInteger,
  checkNumber,
  checkOptions,
  type OptionTable,
  RandomStream,
  type TokenSet,
  type TokenSetInput,
  tokenSet,
} from '@sagitta/core-wasm';
import { sampleIndices } from '@sagitta/quantizers/training';
import { candidatesAtSize, depthFor, recallAtSize } from '../evaluation/recall-at-size.ts';
import type { FdeStoreOptions } from './create-fde-store.ts';
import { FDE_KINDS, type FdeEncoder, type FdeKind } from './fde-encoder.ts';
import { type FdeHealth, fdeHealth } from './fde-health.ts';
import { trainLearnedFde } from './learned-train.ts';
import { bestOfRows, encodeToStore, exactMaxSim, gatherSets, rankTable } from './measure-fde.ts';
import { MuveraFde } from './muvera-fde.ts';
import { MUVERA_PRESETS, type MuveraPreset, muveraPreset } from './muvera-options.ts';
import { trainRegressionFde } from './regression-train.ts';
import { trainSplitFde } from './split-train.ts';

/** Says what is wanted, bytes or recall, and how it is measured. */
export interface RecommendFdeOptions {
  /** The most bytes a document's code may cost: ranked by the candidates needed among those that fit. */
  readonly bytes?: number;
  /**
   * The least share of the exact top k among the first `candidates`: ranked by bytes among those that reach it with the lower
   * end of their interval.
   */
  readonly recall?: number;
  /** Default 100. */
  readonly candidates?: number;
  /** Documents of the collection that the sample is of; figures are for that many. Default: those of the sample. */
  readonly collectionSize?: number;
  /** Exact neighbours that are looked for. Default 10. */
  readonly k?: number;
  /** Queries as they will be asked; default: runs of 12 tokens of documents held out of the sample. */
  readonly queries?: TokenSetInput;
  /** Held-out documents that queries are cut from, at most a fifth of the sample. Default 60. */
  readonly numQueries?: number;
  /** Only encoders of these kinds. Default all. */
  readonly kinds?: readonly FdeKind[];
  /** Measure regression with trained features too, which takes minutes. Default false. */
  readonly trained?: boolean;
  readonly seed?: number;
}

const RECOMMEND_FDE_OPTIONS: OptionTable<RecommendFdeOptions> = {
  bytes: 'number',
  recall: 'number',
  candidates: 'number',
  collectionSize: 'number',
  k: 'number',
  queries: 'any',
  numQueries: 'number',
  kinds: 'any',
  trained: 'boolean',
  seed: 'number',
};

/** Is an encoder and a code of its FDEs, with their figures. */
export interface FdeRecommendation {
  /** As a reader of a table knows it. */
  readonly label: string;
  /** Trained on the sample, ready to be used. */
  readonly encoder: FdeEncoder;
  readonly store: Pick<FdeStoreOptions, 'encoding' | 'bits'>;
  readonly bytesPerDocument: number;
  /** Share of the exact top k among the first `candidates` of a collection of that size (see recallAtSize). */
  readonly recall: number;
  /** Of nine estimates of ten the true share is between these. */
  readonly low: number;
  readonly high: number;
  /** Candidates that hold nine tenths of the exact top k. */
  readonly candidatesFor90: number;
  readonly isEnough: boolean;
  /** One sentence with the figures. */
  readonly reason: string;
}

/** Ranks encoders and codes, and says what they were measured on. */
export interface FdeRecommendations {
  /** Best first: those that meet what is asked, then the others by how near they come. */
  readonly ranked: readonly FdeRecommendation[];
  readonly health: FdeHealth;
  /** Documents that figures are for. */
  readonly collectionSize: number;
  /** Documents and queries that were measured on. */
  readonly documents: number;
  readonly queries: number;
}

const LEAST_DOCUMENTS = 50;
const QUERY_TOKENS = 12;
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
const STORES: readonly (Pick<FdeStoreOptions, 'encoding' | 'bits'> & { readonly bytes: number })[] = [
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
const LEAST_FILL = 0.2;

/**
 * Measures encoders and codes on a sample and ranks them, with figures and reasons.
 * @throws RangeError unless exactly one of bytes and recall is given, or on a sample of fewer than 50 documents
 */
export function recommendFde(
  core: Core,
  sample: TokenSetInput,
  options: RecommendFdeOptions,
): FdeRecommendations {
  checkCore(core);
  checkOptions('options', options, RECOMMEND_FDE_OPTIONS);
  const set = boundedTokenSet(sample.data, sample.offsets, sample.d, 'sample', { isSample: true });
  if (set.n < LEAST_DOCUMENTS) {
    throw new RangeError(`"sample" expected at least ${LEAST_DOCUMENTS} documents, got ${set.n}`);
  }
  const { bytes, recall } = options;
  if ((bytes === undefined) === (recall === undefined)) {
    throw new RangeError(
      `"options" expected either bytes or recall, got ${bytes === undefined ? 'neither' : 'both'}`,
    );
  }
  if (bytes !== undefined) checkNumber('bytes', bytes, 1, 2 ** 32);
  if (recall !== undefined) checkNumber('recall', recall, 0, 1);
  const candidates = checkInteger('candidates', options.candidates ?? 100, 1, 2 ** 32 - 1);
  const seed = checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER);
  const { documents, queries } = split(set, options, seed);
  const k = checkInteger('k', options.k ?? 10, 1, documents.n);
  const size = checkInteger('collectionSize', options.collectionSize ?? documents.n, 1, 2 ** 32 - 1);
  if (options.collectionSize !== undefined && size < set.n) {
    throw new RangeError(
      `"collectionSize" expected at least the ${set.n} documents of the sample, got ${size}`,
    );
  }
  const depth = depthFor(documents.n, k);
  const order = bestOfRows(exactMaxSim(core, queries, documents), documents.n, depth);
  const measured: FdeRecommendation[] = [];
  for (const { label, encoder } of encoders(core, documents, options, seed)) {
    for (const { bytes: perNumber, ...store } of STORES) {
      // a code's factors come on top, a tenth at most
      if (bytes !== undefined && encoder.length * perNumber > bytes) continue;
      using codes = encodeToStore(core, encoder, documents, { ...store, seed });
      if (bytes !== undefined && codes.bytesPerDocument < LEAST_FILL * bytes) continue;
      const ranks = rankTable(core, encoder, codes, queries, order);
      const table = { ranks, depth, queries: queries.n, n: documents.n };
      const found = recallAtSize(table, { k, candidates, size, seed });
      const needed = candidatesAtSize(table, 0.9, { k, size });
      const isEnough =
        bytes === undefined ? found.low >= (recall as number) : codes.bytesPerDocument <= bytes;
      const name = `${label}, ${store.encoding}${store.bits ? ` ${store.bits} bits` : ''}`;
      const [share, low, high] = [found.recall, found.low, found.high].map((value) => value.toFixed(3));
      const figures = `finds ${share} (${low} to ${high}) of the exact top ${k} among ${candidates} and nine tenths among ${needed} of ${size} documents, at ${codes.bytesPerDocument} bytes a document`;
      const asked = bytes === undefined ? `a share of ${recall}` : `${bytes} bytes`;
      measured.push({
        label: name,
        encoder,
        store,
        bytesPerDocument: codes.bytesPerDocument,
        ...found,
        candidatesFor90: needed,
        isEnough,
        reason: `${name} ${figures}: ${isEnough ? 'enough' : 'not enough'} for ${asked}`,
      });
    }
  }
  measured.sort((a, b) => {
    if (a.isEnough !== b.isEnough) return a.isEnough ? -1 : 1;
    const byBytes = (recall !== undefined) === a.isEnough;
    const order = byBytes
      ? a.bytesPerDocument - b.bytesPerDocument || a.candidatesFor90 - b.candidatesFor90
      : a.candidatesFor90 - b.candidatesFor90 || b.recall - a.recall;
    return order || a.bytesPerDocument - b.bytesPerDocument;
  });
  return {
    ranked: measured,
    health: fdeHealth(core, documents),
    collectionSize: size,
    documents: documents.n,
    queries: queries.n,
  };
}

/** Queries given, or runs of tokens of held-out documents. */
function split(
  set: TokenSet,
  options: RecommendFdeOptions,
  seed: number,
): { documents: TokenSet; queries: TokenSet } {
  const { d } = set;
  if (options.queries) {
    const queries = boundedTokenSet(options.queries.data, options.queries.offsets, d, 'queries');
    if (queries.n === 0) throw new RangeError('"queries" expected at least 1 query, got 0');
    return { documents: set, queries };
  }
  const wanted = checkInteger('numQueries', options.numQueries ?? 60, 1, 2 ** 20);
  const random = new RandomStream(seed, 'fde/recommend');
  const held = sampleIndices(set.n, Math.min(wanted, Math.floor(set.n / 5)), random.fork('queries'));
  const isHeld = new Set(held);
  const rest = Array.from({ length: set.n }, (_, i) => i).filter((i) => !isHeld.has(i));
  const starts = random.fork('starts');
  const rows: number[] = [];
  const offsets = [0];
  for (const i of held) {
    const first = set.offsets[i] as number;
    const m = (set.offsets[i + 1] as number) - first;
    if (m === 0) continue;
    const length = Math.min(m, QUERY_TOKENS);
    const start = first + starts.nextBelow(m - length + 1);
    for (let t = start; t < start + length; t++) rows.push(t);
    offsets.push(rows.length);
  }
  const data = new Float32Array(rows.length * d);
  for (const [i, row] of rows.entries()) data.set(set.data.subarray(row * d, (row + 1) * d), i * d);
  return { documents: gatherSets(set, rest), queries: tokenSet(data, Uint32Array.from(offsets), d) };
}

/** Encoders that may be worth their bytes, the learned ones trained on the documents. */
function* encoders(
  core: Core,
  documents: TokenSet,
  { kinds = FDE_KINDS, bytes, trained = false }: RecommendFdeOptions,
  seed: number,
): Generator<{ readonly label: string; readonly encoder: FdeEncoder }> {
  const { d } = documents;
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
      const encoder = trainLearnedFde(core, documents, { numCells, projectionDimension: p, numVoters, seed });
      yield { label: `learned, ${numCells} cells × ${p} directions, ${numVoters} voters`, encoder };
    }
  }
  if (kinds.includes('split') && d > SPLIT_DIRECTIONS) {
    for (const [numCells, restCells, directions] of SPLIT_SHAPES) {
      const p = Math.min(directions, d);
      if (!fits(numCells * (SPLIT_DIRECTIONS + 1) + restCells * p) || tokens < 8 * numCells) continue;
      const encoder = trainSplitFde(core, documents, {
        numDirections: SPLIT_DIRECTIONS,
        near: { numCells, numVoters: Math.min(tokens, 16 * numCells) },
        rest: { numCells: restCells, projectionDimension: p, blocks: 'mean' },
        seed,
      });
      yield { label: `split, ${numCells} + ${restCells} cells × ${SPLIT_DIRECTIONS} + ${p}`, encoder };
    }
  }
  if (kinds.includes('regression')) {
    for (const isTrained of trained ? [false, true] : [false]) {
      for (const features of isTrained ? TRAINED_FEATURES : RANDOM_FEATURES) {
        // few tokens are fitted by heart; signs of so many numbers never won
        if (!fits(features) || tokens < 8 * features || features > 2 * (bytes ?? Infinity)) continue;
        const encoder = trainRegressionFde(core, documents, { features, trained: isTrained, seed });
        yield { label: `regression, ${features} ${isTrained ? 'trained ' : ''}features`, encoder };
      }
    }
  }
  if (!kinds.includes('muvera')) return;
  for (const length of PRESETS) {
    if (!fits(length) || MUVERA_PRESETS[length].projectionDimension > d) continue;
    const options = { ...muveraPreset(length, d), seed };
    yield { label: `MUVERA ${length}`, encoder: new MuveraFde(options) };
    const unit = new MuveraFde({ ...options, documentScale: 'unit' });
    yield { label: `MUVERA ${length}, documents of unit length`, encoder: unit };
  }
}
