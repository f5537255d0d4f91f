/** Every row of expected.json on one of its sets of data, sets in turn; all of them are in the slow suite. */
import { describe, expect, it } from 'vitest';
import { RECALL_ROWS, recallCases } from './recall.case.ts';

const DATASETS = [...new Set(RECALL_ROWS.map(({ dataset }) => dataset))];

describe('recall@k', () => {
  recallCases(
    DATASETS.flatMap((dataset, place) =>
      RECALL_ROWS.filter((row) => row.dataset === dataset).filter((_, i) => i % DATASETS.length === place),
    ),
  );

  it('grows with bits where every vector is scanned', () => {
    for (const dataset of ['clustered', 'skewed', 'isotropic']) {
      const flat = RECALL_ROWS.filter((row) => row.dataset === dataset && row.nlist === 0);
      expect(flat.length).toBe(5);
      for (let i = 1; i < flat.length; i++) {
        expect(flat[i]?.bits).toBeGreaterThan(flat[i - 1]?.bits as number);
        expect(flat[i]?.recall).toBeGreaterThan(flat[i - 1]?.recall as number);
      }
    }
  });
});
