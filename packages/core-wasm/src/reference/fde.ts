/** Plain twins of assembly/fde.ts: every product and sum rounds to f32 where the kernels round, bit for bit. */

const { fround } = Math;
const NONE = 0xffffffff;

/** Says where the sums of cells stand in an FDE. */
export interface CellLayout {
  /** Distance between rows of values. */
  readonly stride: number;
  /** Numbers of a block. */
  readonly p: number;
  readonly numCells: number;
  /** Block of each cell; default the cell's number. */
  readonly places?: Uint32Array;
  /** Distance between documents in out. */
  readonly outStride: number;
}

/**
 * out[i][place(cell)·p …] += weight·values[t] for the tokens t of document i; means with isMean. sources, n × numCells,
 * gets the lowest token of each cell or 0xffffffff.
 */
export function cellSums(
  values: Float32Array,
  cells: Uint16Array,
  offsets: Uint32Array,
  layout: CellLayout,
  isMean: boolean,
  out: Float32Array,
  options: { readonly weights?: Float32Array; readonly sources?: Uint32Array } = {},
): void {
  const { stride, p, numCells, places, outStride } = layout;
  const { weights, sources } = options;
  sources?.fill(NONE);
  for (let i = 0; i + 1 < offsets.length; i++) {
    const counts = new Uint32Array(numCells);
    const blockOf = (cell: number): number => i * outStride + (places ? places[cell] : cell) * p;
    for (let t = offsets[i]; t < offsets[i + 1]; t++) {
      const cell = cells[t];
      if (sources && counts[cell] === 0) sources[i * numCells + cell] = t;
      counts[cell]++;
      const weight = weights ? weights[t] : 1;
      for (let j = 0; j < p; j++) out[blockOf(cell) + j] += fround(weight * values[t * stride + j]);
    }
    if (!isMean) continue;
    for (let cell = 0; cell < numCells; cell++) {
      for (let j = 0; j < p && counts[cell] > 1; j++) out[blockOf(cell) + j] /= counts[cell];
    }
  }
}

/** Blocks of cells that are 0xffffffff in occupied become the values of the token in sources. */
export function fillCells(
  values: Float32Array,
  occupied: Uint32Array,
  sources: Uint32Array,
  n: number,
  layout: CellLayout,
  out: Float32Array,
): void {
  const { stride, p, numCells, places, outStride } = layout;
  for (let at = 0; at < n * numCells; at++) {
    if (occupied[at] !== NONE || sources[at] === NONE) continue;
    const cell = at % numCells;
    const block = Math.floor(at / numCells) * outStride + (places ? places[cell] : cell) * p;
    for (let j = 0; j < p; j++) out[block + j] = values[sources[at] * stride + j];
  }
}

/**
 * Finds the row of each document with the greatest dots[t][column] - halves[t]; ties to the lower row, 0xffffffff
 * without.
 */
export function nearestTokens(
  dots: Float32Array,
  columns: number,
  halves: Float32Array,
  offsets: Uint32Array,
  out: Uint32Array,
): void {
  for (let i = 0; i + 1 < offsets.length; i++) {
    for (let c = 0; c < columns; c++) {
      let best = -Infinity;
      out[i * columns + c] = NONE;
      for (let t = offsets[i]; t < offsets[i + 1]; t++) {
        const score = fround(dots[t * columns + c] - halves[t]);
        if (!(score > best)) continue;
        best = score;
        out[i * columns + c] = t;
      }
    }
  }
}

/**
 * Block g of document i: the mean over columns starts[g] … starts[g + 1] - 1 of the greatest inner product with a token,
 * then the mean of that token's p values. Documents without tokens are left alone; out is zero before.
 */
export function voteSums(
  dots: Float32Array,
  columns: number,
  offsets: Uint32Array,
  starts: Uint32Array,
  values: Float32Array,
  { stride, p, numCells, outStride }: CellLayout,
  out: Float32Array,
): void {
  for (let i = 0; i + 1 < offsets.length; i++) {
    if (offsets[i] === offsets[i + 1]) continue;
    for (let cell = 0; cell < numCells; cell++) {
      const block = i * outStride + cell * (p + 1);
      const count = starts[cell + 1] - starts[cell];
      for (let c = starts[cell]; c < starts[cell + 1]; c++) {
        let chosen = offsets[i];
        for (let t = chosen + 1; t < offsets[i + 1]; t++) {
          if (dots[t * columns + c] > dots[chosen * columns + c]) chosen = t;
        }
        out[block] += dots[chosen * columns + c];
        for (let j = 0; j < p; j++) out[block + 1 + j] += values[chosen * stride + j];
      }
      for (let j = 0; j <= p && count > 1; j++) out[block + j] /= count;
    }
  }
}

/** out[i][entry & 0x7fffffff] += rows[i][j], or -= where bit 31 of the entry is set. */
export function sketchRows(
  rows: Float32Array,
  n: number,
  stride: number,
  d: number,
  entries: Uint32Array,
  out: Float32Array,
  outStride: number,
): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) {
      const sign = entries[j] >= 0x80000000 ? -1 : 1;
      out[i * outStride + (entries[j] & 0x7fffffff)] += sign * rows[i * stride + j];
    }
  }
}

/** out[j] = max(out[j], scales[i]·rows[i][j]) over all rows i. */
export function maxScaledRows(
  rows: Float32Array,
  n: number,
  columns: number,
  scales: Float32Array,
  out: Float32Array,
): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < columns; j++) out[j] = Math.max(out[j], fround(scales[i] * rows[i * columns + j]));
  }
}
