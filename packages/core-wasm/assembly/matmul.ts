/**
 * Tiled products for training: PCA, projections, k-means assignment. What they compute ends in stored bytes, so every
 * product and every sum rounds separately (`maddExact`) and the order of each sum is part of the contract:
 *
 *   matmulF32    C[i][j] = (((0 + a_i0·b_0j) + a_i1·b_1j) + …), ascending k, whatever the shape of the matrices
 *   gramF32      out[i][j] = ((out[i][j] + x_0i·x_0j) + x_1i·x_1j) + …, ascending row
 *   nearestF32   dot products by four lanes (lane l sums the dimensions l, l+4, …), then (l0 + l2) + (l1 + l3)
 *
 * Tiles therefore never change a result, and the twins reproduce it bit for bit.
 * Tile of matmul and gram: 4 rows × 8 columns in eight registers. Blocks of 128 steps keep the 8-column panel
 * (128 lines of 64 bytes) in the first-level cache.
 */
import { loadTailF32, maddExact, sumF32x4, sumFourF32x4 } from './lanes';

/** Steps of the inner sum a tile takes before its partial sums go back to memory. */
const DEPTH_BLOCK: usize = 128;
/** Rows of A (matmul) swept per panel: 64 × 128 floats, 32 KiB. */
const ROW_BLOCK: usize = 64;
/** Rows of x (nearest) that stay in cache while the centroids pass by. */
const NEAREST_BLOCK: usize = 32;

/** C = A·B; a f32[m × k], b f32[k × n], c f32[m × n], overwritten; c overlaps neither a nor b. */
export function matmulF32(a: usize, b: usize, m: usize, n: usize, k: usize, c: usize): void {
  memory.fill(c, 0, (m * n) << 2);
  for (let i0: usize = 0; i0 < m; i0 += ROW_BLOCK) {
    const rowCount = min(ROW_BLOCK, m - i0);
    for (let k0: usize = 0; k0 < k; k0 += DEPTH_BLOCK) {
      const depth = min(DEPTH_BLOCK, k - k0);
      // aStep = k and aDepthStep = 1: A is read along its rows.
      addProduct(
        a + ((i0 * k + k0) << 2),
        k,
        1,
        b + ((k0 * n) << 2),
        n,
        rowCount,
        n,
        depth,
        c + ((i0 * n) << 2),
        n,
        0,
      );
    }
  }
}

/**
 * out += rowsᵀ·rows; rows f32[n × d], out f32[d × d], symmetric before and after. Only blocks that touch the upper
 * triangle are computed; the rest is mirrored. n ≤ 4096 a call, so that the f32 sums stay short: accumulate calls in
 * f64 outside.
 */
export function gramF32(rows: usize, n: usize, d: usize, out: usize): void {
  assert(n <= 4096);
  for (let r0: usize = 0; r0 < n; r0 += DEPTH_BLOCK) {
    const depth = min(DEPTH_BLOCK, n - r0);
    const block = rows + ((r0 * d) << 2);
    // A = rowsᵀ: one step down A is one float, one step of depth is a whole row.
    addProduct(block, 1, d, block, d, d, d, depth, out, d, 1);
  }
  for (let i: usize = 1; i < d; i++) {
    for (let j: usize = 0; j < i; j++) {
      store<f32>(out + ((i * d + j) << 2), load<f32>(out + ((j * d + i) << 2)));
    }
  }
}

/**
 * C[i][j] += Σ_s A(i, s)·B[s][j], A(i, s) = a[i·aStep + s·aDepthStep] (all steps in floats), s ascending.
 * upper ≠ 0 skips tiles that lie wholly under the diagonal.
 */
function addProduct(
  a: usize,
  aStep: usize,
  aDepthStep: usize,
  b: usize,
  bStep: usize,
  rowCount: usize,
  columnCount: usize,
  depth: usize,
  c: usize,
  cStep: usize,
  upper: i32,
): void {
  const aBytes = aStep << 2;
  const aDepthBytes = aDepthStep << 2;
  const bBytes = bStep << 2;
  const cBytes = cStep << 2;
  const rowQuads = rowCount & ~3;
  const columnOctets = columnCount & ~7;
  for (let j: usize = 0; j < columnOctets; j += 8) {
    const rowStop = upper ? min(rowQuads, j + 8) : rowQuads;
    for (let i: usize = 0; i < rowStop; i += 4) {
      const c0 = c + i * cBytes + (j << 2);
      const c1 = c0 + cBytes;
      const c2 = c1 + cBytes;
      const c3 = c2 + cBytes;
      let low0_f32x4 = v128.load(c0);
      let high0_f32x4 = v128.load(c0, 16);
      let low1_f32x4 = v128.load(c1);
      let high1_f32x4 = v128.load(c1, 16);
      let low2_f32x4 = v128.load(c2);
      let high2_f32x4 = v128.load(c2, 16);
      let low3_f32x4 = v128.load(c3);
      let high3_f32x4 = v128.load(c3, 16);
      let a0 = a + i * aBytes;
      let a1 = a0 + aBytes;
      let a2 = a1 + aBytes;
      let a3 = a2 + aBytes;
      let bPtr = b + (j << 2);
      for (let s = depth; s > 0; s--) {
        const bLow_f32x4 = v128.load(bPtr);
        const bHigh_f32x4 = v128.load(bPtr, 16);
        const a0_f32x4 = v128.load32_splat(a0);
        low0_f32x4 = maddExact(a0_f32x4, bLow_f32x4, low0_f32x4);
        high0_f32x4 = maddExact(a0_f32x4, bHigh_f32x4, high0_f32x4);
        const a1_f32x4 = v128.load32_splat(a1);
        low1_f32x4 = maddExact(a1_f32x4, bLow_f32x4, low1_f32x4);
        high1_f32x4 = maddExact(a1_f32x4, bHigh_f32x4, high1_f32x4);
        const a2_f32x4 = v128.load32_splat(a2);
        low2_f32x4 = maddExact(a2_f32x4, bLow_f32x4, low2_f32x4);
        high2_f32x4 = maddExact(a2_f32x4, bHigh_f32x4, high2_f32x4);
        const a3_f32x4 = v128.load32_splat(a3);
        low3_f32x4 = maddExact(a3_f32x4, bLow_f32x4, low3_f32x4);
        high3_f32x4 = maddExact(a3_f32x4, bHigh_f32x4, high3_f32x4);
        a0 += aDepthBytes;
        a1 += aDepthBytes;
        a2 += aDepthBytes;
        a3 += aDepthBytes;
        bPtr += bBytes;
      }
      v128.store(c0, low0_f32x4);
      v128.store(c0, high0_f32x4, 16);
      v128.store(c1, low1_f32x4);
      v128.store(c1, high1_f32x4, 16);
      v128.store(c2, low2_f32x4);
      v128.store(c2, high2_f32x4, 16);
      v128.store(c3, low3_f32x4);
      v128.store(c3, high3_f32x4, 16);
    }
  }
  // Rows past the last four, four columns at a time, then single columns.
  for (let i = rowQuads; i < rowCount; i++) {
    for (let j: usize = 0; j < columnOctets; j += 4) {
      const cPtr = c + i * cBytes + (j << 2);
      let sum_f32x4 = v128.load(cPtr);
      let aPtr = a + i * aBytes;
      let bPtr = b + (j << 2);
      for (let s = depth; s > 0; s--) {
        sum_f32x4 = maddExact(v128.load32_splat(aPtr), v128.load(bPtr), sum_f32x4);
        aPtr += aDepthBytes;
        bPtr += bBytes;
      }
      v128.store(cPtr, sum_f32x4);
    }
  }
  for (let i: usize = 0; i < rowCount; i++) {
    for (let j = columnOctets; j < columnCount; j++) {
      const cPtr = c + i * cBytes + (j << 2);
      let sum = load<f32>(cPtr);
      let aPtr = a + i * aBytes;
      let bPtr = b + (j << 2);
      for (let s = depth; s > 0; s--) {
        sum += load<f32>(aPtr) * load<f32>(bPtr);
        aPtr += aDepthBytes;
        bPtr += bBytes;
      }
      store<f32>(cPtr, sum);
    }
  }
}

/**
 * The nearest centroid of each row, squared Euclidean: the c that minimises |c|² − 2<x, c>, ties to the lower id.
 * outDistances[i] = max(0, |x|² + that minimum): good for an objective, not for near-duplicates (cancellation).
 * rows f32[n × d], centroids f32[nlist × d], centroidNorms f32[nlist] (squared), outIds u32[n], outDistances f32[n].
 */
export function nearestF32(
  rows: usize,
  n: usize,
  d: usize,
  centroids: usize,
  centroidNorms: usize,
  nlist: usize,
  outIds: usize,
  outDistances: usize,
): void {
  const rowBytes = d << 2;
  const quads = nlist & ~3;
  for (let start: usize = 0; start < n; start += NEAREST_BLOCK) {
    const stop = min(n, start + NEAREST_BLOCK);
    const pairStop = start + ((stop - start) & ~1);
    for (let i = start; i < stop; i++) {
      store<u32>(outIds + (i << 2), 0);
      store<f32>(outDistances + (i << 2), Infinity);
    }
    for (let c: usize = 0; c < quads; c += 4) {
      const block = centroids + c * rowBytes;
      const norms_f32x4 = v128.load(centroidNorms + (c << 2));
      for (let i = start; i < pairStop; i += 2) {
        nearestTile(
          rows + i * rowBytes,
          block,
          norms_f32x4,
          d,
          c,
          outIds + (i << 2),
          outDistances + (i << 2),
        );
      }
    }
    for (let i = start; i < stop; i++) {
      const row = rows + i * rowBytes;
      for (let c = i < pairStop ? quads : 0; c < nlist; c++) {
        const dot = dotExact(row, centroids + c * rowBytes, d);
        keepSmaller(
          load<f32>(centroidNorms + (c << 2)) - 2 * dot,
          c,
          outIds + (i << 2),
          outDistances + (i << 2),
        );
      }
      const distance = dotExact(row, row, d) + load<f32>(outDistances + (i << 2));
      store<f32>(outDistances + (i << 2), max<f32>(0, distance));
    }
  }
}

/** Two rows × four centroids: eight sums in registers, then the running minimum of both rows. */
function nearestTile(
  row0: usize,
  centroid0: usize,
  norms_f32x4: v128,
  d: usize,
  firstId: usize,
  outIds: usize,
  outDistances: usize,
): void {
  const rowBytes = d << 2;
  const tail = d & 3;
  let row1 = row0 + rowBytes;
  let centroid1 = centroid0 + rowBytes;
  let centroid2 = centroid1 + rowBytes;
  let centroid3 = centroid2 + rowBytes;
  let sum00_f32x4 = f32x4.splat(0);
  let sum01_f32x4 = f32x4.splat(0);
  let sum02_f32x4 = f32x4.splat(0);
  let sum03_f32x4 = f32x4.splat(0);
  let sum10_f32x4 = f32x4.splat(0);
  let sum11_f32x4 = f32x4.splat(0);
  let sum12_f32x4 = f32x4.splat(0);
  let sum13_f32x4 = f32x4.splat(0);
  const end4 = row0 + ((d & ~3) << 2);
  while (row0 < end4) {
    const row0_f32x4 = v128.load(row0);
    const row1_f32x4 = v128.load(row1);
    const centroid0_f32x4 = v128.load(centroid0);
    sum00_f32x4 = maddExact(row0_f32x4, centroid0_f32x4, sum00_f32x4);
    sum10_f32x4 = maddExact(row1_f32x4, centroid0_f32x4, sum10_f32x4);
    const centroid1_f32x4 = v128.load(centroid1);
    sum01_f32x4 = maddExact(row0_f32x4, centroid1_f32x4, sum01_f32x4);
    sum11_f32x4 = maddExact(row1_f32x4, centroid1_f32x4, sum11_f32x4);
    const centroid2_f32x4 = v128.load(centroid2);
    sum02_f32x4 = maddExact(row0_f32x4, centroid2_f32x4, sum02_f32x4);
    sum12_f32x4 = maddExact(row1_f32x4, centroid2_f32x4, sum12_f32x4);
    const centroid3_f32x4 = v128.load(centroid3);
    sum03_f32x4 = maddExact(row0_f32x4, centroid3_f32x4, sum03_f32x4);
    sum13_f32x4 = maddExact(row1_f32x4, centroid3_f32x4, sum13_f32x4);
    row0 += 16;
    row1 += 16;
    centroid0 += 16;
    centroid1 += 16;
    centroid2 += 16;
    centroid3 += 16;
  }
  if (tail) {
    const row0_f32x4 = loadTailF32(row0, tail);
    const row1_f32x4 = loadTailF32(row1, tail);
    const centroid0_f32x4 = loadTailF32(centroid0, tail);
    sum00_f32x4 = maddExact(row0_f32x4, centroid0_f32x4, sum00_f32x4);
    sum10_f32x4 = maddExact(row1_f32x4, centroid0_f32x4, sum10_f32x4);
    const centroid1_f32x4 = loadTailF32(centroid1, tail);
    sum01_f32x4 = maddExact(row0_f32x4, centroid1_f32x4, sum01_f32x4);
    sum11_f32x4 = maddExact(row1_f32x4, centroid1_f32x4, sum11_f32x4);
    const centroid2_f32x4 = loadTailF32(centroid2, tail);
    sum02_f32x4 = maddExact(row0_f32x4, centroid2_f32x4, sum02_f32x4);
    sum12_f32x4 = maddExact(row1_f32x4, centroid2_f32x4, sum12_f32x4);
    const centroid3_f32x4 = loadTailF32(centroid3, tail);
    sum03_f32x4 = maddExact(row0_f32x4, centroid3_f32x4, sum03_f32x4);
    sum13_f32x4 = maddExact(row1_f32x4, centroid3_f32x4, sum13_f32x4);
  }
  const minusTwo_f32x4 = f32x4.splat(-2);
  const dots0_f32x4 = sumFourF32x4(sum00_f32x4, sum01_f32x4, sum02_f32x4, sum03_f32x4);
  const dots1_f32x4 = sumFourF32x4(sum10_f32x4, sum11_f32x4, sum12_f32x4, sum13_f32x4);
  keepSmallestOfFour(maddExact(dots0_f32x4, minusTwo_f32x4, norms_f32x4), firstId, outIds, outDistances);
  keepSmallestOfFour(
    maddExact(dots1_f32x4, minusTwo_f32x4, norms_f32x4),
    firstId,
    outIds + 4,
    outDistances + 4,
  );
}

function keepSmallestOfFour(scores_f32x4: v128, firstId: usize, idPtr: usize, scorePtr: usize): void {
  if (!v128.any_true(f32x4.lt(scores_f32x4, v128.load32_splat(scorePtr)))) return;
  keepSmaller(f32x4.extract_lane(scores_f32x4, 0), firstId, idPtr, scorePtr);
  keepSmaller(f32x4.extract_lane(scores_f32x4, 1), firstId + 1, idPtr, scorePtr);
  keepSmaller(f32x4.extract_lane(scores_f32x4, 2), firstId + 2, idPtr, scorePtr);
  keepSmaller(f32x4.extract_lane(scores_f32x4, 3), firstId + 3, idPtr, scorePtr);
}

/** Ids come in ascending order, so a strict comparison gives ties to the lower id. */
function keepSmaller(score: f32, id: usize, idPtr: usize, scorePtr: usize): void {
  if (score < load<f32>(scorePtr)) {
    store<f32>(scorePtr, score);
    store<u32>(idPtr, <u32>id);
  }
}

/** One inner product in the order of nearestTile. */
function dotExact(a: usize, b: usize, d: usize): f32 {
  let sum_f32x4 = f32x4.splat(0);
  const end4 = a + ((d & ~3) << 2);
  while (a < end4) {
    sum_f32x4 = maddExact(v128.load(a), v128.load(b), sum_f32x4);
    a += 16;
    b += 16;
  }
  const tail = d & 3;
  if (tail) sum_f32x4 = maddExact(loadTailF32(a, tail), loadTailF32(b, tail), sum_f32x4);
  return sumF32x4(sum_f32x4);
}
