// Kernels on seeded input, and the hashes of what they write.
import { fill, hash, integers } from './seeded.mjs';

/** @returns {Promise<Record<string, string>>} */
export async function kernelHashes(core) {
  return {
    'dot-rows': await dotRows(core),
    matmul: await matmul(core),
    rotation: await rotation(core),
    'dot-i8-rows': await dotI8Rows(core),
  };
}

function dotRows(core) {
  const d = 257;
  const n = 19;
  return core.scope((scope) => {
    const query = scope.reserve(4 * d);
    const rows = scope.reserve(4 * n * d);
    const out = scope.reserve(4 * n);
    fill(query.f32(), 1);
    fill(rows.f32(), 2);
    core.kernels.dotF32Rows(query.at(), rows.at(), n, d, out.at());
    return hash(out.u8(0, 4 * n));
  });
}

function matmul(core) {
  const [m, n, k] = [17, 23, 65];
  return core.scope((scope) => {
    const a = scope.reserve(4 * m * k);
    const b = scope.reserve(4 * k * n);
    const c = scope.reserve(4 * m * n);
    fill(a.f32(), 3);
    fill(b.f32(), 4);
    core.kernels.matmulF32(a.at(), b.at(), m, n, k, c.at());
    return hash(c.u8(0, 4 * m * n));
  });
}

/** Fractions on purpose: rounding has to be the same too. */
function rotation(core) {
  const d = 112;
  const n = 9;
  return core.scope((scope) => {
    const rows = scope.reserve(4 * n * d);
    const signs = scope.reserve(16 * d);
    fill(rows.f32(), 5, 1 / 3);
    const next = integers(6);
    signs.u32(0, 4 * d).forEach((_, i, all) => {
      all[i] = next() & 1 ? 0x80000000 : 0;
    });
    core.kernels.rotateF32Rows(rows.at(), n, d, d, signs.at());
    return hash(rows.u8(0, 4 * n * d));
  });
}

function dotI8Rows(core) {
  const d = 100;
  const n = 33;
  return core.scope((scope) => {
    const query = scope.reserve(d);
    const rows = scope.reserve(n * d);
    const out = scope.reserve(4 * n);
    fill(query.i8(0, d), 7);
    fill(rows.i8(0, n * d), 8);
    core.kernels.dotI8Rows(query.at(), rows.at(), n, d, out.at());
    return hash(out.u8(0, 4 * n));
  });
}
