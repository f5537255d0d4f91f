/** Some of the grid in every run: each coding with every third kind of data, metrics and lists in turn. All of it: grid.slow.test.ts. */
import { createCore, METRICS, type Metric } from '@sagitta/core-wasm';
import { afterAll, expect, it } from 'vitest';
import { ALIKE, CODINGS, NLISTS, verdictOf } from './cells.ts';
import { KINDS } from './data-kinds.ts';

const core = createCore();
afterAll(() => core.dispose());

it.each(CODINGS)('$name answers rightly, or refuses by name, whatever the size of numbers', (coding) => {
  const bad: string[] = [];
  for (const [i, kind] of KINDS.entries()) {
    const turn = i + CODINGS.indexOf(coding);
    if (turn % 3 > 0) continue;
    const metric = METRICS[(turn / 3) % METRICS.length] as Metric;
    const nlist = NLISTS[Math.floor(turn / 3 / METRICS.length) % NLISTS.length] as number;
    const verdict = verdictOf(core, kind, coding, metric, nlist);
    if (verdict.startsWith('bad')) bad.push(`${kind.name}, ${metric}, ${nlist} lists: ${verdict}`);
    // every finite vector has a direction
    if (metric === 'cosine' && !ALIKE.includes(kind.name) && verdict !== 'right')
      bad.push(`${kind.name}, cosine: ${verdict}`);
  }
  expect(bad).toEqual([]);
  expect(core.bytesUsed()).toBe(0);
});
