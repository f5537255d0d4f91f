/** What a request ends with when it is not answered: a status, a code for programs and a sentence for people. */
import { CapacityError, FormatError, UnsupportedError } from '@sagitta/core-wasm';
import { ConflictError, ReadOnlyError, StorageError } from '@sagitta/retrieval/collection';

/** Statuses of failures, each with its code. */
export const CODES = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'timeout',
  409: 'conflict',
  413: 'too_large',
  415: 'unsupported_media_type',
  429: 'too_many_requests',
  500: 'internal',
  503: 'unavailable',
  507: 'no_room',
} as const;

export type FailureStatus = keyof typeof CODES;

/** Characters of a message: what came may be as long as a body, and goes into answer and log. */
const MOST_LENGTH = 500;

/** Says why a request is not answered. */
export class RequestFailure extends Error {
  readonly status: FailureStatus;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: FailureStatus, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message.length > MOST_LENGTH ? `${message.slice(0, MOST_LENGTH)}…` : message);
    this.name = 'RequestFailure';
    this.status = status;
    this.headers = headers;
  }
}

/** The commonest one. */
export function badRequest(message: string): RequestFailure {
  return new RequestFailure(400, message);
}

/** What SQLite and systems call a full disk. */
const NO_ROOM: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);
const SQLITE_FULL = 13;

/** What a collection threw, as a failure; what nobody foresaw is a 500 that tells the caller nothing but the request's id. */
export function failureOf(error: unknown): RequestFailure {
  if (error instanceof RequestFailure) return error;
  if (error instanceof ConflictError) return new RequestFailure(409, error.message);
  if (error instanceof ReadOnlyError)
    return new RequestFailure(403, error.message.replace(`${error.collection}: `, ''));
  // places of the server's disk are none of the client's business
  if (error instanceof StorageError) {
    const message = error.message.replace(`${error.place}: `, '"collection" ');
    return new RequestFailure(isFull(error.cause) ? 507 : 503, message);
  }
  if (error instanceof CapacityError) return new RequestFailure(507, error.message);
  if (error instanceof FormatError)
    return new RequestFailure(503, '"collection" expected whole files, got damaged ones');
  if (error instanceof UnsupportedError) return badRequest(error.message);
  const isArgument = error instanceof TypeError || error instanceof RangeError;
  // errors of ours begin with the argument's name; a TypeError of the engine does not
  if (isArgument && /^"[^"]+" expected /.test(error.message)) {
    return new RequestFailure(error.message.startsWith('"collection"') ? 503 : 400, error.message);
  }
  return new RequestFailure(500, 'the server failed; its log has more under the id of the request');
}

function isFull(cause: unknown): boolean {
  if (typeof cause !== 'object' || cause === null) return false;
  const { code, errcode } = cause as { readonly code?: unknown; readonly errcode?: unknown };
  return NO_ROOM.has(code) || (typeof errcode === 'number' && (errcode & 0xff) === SQLITE_FULL);
}
