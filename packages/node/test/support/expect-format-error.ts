/** Awaits a FormatError and compares its message and offset. */
import { FormatError } from '@sagitta/core-wasm';
import { expect } from 'vitest';

export async function expectFormatError(
  body: Promise<unknown>,
  message: RegExp,
  offset?: number,
): Promise<FormatError> {
  const error: unknown = await body.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FormatError);
  if (!(error instanceof FormatError)) throw error;
  expect(error.message).toMatch(message);
  if (offset !== undefined) expect(error.offset).toBe(offset);
  return error;
}
