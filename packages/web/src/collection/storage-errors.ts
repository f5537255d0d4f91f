/** What the browser refuses, as errors that name the place. */
import { StorageError } from '@sagitta/retrieval/collection';

const REASONS: Readonly<Record<string, string>> = {
  QuotaError: "expected room in the browser's storage, got none",
  QuotaExceededError: "expected room in the browser's storage, got none",
  ChangedError: 'expected to be there, got it removed',
  NotFoundError: 'expected to be there, got nothing',
  BlockedError: 'expected to be opened, got it held by another page',
};

/** place — what was read or written */
export function storageError(place: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message } = error;
  const reason = REASONS[name];
  if (reason !== undefined) return new StorageError(place, reason, error);
  if (!(error instanceof DOMException)) return error;
  return new StorageError(place, `expected to be read and written, got ${name}: ${message}`, error);
}

/** Runs body; what it throws names the place. */
export async function storing<T>(place: string, body: () => T | Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw storageError(place, error);
  }
}
