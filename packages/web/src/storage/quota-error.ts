/** The browser gives an origin so much storage and no more. */
export class QuotaError extends Error {
  readonly code = 'SAGITTA_QUOTA';
  /** Bytes that were to be written. */
  readonly wanted: number;
  /** Bytes that the browser says are left; 0 where it does not say. */
  readonly available: number;

  constructor(wanted: number, available: number) {
    super(`"index" expected at most ${available} bytes left in the browser's storage, got ${wanted}`);
    this.name = 'QuotaError';
    this.wanted = wanted;
    this.available = available;
  }
}

/** Bytes left for this origin, Infinity where the engine does not tell. */
export async function availableBytes(): Promise<number> {
  const { quota, usage } = (await globalThis.navigator?.storage?.estimate?.()) ?? {};
  return quota === undefined ? Number.POSITIVE_INFINITY : Math.max(0, quota - (usage ?? 0));
}

/** The browser's own quota errors as ours; any other error as it is. */
export async function quotaErrorFrom(error: unknown, wanted: number): Promise<unknown> {
  if (!(error instanceof Error) || error.name !== 'QuotaExceededError') return error;
  const available = await availableBytes();
  return new QuotaError(wanted, Number.isFinite(available) ? available : 0);
}

/** @throws QuotaError if so many bytes will not fit */
export async function checkRoom(wanted: number): Promise<void> {
  const available = await availableBytes();
  if (wanted > available) throw new QuotaError(wanted, available);
}
