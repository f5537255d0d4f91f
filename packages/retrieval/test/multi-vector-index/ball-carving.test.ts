import { readFileSync } from 'node:fs';
import { isotropicRows } from '@sagitta/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { carveBalls } from '../../src/multi-vector-index/ball-carving.ts';
import { chamfer } from './chamfer.ts';

interface Golden {
  readonly name: string;
  readonly query: number[][];
  readonly tau: number;
  readonly clusters: number[][];
  readonly sums: number[][];
  readonly doc: number[][];
  readonly chamfer_full: number;
  readonly chamfer_carved: number;
}

const golden: Golden[] = JSON.parse(
  readFileSync(new URL('ball-carving.golden.json', import.meta.url), 'utf8'),
);

describe('ball carving', () => {
  it.each(golden)('meets the golden $name', (one) => {
    const query = Float32Array.from(one.query.flat());
    const carved = carveBalls(query, 3, one.tau);
    expect(carved.n).toBe(one.clusters.length);
    const groups = one.clusters.map((_, group) =>
      [...carved.groups.keys()].filter((token) => carved.groups[token] === group),
    );
    expect(groups).toEqual(one.clusters);
    for (const [i, value] of one.sums.flat().entries()) {
      expect(Math.abs((carved.data[i] as number) - value)).toBeLessThanOrEqual(2e-6);
    }
    const document = Float32Array.from(one.doc.flat());
    expect(Math.abs(chamfer(query, document, 3) - one.chamfer_full)).toBeLessThanOrEqual(2e-6);
    expect(Math.abs(chamfer(carved.data, document, 3) - one.chamfer_carved)).toBeLessThanOrEqual(2e-6);
  });

  it('leaves MaxSim unchanged above 1 and never raises it', () => {
    const d = 5;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 14 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 1e6 }),
        fc.double({ min: -1, max: 1.2, noNaN: true }),
        (m, documents, seed, tau) => {
          const query = isotropicRows(m, d, seed);
          const document = isotropicRows(documents, d, seed + 1);
          const full = chamfer(query, document, d);
          const apart = carveBalls(query, d, 1.01);
          expect(apart.n).toBe(m);
          expect(chamfer(apart.data, document, d)).toBe(full);
          const carved = carveBalls(query, d, tau);
          // sums are rounded to float32 once: m·d values of at most m
          expect(chamfer(carved.data, document, d)).toBeLessThanOrEqual(full + m * m * d * 2 ** -23);
          expect(carved.n).toBe(new Set(carved.groups).size);
        },
      ),
      { numRuns: 200, seed: 3 },
    );
  });

  it('sums tokens times their weights', () => {
    const carved = carveBalls(Float32Array.of(1, 0, 0, 1, 1, 0), 2, 0.5, Float32Array.of(2, 3, 0.5));
    expect([...carved.data]).toEqual([2.5, 0, 0, 3]);
    expect([...carved.groups]).toEqual([0, 1, 0]);
  });

  it('gives nothing for nothing and refuses what does not fit', () => {
    expect(carveBalls(new Float32Array(0), 1, 0.7).n).toBe(0);
    expect(() => carveBalls(new Float32Array(5), 2, 0.7)).toThrow(/multiple of d = 2, got 5/);
    expect(() => carveBalls(new Float32Array(4), 2, Number.NaN)).toThrow(/"ballCarving"/);
    expect(() => carveBalls(new Float32Array(4), 2, 0.7, new Float32Array(3))).toThrow(/"weights"/);
  });
});
