/** RegressionFde at work: sums have a fixed order and nothing fuses, so a document's bytes depend on its tokens alone. */
import {
  type Core,
  checkFinite,
  type Numbers,
  Owner,
  type TokenSet,
  type TokenSetInput,
  type Vectors,
} from '@sagitta/core-wasm';
import { anchorSimilarities } from './anchor-similarities.ts';
import type { FdeEncoder, FdeSession } from './fde-encoder.ts';
import { IntegerMatrix } from './integer-rows.ts';
import type { RegressionParts } from './regression-options.ts';
import { checkDocuments, checkQuery } from './token-chunks.ts';
import { TokenFeatures } from './token-features.ts';

/** Is an encoder as its session sees it. */
export interface RegressionEncoder extends FdeEncoder {
  readonly parts: RegressionParts;
}

/** Documents whose weights are computed together, so that the solver is read once for all of them. */
const BATCH = 32;
/** The most that a number of a token may be, in units of the tokens trained on: squares of sums stay in float32. */
const MOST = 2 ** 40;

/** Encodes with an encoder by regression whose matrices are in a core's memory. encoder.createSession makes it. */
export class RegressionSession extends Owner implements FdeSession {
  readonly encoder: RegressionEncoder;
  readonly #features: TokenFeatures;
  readonly #anchors: IntegerMatrix;
  readonly #solver: IntegerMatrix;

  constructor(core: Core, encoder: RegressionEncoder) {
    super(core);
    this.encoder = encoder;
    const { layers, anchors, solver } = encoder.parts;
    this.#features = this.own(() => new TokenFeatures(core, layers));
    this.#anchors = this.own(() => new IntegerMatrix(core, anchors));
    this.#solver = this.own(() => new IntegerMatrix(core, solver));
  }

  encodeDocuments(tokens: TokenSetInput, out: Float32Array): void {
    this.checkLive('session');
    const { d, length, parts } = this.encoder;
    const set = checkDocuments(tokens, d, length, out);
    const scaled: TokenSet = { ...set, data: inUnits(set.data, parts.unit) };
    const m = parts.means.length;
    const batch = Math.min(set.n, BATCH);
    const targets = new Float32Array(batch * m);
    let solved = 0;
    const solveUpTo = (end: number): void => {
      const n = end - solved;
      this.#solve(targets.subarray(0, n * m), n, out.subarray(solved * length, end * length));
      targets.fill(0);
      solved = end;
    };
    anchorSimilarities(this.core, this.#anchors, scaled, (first, n, similarities) => {
      for (let i = 0; i < n; i++) {
        if (first + i - solved === batch) solveUpTo(first + i);
        // zeros for a document without tokens
        if (set.offsets[first + i] === set.offsets[first + i + 1]) continue;
        const at = (first + i - solved) * m;
        for (let j = 0; j < m; j++) {
          targets[at + j] = (similarities[i * m + j] as number) - (parts.means[j] as number);
        }
      }
    });
    if (solved < set.n) solveUpTo(set.n);
    checkFinite('tokens whose sums leave the range of f32: FDE', out, length);
  }

  encodeQuery(given: Vectors, factors?: Numbers): Float32Array {
    this.checkLive('session');
    const { d, length, parts } = this.encoder;
    const { data, weights } = checkQuery(given, d, factors);
    const m = data.length / d;
    const sums = new Float64Array(length);
    const features = this.#features.apply(inUnits(data, parts.unit), m);
    for (let t = 0; t < m; t++) {
      const weight = weights ? (weights[t] as number) : 1;
      for (let j = 0; j < length; j++) {
        sums[j] = (sums[j] as number) + weight * (features[t * length + j] as number);
      }
    }
    const out = Float32Array.from(sums);
    checkFinite('tokens whose sums leave the range of f32: FDE', out);
    return out;
  }

  /** w = P·y of rows y (n × m): out n × H. */
  #solve(targets: Float32Array, n: number, out: Float32Array): void {
    const { length } = this.encoder;
    this.core.scope((scope) => {
      const products = this.#solver.products(scope, targets, n);
      const { right, stride } = this.#solver;
      const values = products.out.f32();
      const left = products.scales.f32();
      for (let i = 0; i < n; i++) {
        const scale = left[i] as number;
        for (let j = 0; j < length; j++) {
          out[i * length + j] = scale * (right[j] as number) * (values[i * stride + j] as number);
        }
      }
    });
  }
}

/** Tokens in units of those trained on: themselves where the unit is 1. @throws RangeError where they are far longer */
function inUnits(tokens: Float32Array, unit: number): Float32Array {
  const scaled = unit === 1 ? tokens : tokens.map((value) => value * unit);
  for (let i = 0; i < scaled.length; i++) {
    if (Math.abs(scaled[i] as number) <= MOST) continue;
    throw new RangeError(
      `"tokens" expected numbers up to ${MOST / unit}, 2^40 times those trained on, got ${tokens[i]} at ${i}`,
    );
  }
  return scaled;
}
