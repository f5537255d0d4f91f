/** Seeded samples of rows: without replacement from a set, and of fixed size from a stream. */
import { checkInteger, checkLength, type RandomStream, type VectorSet } from '@sagitta/core-wasm';

/**
 * min(count, n) distinct row numbers of 0…n - 1, ascending (Knuth, TAOCP 2, 3.4.2, algorithm S: one pass, no set).
 * @throws RangeError on a count that is no integer ≥ 0
 */
export function sampleIndices(n: number, count: number, random: RandomStream): Uint32Array {
  checkInteger('count', count, 0, Number.MAX_SAFE_INTEGER);
  if (count >= n) return Uint32Array.from({ length: n }, (_, i) => i);
  const rows = new Uint32Array(count);
  let taken = 0;
  for (let i = 0; taken < count; i++) {
    if (random.nextBelow(n - i) < count - taken) rows[taken++] = i;
  }
  return rows;
}

/** Copies the rows as a fresh set. */
export function gatherRows({ data, d }: VectorSet, rows: Uint32Array): VectorSet {
  const out = new Float32Array(rows.length * d);
  for (const [i, row] of rows.entries()) out.set(data.subarray(row * d, (row + 1) * d), i * d);
  return { data: out, n: rows.length, d };
}

/** min(count, n) rows of x, drawn without replacement, in row order. */
export function sampleRows(x: VectorSet, count: number, random: RandomStream): VectorSet {
  return gatherRows(x, sampleIndices(x.n, count, random));
}

/**
 * Gives the numbers of the rows that a RowReservoir of `capacity` keeps of n, in its order: whoever can read rows anywhere reads
 * these alone.
 * @throws RangeError on an n that is no integer from 0 to 2^32, a capacity that is none from 1 to 2^32 - 1
 */
export function reservoirRows(n: number, capacity: number, random: RandomStream): Uint32Array {
  checkInteger('n', n, 0, 2 ** 32);
  checkInteger('capacity', capacity, 1, 0xffff_ffff);
  const rows = Uint32Array.from({ length: Math.min(n, capacity) }, (_, i) => i);
  for (let seen = rows.length; seen < n; seen++) {
    const slot = random.nextBelow(seen + 1);
    if (slot < capacity) rows[slot] = seen;
  }
  return rows;
}

/** Keeps a uniform sample of a stream of rows of unknown length (Vitter 1985, algorithm R). */
export class RowReservoir {
  readonly #rows: Float32Array[] = [];
  readonly #capacity: number;
  readonly #random: RandomStream;
  #seen = 0;

  /** capacity — rows kept at most. @throws RangeError if it is no integer from 1 to 2^32 - 1 */
  constructor(capacity: number, random: RandomStream) {
    this.#capacity = checkInteger('capacity', capacity, 1, 0xffff_ffff);
    this.#random = random;
  }

  /** Rows seen so far. */
  get seen(): number {
    return this.#seen;
  }

  /** Offers rows; what is kept is copied. */
  add({ data, n, d }: VectorSet): void {
    for (let i = 0; i < n; i++) {
      const row = data.subarray(i * d, (i + 1) * d);
      const slot = this.#seen < this.#capacity ? this.#seen : this.#random.nextBelow(this.#seen + 1);
      this.#seen++;
      if (slot < this.#capacity) this.#rows[slot] = row.slice();
    }
  }

  /** The kept rows as a fresh set of dimension d. @throws RangeError if a row had another */
  rows(d: number): VectorSet {
    const data = new Float32Array(this.#rows.length * d);
    for (const [i, row] of this.#rows.entries()) {
      checkLength('row', row.length, d, 'd');
      data.set(row, i * d);
    }
    return { data, n: this.#rows.length, d };
  }
}
