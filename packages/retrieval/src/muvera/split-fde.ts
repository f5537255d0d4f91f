/**
 * Two learned encodings beside each other, for tokens of a few strong directions that say nothing of their words: "near" sees
 * only the r directions of most energy, "rest" what is left of the tokens.
 *
 *   <q, p> = <Uq, Up> + <q', p'>,  x' = x - Uᵀ(Ux)
 *   MaxSim ≈ Σ_q max_p <Uq, Up> + Σ_q <q', mean of p' about q'>
 *
 * The first maximum is a function of r numbers: many cells of r + 1 numbers follow it closely at few bytes. The second part
 * is where words are, and cells of x' are cells of words, while cells of whole tokens are cells of the strong directions.
 * The sum of maxima is no maximum of sums; which encoding ranks better is measured in docs/algorithms/learned-fde.md.
 *
 * Symbols: d token dimension · r directions · U r × d with orthonormal rows.
 * Memory: both lengths in floats a document. Time: that of both, and 2·r·d multiply-adds a token.
 */
import {
  ByteWriter,
  type Core,
  checkLength,
  type Numbers,
  Owner,
  rowsDefect,
  type TokenSetInput,
  tokenSet,
  type Vectors,
} from '@sagitta/core-wasm';
import type { FdeEncoder, FdeSession } from './fde-encoder.ts';
import { MAX_FDE_LENGTH } from './fde-encoder.ts';
import type { LearnedFde } from './learned-fde.ts';
import { writeLearned } from './learned-format.ts';
import { hashBytes } from './parameter-hash.ts';
import { checkDocuments, checkQuery, tokenChunks } from './token-chunks.ts';

/** Bytes of each kind of scratch. */
const SCRATCH_BYTES = 4 * 1024 * 1024;

/** Holds what a split encoder is made of. */
export interface SplitParts {
  /** r × d, rows orthonormal. */
  readonly directions: Float32Array;
  /** Of d = r. */
  readonly near: LearnedFde;
  /** Of d = the tokens'. */
  readonly rest: LearnedFde;
}

/** Made by trainSplitFde or read from a file. */
export class SplitFde implements FdeEncoder {
  readonly kind = 'split';
  readonly d: number;
  readonly length: number;
  readonly blockLength: number;
  readonly parameterHash: string;
  readonly parts: SplitParts;

  /** @throws RangeError on parts that do not fit each other, or a length above 2^20 */
  constructor(parts: SplitParts) {
    const { directions, near, rest } = parts;
    checkLength('directions', directions.length, near.d * rest.d, 'r*d');
    const defect = rowsDefect('directions', directions, rest.d, 1);
    if (defect !== undefined) throw new RangeError(defect);
    this.parts = parts;
    this.d = rest.d;
    this.length = near.length + rest.length;
    if (this.length > MAX_FDE_LENGTH) {
      throw new RangeError(`"length" expected at most ${MAX_FDE_LENGTH}, got ${this.length}`);
    }
    this.blockLength = commonDivisor(near.blockLength, rest.blockLength);
    this.parameterHash = hashBytes(writeSplit(parts));
  }

  createSession(core: Core): SplitSession {
    return new SplitSession(core, this);
  }
}

/** Encodes with a split encoder whose matrices are in a core's memory. encoder.createSession makes it. */
export class SplitSession extends Owner implements FdeSession {
  readonly encoder: SplitFde;
  readonly #near: FdeSession;
  readonly #rest: FdeSession;

  constructor(core: Core, encoder: SplitFde) {
    super(core);
    this.encoder = encoder;
    this.#near = this.own(() => encoder.parts.near.createSession(core));
    this.#rest = this.own(() => encoder.parts.rest.createSession(core));
  }

  encodeDocuments(tokens: TokenSetInput, out: Float32Array): void {
    this.checkLive('session');
    const { d, length, parts } = this.encoder;
    const { near, rest } = parts;
    const set = checkDocuments(tokens, d, length, out);
    const maxRows = Math.floor(SCRATCH_BYTES / (4 * d));
    const maxSets = Math.max(1, Math.floor(SCRATCH_BYTES / (4 * length)));
    for (const { first, end, row, rows } of tokenChunks(set, maxRows, maxSets)) {
      const n = end - first;
      const split = splitTokens(set.data.subarray(row * d, (row + rows) * d), parts.directions, d);
      const offsets = set.offsets.slice(first, end + 1).map((offset) => offset - row);
      const nearFdes = new Float32Array(n * near.length);
      const restFdes = new Float32Array(n * rest.length);
      this.#near.encodeDocuments(tokenSet(split.near, offsets, near.d), nearFdes);
      this.#rest.encodeDocuments(tokenSet(split.rest, offsets, d), restFdes);
      for (let i = 0; i < n; i++) {
        const at = (first + i) * length;
        out.set(nearFdes.subarray(i * near.length, (i + 1) * near.length), at);
        out.set(restFdes.subarray(i * rest.length, (i + 1) * rest.length), at + near.length);
      }
    }
  }

  encodeQuery(given: Vectors, factors?: Numbers): Float32Array {
    this.checkLive('session');
    const { d, length, parts } = this.encoder;
    const { data: tokens, weights } = checkQuery(given, d, factors);
    const split = splitTokens(tokens, parts.directions, d);
    const out = new Float32Array(length);
    out.set(this.#near.encodeQuery(split.near, weights));
    out.set(this.#rest.encodeQuery(split.rest, weights), parts.near.length);
    return out;
  }
}

/** Ux (m × r) and x - Uᵀ(Ux) (m × d) of rows (m × d), fresh; sums in a fixed order. */
export function splitTokens(
  rows: Float32Array,
  directions: Float32Array,
  d: number,
): { readonly near: Float32Array; readonly rest: Float32Array } {
  const r = directions.length / d;
  const m = rows.length / d;
  const near = new Float32Array(m * r);
  const rest = rows.slice();
  for (let t = 0; t < m; t++) {
    for (let a = 0; a < r; a++) {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += (rows[t * d + j] as number) * (directions[a * d + j] as number);
      near[t * r + a] = sum;
      for (let j = 0; j < d; j++) {
        rest[t * d + j] = (rest[t * d + j] as number) - sum * (directions[a * d + j] as number);
      }
    }
  }
  return { near, rest };
}

/** Bytes: u32 d, r · f32 directions[r × d] · both encoders as writeLearned writes them. */
export function writeSplit({ directions, near, rest }: SplitParts): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writer.u32(rest.d).u32(near.d).array(directions);
  writer.bytes(writeLearned(near)).bytes(writeLearned(rest));
  return writer.finish();
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
