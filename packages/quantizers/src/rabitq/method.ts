/** RaBitQ as a method. */
import { rotatedFrame } from '../linear/frame.ts';
import { type LinearMethodValue, linearMethod } from '../linear/linear-method.ts';
import { RABITQ_MODES, type RabitqMode } from './coder.ts';
import { makeRabitqCoder, readRabitqCoder } from './train.ts';

/** Says how many bits RaBitQ has, and how it looks for them. */
export interface RabitqCodeOptions {
  readonly bits?: number;
  readonly mode?: RabitqMode;
}

/** Codes of randomly rotated vectors, unbiased and with an error bound; nothing but a mean is learned. */
export const rabitq: LinearMethodValue<RabitqCodeOptions> = /* @__PURE__ */ linearMethod<RabitqCodeOptions>({
  name: 'rabitq',
  options: {
    bits: { kind: 'integer', least: 1, most: 9, default: 1, says: 'code bits a dimension' },
    mode: {
      kind: 'choice',
      choices: RABITQ_MODES,
      default: 'fast',
      says: 'codes by one scale for all vectors, or the best code of each, which takes longer',
    },
  },
  make({ d, random }, { bits = 1, mode = 'fast' }) {
    const frame = rotatedFrame(d, random.fork('rotation'));
    const coder = makeRabitqCoder(frame.dims, bits, mode, random.fork('step'));
    return { frame, coder, bits: (bits * frame.dims) / d, isUnbiased: true };
  },
  readCoder: readRabitqCoder,
});
