/** TurboQuant as a method. */
import { checkInteger } from '@sagitta/core-wasm';
import { rotatedFrame } from '../linear/frame.ts';
import { type LinearMethodValue, linearMethod } from '../linear/linear-method.ts';
import { readTurboQuantCoder, TurboQuantCoder } from './coder.ts';
import { SignSketch } from './sign-sketch.ts';

/** Says how many bits TurboQuant has, and whether signs of the rest follow. */
export interface TurboQuantCodeOptions {
  readonly bits?: number;
  readonly ratio?: boolean;
  readonly sketch?: boolean;
}

/** The best levels for randomly rotated coordinates; nothing but a mean is learned. */
export const turboquant: LinearMethodValue<TurboQuantCodeOptions> =
  /* @__PURE__ */ linearMethod<TurboQuantCodeOptions>({
    name: 'turboquant',
    options: {
      bits: {
        kind: 'integer',
        least: 1,
        most: 4,
        default: 4,
        says: 'code bits a dimension, from 2 with the sketch',
      },
      ratio: {
        kind: 'boolean',
        default: true,
        says: 'a scale of each vector that leaves inner products without bias; otherwise the one of least squares',
      },
      sketch: {
        kind: 'boolean',
        default: false,
        says: "the paper's unbiased variant: one of the bits is a sketch of signs of what the others miss",
      },
    },
    make({ d, random }, { bits: asked = 4, ratio = true, sketch = false }) {
      const bits = checkInteger('bits', asked, sketch ? 2 : 1, 4);
      const frame = rotatedFrame(d, random.fork('rotation'));
      const coder = sketch
        ? new TurboQuantCoder(frame.dims, bits - 1, SignSketch.random(frame.dims, random.fork('sketch')))
        : new TurboQuantCoder(frame.dims, bits, ratio);
      return { frame, coder, bits: (bits * frame.dims) / d, isUnbiased: sketch || ratio };
    },
    readCoder: readTurboQuantCoder,
  });
