/** Errors across a worker's boundary: each class arrives as itself, with its fields, and not as a copy without methods. */
import { BusyError, CapacityError, FormatError, UnsupportedError } from '@sagitta/core-wasm';
import type { ErrorClass } from './place.ts';

/** Classes that errors arrive as in every place, by their names; those of unknown names arrive as Error with that name. */
const CLASSES: readonly ErrorClass[] = [
  TypeError,
  RangeError,
  FormatError,
  BusyError,
  CapacityError,
  UnsupportedError,
];

type Field = string | number | boolean | undefined;

export interface TransferredError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
  /** The error's own: its code, and what it says in numbers. */
  readonly fields: Readonly<Record<string, Field>>;
  readonly cause?: TransferredError;
}

export function describeError(error: unknown): TransferredError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), fields: {} };
  const { name, message, stack, cause } = error;
  const fields: Record<string, Field> = {};
  for (const [key, value] of Object.entries(error)) {
    if (['string', 'number', 'boolean', 'undefined'].includes(typeof value)) fields[key] = value as Field;
  }
  return { name, message, stack, fields, ...(cause instanceof Error && { cause: describeError(cause) }) };
}

/**
 * Makes the error again as its class, without its constructor, whose arguments are not known here.
 * @param more - classes of the place
 */
export function reviveError(
  { name, message, stack, fields, cause }: TransferredError,
  more: readonly ErrorClass[] = [],
): Error {
  const error = new Error(message, cause && { cause: reviveError(cause, more) });
  // browsers have a NotFoundError and a NetworkError too, without codes like ours
  const isOurs =
    name === 'TypeError' || name === 'RangeError' || String(fields['code']).startsWith('SAGITTA_');
  const known = isOurs && [...CLASSES, ...more].find((one) => one.name === name);
  if (known) Object.setPrototypeOf(error, known.prototype);
  else if (name !== error.name) error.name = name;
  if (stack !== undefined) error.stack = stack;
  return Object.assign(error, fields);
}
