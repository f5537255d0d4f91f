/** Each of the family once, kinds and metrics in turn; kinds × metrics of each are in the slow suite. */
import { METRICS } from '@sagitta/core-wasm';
import { vectorIndexCase } from './vector-index.case.ts';
import { FAMILY, metricOfFigures } from './vector-index-family.ts';

for (const [i, metric] of METRICS.entries()) {
  vectorIndexCase({ kind: i % 2 === 0 ? 'flat' : 'ivf', quantizer: 'saq', metric });
  vectorIndexCase({ kind: i % 2 === 0 ? 'ivf' : 'flat', quantizer: 'float32', metric });
}

for (const [i, one] of FAMILY.entries()) {
  const kind = i % 2 === 0 ? 'flat' : 'ivf';
  vectorIndexCase({ ...one, kind, metric: metricOfFigures(i, kind) });
}
