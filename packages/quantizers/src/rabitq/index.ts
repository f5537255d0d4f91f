/**
 * RaBitQ and Extended RaBitQ.
 *
 * @module
 */
export { EPSILON_0, RABITQ_MODES, RabitqCoder, type RabitqMode } from './coder.ts';
export { type RabitqCodeOptions, rabitq } from './method.ts';
export { optimalMagnitudes } from './optimal-code.ts';
export { fastStep, makeRabitqCoder, readRabitqCoder } from './train.ts';
