/** Errors of storage and networks that a page may want to tell apart; each has a `code`, which survives a worker's boundary. */

/** There is no index of that name, or there is none any more. */
export class NotFoundError extends Error {
  readonly code = 'SAGITTA_NOT_FOUND';

  constructor(message: string) {
    super(message);
    this.name = 'NotFoundError';
  }
}

/** What was opened, or is being written, was replaced or removed by somebody else; opening or saving it again helps. */
export class ChangedError extends Error {
  readonly code = 'SAGITTA_CHANGED';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ChangedError';
  }
}

/** Another page of this origin holds the storage and does not let go; closing it helps. */
export class BlockedError extends Error {
  readonly code = 'SAGITTA_BLOCKED';

  constructor(message: string) {
    super(message);
    this.name = 'BlockedError';
  }
}

/** A server could not be reached, fell silent, broke off, or answered with an error. */
export class NetworkError extends Error {
  readonly code = 'SAGITTA_NETWORK';
  /** Absolute address that was asked. */
  readonly url: string;
  /** HTTP status of the answer; undefined where none came. */
  readonly status: number | undefined;

  constructor(message: string, url: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NetworkError';
    this.url = url;
    this.status = status;
  }
}
