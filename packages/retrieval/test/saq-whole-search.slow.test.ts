/** Searches of SAQ codes with nothing given up, each number of dims for each metric. */
import { METRICS } from '@sagitta/core-wasm';
import { it } from 'vitest';
import { checkWholeSearch, DIMS } from './saq-whole-search.case.ts';

it.each(METRICS.flatMap((metric) => DIMS.map((d) => [metric, d] as const)))(
  'a search of SAQ codes, %s, at gamma 1000 and 1e6 finds the best estimates, d = %i',
  checkWholeSearch,
);
