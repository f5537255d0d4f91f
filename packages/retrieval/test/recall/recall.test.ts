/** Recall is data: two-sided, since a gain nobody can explain is a leak. expected.json changes in the commit that says why. */
import { readFileSync } from 'node:fs';
import { createCore } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { measureRecall, type RecallRow } from './measure.ts';

const rows = JSON.parse(readFileSync(new URL('expected.json', import.meta.url), 'utf8')) as RecallRow[];
const core = createCore();

describe('recall@k', () => {
  for (const row of rows) {
    const { dataset, metric, bits, nlist, nprobe } = row;
    const kind = nlist === 0 ? 'flat' : `ivf ${nlist}, nprobe ${nprobe}`;
    it(`${dataset} ${metric}, ${kind}, ${bits} bits: ${row.recall}`, () => {
      const recall = measureRecall(core, row);
      expect(Math.abs(recall - row.recall), `got ${recall}`).toBeLessThanOrEqual(row.tolerance);
    });
  }

  it('grows with bits where every vector is scanned', () => {
    for (const dataset of ['clustered', 'skewed', 'isotropic']) {
      const flat = rows.filter((row) => row.dataset === dataset && row.nlist === 0);
      expect(flat.length).toBe(5);
      for (let i = 1; i < flat.length; i++) {
        expect(flat[i]?.bits).toBeGreaterThan(flat[i - 1]?.bits as number);
        expect(flat[i]?.recall).toBeGreaterThan(flat[i - 1]?.recall as number);
      }
    }
  });
});
