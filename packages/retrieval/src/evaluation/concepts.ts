/**
 * Named concepts that explain a hit: vectors c_j with names, in the space of the collection (embeddings of tags or of names of
 * categories, say), C row by row.
 *
 *   coordinates   α(x) = (C·Cᵀ + λ·I)⁻¹·C·x,   λ = ridge · mean |c_j|²
 *   shares        e_j = α_j(q)·⟨c_j, x⟩,   ⟨q, x⟩ = Σ e_j + unexplained
 *   coverage      1 - Σ |x - Cᵀ·α(x)|² / Σ |x|²
 *
 * Non-negative coordinates come from matching pursuit: in each of eight steps the concept whose direction has most of what
 * is left gets that much more weight, if it is positive. Idea: explicit semantic analysis, applied to finished embeddings.
 * Memory: C in f32 and C·Cᵀ and its factor in f64.
 */
import {
  checkFinite,
  checkInteger,
  checkLength,
  checkNumber,
  checkOptions,
  type Numbers,
  type OptionTable,
  toFloat32,
  type VectorSetInput,
  type Vectors,
  vectorSet,
} from '@sagitta/core-wasm';
import { choleskyInPlace, solveCholesky } from '../search/cholesky.ts';

/** Says how coordinates are computed. */
export interface ConceptOptions {
  /** λ as a share of the mean squared length of the concepts, 1e-6 to 10; default .1. Pursuit has none. */
  readonly ridge?: number;
  /** Weights are never negative and at most eight are above 0: what people read best. Default false. */
  readonly nonNegative?: boolean;
}

const CONCEPT_OPTIONS: OptionTable<ConceptOptions> = { ridge: 'number', nonNegative: 'boolean' };

/** Holds how much of a vector a concept is. */
export interface ConceptWeight {
  readonly name: string;
  readonly weight: number;
}

/** Holds the part of a product that goes through one concept, in units of the product. */
export interface ConceptShare {
  readonly name: string;
  readonly share: number;
}

/** Holds why a row was found: product = Σ shares + others + unexplained. */
export interface ConceptExplanation {
  /** The inner product of query and row. */
  readonly product: number;
  /** Concepts whose part is above 10 % of what concepts explain, at most five, the largest amounts first. */
  readonly shares: readonly ConceptShare[];
  /** The parts of all other concepts together. */
  readonly others: number;
  /** What goes through no concept. */
  readonly unexplained: number;
}

const DEFAULT_RIDGE = 0.1;
const MAX_CONCEPTS = 4096;
const SHOWN_SHARE = 0.1;
const MAX_SHOWN = 5;
const PURSUIT_STEPS = 8;

/**
 * Tells through which named vectors a query finds a row.
 * @example
 * const space = new ConceptSpace(tags, { data: tagVectors, d: 384 });
 * const { shares, unexplained } = space.explain(query, row);
 */
export class ConceptSpace {
  readonly names: readonly string[];
  readonly d: number;
  readonly #concepts: Float32Array;
  readonly #gram: Float64Array;
  /** L of C·Cᵀ + λ·I; not there where weights come from pursuit. */
  readonly #factor: Float64Array | undefined;

  /**
   * Takes 1 to 4,096 concepts, copied.
   * @throws TypeError on names that are no strings, RangeError on names given twice or not one a vector, on vectors that
   * are zero or not finite, and on options out of range
   */
  constructor(names: readonly string[], vectors: VectorSetInput, options: ConceptOptions = {}) {
    checkOptions('options', options, CONCEPT_OPTIONS);
    const ridge = checkNumber('ridge', options.ridge ?? DEFAULT_RIDGE, 1e-6, 10);
    const { data, n, d } = vectorSet(vectors.data, vectors.d, 'vectors');
    checkInteger('vectors', n, 1, MAX_CONCEPTS);
    this.names = checkNames(names, n);
    this.d = d;
    this.#concepts = data.slice();
    this.#gram = new Float64Array(n * n);
    let trace = 0;
    for (let i = 0; i < n; i++) {
      const products = productsWith(data, data.subarray(i * d, (i + 1) * d));
      const energy = products[i] as number;
      if (energy === 0) {
        throw new RangeError(
          `"vectors" expected concepts that are not zero, got zeros of ${this.names[i]} (row ${i})`,
        );
      }
      trace += energy;
      this.#gram.set(products, i * n);
    }
    if (options.nonNegative) return;
    const regular = this.#gram.slice();
    for (let i = 0; i < n; i++) regular[i * n + i] = (regular[i * n + i] as number) + (ridge * trace) / n;
    this.#factor = choleskyInPlace(regular, n);
  }

  /** Computes the weight of every concept in a row, in the order of the names. @throws RangeError on another length, NaN and infinities */
  coordinates(row: Numbers): ConceptWeight[] {
    const weights = this.#weights(productsWith(this.#concepts, this.#row('row', row)));
    return this.names.map((name, j) => ({ name, weight: weights[j] as number }));
  }

  /**
   * Tells through which concepts a query finds a row. Scores of 'cosine' are products of vectors of length 1.
   * @throws RangeError on another length, NaN and infinities
   */
  explain(query: Numbers, row: Numbers): ConceptExplanation {
    const left = this.#row('query', query);
    const right = this.#row('row', row);
    const weights = this.#weights(productsWith(this.#concepts, left));
    const parts = productsWith(this.#concepts, right).map((product, j) => product * (weights[j] as number));
    const explained = parts.reduce((sum, part) => sum + part, 0);
    const shares = this.names
      .map((name, j) => ({ name, share: parts[j] as number }))
      .filter(({ share }) => Math.abs(share) > SHOWN_SHARE * Math.abs(explained))
      .sort((a, b) => Math.abs(b.share) - Math.abs(a.share))
      .slice(0, MAX_SHOWN);
    const product = productsWith(left, right)[0] as number;
    return {
      product,
      shares,
      others: explained - shares.reduce((sum, { share }) => sum + share, 0),
      unexplained: product - explained,
    };
  }

  /**
   * Computes which share of the energy of rows (n × d) the concepts hold, 0 to 1. Below .3 explanations are decoration.
   * @throws RangeError on a length that is no multiple of d, NaN and infinities, and where there is no row but zeros
   */
  coverage(rows: Vectors): number {
    const { data, n, d } = vectorSet(rows, this.d, 'rows');
    const count = this.names.length;
    let held = 0;
    let all = 0;
    for (let i = 0; i < n; i++) {
      const row = data.subarray(i * d, (i + 1) * d);
      all += productsWith(row, row)[0] as number;
      const products = productsWith(this.#concepts, row);
      const weights = this.#weights(products);
      // |x|² - |x - Cᵀα|² = Σ α_j·(2·⟨c_j, x⟩ - (G·α)_j)
      for (let j = 0; j < count; j++) {
        const weight = weights[j] as number;
        if (weight === 0) continue;
        let spanned = 0;
        for (let l = 0; l < count; l++)
          spanned += (this.#gram[j * count + l] as number) * (weights[l] as number);
        held += weight * (2 * (products[j] as number) - spanned);
      }
    }
    if (all === 0) throw new RangeError(`"rows" expected a row that is not zero, got none in ${n}`);
    return Math.min(1, Math.max(0, held / all));
  }

  #row(label: string, given: Numbers): Float32Array {
    const row = toFloat32(label, given);
    checkLength(label, row.length, this.d, 'd');
    checkFinite(label, row);
    return row;
  }

  #weights(products: Float64Array): Float64Array {
    return this.#factor ? solveCholesky(this.#factor, products) : pursue(this.#gram, products);
  }
}

function checkNames(names: readonly string[], n: number): readonly string[] {
  if (!Array.isArray(names)) throw new TypeError(`"names" expected an array of strings, got ${typeof names}`);
  checkLength('names', names.length, n, 'of vectors');
  const seen = new Set<string>();
  for (const name of names as readonly unknown[]) {
    if (typeof name !== 'string') throw new TypeError(`"names" expected strings, got ${typeof name}`);
    if (seen.has(name)) throw new RangeError(`"names" expected each name once, got ${name} twice`);
    seen.add(name);
  }
  return [...seen];
}

/** Inner products of every row with one, in f64. */
function productsWith(rows: Float32Array, row: Float32Array): Float64Array {
  const d = row.length;
  const out = new Float64Array(rows.length / d);
  for (let j = 0; j < out.length; j++) {
    let sum = 0;
    for (let i = 0; i < d; i++) sum += (rows[j * d + i] as number) * (row[i] as number);
    out[j] = sum;
  }
  return out;
}

/** Weights ≥ 0 by matching pursuit over the Gram matrix; products — ⟨c_j, x⟩. */
function pursue(gram: Float64Array, products: Float64Array): Float64Array {
  const n = products.length;
  const weights = new Float64Array(n);
  const left = products.slice();
  for (let step = 0; step < PURSUIT_STEPS; step++) {
    let best = -1;
    let most = 0;
    for (let j = 0; j < n; j++) {
      const along = (left[j] as number) / Math.sqrt(gram[j * n + j] as number);
      if (along > most) [best, most] = [j, along];
    }
    if (best < 0) break;
    const more = (left[best] as number) / (gram[best * n + best] as number);
    weights[best] = (weights[best] as number) + more;
    for (let j = 0; j < n; j++) left[j] = (left[j] as number) - more * (gram[best * n + j] as number);
  }
  return weights;
}
