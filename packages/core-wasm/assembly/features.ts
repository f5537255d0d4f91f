/** What stands behind the product of a layer of features: scales, bias, norm, rectifier. Its bytes end in files: exact. */
import { sumF32x4 } from './lanes';

/** Keeps the root away from 0 where all numbers of a row are alike. */
const EPSILON: f32 = 1e-5;

/**
 * Rows of products f32[n × stride] → out f32[n × width]: z = (left_i·right_j)·p_ij + bias_j, and out_ij = max(z, 0). Where
 * there is a norm (f32[2 × width], gains and then shifts; 0: none) z is gain_j·(z - mean z)/√(var z + 1e-5) + shift_j first, mean and
 * variance those of the row. left f32[n]; right and bias f32[width]; stride ≥ width. out may not overlap the rest.
 */
export function rectifyRows(
  products: usize,
  n: usize,
  width: usize,
  stride: usize,
  left: usize,
  right: usize,
  bias: usize,
  norm: usize,
  out: usize,
): void {
  const rowBytes = width << 2;
  const end4 = (width & ~3) << 2;
  const zero_f32x4 = f32x4.splat(0);
  for (let i: usize = 0; i < n; i++) {
    const scale = load<f32>(left + (i << 2));
    const scale_f32x4 = f32x4.splat(scale);
    let sum_f32x4 = zero_f32x4;
    for (let j: usize = 0; j < end4; j += 16) {
      const factor_f32x4 = f32x4.mul(scale_f32x4, v128.load(right + j));
      const z_f32x4 = f32x4.add(f32x4.mul(factor_f32x4, v128.load(products + j)), v128.load(bias + j));
      v128.store(out + j, z_f32x4);
      sum_f32x4 = f32x4.add(sum_f32x4, z_f32x4);
    }
    let sum = sumF32x4(sum_f32x4);
    for (let j = end4; j < rowBytes; j += 4) {
      const z = scale * load<f32>(right + j) * load<f32>(products + j) + load<f32>(bias + j);
      store<f32>(out + j, z);
      sum += z;
    }
    if (norm !== 0) normRow(out, width, sum / <f32>width, norm);
    for (let j: usize = 0; j < end4; j += 16) {
      v128.store(out + j, f32x4.max(v128.load(out + j), zero_f32x4));
    }
    for (let j = end4; j < rowBytes; j += 4) store<f32>(out + j, max<f32>(load<f32>(out + j), 0));
    products += stride << 2;
    out += rowBytes;
  }
}

function normRow(row: usize, width: usize, mean: f32, norm: usize): void {
  const rowBytes = width << 2;
  const end4 = (width & ~3) << 2;
  const mean_f32x4 = f32x4.splat(mean);
  let squares_f32x4 = f32x4.splat(0);
  for (let j: usize = 0; j < end4; j += 16) {
    const off_f32x4 = f32x4.sub(v128.load(row + j), mean_f32x4);
    squares_f32x4 = f32x4.add(squares_f32x4, f32x4.mul(off_f32x4, off_f32x4));
  }
  let squares = sumF32x4(squares_f32x4);
  for (let j = end4; j < rowBytes; j += 4) {
    const off = load<f32>(row + j) - mean;
    squares += off * off;
  }
  const inverse: f32 = 1 / sqrt<f32>(squares / <f32>width + EPSILON);
  const inverse_f32x4 = f32x4.splat(inverse);
  const shifts = norm + rowBytes;
  for (let j: usize = 0; j < end4; j += 16) {
    const off_f32x4 = f32x4.mul(f32x4.sub(v128.load(row + j), mean_f32x4), inverse_f32x4);
    v128.store(row + j, f32x4.add(f32x4.mul(off_f32x4, v128.load(norm + j)), v128.load(shifts + j)));
  }
  for (let j = end4; j < rowBytes; j += 4) {
    const off = (load<f32>(row + j) - mean) * inverse;
    store<f32>(row + j, off * load<f32>(norm + j) + load<f32>(shifts + j));
  }
}
