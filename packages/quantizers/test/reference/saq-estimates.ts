/**
 * Literal twin of the SAQ estimators in f64, from the stored bytes alone: at stage 0 (norms), after each segment, and
 * in full, each with the bound of what is still unread; and the 1-bit estimate of SAQ section 4.3 (spec 1.8).
 * Scores are those of a scan: squared distances, or minus inner products.
 */
import type { SaqModel } from '../../src/index.ts';
import { saqLayout } from '../../src/saq/layout.ts';

/** u16 with 5 exponent bits (bias 15) and 11 mantissa bits; 0 is 0. */
export function readFactor(half: number): number {
  return half === 0 ? 0 : 2 ** (Math.floor(half / 2048) - 15) * (1 + (half % 2048) / 2048);
}

/** The integers of one packed code: components of 8, 4, 2 and 1 bits, high bits first. */
export function readCode(bytes: Uint8Array, dims: number, bits: number): number[] {
  const code = new Array<number>(dims).fill(0);
  let start = 0;
  let rest = bits;
  while (rest > 0) {
    const width = rest >= 8 ? 8 : rest >= 4 ? 4 : rest >= 2 ? 2 : 1;
    rest -= width;
    for (let i = 0; i < dims; i++) {
      // 4 bits: dims t and t + 8 of 16 share a byte; else consecutive dims, lowest bits first
      const at = width === 4 ? (i - (i % 16)) * 4 + (i % 8) * 8 + (i % 16 < 8 ? 0 : 4) : i * width;
      const byte = bytes[start + Math.floor(at / 8)] as number;
      code[i] = (code[i] as number) + (Math.floor(byte / 2 ** (at % 8)) % 2 ** width) * 2 ** rest;
    }
    start += (dims * width) / 8;
  }
  return code;
}

export interface StagedEstimates {
  /** |x - c|² as stored. */
  readonly norm: number;
  /** scores[t]: after the first t coded segments; scores[0] from the norm alone, the last one in full. */
  readonly scores: readonly number[];
  /** Cauchy–Schwarz: what the unread dims can take off or add, weight·|x - c|·|q - c over them|. */
  readonly bounds: readonly number[];
  /** The bound that a scan uses at gamma = 1: the same times the model's share of energy in the unread segments. */
  readonly scanBounds: readonly number[];
}

/** P·v, kept dims. */
export function referenceProject(model: SaqModel, v: ArrayLike<number>): number[] {
  const { keptDims } = saqLayout(model.plan);
  return Array.from({ length: keptDims }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < model.d; j++) sum += (model.projection[i * model.d + j] as number) * (v[j] as number);
    return sum;
  });
}

export interface ReferenceQuery {
  readonly projected: readonly number[];
  /** |p|², all d dims and the kept ones. */
  readonly energy: number;
  readonly kept: number;
  readonly base: number;
}

/** p — q - c for l2, q for inner products (d values); base — |q - c|², or -<q, c>. */
export function referenceQuery(model: SaqModel, p: ArrayLike<number>, base: number): ReferenceQuery {
  const projected = referenceProject(model, p);
  let energy = 0;
  for (let j = 0; j < model.d; j++) energy += (p[j] as number) ** 2;
  const kept = projected.reduce((sum, value) => sum + value * value, 0);
  return { projected, energy, kept, base };
}

/** One vector of the blocks. */
export function referenceStages(
  model: SaqModel,
  blocks: Uint8Array,
  index: number,
  query: ReferenceQuery,
): StagedEstimates {
  const { coded, offsets, blockBytes } = saqLayout(model.plan);
  const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.byteLength);
  const block = Math.floor(index / 32) * blockBytes;
  const lane = index % 32;
  const weight = model.metric === 'l2' ? 2 : 1;
  const norm = view.getFloat32(block + 4 * lane, true);
  const { projected, base } = query;
  let { energy, kept } = query;
  let score = (weight - 1) * norm + base;
  const scores = [score];
  const bounds = [weight * Math.sqrt(norm * energy)];
  const scanBounds = [weight * Math.sqrt(norm * kept) * (model.shares[0] as number)];
  let start = 0;
  for (const [s, { dims, bits }] of coded.entries()) {
    const at = block + (offsets[s] as number);
    const factor = readFactor(view.getUint16(at + 2 * lane, true)) * (model.factorUnits[s] as number);
    const bytes = (dims * bits) / 8;
    const code = readCode(blocks.subarray(at + 64 + lane * bytes, at + 64 + (lane + 1) * bytes), dims, bits);
    let product = 0;
    for (let i = 0; i < dims; i++) {
      const q = projected[start + i] as number;
      product += ((code[i] as number) - (2 ** bits - 1) / 2) * q;
      energy -= q * q;
      kept -= q * q;
    }
    score -= weight * factor * product;
    start += dims;
    scores.push(score);
    bounds.push(weight * Math.sqrt(norm * Math.max(0, energy)));
    scanBounds.push(weight * Math.sqrt(norm * Math.max(0, kept)) * (model.shares[s + 1] as number));
  }
  return { norm, scores, bounds, scanBounds };
}

/**
 * <o, p> from the signs of o: |o|/(0.8·√d)·<sign, p>, 0.8 for the mean cosine √(2/π), and the slack that makes it an
 * upper bound at about 1.9 standard deviations: 0.58·2/0.8·|o|·|p|/√d.
 */
export function referenceOneBit(
  o: ArrayLike<number>,
  p: ArrayLike<number>,
): { estimate: number; slack: number } {
  const d = o.length;
  let product = 0;
  let ownEnergy = 0;
  let queryEnergy = 0;
  for (let i = 0; i < d; i++) {
    product += (o[i] as number) >= 0 ? (p[i] as number) : -(p[i] as number);
    ownEnergy += (o[i] as number) ** 2;
    queryEnergy += (p[i] as number) ** 2;
  }
  const unit = Math.sqrt(ownEnergy) / (0.8 * Math.sqrt(d));
  return { estimate: unit * product, slack: 2 * 0.58 * unit * Math.sqrt(queryEnergy) };
}
