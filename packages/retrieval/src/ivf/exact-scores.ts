/** Scores of candidates by their vectors. */
import { type Block, type Core, type Metric, metricSet } from '@sagitta/core-wasm';
import { rowScores } from '../search/row-scores.ts';
import type { VectorFetch } from './search-options.ts';

/** Exact scores, smaller is better. query — d values in the core's memory; fetch gives the vectors of ids. */
export function exactScores(
  core: Core,
  metric: Metric,
  query: Block,
  ids: Uint32Array,
  fetch: VectorFetch,
): Float32Array {
  const d = query.byteLength / 4;
  // the caller's function gets a copy: what it does to it is not our order
  const { data: rows, n } = metricSet(metric, fetch(ids.slice()), d, 'rerank.fetch');
  if (n !== ids.length) {
    throw new RangeError(
      `"rerank.fetch" expected ids.length*d = ${ids.length * d} values (ids=${ids.length}, d=${d}), got ${n * d}`,
    );
  }
  return core.scope((scope) => {
    const input = scope.reserve(rows.length * 4);
    const out = scope.reserve(ids.length * 4);
    input.f32().set(rows);
    rowScores(core, metric, query.at(), input.at(), ids.length, d, out);
    return out.f32(0, ids.length).slice();
  });
}
