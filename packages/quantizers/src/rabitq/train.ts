/** RaBitQ has one thing to learn besides the mean: the constant scale of its fast mode, and that from its own normal vectors. */
import type { ByteReader, RandomStream } from '@sagitta/core-wasm';
import { RABITQ_MODES, RabitqCoder, type RabitqMode } from './coder.ts';
import { optimalMagnitudes } from './optimal-code.ts';

/** Random vectors whose best t is averaged. */
const SAMPLES = 16;

/**
 * Computes the mean best t of normal vectors of length 1 (1.004·√d at 2 bits, 1.71·√d at 3: one over Max's uniform
 * steps).
 */
export function fastStep(dims: number, bits: number, random: RandomStream): number {
  if (bits === 1) return 0;
  const magnitudes = new Float64Array(dims);
  const codes = new Uint16Array(dims);
  let total = 0;
  for (let sample = 0; sample < SAMPLES; sample++) {
    let norm = 0;
    for (let j = 0; j < dims; j++) {
      // light tails would make the steps too short: the sum of 32 uniforms has an excess of -0.04
      let value = -16;
      for (let t = 0; t < 32; t++) value += random.nextUnit();
      magnitudes[j] = Math.abs(value);
      norm += value * value;
    }
    total += optimalMagnitudes(magnitudes, bits, codes) * Math.sqrt(norm);
  }
  return total / SAMPLES;
}

/** Makes the coder of a number of bits in one of the modes. */
export function makeRabitqCoder(
  dims: number,
  bits: number,
  mode: RabitqMode,
  random: RandomStream,
): RabitqCoder {
  return new RabitqCoder(dims, bits, mode, fastStep(dims, bits, random));
}

/**
 * Reads a coder as RabitqCoder.write left it.
 * @throws FormatError
 */
export function readRabitqCoder(reader: ByteReader, dims: number): RabitqCoder {
  const bits = reader.u32In('bits', 1, 9);
  const mode = RABITQ_MODES[reader.u32In('mode', 0, 1)] as RabitqMode;
  const step = reader.f64();
  if (!(step >= 0 && step < 2 ** 32)) reader.fail(`"step" expected a number from 0, got ${step}`);
  return new RabitqCoder(dims, bits, mode, step);
}
