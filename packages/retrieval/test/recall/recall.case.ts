/** Recall is data: two-sided, since a gain nobody can explain is a leak. expected.json changes in the commit that says why. */
import { readFileSync } from 'node:fs';
import { createCore } from '@sagitta/core-wasm';
import { expect, it } from 'vitest';
import { measureRecall, type RecallRow } from './measure.ts';

export const RECALL_ROWS = JSON.parse(
  readFileSync(new URL('expected.json', import.meta.url), 'utf8'),
) as readonly RecallRow[];

export function recallCases(rows: readonly RecallRow[]): void {
  const core = createCore();
  for (const row of rows) {
    const { dataset, metric, bits, nlist, nprobe } = row;
    const kind = nlist === 0 ? 'flat' : `ivf ${nlist}, nprobe ${nprobe}`;
    it(`${dataset} ${metric}, ${kind}, ${bits} bits: ${row.recall}`, () => {
      const recall = measureRecall(core, row);
      expect(Math.abs(recall - row.recall), `got ${recall}`).toBeLessThanOrEqual(row.tolerance);
    });
  }
}
