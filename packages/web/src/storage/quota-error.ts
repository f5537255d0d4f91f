/** The browser gives an origin so much storage and no more. */
export class QuotaError extends Error {
  readonly code = 'SAGITTA_QUOTA';
  /** Bytes that were to be written. */
  readonly wanted: number;
  /** Bytes that the browser says are left; undefined where it does not say, or says more than it gives. */
  readonly available: number | undefined;

  constructor(wanted: number, available?: number) {
    super(
      available === undefined
        ? `"index" expected room for ${wanted} bytes in the browser's storage, got less`
        : `"index" expected at most ${available} bytes, which the browser's storage has left, got ${wanted}`,
    );
    this.name = 'QuotaError';
    this.wanted = wanted;
    this.available = available;
  }
}

/** Bytes left for this origin, undefined where the engine does not tell. */
async function availableBytes(): Promise<number | undefined> {
  const { quota, usage } = (await globalThis.navigator?.storage?.estimate?.()) ?? {};
  return quota === undefined ? undefined : Math.max(0, quota - (usage ?? 0));
}

/** The browser's own quota errors as ours; any other error as it is. `wanted` is what was to be written in all. */
export async function quotaErrorFrom(error: unknown, wanted: number): Promise<unknown> {
  if (!(error instanceof Error) || error.name !== 'QuotaExceededError') return error;
  const available = await availableBytes().catch(() => undefined);
  // what is refused although it is said to fit was counted in another way
  return new QuotaError(wanted, available !== undefined && available < wanted ? available : undefined);
}

/** @throws QuotaError if the browser says that so many bytes will not fit */
export async function checkRoom(wanted: number): Promise<void> {
  const available = await availableBytes();
  if (available !== undefined && wanted > available) throw new QuotaError(wanted, available);
}
