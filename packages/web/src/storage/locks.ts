/** Web Locks, so that two tabs do not write one index at a time; engines without them do without. */

export async function withLock<T>(name: string, mode: LockMode, body: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return body();
  return locks.request(name, { mode }, body);
}

/** Holds a shared lock until the function that comes back is called. */
export async function holdLock(name: string): Promise<() => void> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return () => {};
  return new Promise((taken, failed) => {
    locks
      .request(name, { mode: 'shared' }, () => new Promise<void>((release) => taken(() => release())))
      .catch(failed);
  });
}

/** Whether nobody holds the lock. */
export async function isFree(name: string): Promise<boolean> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return true;
  return locks.request(name, { ifAvailable: true }, async (lock) => lock !== null);
}
