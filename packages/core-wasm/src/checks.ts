/** Argument checks: each names the argument, what was expected and what came. */
import { isFloat32 } from './numbers.ts';

/**
 * The largest length |x| of a vector (hence the largest amount of any value) that 'l2' and 'ip' take and files hold, 2^56:
 * squared distances stay below MAX_SQUARE, and a float32 has room for 2^13 times that. 'cosine' takes every finite vector.
 */
export const MAX_MAGNITUDE: number = 2 ** 56;

/** The largest amount of a squared distance or an inner product of two vectors within MAX_MAGNITUDE: (2·2^56)² = 2^114. */
export const MAX_SQUARE: number = 4 * MAX_MAGNITUDE * MAX_MAGNITUDE;

/**
 * Is the least length, besides 0, of the longest vector of a training set for 'l2' and 'ip', 2^-56: below it squares
 * vanish in float32.
 */
export const MIN_MAGNITUDE: number = 2 ** -56;

/** Checks that a value is a whole number within a range, and returns it. */
export function checkInteger(label: string, value: number, minimum: number, maximum: number): number {
  if (typeof value !== 'number') throw new TypeError(`"${label}" expected a number, got ${typeof value}`);
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return value;
  throw new RangeError(`"${label}" expected an integer from ${minimum} to ${maximum}, got ${value}`);
}

/** Checks that a value is a number within a range, and returns it. */
export function checkNumber(label: string, value: number, minimum: number, maximum: number): number {
  if (typeof value !== 'number') throw new TypeError(`"${label}" expected a number, got ${typeof value}`);
  if (value >= minimum && value <= maximum) return value;
  throw new RangeError(`"${label}" expected a number from ${minimum} to ${maximum}, got ${value}`);
}

/** `how` says where the expectation comes from, e.g. "n*d (n=100, d=768)". */
export function checkLength(label: string, actual: number, expected: number, how: string): void {
  if (actual === expected) return;
  throw new RangeError(`"${label}" expected length ${how} = ${expected}, got ${actual}`);
}

/**
 * The product of factors such as n, d and 4, exact: the way to a byte count before an allocation.
 * @throws RangeError on a factor that is no integer ≥ 0, or a product above 2^53 - 1
 */
export function checkBytes(label: string, ...factors: readonly number[]): number {
  let product = 1;
  for (const factor of factors) {
    product *= checkInteger(label, factor, 0, Number.MAX_SAFE_INTEGER);
    if (product > Number.MAX_SAFE_INTEGER) {
      throw new RangeError(`"${label}" expected fewer than 2^53 bytes, got ${factors.join(' * ')}`);
    }
  }
  return product;
}

/** A Float32Array of any realm, for arrays that are written to; numbers that are read come through toFloat32. */
export function checkFloat32(label: string, value: unknown): Float32Array {
  if (isFloat32(value)) return value;
  const got = value === null ? 'null' : typeof value === 'object' ? value?.constructor?.name : typeof value;
  throw new TypeError(`"${label}" expected a Float32Array, got ${got}`);
}

/** Refuses NaN and infinities; with d it names the row and the dimension. */
export function checkFinite(label: string, values: Float32Array, d: number = values.length): void {
  let sum = 0;
  // x - x is 0 for finite x and NaN otherwise: one branch a call instead of one a value
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) - (values[i] as number);
  if (sum === 0) return;
  const at = values.findIndex((value) => !Number.isFinite(value));
  throw new RangeError(
    `"${label}" expected finite values, got ${values[at]} in row ${Math.floor(at / d)}, dimension ${at % d}`,
  );
}

/** Checks that a value is one of the names allowed, and returns it. */
export function checkOneOf<T extends string>(label: string, value: string, allowed: readonly T[]): T {
  for (const name of allowed) if (name === value) return name;
  throw new RangeError(`"${label}" expected one of ${allowed.join(', ')}, got ${String(value)}`);
}
