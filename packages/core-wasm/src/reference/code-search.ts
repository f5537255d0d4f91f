/**
 * Plain twin of assembly/code-search.ts. Codes are stored bytes, so each step rounds to f32 exactly where the kernel
 * rounds: codes and factors agree bit for bit.
 */
import { packCode } from './code-pack.ts';
import { laneSum } from './lane-sum.ts';

const { fround } = Math;

/** What encodeCodeRows writes beside the codes; the caller's arrays, n values each, overwritten. */
export interface CodeFactors {
  /** |o|²/<o, y>, 0 for a zero vector. */
  readonly factors: Float32Array;
  /** |o|². */
  readonly energies: Float32Array;
  /** |o|²|y|²/<o, y>² - 1, 0 for a zero vector. */
  readonly spreads: Float32Array;
  /** <centre, y>, where a centre is given. */
  readonly crosses: Float32Array;
}

/**
 * Codes of n vectors of d coordinates: of the half-integer vectors y with entries k - (2^bits - 1)/2, k = 0 … 2^bits - 1,
 * the one nearest in direction among those that the half ranges `starts` give; k is stored.
 *
 * rows — vector r starts at r·rowStride. starts — above 0 in units of the root mean square; below 0, their
 * amount, in units of the vector's own maximum. codes — n × d·bits/8 bytes, overwritten. d is a multiple of
 * 16, bits 1 … 16. Squares count as f32: a vector whose |o|² vanishes there is a zero vector; of one whose |o|²
 * overflows only the energy means something.
 */
export function encodeCodeRows(
  rows: Float32Array,
  n: number,
  rowStride: number,
  d: number,
  bits: number,
  starts: Float32Array,
  centre: Float32Array | undefined,
  codes: Uint8Array,
  out: CodeFactors,
): void {
  const half = 2 ** (bits - 1);
  const codeBytes = (d * bits) / 8;
  for (let r = 0; r < n; r++) {
    const o = rows.subarray(r * rowStride, r * rowStride + d);
    const energy = laneSum(d, 8, (i) => fround(at(o, i) * at(o, i)));
    const best = energy > 0 ? bestStep(o, energy, starts, half) : { step: 0, factor: 0, spread: 0 };
    out.energies[r] = energy;
    out.factors[r] = best.factor;
    out.spreads[r] = best.spread;
    const values = Uint16Array.from(o, (x) => {
      const u = Math.min(Math.floor(fround(Math.abs(x) * best.step)), half - 1);
      return x < 0 || Object.is(x, -0) ? half - 1 - u : half + u;
    });
    if (centre) out.crosses[r] = codeProduct(values, centre, half - 0.5);
    packCode(values, d, bits, codes.subarray(r * codeBytes, (r + 1) * codeBytes));
  }
}

interface Step {
  readonly step: number;
  readonly factor: number;
  readonly spread: number;
}

/** The step with the smallest angle among the starts; ties keep the first. */
function bestStep(o: Float32Array, energy: number, starts: Float32Array, half: number): Step {
  const most = o.reduce((greatest, x) => Math.max(greatest, Math.abs(x)), 0);
  const length = fround(Math.sqrt(energy));
  const rms = fround(Math.sqrt(fround(energy / o.length)));
  let best: Step = { step: 0, factor: 0, spread: 0 };
  let bestLost = 0;
  let bestNorm = 1;
  for (const [c, start] of starts.entries()) {
    const reach = start < 0 ? fround(-start * most) : fround(start * rms);
    const step = fround(half / reach);
    const scaledOf = (i: number): number => fround(Math.abs(at(o, i)) * step);
    const errorOf = (i: number): number =>
      fround(scaledOf(i) - fround(Math.min(Math.floor(scaledOf(i)), half - 1) + 0.5));
    const squares = laneSum(o.length, 4, (i) => fround(errorOf(i) * errorOf(i)));
    const products = laneSum(o.length, 4, (i) => fround(errorOf(i) * scaledOf(i)));
    const scaled = fround(step * length);
    const total = fround(scaled * scaled);
    const norm = fround(fround(total - fround(2 * products)) + squares);
    const lost = Math.max(0, fround(squares - fround(products * fround(products / total))));
    if (c > 0 && !(lost * bestNorm < bestLost * norm)) continue;
    const ip = fround(total - products);
    bestLost = lost;
    bestNorm = norm;
    best = {
      step,
      factor: ip > 0 ? fround(fround(scaled / ip) * length) : 0,
      spread: ip > 0 ? fround(fround(total / ip) * fround(lost / ip)) : 0,
    };
  }
  return best;
}

/** Σ centre_j·(value_j - middle). */
export function codeProduct(values: Uint16Array, centre: Float32Array, middle: number): number {
  return laneSum(values.length, 8, (j) => fround(fround((values[j] as number) - middle) * at(centre, j)));
}

function at(values: Float32Array, i: number): number {
  return values[i] as number;
}
