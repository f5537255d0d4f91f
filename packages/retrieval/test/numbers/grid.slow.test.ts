/** The whole grid: kinds of data × codings × metrics × flat and lists. */
import { createCore, METRICS } from '@sagitta/core-wasm';
import { afterAll, expect, it } from 'vitest';
import { ALIKE, CODINGS, NLISTS, type Verdict, verdictOf } from './cells.ts';
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
        // every finite vector has a direction
        else if (verdict.startsWith('refused') && (metric !== 'cosine' || ALIKE.includes(kind.name)))
          counts.refused++;
        else bad.push(`${kind.name}, ${metric}, ${nlist} lists: ${verdict}`);
      }
    }
  }
  expect(bad).toEqual([]);
  expect(counts.right + counts.refused).toBe(KINDS.length * METRICS.length * NLISTS.length);
  // what is refused is what is out of range, not what is awkward; the range of half precision, in which PCA and random projections
  // keep their numbers too, ends at 65,504
  const isHalf = ['float16', 'pca', 'random'].includes(coding.quantizer ?? 'saq');
  expect(counts.right).toBeGreaterThan((isHalf ? 1 : 2) * counts.refused);
  expect(core.bytesUsed()).toBe(0);
});
