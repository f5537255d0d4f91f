/** Every quantizer for one metric, metrics in turn; each for all of them is in the slow suite. */
import { METRICS, type Metric } from '@sagitta/core-wasm';
import { quantizerCase } from './quantizer.case.ts';
import { QUANTIZER_CASES } from './quantizer-cases.ts';

for (const [i, one] of QUANTIZER_CASES.entries()) quantizerCase(one, [METRICS[i % METRICS.length] as Metric]);
