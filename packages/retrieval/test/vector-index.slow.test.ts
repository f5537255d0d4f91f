/** Every index there is: kinds × metrics of each of the family. */
import { METRICS } from '@sagitta/core-wasm';
import { vectorIndexCase } from './vector-index.case.ts';
import { FAMILY, metricOfFigures, withWiderFigures } from './vector-index-family.ts';

for (const kind of ['flat', 'ivf'] as const) {
  for (const metric of METRICS) {
    for (const quantizer of ['saq', 'float32'] as const)
      vectorIndexCase({ kind, quantizer, metric }, { orders: 5 });
    for (const [i, one] of FAMILY.entries()) {
      const family = metric === metricOfFigures(i, kind) ? one : withWiderFigures(one);
      vectorIndexCase({ ...family, kind, metric }, { orders: 5 });
    }
  }
}
