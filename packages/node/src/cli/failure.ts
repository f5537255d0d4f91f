/** Failures of a command's work: one line that names the argument at fault. */
import { CapacityError, FormatError, UnsupportedError } from '@sagitta/core-wasm';

/** Expected failures: bad files, bad combinations, a full disk. Ends the command with status 1. */
export class CommandFailure extends Error {
  constructor(argument: string, what: string, cause?: unknown) {
    super(`${argument}: ${what}`, { cause });
    this.name = 'CommandFailure';
  }
}

/** Whether an error is one that may pass when the same is tried again: by its code, since most commands start without clusters. */
export function mayPass(error: unknown): boolean {
  const { cause } = (error ?? {}) as { readonly cause?: { readonly code?: unknown } };
  return error instanceof CommandFailure && cause?.code === 'SAGITTA_UNAVAILABLE';
}

/** Runs body; its expected errors become failures of `argument`, others go on as they are. */
export async function blame<T>(argument: string, body: () => T | Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw asFailure(argument, error);
  }
}

/** An expected error as a failure of `argument`; what is none, or is one already, as it is. */
export function asFailure(argument: string, error: unknown): unknown {
  if (error instanceof CommandFailure || !isExpected(error)) return error;
  return new CommandFailure(argument, describe(error), error);
}

/** Everything else is a mistake of ours and wants its stack. */
function isExpected(error: unknown): error is Error {
  if (error instanceof FormatError || error instanceof CapacityError || error instanceof UnsupportedError)
    return true;
  if (error instanceof Error && 'code' in error && String(error.code).startsWith('SAGITTA_')) return true;
  return error instanceof RangeError || (error instanceof Error && 'syscall' in error);
}

/** "ENOENT: no such file or directory, open 'a.fvecs'" reads "a.fvecs: no such file or directory". */
function describe(error: Error): string {
  const system = /^E[A-Z0-9]+: ([^,]+)(?:, \w+(?: '(.*?)')?.*)?$/s.exec(error.message);
  const text =
    system === null ? error.message : system[2] === undefined ? `${system[1]}` : `${system[2]}: ${system[1]}`;
  return text.replaceAll('\n', ' ');
}
