/**
 * Web Locks, which a tab gives back when it ends, however it ends. Pages of insecure origins have none, and older engines
 * neither: what is said here then is "nobody holds it", and storage has to be right without.
 */
export class Locks {
  readonly #manager: LockManager | undefined;

  /** @param manager - this thread's by default; null for none */
  constructor(manager: LockManager | null | undefined = globalThis.navigator?.locks) {
    this.#manager = manager ?? undefined;
  }

  /** Whether this engine has them. */
  get exist(): boolean {
    return this.#manager !== undefined;
  }

  /** Runs `body` when nobody else holds the lock. */
  async exclusive<T>(name: string, body: () => Promise<T>): Promise<T> {
    return this.#manager ? this.#manager.request(name, body) : body();
  }

  /** Runs `body` if nobody holds the lock at this moment, else not at all. */
  async ifFree(name: string, body: () => Promise<void>): Promise<void> {
    if (!this.#manager) return body();
    await this.#manager.request(name, { ifAvailable: true }, (lock) => (lock ? body() : undefined));
  }

  /** Holds a shared lock until the function that comes back is called. */
  async hold(name: string): Promise<() => void> {
    const manager = this.#manager;
    if (!manager) return () => {};
    return new Promise((taken, failed) => {
      manager
        .request(name, { mode: 'shared' }, () => new Promise<void>((release) => taken(() => release())))
        .catch(failed);
    });
  }

  /** Whether nobody holds the lock. */
  async isFree(name: string): Promise<boolean> {
    if (!this.#manager) return true;
    return this.#manager.request(name, { ifAvailable: true }, async (lock) => lock !== null);
  }
}

/** The lock of who changes the index `name` in a storage. */
export function writeLock(kind: string, name: string): string {
  return JSON.stringify(['sagitta', kind, 'write', name]);
}

/** The lock of who reads one generation of the index `name`. */
export function readLock(kind: string, name: string, generation: string | number): string {
  return JSON.stringify(['sagitta', kind, 'read', name, generation]);
}
