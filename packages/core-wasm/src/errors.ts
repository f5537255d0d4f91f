/** The error classes of Sagitta. Wrong kinds and values are TypeError and RangeError, as everywhere. */

/** Bytes that are not what they claim to be. */
export class FormatError extends Error {
  readonly code = 'SAGITTA_FORMAT';
  /** Byte offset at which reading failed. */
  readonly offset: number;

  constructor(message: string, offset = 0) {
    super(`${message} (at byte ${offset})`);
    this.name = 'FormatError';
    this.offset = offset;
  }
}

/** The memory limit was reached. */
export class CapacityError extends Error {
  readonly code = 'SAGITTA_CAPACITY';
  readonly wanted: number;
  readonly available: number;

  constructor(wanted: number, available: number) {
    super(`"byteLength" expected at most ${available} bytes left in the WebAssembly memory, got ${wanted}`);
    this.name = 'CapacityError';
    this.wanted = wanted;
    this.available = available;
  }
}

/** The index is being saved, and there is no memory to keep a copy of what a change would overwrite. */
export class BusyError extends Error {
  readonly code = 'SAGITTA_BUSY';
  /** Bytes of the copy. */
  readonly wanted: number;
  readonly available = 0;

  constructor(wanted: number) {
    super(
      `the index is being saved: changing it meanwhile expected ${wanted} bytes for a copy of what is saved, got 0; try again when the save is through`,
    );
    this.name = 'BusyError';
    this.wanted = wanted;
  }
}

/** The engine, or this build, lacks what was asked for. */
export class UnsupportedError extends Error {
  readonly code = 'SAGITTA_UNSUPPORTED';

  constructor(message: string) {
    super(message);
    this.name = 'UnsupportedError';
  }
}
