/** Searches of SAQ codes with nothing given up, each number of dims for one metric; for all of them in the slow suite. */
import { METRICS, type Metric } from '@sagitta/core-wasm';
import { it } from 'vitest';
import { checkWholeSearch, DIMS } from './saq-whole-search.case.ts';

it.each(DIMS.map((d, i) => [METRICS[i % METRICS.length] as Metric, d] as const))(
  'a search of SAQ codes, %s, at gamma 1000 and 1e6 finds the best estimates, d = %i',
  checkWholeSearch,
);
