/** The whole grid: kinds of data × codings × metrics × flat and lists. */
import { createCore, METRICS } from '@sagitta/core-wasm';
import { afterAll, expect, it } from 'vitest';
import { CODINGS, NLISTS, type Verdict, verdictOf } from './cells.ts';
import { KINDS } from './data-kinds.ts';

const core = createCore();
afterAll(() => core.dispose());

it.each(CODINGS)('$name has no bad cell', (coding) => {
  const counts = { right: 0, refused: 0 };
  const bad: string[] = [];
  for (const kind of KINDS) {
    for (const metric of METRICS) {
      for (const nlist of NLISTS) {
        const verdict: Verdict = verdictOf(core, kind, coding, metric, nlist);
        if (verdict === 'right') counts.right++;
        // every finite vector has a direction, but of equal ones most quantizers learn nothing
        else if (verdict.startsWith('refused') && (metric !== 'cosine' || kind.name === 'equal rows'))
          counts.refused++;
        else bad.push(`${kind.name}, ${metric}, ${nlist} lists: ${verdict}`);
      }
    }
  }
  expect(bad).toEqual([]);
  expect(counts.right + counts.refused).toBe(KINDS.length * METRICS.length * NLISTS.length);
  // what is refused is what is out of range, not what is awkward
  expect(counts.right).toBeGreaterThan(2 * counts.refused);
  expect(core.bytesUsed()).toBe(0);
});
