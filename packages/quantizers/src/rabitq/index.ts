/**
 * RaBitQ and Extended RaBitQ.
 *
 * @module
 */
export type { RabitqMode } from './coder.ts';
export { type RabitqCodeOptions, rabitq } from './method.ts';
