import { createCore, METRICS } from '@sagitta/core-wasm';
import { skewedRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { pcaReport } from '../src/index.ts';

const D = 96;
const N = 1200;
const core = createCore();
const rows = skewedRows(N, D, { seed: 2, knee: 4 });
const sample = { data: rows, n: N, d: D };

describe.each(METRICS)('%s', (metric) => {
  const report = pcaReport(core, sample, { metric });

  it('loses nothing at full rank, and ever more below', () => {
    expect(report.rows.map(({ dims }) => dims)).toEqual([12, 24, 48, 96]);
    expect(report.queries).toBe(200);
    expect(report.n).toBe(1000);
    for (const [i, row] of report.rows.entries()) {
      expect(row.recallLost).toBeCloseTo(1 - row.recall, 12);
      expect(row.bytesPerVector).toBe(4 * row.dims);
      const before = report.rows[i - 1];
      if (!before) continue;
      expect(row.explainedVariance).toBeGreaterThan(before.explainedVariance);
      expect(row.recall).toBeGreaterThan(before.recall);
    }
    expect(report.rows.at(-1)?.explainedVariance).toBeCloseTo(1, 6);
    // rotating rounds, and near ties may change places
    expect(report.rows.at(-1)?.recall).toBeGreaterThan(0.998);
    expect(report.rows[0]?.recall).toBeLessThan(0.9);
  });
});

it('counts directions that stand out from white noise, as a hint', () => {
  // of rows without noise beside the twenty
  const d = 60;
  const hidden = skewedRows(500, 20, { seed: 5 });
  const noise = skewedRows(500, d, { seed: 6, knee: d });
  const data = Float32Array.from({ length: 500 * d }, (_, at) => {
    const [i, j] = [Math.floor(at / d), at % d];
    return (j < 20 ? 10 * (hidden[i * 20 + j] as number) : 0) + 1e-4 * (noise[at] as number);
  });
  const report = pcaReport(core, { data, n: 500, d }, { metric: 'l2' });
  expect(report.relevantDims).toBe(20);
});

it('finds the few directions that there are', () => {
  // 192 dims of which 20 are true
  const d = 192;
  const hidden = skewedRows(400, 20, { seed: 5 });
  const data = new Float32Array(400 * d);
  for (let i = 0; i < 400; i++) {
    for (let j = 0; j < d; j++) data[i * d + j] = hidden[i * 20 + (j % 20)] as number;
  }
  const { rows: found } = pcaReport(core, { data, n: 400, d }, { metric: 'l2', dims: [20, 7] });
  expect(found.map(({ dims }) => dims)).toEqual([7, 20]);
  expect(found[1]?.explainedVariance).toBeCloseTo(1, 5);
  expect(found[1]?.recall).toBeGreaterThan(0.998);
  expect(found[0]?.recall).toBeLessThan(found[1]?.recall as number);
});

it('is repeatable, and refuses what it cannot measure', () => {
  const options = { metric: 'l2', dims: [8], queries: 20 } as const;
  expect(pcaReport(core, sample, options)).toEqual(pcaReport(core, sample, options));
  const few = { data: rows.subarray(0, 49 * D), n: 49, d: D };
  expect(() => pcaReport(core, few, { metric: 'l2' })).toThrow(/at least 50 vectors/);
  expect(() => pcaReport(core, sample, { metric: 'l2', dims: [97] })).toThrow(/"dims"/);
  expect(() => pcaReport(core, sample, { metric: 'l2', dims: [0] })).toThrow(/"dims"/);
  expect(core.bytesUsed()).toBe(0);
});
