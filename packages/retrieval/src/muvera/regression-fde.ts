/**
 * An encoding by regression: MaxSim is Σ_q g(q), g(q) = max_c <q, c> over the document's tokens, a function of one token. All
 * documents' functions are fitted linearly over one feature map φ:
 *
 *   g(x) ≈ μ(x) + <φ(x), w>,   w = P·(y - μ),   P = (ΦᵀΦ + λ·I)⁻¹·Φᵀ
 *
 * with training tokens x_1 … x_m ("anchors"), Φ their features, y_j = max_c <x_j, c>, and μ_j the mean of y_j over documents:
 * what all documents have in common does not rank. A document's FDE is w, a query's is Σ_q φ(q), H numbers each.
 *
 * Method: LEMUR (Jääsaari, Hyvönen, Roos, arXiv 2601.21853), which trains φ and fits every document by least squares. Here
 * the least squares are one fixed matrix P, so that a document is encoded by itself, as with the other encodings: add and
 * update need no training, and the same document has the same bytes always. φ is drawn at random (TokenFeatures, one layer)
 * or trained (two). Anchors and P are 16-bit integers with a scale a row: twice as fast as float32, the same bytes on every
 * engine. Measured in docs/algorithms/regression.md.
 *
 * Symbols: d token dimension · H features · m anchors · t tokens of a document.
 * Memory: H floats a document; the encoder 2·m·(d + H) bytes and φ. Time: t·m·d + m·H multiply-adds a document, those of φ a
 * query token.
 */
import type { Core } from '@sagitta/core-wasm';
import type { FdeEncoder } from './fde-encoder.ts';
import { hashBytes } from './parameter-hash.ts';
import { writeRegression } from './regression-format.ts';
import { checkRegressionParts, type RegressionParts } from './regression-options.ts';
import { RegressionSession } from './regression-session.ts';

/** Made by trainRegressionFde or read from a file. */
export class RegressionFde implements FdeEncoder {
  readonly kind = 'regression';
  readonly d: number;
  readonly length: number;
  readonly blockLength: number;
  readonly parameterHash: string;
  readonly parts: RegressionParts;

  /** @throws RangeError on parts that do not fit each other or leave their range */
  constructor(parts: RegressionParts) {
    checkRegressionParts(parts);
    this.parts = parts;
    this.d = parts.d;
    this.length = parts.solver.rows;
    this.blockLength = this.length;
    this.parameterHash = hashBytes(writeRegression(parts));
  }

  /** Whether the features were learned, not drawn. */
  get isTrained(): boolean {
    return this.parts.layers.length > 1;
  }

  createSession(core: Core): RegressionSession {
    return new RegressionSession(core, this);
  }
}
