/** Figures with the machine they were measured on. */
import type { Machine } from '../report.ts';

export interface Measured<T> {
  readonly machine: Machine;
  readonly figures: T;
}
