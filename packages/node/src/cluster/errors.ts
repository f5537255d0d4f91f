/** Errors of clusters that no argument is to blame for. */

/** Says that a storage or a server did not answer, or not in time, after several tries: later it may. `cause` has its own error. */
export class UnavailableError extends Error {
  readonly code = 'SAGITTA_UNAVAILABLE';
  /** What did not answer. */
  readonly place: string;

  constructor(place: string, message: string, cause?: unknown) {
    super(`${place}: ${message}`, cause === undefined ? undefined : { cause });
    this.name = 'UnavailableError';
    this.place = place;
  }
}
