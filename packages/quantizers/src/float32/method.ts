/** Float32 as a method: nothing to set, to train or to read. */
import { type Callable, callable } from '../method.ts';
import { Float32Quantizer } from './quantizer.ts';

/** Has no options. */
export type Float32CodeOptions = Readonly<Record<never, never>>;

/** Keeps vectors as they are: 4·d bytes each, exact scores. */
export const float32: Callable<Float32CodeOptions> = /* @__PURE__ */ callable<Float32CodeOptions>({
  name: 'float32',
  options: {},
  fixedBits: 32,
  fewestVectors: () => 0,
  train: (_core, { d }, _options, { metric }) => new Float32Quantizer(d, metric),
  read(reader, { d, metric }) {
    reader.end();
    return new Float32Quantizer(d, metric);
  },
});
