/**
 * Flat or lists, and how many bits, from numbers alone; recommendIndex measures instead.
 *
 * Lists are worth it where visiting enough of them reads less than half of the vectors. Enough is 4·√nlist of √n lists:
 * measured at 3,000 to 60,000 vectors of 64 to 4,096 dimensions, that keeps the recall of a flat index within .01 where data
 * have clusters, at a third of its time, and at .8 to .9 of it where they have none (docs/choosing.md).
 */
import { checkInteger, checkNumber, MAX_DIMENSION } from '@sagitta/core-wasm';

/** Says which index to build, and how many lists to visit. */
export interface IndexChoice {
  readonly index: 'flat' | 'ivf';
  /** Lists; 1 for 'flat'. */
  readonly nlist: number;
  /** Lists to visit a query. */
  readonly nprobe: number;
  readonly quantizer: 'saq';
  /** Average code bits a dimension. */
  readonly bits: number;
  /** Of codes, row numbers and centroids, about. */
  readonly bytes: number;
}

/** Codes of a quarter of a bit more at a time. */
const STEP = 0.25;
const MOST_BITS = 8;
const DEFAULT_BITS = 4;
/** A norm, about four factors of segments, and a row number, a vector. */
const BESIDE_CODES = 4 + 8 + 4;

/** Lists to visit of nlist for about the recall of all, where vectors have clusters. */
export function listsToVisit(nlist: number): number {
  return Math.min(nlist, Math.max(16, Math.round(4 * Math.sqrt(nlist))));
}

/**
 * Chooses for n vectors of d dimensions; bytes — the most that codes may take, by default what 4 bits a dimension do.
 * @throws RangeError on numbers out of range, or on fewer bytes than the shortest codes take
 */
export function chooseIndex(n: number, d: number, bytes?: number): IndexChoice {
  checkInteger('n', n, 0, 2 ** 32 - 1);
  checkInteger('d', d, 1, MAX_DIMENSION);
  const root = Math.max(1, Math.round(Math.sqrt(n)));
  const isWorth = 2 * listsToVisit(root) <= root;
  const nlist = isWorth ? root : 1;
  // centroids lie there twice: as they are, and projected
  const bytesAt = (bits: number): number => Math.ceil(n * ((bits * d) / 8 + BESIDE_CODES) + 8 * nlist * d);
  let bits = DEFAULT_BITS;
  if (bytes !== undefined) {
    checkNumber('bytes', bytes, 1, 2 ** 53);
    if (bytesAt(STEP) > bytes) {
      throw new RangeError(`"bytes" expected at least ${bytesAt(STEP)} for ${n} vectors, got ${bytes}`);
    }
    for (bits = MOST_BITS; bytesAt(bits) > bytes; ) bits -= STEP;
  }
  const nprobe = isWorth ? listsToVisit(nlist) : 1;
  return { index: isWorth ? 'ivf' : 'flat', nlist, nprobe, quantizer: 'saq', bits, bytes: bytesAt(bits) };
}
