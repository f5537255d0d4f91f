/** From a sample of documents, or a stream of them, to a RegressionFde: tokens are drawn, features made, the solver computed. */
import {
  boundedTokenSet,
  type Core,
  checkCore,
  checkOptions,
  type OptionTable,
  RandomStream,
  type TokenSet,
  type TokenSetInput,
  type VectorSet,
} from '@sagitta/core-wasm';
import { sampleRows } from '@sagitta/quantizers';
import { anchorSimilarities } from './anchor-similarities.ts';
import { fromIntegerRows, IntegerMatrix, type IntegerRows, toIntegerRows } from './integer-rows.ts';
import { randomFeatures } from './random-features.ts';
import { RegressionFde } from './regression-fde.ts';
import {
  checkRegressionOptions,
  type RegressionOptions,
  type RegressionSettings,
} from './regression-options.ts';
import { RegressionSample } from './regression-sample.ts';
import { ridgeSolver } from './ridge.ts';
import { TokenFeatures } from './token-features.ts';
import { trainFeatures } from './train-features.ts';

/** What training does: documents are read; for trained features similarities computed and steps taken; the solver computed. */
export type RegressionPhase = 'read' | 'similarities' | 'features' | 'solve';

/** How far training is. */
export interface RegressionProgress {
  readonly phase: RegressionPhase;
  /** Documents read; tokens compared; steps taken; parts of the solver. */
  readonly done: number;
  /** Undefined while documents are read. */
  readonly total: number | undefined;
}

/** Says what an encoder by regression is made of, and how training on a stream is watched and ended. */
export interface RegressionStreamOptions extends RegressionOptions {
  /** Ends training with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RegressionProgress) => void;
}

const STREAM_OPTIONS: OptionTable<Pick<RegressionStreamOptions, 'signal' | 'onProgress'>> = {
  signal: 'any',
  onProgress: 'function',
};

/**
 * Trains on the tokens of some documents; queries — tokens of queries, where there are any: half of the anchors are drawn from
 * them. Deterministic in the seed, on every engine.
 * @throws RangeError on options out of range, a sample or queries without tokens
 */
export function trainRegressionFde(
  core: Core,
  sample: TokenSetInput,
  options: RegressionOptions,
  queries?: TokenSetInput,
): RegressionFde {
  checkCore(core);
  const settings = checkRegressionOptions(sample.d, options);
  const kept = sampleFor(settings);
  kept.add(sample);
  const steps = train(core, kept, settings, queries);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/**
 * Trains on a stream of documents that is read once: what is kept is a sample of tokens and one of documents. The same
 * documents give the same encoder as trainRegressionFde, however they are cut into batches. Other work gets its turn in
 * between.
 * @throws as trainRegressionFde does, what the stream rejects with, the signal's reason
 */
export async function trainRegressionFdeFrom(
  core: Core,
  documents: AsyncIterable<TokenSetInput> | Iterable<TokenSetInput>,
  options: RegressionStreamOptions,
  queries?: TokenSetInput,
): Promise<RegressionFde> {
  checkCore(core);
  const { signal, onProgress, ...plain } = options;
  checkOptions('options', { ...(signal && { signal }), ...(onProgress && { onProgress }) }, STREAM_OPTIONS);
  const settings = checkRegressionOptions(1, plain);
  const kept = sampleFor(settings);
  for await (const batch of documents) {
    signal?.throwIfAborted();
    kept.add(batch);
    onProgress?.({ phase: 'read', done: kept.seen, total: undefined });
  }
  const steps = train(core, kept, settings, queries);
  try {
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done) return step.value;
      onProgress?.(step.value);
      await turn();
      signal?.throwIfAborted();
    }
  } finally {
    // an aborted run gives its memory back
    steps.return?.(undefined as never);
  }
}

/** Lets other work run. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function sampleFor({
  trained,
  numAnchors,
  trainingTokens,
  trainingDocuments,
  seed,
}: RegressionSettings): RegressionSample {
  const tokens = trained ? Math.max(numAnchors, trainingTokens) : numAnchors;
  return new RegressionSample(tokens, trainingDocuments, seed);
}

function* train(
  core: Core,
  sample: RegressionSample,
  settings: RegressionSettings,
  queries: TokenSetInput | undefined,
): Generator<RegressionProgress, RegressionFde> {
  const { features, numAnchors, ridge, seed } = settings;
  const { tokens, documents } = sample.finish();
  const { d } = tokens;
  const random = new RandomStream(seed, 'fde/regression');
  const asked = queries ? queryTokens(queries, d) : undefined;
  const unit = unitOf(tokens.data, d);
  const own = scaled(tokens.data, unit);
  const drawn = drawAnchors(
    { data: own, n: tokens.n, d },
    asked && scaledSet(asked, unit),
    numAnchors,
    random,
  );
  const anchors = toIntegerRows(core, drawn.data, drawn.n, d);
  const corpus = { ...documents, data: scaled(documents.data, unit) };
  const layers = settings.trained
    ? yield* trainFeatures(core, { data: own, n: tokens.n, d }, corpus, settings)
    : randomFeatures(own, d, features, random.fork('features'));
  yield { phase: 'solve', done: 0, total: 2 };
  const means = meanSimilarities(core, anchors, corpus);
  yield { phase: 'solve', done: 1, total: 2 };
  // φ of what the encoder holds, not of what it was rounded from
  using map = new TokenFeatures(core, layers);
  const values = map.apply(fromIntegerRows(anchors), anchors.rows);
  const solver = ridgeSolver(core, values, anchors.rows, features, ridge);
  const parts = {
    d,
    unit,
    layers,
    anchors,
    means,
    solver: toIntegerRows(core, solver, features, anchors.rows),
  };
  return new RegressionFde(parts);
}

function queryTokens(queries: TokenSetInput, d: number): VectorSet {
  const { data } = boundedTokenSet(queries.data, queries.offsets, d, 'queries');
  const n = data.length / d;
  if (n === 0) throw new RangeError('"queries" expected at least 1 token, got 0');
  return { data, n, d };
}

/** Half of the anchors are tokens of queries, where there are so many. */
function drawAnchors(
  tokens: VectorSet,
  queries: VectorSet | undefined,
  count: number,
  random: RandomStream,
): VectorSet {
  const { d } = tokens;
  const asked = queries ? sampleRows(queries, Math.ceil(count / 2), random.fork('queries')) : undefined;
  const rest = sampleRows(tokens, Math.max(1, count - (asked?.n ?? 0)), random.fork('anchors'));
  if (!asked) return rest;
  const data = new Float32Array((asked.n + rest.n) * d);
  data.set(asked.data);
  data.set(rest.data, asked.n * d);
  return { data, n: asked.n + rest.n, d };
}

/** The power of two that brings the root of the mean square length nearest to 1: 1 for tokens of length 1. */
function unitOf(data: Float32Array, d: number): number {
  let energy = 0;
  for (let i = 0; i < data.length; i++) energy += (data[i] as number) * (data[i] as number);
  energy /= data.length / d;
  let unit = 1;
  while (energy * unit * unit > 2 && unit > 2 ** -60) unit /= 2;
  while (energy > 0 && energy * unit * unit < 0.5 && unit < 2 ** 60) unit *= 2;
  return unit;
}

function scaled(data: Float32Array, unit: number): Float32Array {
  return unit === 1 ? data : data.map((value) => value * unit);
}

function scaledSet(set: VectorSet, unit: number): VectorSet {
  return { ...set, data: scaled(set.data, unit) };
}

/** The mean of each anchor's best similarity over documents. */
function meanSimilarities(core: Core, anchors: IntegerRows, documents: TokenSet): Float32Array {
  using matrix = new IntegerMatrix(core, anchors);
  const sums = new Float64Array(anchors.rows);
  anchorSimilarities(core, matrix, documents, (_first, n, similarities) => {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < sums.length; j++) {
        sums[j] = (sums[j] as number) + (similarities[i * sums.length + j] as number);
      }
    }
  });
  return Float32Array.from(sums, (sum) => sum / documents.n);
}
