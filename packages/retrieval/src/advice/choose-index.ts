/**
 * Flat, lists or a graph, and how many bits, from numbers alone; recommendIndex measures instead.
 *
 * Measured with SAQ of 4 bits at 1,000 to 200,000 vectors of Fashion-MNIST (784 d), MobileNetV2 of CIFAR-10 (1,280 d), SIFT of
 * photos (128 d) and numbers without clusters (64 d), at the recall of a scan but for .005; 2026-11-28,
 * benchmarks/results/crossover.md. Dimensions move all three alike, so the rule is of n:
 *
 * - Lists pass flat at about 2,000 vectors. They are taken where 4·√nlist of √n lists are at most half of them, from
 *   4,033 on: 1.4 to 1.5 times as fast at 5,000, 2.0 to 2.4 at 20,000, 5.9 at 200,000. Where a filter allows a tenth or
 *   less, flat is as fast up to 200,000, since it passes over what is not allowed.
 * - A graph passes both at about 5,000 vectors and is 1.3 to 1.6 times as fast as lists at 20,000, 1.3 and 2.2 times at
 *   60,000, 2.4 times at 200,000. A vector takes 150 bytes more in it, and .1 to .5 ms more to come in, what up to eleven
 *   searches save. So a graph is taken from 20,000 on where there is at most one change in ten searches, and filters allow
 *   half or more: where they allow a tenth it is no faster than flat.
 * - Without clusters no width finds what a scan does: at 60,000 a graph of ef 192 finds .78 where a scan finds .87, and
 *   lists are no faster than a scan. n and d do not tell; measuring does.
 */
import { checkInteger, checkNumber, checkOptions, MAX_DIMENSION, type OptionTable } from '@sagitta/core-wasm';

/** Is an index that scans all vectors, or those of the nearest lists. */
export interface ScanStructure {
  readonly index: 'flat' | 'ivf';
  /** Lists; 1 for 'flat'. */
  readonly nlist: number;
  /** Lists to visit a query; 1 for 'flat'. */
  readonly nprobe: number;
}

/** Is a neighbour graph. */
export interface GraphStructure {
  readonly index: 'graph';
  /** Edges of a vector. */
  readonly degree: number;
  /** Width of a search; chooseIndex says it for about 10 results. */
  readonly ef: number;
}

/** Says which index to build and how wide to search it. */
export type IndexStructure = ScanStructure | GraphStructure;

/** Says which codes an index has. */
export interface ChosenCodes {
  readonly quantizer: 'saq';
  /** Average code bits a dimension. */
  readonly bits: number;
  /** Of codes, row numbers and centroids or edges, about. */
  readonly bytes: number;
}

/** Says which index to build, of which codes. */
export type IndexChoice = IndexStructure & ChosenCodes;

/** Says what is known of a collection besides its size. */
export interface ChooseIndexOptions {
  /** The most that codes may take, edges and row numbers with them; by default what 4 bits a dimension do. */
  readonly bytes?: number;
  /**
   * Vectors that are added, replaced or deleted a search, those that an index is built of among them: 60,000 vectors that
   * are searched a million times in all make 0.06. Default 1: no graph, which searches have to pay for. 0: searches alone count.
   */
  readonly changes?: number;
  /** Share of the vectors that a usual filter allows. Default 1: searches are of all. */
  readonly allowed?: number;
}

const OPTIONS: OptionTable<ChooseIndexOptions> = { bytes: 'number', changes: 'number', allowed: 'number' };

/** Codes of a quarter of a bit more at a time. */
const STEP = 0.25;
const MOST_BITS = 8;
const DEFAULT_BITS = 4;
/** A norm, and about four factors of segments, a vector. */
const FACTORS = 4 + 8;
const ROW_NUMBER = 4;
/** Edges of a graph that is chosen or measured. */
export const GRAPH_DEGREE = 32;
/** How many times faster than what else there is a graph has to be, for its bytes and its building. */
export const GRAPH_GAIN = 1.25;
/** Finds what a scan does but for .01 on all three real collections. */
const GRAPH_EF = 96;
/** From so many vectors on a graph is GRAPH_GAIN times as fast as lists on all three. */
const LEAST_FOR_GRAPH = 20_000;
const MOST_CHANGES_OF_A_GRAPH = 0.1;
const LEAST_ALLOWED_OF_A_GRAPH = 0.5;
/** Filters that allow no more make lists as slow as a scan. */
const MOST_ALLOWED_OF_FLAT = 0.1;

/** Lists to visit of nlist for about the recall of all, where vectors have clusters. */
export function listsToVisit(nlist: number): number {
  return Math.min(nlist, Math.max(16, Math.round(4 * Math.sqrt(nlist))));
}

/** Bytes of a vector in a graph, about, whose code and factors have so many: rows lie at multiples of 32 bytes. */
export function graphBytesPerVector(codeBytes: number): number {
  return 32 * Math.ceil((codeBytes + 16) / 32) + 4 * GRAPH_DEGREE;
}

/**
 * Chooses for n vectors of d dimensions.
 * @param given - the most bytes that codes may take, or what else is known
 * @throws TypeError, RangeError on numbers out of range, or on fewer bytes than the shortest codes take
 */
export function chooseIndex(n: number, d: number, given: number | ChooseIndexOptions = {}): IndexChoice {
  checkInteger('n', n, 0, 2 ** 32 - 1);
  checkInteger('d', d, 1, MAX_DIMENSION);
  const options = typeof given === 'number' ? { bytes: given } : given;
  checkOptions('options', options, OPTIONS);
  const { bytes } = options;
  if (bytes !== undefined) checkNumber('bytes', bytes, 1, 2 ** 53);
  const changes = checkNumber('changes', options.changes ?? 1, 0, Infinity);
  const allowed = checkNumber('allowed', options.allowed ?? 1, 0, 1);
  if (n >= LEAST_FOR_GRAPH && changes <= MOST_CHANGES_OF_A_GRAPH && allowed >= LEAST_ALLOWED_OF_A_GRAPH) {
    const bits = bitsWithin(bytes, (bits) => graphBytes(n, d, bits));
    // below that, edges would take the place of bits that find more
    if (bits !== undefined && bits >= DEFAULT_BITS) {
      const structure: GraphStructure = { index: 'graph', degree: GRAPH_DEGREE, ef: GRAPH_EF };
      return { ...structure, quantizer: 'saq', bits, bytes: graphBytes(n, d, bits) };
    }
  }
  const structure = scanFor(n, allowed);
  const bytesAt = (bits: number): number => scanBytes(n, d, bits, structure.nlist);
  const bits = bitsWithin(bytes, bytesAt);
  if (bits === undefined) {
    throw new RangeError(`"bytes" expected at least ${bytesAt(STEP)} for ${n} vectors, got ${bytes}`);
  }
  return { ...structure, quantizer: 'saq', bits, bytes: bytesAt(bits) };
}

function scanFor(n: number, allowed: number): ScanStructure {
  const nlist = Math.max(1, Math.round(Math.sqrt(n)));
  const nprobe = listsToVisit(nlist);
  const hasLists = 2 * nprobe <= nlist && allowed > MOST_ALLOWED_OF_FLAT;
  return hasLists ? { index: 'ivf', nlist, nprobe } : { index: 'flat', nlist: 1, nprobe: 1 };
}

/** The most bits that fit, 4 where nothing has to; undefined where the fewest do not fit. */
function bitsWithin(bytes: number | undefined, bytesAt: (bits: number) => number): number | undefined {
  if (bytes === undefined) return DEFAULT_BITS;
  for (let bits = MOST_BITS; bits >= STEP; bits -= STEP) if (bytesAt(bits) <= bytes) return bits;
  return undefined;
}

function codeBytes(d: number, bits: number): number {
  return (bits * d) / 8 + FACTORS;
}

/** Centroids lie there twice: as they are, and projected. */
function scanBytes(n: number, d: number, bits: number, nlist: number): number {
  return Math.ceil(n * (codeBytes(d, bits) + ROW_NUMBER) + 8 * nlist * d);
}

function graphBytes(n: number, d: number, bits: number): number {
  return Math.ceil(n * graphBytesPerVector(codeBytes(d, bits)));
}
