/**
 * Classes as subspaces: a class is the span of the leading directions of its rows, and a row is of the class that holds most
 * of it (Watanabe's subspace method; Grassmann class representations train the same form).
 *
 *   subspace     score ‖U_c·x‖/‖x‖, 0 to 1, U_c the first s eigenvectors of the class's second moments about 0
 *   affine       score 1 - (‖x̂ - μ_c‖² - ‖U_c·(x̂ - μ_c)‖²), U_c about the class's mean, x̂ of length 1
 *   mean         score <x̂, μ_c>/‖μ_c‖
 *   prototypes   score max <x̂, p> over s centres of k-means, of length 1
 *
 * All have as many directions for each class, since more of them always hold more of a row. A class of fewer rows than that
 * has fewer, and is at a disadvantage. Scores of all classes are one product of matrices and sums of squares.
 */
import { type Core, checkCore, normalizeRows, type Vectors, vectorSet } from '@sagitta/core-wasm';
import { transpose } from '@sagitta/quantizers/internal';
import { floatProduct } from '../search/float-product.ts';

/** Lists the ways in which a class is described. */
export const CLASS_KINDS = ['subspace', 'affine', 'mean', 'prototypes'] as const;

/** Names a way in which a class is described. */
export type ClassKind = (typeof CLASS_KINDS)[number];

/** Parts that a model is made of. */
export interface ClassParts {
  readonly kind: ClassKind;
  readonly d: number;
  /** Rows of each class. */
  readonly dims: number;
  readonly classes: readonly string[];
  /** classes × dims × d: orthonormal directions, or prototypes; rows that are not needed are zero. */
  readonly rows: Float32Array;
  /** classes × d: means of affine classes, else empty. */
  readonly means: Float32Array;
}

/** Says which class a vector is of. */
export interface ClassHit {
  readonly label: string;
  readonly score: number;
  /** How far its score is above that of the next class; Infinity where there is one class. */
  readonly margin: number;
}

/** Rows scored at a time. */
const BATCH_ROWS = 1024;

/**
 * Knows classes of vectors by a few directions each.
 * @example
 * const model = trainClasses(core, { data, d: 384 }, labels);
 * const [{ label, margin }] = model.classify(vector);
 */
export class ClassModel {
  readonly kind: ClassKind;
  readonly d: number;
  /** Names of the classes, in the order of their scores. */
  readonly classes: readonly string[];
  /** Directions or prototypes of each class. */
  readonly dims: number;
  readonly #core: Core;
  readonly #parts: ClassParts;
  /** d × (classes · dims). */
  readonly #operator: Float32Array;
  /** U_c·μ_c, classes × dims; |μ_c|². */
  readonly #shifts: Float32Array;
  readonly #meanEnergies: Float64Array;

  constructor(core: Core, parts: ClassParts) {
    this.#core = checkCore(core);
    this.#parts = parts;
    this.kind = parts.kind;
    this.d = parts.d;
    this.dims = parts.dims;
    this.classes = parts.classes;
    const { d, dims, classes, rows, means } = parts;
    this.#operator = transpose(rows, classes.length * dims, d);
    this.#shifts = new Float32Array(classes.length * dims);
    this.#meanEnergies = new Float64Array(classes.length);
    if (means.length === 0) return;
    classes.forEach((_, c) => {
      const mean = means.subarray(c * d, (c + 1) * d);
      for (let i = c * dims; i < (c + 1) * dims; i++) {
        let dot = 0;
        for (let j = 0; j < d; j++) dot += (rows[i * d + j] as number) * (mean[j] as number);
        this.#shifts[i] = dot;
      }
      this.#meanEnergies[c] = mean.reduce((sum, value) => sum + value * value, 0);
    });
  }

  /** Bytes of the model's numbers, as a file holds them. */
  get bytes(): number {
    return this.#parts.rows.byteLength + this.#parts.means.byteLength;
  }

  /**
   * Scores rows (n × d) by every class: n × classes, larger is better; 0 for zero rows.
   * @throws RangeError on a length that is no multiple of d, NaN or infinities
   */
  scores(rows: Vectors): Float32Array {
    const { data, n } = vectorSet(rows, this.d, 'rows');
    const count = this.classes.length;
    const out = new Float32Array(n * count);
    for (let first = 0; first < n; first += BATCH_ROWS) {
      const size = Math.min(BATCH_ROWS, n - first);
      const some = normalizeRows(data.subarray(first * this.d, (first + size) * this.d), this.d);
      out.set(this.#scoresOf(some, size), first * count);
    }
    return out;
  }

  /** Says of each row which class it is of, ties and zero rows to the first; and by how much. @throws as scores */
  classify(rows: Vectors): ClassHit[] {
    const count = this.classes.length;
    const scores = this.scores(rows);
    const hits: ClassHit[] = [];
    for (let start = 0; start < scores.length; start += count) {
      let best = start;
      let second = -Infinity;
      for (let i = start + 1; i < start + count; i++) {
        if ((scores[i] as number) > (scores[best] as number)) {
          second = scores[best] as number;
          best = i;
        } else second = Math.max(second, scores[i] as number);
      }
      const score = scores[best] as number;
      hits.push({ label: this.classes[best - start] as string, score, margin: score - second });
    }
    return hits;
  }

  /** Computes for each row how much of it no class holds: 1 less its best score. @throws as scores */
  novelty(rows: Vectors): Float32Array {
    const count = this.classes.length;
    const scores = this.scores(rows);
    return Float32Array.from({ length: scores.length / count }, (_, i) => {
      return (
        1 -
        scores.subarray(i * count, (i + 1) * count).reduce((most, score) => Math.max(most, score), -Infinity)
      );
    });
  }

  /**
   * Computes how much classes overlap, before any test: classes × classes, 0 to 1 and 1 of a class with itself. For subspaces
   * the mean squared cosine of the principal angles, else the largest cosine of their prototypes or means, if positive.
   */
  confusion(): Float64Array {
    const { rows, d, dims, kind } = this.#parts;
    const count = this.classes.length;
    const isSubspace = kind === 'subspace' || kind === 'affine';
    const products = floatProduct(this.#core, rows, this.#operator, count * dims, count * dims, d);
    const out = new Float64Array(count * count);
    const rank = Array.from({ length: count }, (_, c) => {
      let directions = 0;
      for (let i = c * dims; i < (c + 1) * dims; i++)
        if ((products[i * count * dims + i] as number) > 0) directions++;
      return directions;
    });
    for (let a = 0; a < count; a++) {
      for (let b = 0; b < count; b++) {
        let squares = 0;
        let most = 0;
        for (let i = a * dims; i < (a + 1) * dims; i++) {
          for (let j = b * dims; j < (b + 1) * dims; j++) {
            const value = products[i * count * dims + j] as number;
            squares += value * value;
            most = Math.max(most, value);
          }
        }
        const least = Math.max(1, Math.min(rank[a] as number, rank[b] as number));
        out[a * count + b] = a === b ? 1 : Math.min(1, isSubspace ? squares / least : most);
      }
    }
    return out;
  }

  /** What is saved. */
  parts(): ClassParts {
    return this.#parts;
  }

  /** rows — n × d, of length 1 or 0. */
  #scoresOf(rows: Float32Array, n: number): Float32Array {
    const { d, dims, kind, means } = this.#parts;
    const count = this.classes.length;
    const products = floatProduct(this.#core, rows, this.#operator, n, count * dims, d);
    const cosines =
      kind === 'affine' ? floatProduct(this.#core, rows, transpose(means, count, d), n, count, d) : undefined;
    const out = new Float32Array(n * count);
    for (let i = 0; i < n; i++) {
      let energy = 0;
      for (let j = i * d; j < (i + 1) * d; j++) energy += (rows[j] as number) * (rows[j] as number);
      if (energy === 0) continue;
      for (let c = 0; c < count; c++) {
        let squares = 0;
        let most = -Infinity;
        for (let s = 0; s < dims; s++) {
          const value =
            (products[(i * count + c) * dims + s] as number) - (this.#shifts[c * dims + s] as number);
          squares += value * value;
          most = Math.max(most, value);
        }
        let score = most;
        if (kind === 'subspace') score = Math.sqrt(Math.min(1, squares));
        if (cosines !== undefined) {
          const distance =
            energy - 2 * (cosines[i * count + c] as number) + (this.#meanEnergies[c] as number);
          score = 1 - Math.max(0, distance - squares);
        }
        out[i * count + c] = score;
      }
    }
    return out;
  }
}
