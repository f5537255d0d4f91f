/** SAQ as a method. */
import { type Callable, callable } from '../method.ts';
import { SaqQuantizer } from './quantizer.ts';
import { readSaqQuantizer } from './reader.ts';
import { type SaqOptions, trainSaq } from './train.ts';

/** Says how many bits SAQ has, and how they are shared out. */
export interface SaqCodeOptions extends Partial<Pick<SaqOptions, 'bits'>> {
  readonly blockSize?: 16 | 32 | 64;
  readonly objective?: 'absolute' | 'variance';
  readonly singleSegment?: boolean;
}

const BITS = 4;
/** Residuals whose mean squares decide how bits are shared out: enough for 2 % of each. */
const RESIDUAL_ROWS = 4096;

/** Compresses in segments of any average number of bits: the default of every index. */
export const saq: Callable<SaqCodeOptions> = /* @__PURE__ */ callable<SaqCodeOptions>({
  name: 'saq',
  options: {
    bits: {
      kind: 'number',
      least: 0.25,
      most: 12,
      step: 0.25,
      default: BITS,
      says: 'average code bits a dimension',
    },
    blockSize: {
      kind: 'choice',
      choices: [16, 32, 64],
      default: 16,
      says: 'segments are multiples of so many dimensions',
    },
    objective: {
      kind: 'choice',
      choices: ['variance', 'absolute'],
      default: 'variance',
      says: 'what bit allocation makes small: the variance of the summed error, or its summed absolute value',
    },
    singleSegment: { kind: 'boolean', default: false, says: 'one segment over all dimensions: CAQ' },
  },
  fewestVectors: () => 1,
  train(core, sample, options, { metric, seed, residuals }) {
    const own = residuals && { residuals: residuals(RESIDUAL_ROWS) };
    return new SaqQuantizer(trainSaq(core, sample, { bits: BITS, ...options, metric, seed, ...own }));
  },
  read: readSaqQuantizer,
});
