/**
 * Trained features of a RegressionFde: descent on the similarities of sampled tokens with sampled documents, in batches, with
 * a rate that falls smoothly to 0, and the layers of the pass that fits tokens held out best.
 */
import { type Core, RandomStream, type TokenSet, type VectorSet } from '@sagitta/core-wasm';
import { FeatureNetwork } from './feature-network.ts';
import { type FeatureTargets, featureTargets } from './feature-targets.ts';
import { centreOf } from './random-features.ts';
import type { RegressionSettings } from './regression-options.ts';
import type { FeatureLayer } from './token-features.ts';

const BATCH = 128;
const RATE = 3e-3;
/** One token in so many is held out, at most the next number of them. */
const HELD_OUT = 20;
const MOST_HELD_OUT = 2048;
/** Passes without a better fit that end training. */
const PATIENCE = 2;
/** Numbers a token of the targets. */
const LEAST_TARGETS = 512;
/** Steps between two reports of progress. */
const REPORT = 4;

/** What was done: tokens compared, or steps taken. */
export interface FeatureProgress {
  readonly phase: 'similarities' | 'features';
  readonly done: number;
  readonly total: number;
}

/** tokens — N × d in any order, documents in the same unit. */
export function* trainFeatures(
  core: Core,
  tokens: VectorSet,
  documents: TokenSet,
  settings: RegressionSettings,
): Generator<FeatureProgress, readonly FeatureLayer[]> {
  const { features, hidden, epochs, seed } = settings;
  const random = new RandomStream(seed, 'fde/regression/network');
  const { mean, spread } = centreOf(tokens.data, tokens.d);
  const rows = shuffled(tokens, random.fork('order'));
  const width = Math.max(LEAST_TARGETS, 2 * features);
  const steps = featureTargets(core, rows, documents, width, seed);
  let step = steps.next();
  for (; !step.done; step = steps.next()) {
    yield { phase: 'similarities', done: step.value, total: rows.n };
  }
  const targets = step.value;
  standardize(rows, mean, spread);
  const held = Math.min(MOST_HELD_OUT, Math.floor(rows.n / HELD_OUT));
  const trained = rows.n - held;
  const batch = Math.min(BATCH, trained);
  const shape = { d: rows.d, hidden, features, targets: targets.width, batch };
  using network = new FeatureNetwork(core, shape, random.fork('weights'));
  const order = Uint32Array.from({ length: trained }, (_, i) => held + i);
  const draws = random.fork('batches');
  const stepsPerEpoch = Math.floor(trained / batch);
  const total = epochs * stepsPerEpoch;
  let best = { error: Infinity, epoch: 0, layers: network.layers(mean, spread) };
  let done = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    draws.shuffle(order);
    for (let at = 0; at < stepsPerEpoch; at++) {
      const own = gather(rows, targets, order.subarray(at * batch, (at + 1) * batch));
      network.step(own.rows, own.targets, rateAt(done / total));
      done++;
      if (done % REPORT === 0) yield { phase: 'features', done, total };
    }
    const error = held === 0 ? -epoch : heldOutError(network, rows, targets, held, batch);
    if (error < best.error) best = { error, epoch, layers: network.layers(mean, spread) };
    if (epoch - best.epoch >= PATIENCE) break;
  }
  return best.layers;
}

/** From RATE to 0 along 1 - 3s² + 2s³: the shape of a half cosine, of products alone. */
function rateAt(s: number): number {
  return RATE * (1 - s) * (1 - s) * (1 + 2 * s);
}

function shuffled({ data, n, d }: VectorSet, random: RandomStream): VectorSet {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  random.shuffle(order);
  const out = new Float32Array(n * d);
  for (const [i, row] of order.entries()) out.set(data.subarray(row * d, (row + 1) * d), i * d);
  return { data: out, n, d };
}

/** In place. */
function standardize({ data, d }: VectorSet, mean: Float64Array, spread: number): void {
  for (let i = 0; i < data.length; i++) data[i] = ((data[i] as number) - (mean[i % d] as number)) / spread;
}

function gather(
  { data, d }: VectorSet,
  { values, width }: FeatureTargets,
  list: Uint32Array,
): { readonly rows: Float32Array; readonly targets: Float32Array } {
  const rows = new Float32Array(list.length * d);
  const targets = new Float32Array(list.length * width);
  for (const [i, row] of list.entries()) {
    rows.set(data.subarray(row * d, (row + 1) * d), i * d);
    targets.set(values.subarray(row * width, (row + 1) * width), i * width);
  }
  return { rows, targets };
}

function heldOutError(
  network: FeatureNetwork,
  { data, d }: VectorSet,
  { values, width }: FeatureTargets,
  held: number,
  batch: number,
): number {
  let sum = 0;
  for (let first = 0; first < held; first += batch) {
    const end = Math.min(held, first + batch);
    const own = data.subarray(first * d, end * d);
    sum += (end - first) * network.error(own, values.subarray(first * width, end * width));
  }
  return sum / held;
}
