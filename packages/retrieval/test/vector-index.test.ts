import { METRICS } from '@sagitta/core-wasm';
import { vectorIndexCase } from './vector-index.case.ts';

for (const kind of ['flat', 'ivf'] as const) {
  for (const quantizer of ['saq', 'none'] as const) {
    for (const metric of METRICS) vectorIndexCase({ kind, quantizer, metric });
  }
}
