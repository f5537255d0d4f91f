/**
 * Sums of token values by cell: the aggregation of Fixed Dimensional Encodings, for many documents a call.
 *
 *   cellSums      one block of p numbers a cell: sums, or means with a token of choice for empty cells
 *   nearestTokens the token nearest to each centroid, for filling by distance
 *   voteSums      means by cell of the tokens that pseudo-queries choose, and of their inner products
 *   sketchRows    count-sketch: each coordinate added to one place with one sign
 *   maxScaledRows the greatest value of each column, rows scaled
 *
 * What they compute is stored: sums ascend by token in each coordinate and round one after the other, so a document's
 * bytes do not depend on its neighbours in the call. Documents are runs of rows, offsets u32[n + 1].
 */

/** to[0…p) += weight · from[0…p), each product and sum rounded. */
function addScaled(from: usize, weight: f32, p: usize, to: usize): void {
  const weight_f32x4 = f32x4.splat(weight);
  const end4 = from + ((p & ~3) << 2);
  const end = from + (p << 2);
  while (from < end4) {
    v128.store(to, f32x4.add(v128.load(to), f32x4.mul(weight_f32x4, v128.load(from))));
    from += 16;
    to += 16;
  }
  while (from < end) {
    store<f32>(to, load<f32>(to) + weight * load<f32>(from));
    from += 4;
    to += 4;
  }
}

/**
 * out[i][place(cell)·p …] += weight_t · values[t][0…p) for the tokens t of document i, cells u16[tokens] below numCells.
 * values f32, rows `stride` floats apart; weights f32[tokens] or 0 (all 1); places u32[numCells] or 0 (the cell itself);
 * out f32, documents `outStride` floats apart, added to. sources: 0, or u32[n × numCells] that gets the lowest token of
 * each cell, 0xffffffff where there is none; with isMean each block is divided by the tokens of its cell at the end.
 * counts u32[numCells] is scratch.
 */
export function cellSums(
  values: usize,
  stride: usize,
  p: usize,
  cells: usize,
  weights: usize,
  offsets: usize,
  n: usize,
  numCells: u32,
  places: usize,
  isMean: u32,
  sources: usize,
  counts: usize,
  out: usize,
  outStride: usize,
): void {
  for (let i: usize = 0; i < n; i++) {
    const first = <usize>load<u32>(offsets + (i << 2));
    const end = <usize>load<u32>(offsets + (i << 2), 4);
    const blocks = out + ((i * outStride) << 2);
    if (sources !== 0) memory.fill(sources, 0xff, (<usize>numCells) << 2);
    memory.fill(counts, 0, (<usize>numCells) << 2);
    for (let t = first; t < end; t++) {
      const cell = <u32>load<u16>(cells + (t << 1));
      assert(cell < numCells);
      const at = (<usize>cell) << 2;
      const count = load<u32>(counts + at);
      store<u32>(counts + at, count + 1);
      if (count === 0 && sources !== 0) store<u32>(sources + at, <u32>t);
      const weight: f32 = weights === 0 ? 1 : load<f32>(weights + (t << 2));
      addScaled(values + ((t * stride) << 2), weight, p, blocks + ((placeOf(places, cell) * p) << 2));
    }
    if (isMean) {
      for (let cell: u32 = 0; cell < numCells; cell++) {
        const count = load<u32>(counts + ((<usize>cell) << 2));
        if (count > 1) divide(blocks + ((placeOf(places, cell) * p) << 2), p, <f32>count);
      }
    }
    if (sources !== 0) sources += (<usize>numCells) << 2;
  }
}

function placeOf(places: usize, cell: u32): usize {
  return places === 0 ? <usize>cell : <usize>load<u32>(places + ((<usize>cell) << 2));
}

function divide(block: usize, p: usize, divisor: f32): void {
  const divisor_f32x4 = f32x4.splat(divisor);
  const end4 = block + ((p & ~3) << 2);
  const end = block + (p << 2);
  for (; block < end4; block += 16) v128.store(block, f32x4.div(v128.load(block), divisor_f32x4));
  for (; block < end; block += 4) store<f32>(block, load<f32>(block) / divisor);
}

/**
 * Blocks of empty cells become the values of one token: `occupied` and `sources` u32[n × numCells] hold tokens or
 * 0xffffffff; where the first is 0xffffffff and the second is not, the block is overwritten.
 */
export function fillCells(
  values: usize,
  stride: usize,
  p: usize,
  occupied: usize,
  sources: usize,
  n: usize,
  numCells: u32,
  places: usize,
  out: usize,
  outStride: usize,
): void {
  for (let i: usize = 0; i < n; i++) {
    const blocks = out + ((i * outStride) << 2);
    for (let cell: u32 = 0; cell < numCells; cell++, occupied += 4, sources += 4) {
      if (load<u32>(occupied) !== 0xffffffff) continue;
      const source = load<u32>(sources);
      if (source === 0xffffffff) continue;
      const from = values + ((<usize>source * stride) << 2);
      memory.copy(blocks + ((placeOf(places, cell) * p) << 2), from, p << 2);
    }
  }
}

/**
 * out u32[n × columns]: for each document and column the row with the greatest dots[t][column] - halves[t], ties to the
 * lower row, 0xffffffff without rows. dots f32[rows × columns], halves f32[rows]: |token|²/2 makes it the nearest one.
 */
export function nearestTokens(
  dots: usize,
  columns: usize,
  halves: usize,
  offsets: usize,
  n: usize,
  best: usize,
  out: usize,
): void {
  for (let i: usize = 0; i < n; i++) {
    const end = <usize>load<u32>(offsets + (i << 2), 4);
    for (let c: usize = 0; c < columns; c++) store<f32>(best + (c << 2), -Infinity);
    memory.fill(out, 0xff, columns << 2);
    for (let t = <usize>load<u32>(offsets + (i << 2)); t < end; t++) {
      const row = dots + ((t * columns) << 2);
      const half = load<f32>(halves + (t << 2));
      for (let c: usize = 0; c < columns; c++) {
        const score = load<f32>(row + (c << 2)) - half;
        if (score > load<f32>(best + (c << 2))) {
          store<f32>(best + (c << 2), score);
          store<u32>(out + (c << 2), <u32>t);
        }
      }
    }
    out += columns << 2;
  }
}

/**
 * Votes of pseudo-queries for tokens. Column c of dots f32[rows × columns] holds the inner products of pseudo-query c with
 * all tokens; cell g has the columns starts[g] … starts[g + 1] - 1 (u32[numCells + 1], ascending, from 0 to columns). For
 * document i and cell g the block out[i][g·(1 + p) …] becomes
 *   { mean over its columns of the greatest inner product with a token of i, mean of that token's values[t][0…p) },
 * ties to the lower token; documents without tokens are left alone, out f32 is zero before, `outStride` floats apart.
 * values f32, rows `stride` floats apart. best f32[columns] and rows u32[columns] are scratch.
 */
export function voteSums(
  dots: usize,
  columns: usize,
  offsets: usize,
  n: usize,
  starts: usize,
  numCells: usize,
  values: usize,
  stride: usize,
  p: usize,
  best: usize,
  rows: usize,
  out: usize,
  outStride: usize,
): void {
  const bytes = columns << 2;
  for (let i: usize = 0; i < n; i++) {
    const first = <usize>load<u32>(offsets + (i << 2));
    const end = <usize>load<u32>(offsets + (i << 2), 4);
    if (first === end) continue;
    greatestRows(dots, columns, first, end, best, rows);
    let block = out + ((i * outStride) << 2);
    let at: usize = 0;
    for (let cell: usize = 0; cell < numCells; cell++, block += (p + 1) << 2) {
      const stop = (<usize>load<u32>(starts + (cell << 2), 4)) << 2;
      const count = <f32>((stop - at) >> 2);
      for (; at < stop && at < bytes; at += 4) {
        store<f32>(block, load<f32>(block) + load<f32>(best + at));
        addScaled(values + ((<usize>load<u32>(rows + at) * stride) << 2), 1, p, block + 4);
      }
      if (count > 1) divide(block, p + 1, count);
    }
  }
}

/** The greatest value of each column over rows first … end - 1 (at least one), and its row, ties to the lower row. */
function greatestRows(dots: usize, columns: usize, first: usize, end: usize, best: usize, rows: usize): void {
  const bytes = columns << 2;
  const end4 = (columns & ~3) << 2;
  memory.copy(best, dots + first * bytes, bytes);
  for (let at: usize = 0; at < bytes; at += 4) store<u32>(rows + at, <u32>first);
  for (let t = first + 1; t < end; t++) {
    const row = dots + t * bytes;
    const row_u32x4 = i32x4.splat(<i32>t);
    for (let at: usize = 0; at < end4; at += 16) {
      const value_f32x4 = v128.load(row + at);
      const best_f32x4 = v128.load(best + at);
      const wins = f32x4.gt(value_f32x4, best_f32x4);
      v128.store(best + at, v128.bitselect(value_f32x4, best_f32x4, wins));
      v128.store(rows + at, v128.bitselect(row_u32x4, v128.load(rows + at), wins));
    }
    for (let at = end4; at < bytes; at += 4) {
      const value = load<f32>(row + at);
      if (value > load<f32>(best + at)) {
        store<f32>(best + at, value);
        store<u32>(rows + at, <u32>t);
      }
    }
  }
}

/**
 * out[i][entry & 0x7fffffff] += or -= (bit 31 set) rows[i][j] for each coordinate j, ascending; entries u32[d]; rows and
 * out f32, `stride` and `outStride` floats apart.
 */
export function sketchRows(
  rows: usize,
  n: usize,
  stride: usize,
  d: usize,
  entries: usize,
  out: usize,
  outStride: usize,
): void {
  for (let i: usize = 0; i < n; i++) {
    const row = rows + ((i * stride) << 2);
    const target = out + ((i * outStride) << 2);
    for (let j: usize = 0; j < d << 2; j += 4) {
      const entry = load<u32>(entries + j);
      const at = target + ((<usize>(entry & 0x7fffffff)) << 2);
      const bits = load<u32>(row + j) ^ (entry & 0x80000000);
      store<f32>(at, load<f32>(at) + reinterpret<f32>(bits));
    }
  }
}

/**
 * out[j] = max(out[j], scales[i]·rows[i][j]) over all rows i; rows f32[n × columns], scales f32[n], out f32[columns]; columns
 * a multiple of 16. The order of the rows changes nothing.
 */
export function maxScaledRows(rows: usize, n: usize, columns: usize, scales: usize, out: usize): void {
  assert((columns & 15) === 0);
  const bytes = columns << 2;
  const scalesEnd = scales + (n << 2);
  for (const end = out + bytes; out < end; out += 64, rows += 64) {
    let max0_f32x4 = v128.load(out);
    let max1_f32x4 = v128.load(out, 16);
    let max2_f32x4 = v128.load(out, 32);
    let max3_f32x4 = v128.load(out, 48);
    let row = rows;
    for (let scale = scales; scale < scalesEnd; scale += 4, row += bytes) {
      const scale_f32x4 = v128.load32_splat(scale);
      max0_f32x4 = f32x4.max(max0_f32x4, f32x4.mul(scale_f32x4, v128.load(row)));
      max1_f32x4 = f32x4.max(max1_f32x4, f32x4.mul(scale_f32x4, v128.load(row, 16)));
      max2_f32x4 = f32x4.max(max2_f32x4, f32x4.mul(scale_f32x4, v128.load(row, 32)));
      max3_f32x4 = f32x4.max(max3_f32x4, f32x4.mul(scale_f32x4, v128.load(row, 48)));
    }
    v128.store(out, max0_f32x4);
    v128.store(out, max1_f32x4, 16);
    v128.store(out, max2_f32x4, 32);
    v128.store(out, max3_f32x4, 48);
  }
}
