/**
 * The random parts of a MuveraFde, from integers alone: the same on every engine. Repetition r depends on (seed, r) only,
 * so the first repetitions of a longer FDE are a shorter one; hyperplanes, inner and final sketches have streams of
 * their own.
 *
 * A hyperplane entry is the sum of four random bytes less 510: an integer of ±510, near enough to Gaussian, exact in
 * f32. Signs alone count, so its scale does not.
 */
import { checkLength, largestAmount, RandomStream } from '@sagitta/core-wasm';
import type { FdeEncoder } from './fde-encoder.ts';
import type { MuveraParameters } from './muvera-options.ts';

/** A place of a count-sketch: index, and the sign in bit 31 (set: minus). */
export const MINUS = 0x80000000;

/** Holds the seeded hyperplanes and projections of MUVERA's encoding. */
export interface MuveraMatrices {
  /** R × d × k: row i of repetition r has coordinate i of its k hyperplanes. */
  readonly hyperplanes: Float32Array;
  /** dense: R × d × p, else empty. */
  readonly dense: Float32Array;
  /** count-sketch: R × d places below p, else empty. */
  readonly sketches: Uint32Array;
  /** Places below F of the R × 2^k × width numbers, else empty. */
  readonly finalSketch: Uint32Array;
}

/** Is an encoder as its session sees it. */
export interface MuveraEncoder extends FdeEncoder {
  readonly parameters: MuveraParameters;
  readonly matrices: MuveraMatrices;
}

/** The matrices of the seed. */
export function makeMuveraMatrices(parameters: MuveraParameters): MuveraMatrices {
  const { d, k, numRepetitions, p, projection, final, numCells, width, seed } = parameters;
  const hyperplanes = new Float32Array(numRepetitions * d * k);
  const dense = new Float32Array(projection === 'dense' ? numRepetitions * d * p : 0);
  const sketches = new Uint32Array(projection === 'count-sketch' ? numRepetitions * d : 0);
  const finalSketch = new Uint32Array(final > 0 ? numRepetitions * numCells * width : 0);
  const unit = 1 / Math.sqrt(p);
  for (let r = 0; r < numRepetitions; r++) {
    const planes = new RandomStream(seed, `muvera/hyperplanes/${r}`);
    for (let i = r * d * k; i < (r + 1) * d * k; i++) hyperplanes[i] = nextEntry(planes);
    const inner = new RandomStream(seed, `muvera/inner/${r}`);
    if (dense.length > 0) {
      for (let i = r * d * p; i < (r + 1) * d * p; i++) dense[i] = inner.nextSign() * unit;
    }
    if (sketches.length > 0) fillSketch(sketches.subarray(r * d, (r + 1) * d), p, inner);
    const size = numCells * width;
    if (final > 0) {
      const stream = new RandomStream(seed, `muvera/final/${r}`);
      fillSketch(finalSketch.subarray(r * size, (r + 1) * size), final, stream);
    }
  }
  return { hyperplanes, dense, sketches, finalSketch };
}

function nextEntry(random: RandomStream): number {
  const word = random.nextU32();
  return (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24) - 510;
}

function fillSketch(places: Uint32Array, width: number, random: RandomStream): void {
  for (let i = 0; i < places.length; i++) {
    const place = random.nextBelow(width);
    places[i] = random.nextSign() < 0 ? place | MINUS : place;
  }
}

/**
 * Checks matrices that come from elsewhere (another program's generator, a file) against the parameters.
 * @throws RangeError on a length, a place out of range, or values above 2^20
 */
export function checkMuveraMatrices(parameters: MuveraParameters, matrices: MuveraMatrices): MuveraMatrices {
  const { d, k, numRepetitions: R, p, projection, final, numCells, width } = parameters;
  const { hyperplanes, dense, sketches, finalSketch } = matrices;
  checkLength('hyperplanes', hyperplanes.length, R * d * k, 'R*d*k');
  checkEntries('hyperplanes', hyperplanes);
  checkLength('dense', dense.length, projection === 'dense' ? R * d * p : 0, 'R*d*p');
  checkEntries('dense', dense);
  checkLength('sketches', sketches.length, projection === 'count-sketch' ? R * d : 0, 'R*d');
  checkPlaces('sketches', sketches, p);
  checkLength('finalSketch', finalSketch.length, final > 0 ? R * numCells * width : 0, 'R*2^k*width');
  checkPlaces('finalSketch', finalSketch, final);
  return matrices;
}

/** No sum of d products with a token leaves float32; the scale of a hyperplane does not count anyway. */
const LARGEST_ENTRY = 2 ** 20;

function checkEntries(label: string, values: Float32Array): void {
  const most = largestAmount(values);
  if (most <= LARGEST_ENTRY) return;
  throw new RangeError(`"${label}" expected finite values up to ${LARGEST_ENTRY}, got ${most}`);
}

function checkPlaces(label: string, places: Uint32Array, width: number): void {
  const bad = places.find((place) => (place & 0x7fffffff) >= width);
  if (bad === undefined) return;
  throw new RangeError(`"${label}" expected places below ${width}, got ${bad & 0x7fffffff}`);
}
