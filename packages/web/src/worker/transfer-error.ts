/** Errors across a worker's boundary: each class arrives as itself, with its fields, and not as a copy without methods. */
import { CapacityError, FormatError, UnsupportedError } from '@sagitta/core-wasm';
import { QuotaError } from '../storage/quota-error.ts';

export interface TransferredError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
  readonly wanted?: number;
  readonly available?: number;
  readonly offset?: number;
}

export function describeError(error: unknown): TransferredError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack } = error;
  if (error instanceof CapacityError || error instanceof QuotaError) {
    return { name, message, stack, wanted: error.wanted, available: error.available };
  }
  if (error instanceof FormatError) return { name, message, stack, offset: error.offset };
  return { name, message, stack };
}

/** The error as its class; one of a class that is not ours keeps its name. */
export function reviveError(described: TransferredError): Error {
  const error = make(described);
  if (described.stack !== undefined) error.stack = described.stack;
  return error;
}

function make({ name, message, wanted = 0, available = 0, offset = 0 }: TransferredError): Error {
  switch (name) {
    case 'RangeError':
      return new RangeError(message);
    case 'TypeError':
      return new TypeError(message);
    case 'CapacityError':
      return new CapacityError(wanted, available);
    case 'QuotaError':
      return new QuotaError(wanted, available);
    case 'UnsupportedError':
      return new UnsupportedError(message);
    case 'FormatError':
      // the class writes the offset behind the message itself
      return new FormatError(message.replace(/ \(at byte \d+\)$/, ''), offset);
    default: {
      const error = new Error(message);
      error.name = name;
      return error;
    }
  }
}
