import { createCore } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/diagnosis/index.ts';
import { localFromDistances, pooledDimension, twoNearest } from '../../src/diagnosis/intrinsic.ts';
import { contrastAt, hubnessOf, type NearestOthers } from '../../src/diagnosis/neighbours.ts';
import { persistentDimension } from '../../src/diagnosis/persistence.ts';
import {
  allDistances,
  asFloat32,
  GOLDEN_SETS,
  type GoldenDimension,
  golden,
  goldenRows,
} from './golden-sets.ts';

const core = createCore();
const K = 20;

/** Nearest others in f64, straight from the definition. */
function naiveOthers(data: Float64Array, n: number, d: number): NearestOthers {
  const all = allDistances(data, n, d);
  const ids = new Uint32Array(n * K);
  const distances = new Float64Array(n * K);
  for (let i = 0; i < n; i++) {
    const row = all.subarray(i * n, (i + 1) * n);
    const order = Array.from(row.keys())
      .filter((j) => j !== i)
      .sort((a, b) => (row[a] as number) - (row[b] as number) || a - b)
      .slice(0, K);
    order.forEach((j, at) => {
      ids[i * K + at] = j;
      distances[i * K + at] = row[j] as number;
    });
  }
  return { k: K, ids, distances, meanDistance: all.reduce((sum, value) => sum + value, 0) / (n * (n - 1)) };
}

describe.each(GOLDEN_SETS)('golden %s', (name) => {
  const wanted = golden.intrinsicDimension[name] as GoldenDimension;
  const rows = goldenRows(name);
  const set = asFloat32(rows);
  const close = (found: number, expected: number, tolerance: number): void => {
    expect(Math.abs(found / expected - 1)).toBeLessThan(tolerance);
  };

  it('has the estimates of f64 to 1e-9', () => {
    wanted.first.forEach((value, i) => {
      expect(Math.abs((rows.data[i] as number) - value)).toBeLessThan(1e-12 * Math.abs(value));
    });
    const near = naiveOthers(rows.data, rows.n, rows.d);
    const local = localFromDistances(near.distances, K);
    close(twoNearest(near.distances, K), wanted.twonnFit, 1e-9);
    close(pooledDimension(local), wanted.mleMacKay, 1e-9);
    const sorted = local.slice().sort();
    close(((sorted[499] as number) + (sorted[500] as number)) / 2, wanted.lidMedian, 1e-9);
    const hubs = hubnessOf(near, 10);
    close(hubs.skewness, wanted.hubnessSkew10, 1e-9);
    expect(hubs.largest).toBe(wanted.maxOccurrence10);
    close(contrastAt(near, 1), wanted.relativeContrast, 1e-9);
  });

  it('has the dimension of spanning trees, of α 1 and ½', () => {
    // distances of the set's rows in f64: f32 rows would do to 1e-7
    const inF64 = (subset: { data: Float32Array; n: number; d: number }): Float64Array =>
      allDistances(subset.data, subset.n, subset.d);
    close(persistentDimension(set, inF64), wanted.phd, 1e-6);
    close(persistentDimension(set, inF64, 0.5), wanted.phdAlphaHalf, 1e-6);
  });

  it('is diagnosed by the kernels to 1e-3', () => {
    const { intrinsic, spectrum, neighbours, n, duplicates } = diagnose(core, set, { metric: 'l2' });
    expect([n, duplicates]).toEqual([1000, 0]);
    close(intrinsic.twonn, wanted.twonnFit, 1e-3);
    close(intrinsic.mle, wanted.mleMacKay, 1e-3);
    close(intrinsic.phd, wanted.phd, 1e-3);
    close(intrinsic.lid.median, wanted.lidMedian, 1e-3);
    close(spectrum.participationRatio, wanted.participationRatio, 1e-3);
    // a near tie may fall the other way, which moves a skewness near 0 by more than its thousandth
    expect(Math.abs(neighbours.hubness - wanted.hubnessSkew10)).toBeLessThan(1e-2);
    close(neighbours.contrast, wanted.relativeContrast, 1e-3);
    expect(intrinsic.lid.histogram.reduce((sum, bin) => sum + bin.rows, 0)).toBe(1000);
    expect(spectrum.cumulative.at(-1)).toEqual({ dims: set.d, share: 1 });
  });
});
