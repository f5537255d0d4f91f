import { createCore } from '@sagitta/core-wasm';
import { clusteredRows, gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { relativeVectors, selectAnchors } from '../../src/bridge/index.ts';

const core = createCore();
const D = 8;
const N = 400;

describe('selectAnchors', () => {
  const rows = { data: clusteredRows(N, D, { seed: 2, clusters: 12, spread: 0.1 }), d: D };

  it.each(['prototypes', 'farthest', 'random'] as const)(
    'takes as many %s as asked, once each',
    (strategy) => {
      for (const count of [1, 7, 150, N]) {
        const ids = selectAnchors(core, rows, count, { strategy, seed: 3 });
        expect(ids).toHaveLength(count);
        expect(new Set(ids).size).toBe(count);
        expect([...ids]).toEqual([...ids].sort((a, b) => a - b));
        expect(ids.at(-1)).toBeLessThan(N);
      }
      expect(selectAnchors(core, rows, 9, { strategy, seed: 3 })).toEqual(
        selectAnchors(core, rows, 9, { strategy, seed: 3 }),
      );
    },
  );

  it('stands nearer to all rows by prototypes than by chance', () => {
    const reach = (ids: Uint32Array): number => {
      let sum = 0;
      const unit = (i: number): number[] => {
        const row = [...rows.data.subarray(i * D, (i + 1) * D)];
        const length = Math.hypot(...row);
        return row.map((value) => value / length);
      };
      const anchors = [...ids].map(unit);
      for (let i = 0; i < N; i++) {
        const row = unit(i);
        sum += Math.max(
          ...anchors.map((anchor) => anchor.reduce((dot, v, j) => dot + v * (row[j] as number), 0)),
        );
      }
      return sum / N;
    };
    const prototypes = reach(selectAnchors(core, rows, 12));
    for (let seed = 1; seed <= 5; seed++) {
      expect(prototypes).toBeGreaterThan(reach(selectAnchors(core, rows, 12, { strategy: 'random', seed })));
    }
  });

  it('takes copies of one row where nothing else is left', () => {
    const same = { data: new Float32Array(10 * D).fill(1), d: D };
    for (const strategy of ['prototypes', 'farthest'] as const) {
      expect(new Set(selectAnchors(core, same, 10, { strategy })).size).toBe(10);
    }
  });

  it('refuses more than there are', () => {
    expect(() => selectAnchors(core, rows, N + 1)).toThrow(/"count" expected an integer from 1 to 400/);
    expect(() => selectAnchors(core, rows, 3, { strategy: 'best' as 'random' })).toThrow(
      /"strategy" expected one/,
    );
  });
});

describe('relativeVectors', () => {
  const anchors = { data: gaussianRows(5, D, 4), d: D };
  const rows = gaussianRows(30, D, 5);

  it('has length 1, or columns of mean 0 and variance 1, or evenly spread ranks', () => {
    const length = relativeVectors(core, rows, anchors);
    expect(length).toHaveLength(30 * 5);
    for (let i = 0; i < 30; i++) {
      const energy = length.subarray(5 * i, 5 * i + 5).reduce((sum, value) => sum + value * value, 0);
      expect(energy).toBeCloseTo(1, 5);
    }
    const column = relativeVectors(core, rows, anchors, { scale: 'column' });
    for (let j = 0; j < 5; j++) {
      const values = Array.from({ length: 30 }, (_, i) => column[5 * i + j] as number);
      expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 4);
      expect(values.reduce((sum, value) => sum + value * value, 0) / 30).toBeCloseTo(1, 4);
    }
    const rank = relativeVectors(core, rows, anchors, { scale: 'rank' });
    for (let i = 0; i < 30; i++) {
      const own = [...rank.subarray(5 * i, 5 * i + 5)];
      expect([...own].sort((a, b) => a - b)).toEqual([-1, -0.5, 0, 0.5, 1]);
      // in the order of the cosines
      const order = [...own.keys()].sort((a, b) => (own[a] as number) - (own[b] as number));
      const values = order.map((j) => length[5 * i + j] as number);
      expect(values).toEqual([...values].sort((a, b) => a - b));
    }
  });

  it('is 1 for an anchor itself, and the same however long rows are', () => {
    const own = relativeVectors(core, anchors.data, anchors, { scale: 'rank' });
    for (let i = 0; i < 5; i++) expect(own[5 * i + i]).toBe(1);
    const longer = relativeVectors(
      core,
      rows.map((value) => 8 * value),
      anchors,
      { center: false },
    );
    expect(longer).toEqual(relativeVectors(core, rows, anchors, { center: false }));
  });

  it('refuses rows of another dimension and no anchors', () => {
    expect(() => relativeVectors(core, new Float32Array(9), anchors)).toThrow(/"rows" expected/);
    expect(() => relativeVectors(core, rows, { data: new Float32Array(0), d: D })).toThrow(
      /"anchors" expected/,
    );
  });
});
