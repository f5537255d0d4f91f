import { createCore } from '@sagitta/core-wasm';
import { clusteredRows, gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  type DiagnoseOptions,
  type Diagnosis,
  diagnose,
  localDimensions,
} from '../../src/diagnosis/index.ts';
import { labelSharpness } from '../../src/diagnosis/label-sharpness.ts';
import { golden } from './golden-sets.ts';

const core = createCore();

describe('label sharpness', () => {
  const { rows, labels, sharpness } = golden.labelSharpness;
  const set = { data: Float32Array.from(rows.flat()), n: 4, d: 2 };

  it('is the golden one: of pairs with different labels', () => {
    expect(labelSharpness(core, set, labels)).toEqual({ sharpness, quantile: sharpness });
    expect(labelSharpness(core, set, [1, 1, 1, 1])).toEqual({ sharpness: 0, quantile: 0 });
  });

  it('is scaled by the length of rows, so that it compares', () => {
    const data = clusteredRows(300, 6, { seed: 1, clusters: 3, spread: 0.1 });
    const classes = Uint32Array.from({ length: 300 }, (_, i) => ((data[6 * i] as number) > 0 ? 1 : 0));
    const one = diagnose(core, { data, d: 6 }, { metric: 'l2', labels: classes }).labels;
    const scaled = data.map((value) => 4 * value);
    const other = diagnose(core, { data: scaled, d: 6 }, { metric: 'l2', labels: classes }).labels;
    expect(other?.sharpness).toBeCloseTo(one?.sharpness as number, 3);
    expect(one?.sharpnessQuantile as number).toBeLessThanOrEqual(one?.sharpness as number);
    expect(one?.nearestSameLabel as number).toBeGreaterThan(0.9);
  });
});

describe('diagnose', () => {
  const D = 12;
  const data = clusteredRows(700, D, { seed: 3, clusters: 9, spread: 0.5 });
  const of = (options: Partial<DiagnoseOptions> = {}, rows = data): Diagnosis =>
    diagnose(core, { data: rows, d: D }, { metric: 'l2', ...options });

  it('counts copies, zero rows and rows far longer than the others, and leaves copies out', () => {
    const spoiled = new Float32Array(data.length + 24 * D);
    spoiled.set(data);
    spoiled.set(data.subarray(0, 20 * D), data.length);
    spoiled.fill(1000, data.length + 23 * D);
    const found = of({}, spoiled);
    // three zero rows are two copies and a row
    expect(found).toMatchObject({ n: 724, duplicates: 22, zeroRows: 3, longRows: 1 });
    expect(found.advice.map(({ what }) => what)).toEqual(expect.arrayContaining(['metric', 'duplicates']));
    expect(found.intrinsic.mle / of().intrinsic.mle).toBeCloseTo(1, 1);
  });

  it('says when queries are of another kind', () => {
    const asked = of({ queries: { data: data.slice(0, 50 * D).map((value) => value + 0.01), d: D } });
    expect(asked.queries?.outOfDistribution as number).toBeLessThan(1);
    const foreign = of({ queries: { data: gaussianRows(50, D, 8).map((value) => 3 * value), d: D } });
    expect(foreign.queries?.outOfDistribution as number).toBeGreaterThan(1.5);
  });

  it('advises in sentences with their figures, on lists and on bits', () => {
    const { advice, intrinsic } = of();
    const [index, bits] = advice;
    expect(index).toMatchObject({ what: 'index', figure: intrinsic.mle });
    expect(index?.text).toMatch(/^The intrinsic dimension is .* with one list of sixteen visited\.$/);
    expect(bits?.what).toBe('bits');
    expect(bits?.figure as number).toBeGreaterThanOrEqual(0.95);
    expect(bits?.text).toMatch(/^\d bits? a dimension .* of the true ten among 560 rows/);
  });

  it('draws rows, reports progress, and is the same each time', () => {
    const shares: number[] = [];
    const first = of({ rows: 300, progress: (share) => shares.push(share) });
    expect(first.n).toBe(300);
    expect(of({ rows: 300 })).toEqual(first);
    expect(of({ rows: 300, seed: 2 }).intrinsic.mle).not.toBe(first.intrinsic.mle);
    expect(shares.at(-1)).toBe(1);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
  });

  it('takes rows of cosine by their directions', () => {
    const longer = data.map((value, at) => value * (1 + (Math.floor(at / D) % 5)));
    const [one, other] = [of({ metric: 'cosine' }), of({ metric: 'cosine' }, longer)];
    expect(other.intrinsic.mle).toBeCloseTo(one.intrinsic.mle, 3);
    expect(other.neighbours.contrast).toBeCloseTo(one.neighbours.contrast, 3);
  });

  it('decomposes rows with rows where there are many dimensions', () => {
    const wide = gaussianRows(60, 1100, 2);
    const { spectrum } = diagnose(core, { data: wide, d: 1100 }, { metric: 'l2', k: 5 });
    // 59 directions of equal expected variance
    expect(spectrum.participationRatio).toBeGreaterThan(50);
    expect(spectrum.participationRatio).toBeLessThanOrEqual(59.001);
    expect(spectrum.cumulative.at(-1)).toEqual({ dims: 60, share: 1 });
  });

  it('refuses too few rows and options that do not fit, by name', () => {
    expect(() => of({}, data.slice(0, 29 * D))).toThrow(
      /"sample" expected at least 30 rows that differ, got 29/,
    );
    expect(() => of({}, new Float32Array(100 * D))).toThrow(/got 1$/);
    expect(() => of({ labels: [1, 2] })).toThrow(/"labels" expected length rows of the sample = 700, got 2/);
    expect(() => of({ k: 700 })).toThrow(/"k" expected an integer from 3 to 699/);
    expect(() => of({ queries: { data: new Float32Array(6), d: 6 } })).toThrow(/"queries.d" expected/);
    expect(() => of({ neighbours: 5 } as Partial<DiagnoseOptions>)).toThrow(/expected known options/);
  });
});

describe('localDimensions', () => {
  it('is low on a line and high off it, 0 where distances say nothing', () => {
    const D = 8;
    const line = Float32Array.from({ length: 100 * D }, (_, at) =>
      at % D === 0 ? Math.floor(at / D) ** 1.1 : 0,
    );
    const cloud = gaussianRows(100, D, 3).map((value, at) => value + (at % D === 1 ? 5000 : 0));
    const rows = new Float32Array(200 * D);
    rows.set(line);
    rows.set(cloud, 100 * D);
    const local = localDimensions(core, { data: rows, d: D }, { k: 20 });
    const mean = (values: Float64Array): number =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(local.subarray(0, 100))).toBeLessThan(2);
    expect(mean(local.subarray(100))).toBeGreaterThan(3);
    expect([...localDimensions(core, { data: new Float32Array(40), d: 4 })]).toEqual(new Array(10).fill(0));
    expect(localDimensions(core, { data: rows, d: D }, { metric: 'cosine' })).toHaveLength(200);
  });
});
