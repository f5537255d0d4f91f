/**
 * What trained features are to explain: the best similarities of tokens with documents, each token's less their mean (what all
 * documents have in common does not rank), along the principal directions of the documents. Squared errors are the same in
 * any rotation, and what H features cannot explain is in the directions left out, so few numbers a token stand for thousands
 * of documents.
 *
 * Memory: N × K floats, one run of 1,024 tokens × T documents in f64 and f32, the 4,096 × T that directions are taken from.
 */
import { type Core, RandomStream, rotationSigns, type TokenSet, type VectorSet } from '@sagitta/core-wasm';
import { principalDirections } from '@sagitta/quantizers';
import { transpose } from '@sagitta/quantizers/internal';
import { floatProduct } from '../search/float-product.ts';
import { anchorSimilarities } from './anchor-similarities.ts';
import { IntegerMatrix, toIntegerRows } from './integer-rows.ts';

/** Tokens compared at a time. */
const RUN = 1024;
/** Tokens that the directions are taken from. */
const DIRECTION_TOKENS = 4096;

/** A rotation takes a multiple of so many numbers. */
const MIXED = 16;

/** N × width. */
export interface FeatureTargets {
  readonly values: Float32Array;
  readonly width: number;
}

/** tokens — in random order. Yields the tokens done so far. */
export function* featureTargets(
  core: Core,
  tokens: VectorSet,
  documents: TokenSet,
  width: number,
  seed: number,
): Generator<number, FeatureTargets> {
  const { n } = tokens;
  const t = documents.n;
  const firsts: Float32Array[] = [];
  let start = 0;
  for (; start < Math.min(n, DIRECTION_TOKENS); start += RUN) {
    firsts.push(centredSimilarities(core, tokens, start, Math.min(RUN, n - start), documents));
    yield start;
  }
  const known = Math.min(n, start);
  const most = Math.min(width, t, known);
  const kept = most < MIXED ? most : most - (most % MIXED);
  const directions = directionsOf(core, firsts, known, t, kept, seed);
  const out = new Float32Array(n * kept);
  let at = 0;
  for (let first = firsts.shift(); first; first = firsts.shift()) {
    at += project(core, directions, first, t, kept, out.subarray(at * kept));
  }
  for (; start < n; start += RUN) {
    const run = centredSimilarities(core, tokens, start, Math.min(RUN, n - start), documents);
    at += project(core, directions, run, t, kept, out.subarray(at * kept));
    yield at;
  }
  toMeanSquareOne(out);
  mix(core, out, kept, seed);
  return { values: out, width: kept };
}

/** Best similarities less each token's mean, documents × tokens. */
function centredSimilarities(
  core: Core,
  { data, d }: VectorSet,
  first: number,
  count: number,
  documents: TokenSet,
): Float32Array {
  const rows = data.subarray(first * d, (first + count) * d);
  using matrix = new IntegerMatrix(core, toIntegerRows(core, rows, count, d));
  const out = new Float32Array(documents.n * count);
  const sums = new Float64Array(count);
  anchorSimilarities(core, matrix, documents, (from, n, similarities) => {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < count; j++) {
        const value = similarities[i * count + j] as number;
        out[(from + i) * count + j] = value;
        sums[j] = (sums[j] as number) + value;
      }
    }
  });
  for (let i = 0; i < documents.n; i++) {
    for (let j = 0; j < count; j++) {
      out[i * count + j] = (out[i * count + j] as number) - (sums[j] as number) / documents.n;
    }
  }
  return out;
}

/** kept × t, orthonormal. */
function directionsOf(
  core: Core,
  runs: readonly Float32Array[],
  n: number,
  t: number,
  kept: number,
  seed: number,
): Float32Array {
  const data = new Float32Array(n * t);
  let at = 0;
  for (const run of runs) {
    transpose(run, t, run.length / t, data.subarray(at));
    at += run.length;
  }
  return principalDirections(core, { data, n, d: t }, { center: false, dims: kept, seed }).components;
}

/** Writes tokens × kept to out; returns the tokens. */
function project(
  core: Core,
  directions: Float32Array,
  run: Float32Array,
  t: number,
  kept: number,
  out: Float32Array,
): number {
  const count = run.length / t;
  transpose(floatProduct(core, directions, run, kept, count, t), kept, count, out);
  return count;
}

function toMeanSquareOne(values: Float32Array): void {
  let energy = 0;
  for (let i = 0; i < values.length; i++) energy += (values[i] as number) * (values[i] as number);
  if (!(energy > 0)) return;
  const factor = Math.sqrt(values.length / energy);
  for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * factor;
}

/**
 * Turns every row by the same random rotation, in place, so that all numbers of a target weigh alike: a descent with a rate
 * for each number learns the last directions, which are mostly noise, as eagerly as the first.
 */
function mix(core: Core, values: Float32Array, width: number, seed: number): void {
  if (width % MIXED !== 0) return;
  const signs = rotationSigns(new RandomStream(seed, 'fde/regression/mix'), width);
  core.scope((scope) => {
    const flips = scope.reserve(signs.byteLength);
    const rows = scope.reserve(4 * RUN * width);
    flips.u32().set(signs);
    for (let start = 0; start < values.length; start += RUN * width) {
      const part = values.subarray(start, start + RUN * width);
      const target = rows.f32(0, part.length);
      target.set(part);
      core.kernels.rotateF32Rows(rows.at(), part.length / width, width, width, flips.at());
      part.set(target);
    }
  });
}
