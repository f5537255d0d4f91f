/** Every quantizer for every metric. */
import { METRICS } from '@sagitta/core-wasm';
import { quantizerCase } from './quantizer.case.ts';
import { QUANTIZER_CASES } from './quantizer-cases.ts';

for (const one of QUANTIZER_CASES) quantizerCase(one, METRICS);
