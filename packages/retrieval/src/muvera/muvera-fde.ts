/**
 * Fixed Dimensional Encodings of MUVERA (Dhulipala et al., arXiv 2405.19504v1, section 2; checked against Google's program
 * by golden vectors):
 *
 *   query cell    u_c = Σ_{q in c} ψ(q)                      empty: 0
 *   document cell v_c = mean_{p in c} ψ(p)                   empty: ψ of the token whose pattern is nearest to c
 *   <FDE(Q), FDE(P)> = Σ_r Σ_c <u_c, v_c> ≈ R·Σ_q max_p <q, p>
 *
 * c is the pattern of k hyperplane signs, ψ an inner projection d → p, both anew in each of R repetitions; blocks of p
 * numbers lie at (r·2^k + c)·p. Ties of the fill go to the lowest token.
 *
 * Symbols: d token dimension · k hyperplanes · R repetitions · p inner, F final dimension · μ center.
 * Deviations: integer hyperplanes and streams of our own (muvera-matrices.ts), a count-sketch as final projection (of the
 * same variance), plain binary cell numbers unless `gray` is asked for, and two options the paper does not have: hash
 * centring with the mean-split, an exact identity that keeps the common direction of tokens out of the projection noise,
 * and a length correction.
 * Memory: the length in floats a document. Time: m·R·d·(k + p) multiply-adds a document of m tokens, 1 for p with count-sketch.
 */
import type { Core } from '@sagitta/core-wasm';
import type { FdeEncoder } from './fde-encoder.ts';
import { writeMuvera } from './muvera-format.ts';
import { checkMuveraMatrices, type MuveraMatrices, makeMuveraMatrices } from './muvera-matrices.ts';
import { checkMuveraOptions, type MuveraOptions, type MuveraParameters } from './muvera-options.ts';
import { MuveraSession } from './muvera-session.ts';
import { hashBytes } from './parameter-hash.ts';

/** Encodes token sets as MUVERA's fixed dimensional encodings; it looks at no data. */
export class MuveraFde implements FdeEncoder {
  readonly kind = 'muvera';
  readonly d: number;
  readonly length: number;
  readonly blockLength: number;
  readonly parameterHash: string;
  readonly parameters: MuveraParameters;
  readonly matrices: MuveraMatrices;
  /** Matrices were handed in, not made from the seed. */
  readonly hasOwnMatrices: boolean;

  /** matrices — those of another program, for FDEs that are to be equal to its own; default: made from the seed. */
  constructor(options: MuveraOptions, matrices?: MuveraMatrices) {
    const parameters = checkMuveraOptions(options);
    this.parameters = parameters;
    this.matrices = matrices ? checkMuveraMatrices(parameters, matrices) : makeMuveraMatrices(parameters);
    this.hasOwnMatrices = matrices !== undefined;
    this.d = parameters.d;
    this.length = parameters.length;
    this.blockLength = parameters.blockLength;
    this.parameterHash = hashBytes(writeMuvera(this));
  }

  createSession(core: Core): MuveraSession {
    return new MuveraSession(core, this);
  }
}
