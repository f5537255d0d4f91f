/** Errors across a worker's boundary: each class arrives as itself, with its fields, and not as a copy without methods. */
import { CapacityError, FormatError, UnsupportedError } from '@sagitta/core-wasm';
import { BlockedError, ChangedError, NetworkError, NotFoundError } from '../errors.ts';
import { QuotaError } from '../storage/quota-error.ts';

export interface TransferredError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
  /** Of our own classes; the browser has errors of some of the same names. */
  readonly code?: string;
  readonly wanted?: number;
  readonly available?: number | undefined;
  readonly offset?: number;
  readonly url?: string;
  readonly status?: number | undefined;
}

export function describeError(error: unknown): TransferredError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack } = error;
  const described = { name, message, stack };
  if (error instanceof CapacityError || error instanceof QuotaError) {
    return { ...described, code: error.code, wanted: error.wanted, available: error.available };
  }
  if (error instanceof FormatError) return { ...described, code: error.code, offset: error.offset };
  if (error instanceof NetworkError) {
    return { ...described, code: error.code, url: error.url, status: error.status };
  }
  const others = [UnsupportedError, NotFoundError, ChangedError, BlockedError];
  const isOurs = (one: Error): one is Error & { code: string } => others.some((Ours) => one instanceof Ours);
  return isOurs(error) ? { ...described, code: error.code } : described;
}

/** The error as its class; one of a class that is not ours keeps its name. */
export function reviveError(described: TransferredError): Error {
  const error = make(described);
  if (described.stack !== undefined) error.stack = described.stack;
  return error;
}

function make(described: TransferredError): Error {
  const { name, message, code, wanted = 0, available, offset = 0, url = '', status } = described;
  switch (code ?? name) {
    case 'RangeError':
      return new RangeError(message);
    case 'TypeError':
      return new TypeError(message);
    case 'SAGITTA_CAPACITY':
      return new CapacityError(wanted, available ?? 0);
    case 'SAGITTA_QUOTA':
      return new QuotaError(wanted, available);
    case 'SAGITTA_UNSUPPORTED':
      return new UnsupportedError(message);
    case 'SAGITTA_NOT_FOUND':
      return new NotFoundError(message);
    case 'SAGITTA_CHANGED':
      return new ChangedError(message);
    case 'SAGITTA_BLOCKED':
      return new BlockedError(message);
    case 'SAGITTA_NETWORK':
      return new NetworkError(message, url, status);
    case 'SAGITTA_FORMAT':
      // the class writes the offset behind the message itself
      return new FormatError(message.replace(/ \(at byte \d+\)$/, ''), offset);
    default: {
      const error = new Error(message);
      error.name = name;
      return error;
    }
  }
}
