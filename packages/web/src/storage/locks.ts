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

  /** Holds a shared lock until the function that comes back is called, whose promise resolves when it is free. */
  async hold(name: string): Promise<() => Promise<void>> {
    return this.#manager ? held(this.#manager, name, { mode: 'shared' }) : async () => {};
  }

  /** Holds a lock alone, as hold does; undefined where others have it for so many milliseconds more, or there are no locks. */
  async take(name: string, milliseconds: number): Promise<(() => Promise<void>) | undefined> {
    if (!this.#manager) return undefined;
    const signal = AbortSignal.timeout(milliseconds);
    try {
      return await held(this.#manager, name, { signal });
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }

  /** Whether nobody holds the lock. */
  async isFree(name: string): Promise<boolean> {
    if (!this.#manager) return true;
    return this.#manager.request(name, { ifAvailable: true }, async (lock) => lock !== null);
  }
}

function held(manager: LockManager, name: string, options: LockOptions): Promise<() => Promise<void>> {
  return new Promise((taken, failed) => {
    const through = manager.request(name, options, () => {
      return new Promise<void>((release) => {
        taken(async () => {
          release();
          await through;
        });
      });
    });
    through.catch(failed);
  });
}

/** The lock of who changes the index `name` in a storage. */
export function writeLock(kind: string, name: string): string {
  return JSON.stringify(['sagitta', kind, 'write', name]);
}

/** The lock of who reads one generation of the index `name`. */
export function readLock(kind: string, name: string, generation: string | number): string {
  return JSON.stringify(['sagitta', kind, 'read', name, generation]);
}
