/** Errors across a worker's boundary: each class arrives as itself, with its fields, and not as a copy without methods. */
import { BusyError, CapacityError, FormatError, UnsupportedError } from '@sagitta/core-wasm';
import { BlockedError, ChangedError, NetworkError, NotFoundError } from '../errors.ts';
import { QuotaError } from '../storage/quota-error.ts';

/** Classes that errors arrive as, by their names; those of other names arrive as Error with that name. */
const CLASSES: readonly { readonly prototype: Error; readonly name: string }[] = [
  TypeError,
  RangeError,
  FormatError,
  BusyError,
  CapacityError,
  UnsupportedError,
  BusyError,
  QuotaError,
  NotFoundError,
  ChangedError,
  BlockedError,
  NetworkError,
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

/** The error as its class, made without its constructor, whose arguments are not known here. */
export function reviveError({ name, message, stack, fields, cause }: TransferredError): Error {
  const error = new Error(message, cause && { cause: reviveError(cause) });
  // browsers have a NotFoundError and a NetworkError too, without codes like ours
  const isOurs =
    name === 'TypeError' || name === 'RangeError' || String(fields['code']).startsWith('SAGITTA_');
  const known = isOurs && CLASSES.find((one) => one.name === name);
  if (known) Object.setPrototypeOf(error, known.prototype);
  else if (name !== error.name) error.name = name;
  if (stack !== undefined) error.stack = stack;
  return Object.assign(error, fields);
}
