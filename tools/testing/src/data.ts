/**
 * Seeded data, the same bits on every engine: integers, sums, products and square roots only.
 * Each function returns n × d values, row-major and compact, the caller's.
 */
import { RandomStream } from '@sagitta/core-wasm';

/** Independent N(0, 1) coordinates (to the fourth moment within 0.15: sums of eight uniforms, so |x| < 4.9). */
export function gaussianRows(n: number, d: number, seed: number): Float32Array {
  const random = new RandomStream(seed, 'gaussian');
  const rows = new Float32Array(n * d);
  for (let i = 0; i < rows.length; i++) rows[i] = gaussian(random);
  return rows;
}

/** Uniform directions: Gaussian rows scaled to length 1. */
export function isotropicRows(n: number, d: number, seed: number): Float32Array {
  const rows = gaussianRows(n, d, seed);
  for (let i = 0; i < n; i++) {
    const row = rows.subarray(i * d, (i + 1) * d);
    let sum = 0;
    for (let j = 0; j < d; j++) sum += row[j] * row[j];
    const scale = sum > 0 ? 1 / Math.sqrt(sum) : 0;
    for (let j = 0; j < d; j++) row[j] *= scale;
  }
  return rows;
}

/**
 * Rows around `clusters` Gaussian centres: centre + spread·noise. Row i belongs to cluster i mod clusters before the
 * order is shuffled. Rows of one seed share their centres whatever n is, so base and queries differ by `stream` only.
 */
export function clusteredRows(
  n: number,
  d: number,
  options: {
    readonly seed: number;
    readonly clusters: number;
    readonly spread: number;
    readonly stream?: string;
  },
): Float32Array {
  const centres = gaussianRows(options.clusters, d, options.seed);
  const random = new RandomStream(options.seed, `clustered/${options.stream ?? 'base'}`);
  const members = Uint32Array.from({ length: n }, (_, i) => i % options.clusters);
  random.shuffle(members);
  const rows = new Float32Array(n * d);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) {
      rows[i * d + j] = centres[members[i] * d + j] + options.spread * gaussian(random);
    }
  }
  return rows;
}

/**
 * Skewed variance, as embeddings have it: coordinate j has standard deviation 1/√(1 + j/knee) (default knee d/16),
 * then, unless `mixed` is false, three Householder reflections spread it over all coordinates, so that PCA has
 * something to find. Rows of one seed share the reflections whatever n is.
 */
export function skewedRows(
  n: number,
  d: number,
  options: {
    readonly seed: number;
    readonly knee?: number;
    readonly mixed?: boolean;
    readonly stream?: string;
  },
): Float32Array {
  const knee = options.knee ?? Math.max(1, d / 16);
  const random = new RandomStream(options.seed, `skewed/${options.stream ?? 'base'}`);
  const mirrors = isotropicRows(options.mixed === false ? 0 : 3, d, options.seed);
  const rows = new Float32Array(n * d);
  for (let i = 0; i < n; i++) {
    const row = rows.subarray(i * d, (i + 1) * d);
    for (let j = 0; j < d; j++) row[j] = gaussian(random) / Math.sqrt(1 + j / knee);
    for (let m = 0; m < mirrors.length; m += d) {
      let dot = 0;
      for (let j = 0; j < d; j++) dot += row[j] * mirrors[m + j];
      for (let j = 0; j < d; j++) row[j] -= 2 * dot * mirrors[m + j];
    }
  }
  return rows;
}

/** Uniform bytes. */
export function randomBytes(length: number, seed: number): Uint8Array {
  const random = new RandomStream(seed, 'bytes');
  return Uint8Array.from({ length }, () => random.nextU32() >>> 24);
}

/** Eight 16-bit uniforms from four draws, centred; variance 8/12, scaled to 1. */
function gaussian(random: RandomStream): number {
  let sum = 8 / 2 - 8 * 32768;
  for (let i = 0; i < 4; i++) {
    const bits = random.nextU32();
    sum += (bits & 0xffff) + (bits >>> 16);
  }
  return (sum / 65536) * Math.sqrt(1.5);
}
