/** The three error classes of Sagitta. Wrong kinds and values are TypeError and RangeError, as everywhere. */

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

/** The engine, or this build, lacks what was asked for. */
export class UnsupportedError extends Error {
  readonly code = 'SAGITTA_UNSUPPORTED';

  constructor(message: string) {
    super(message);
    this.name = 'UnsupportedError';
  }
}
