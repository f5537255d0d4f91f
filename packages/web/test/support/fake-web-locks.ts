/** Web Locks of one origin, with tabs that can be killed: what a tab holds or waits for goes with it. */

interface Request {
  readonly tab: object;
  readonly mode: LockMode;
  start(): void;
}

export class FakeWebLocks {
  readonly #held: Map<string, Set<Request>> = new Map();
  readonly #queues: Map<string, Request[]> = new Map();

  /** The locks as a tab of its own sees them; isBlind — query() names none. */
  tab({ isBlind = false }: { readonly isBlind?: boolean } = {}): { manager: LockManager; kill(): void } {
    const tab = {};
    const request = async (name: string, ...rest: unknown[]): Promise<unknown> => {
      const body = rest.at(-1) as (lock: Lock | null) => unknown;
      const options = rest.length > 1 ? (rest[0] as LockOptions) : {};
      const { mode = 'exclusive', ifAvailable = false, signal } = options;
      if (ifAvailable && !this.#isFree(name, mode)) return body(null);
      const mine = await new Promise<Request>((resolve, reject) => {
        const one: Request = { tab, mode, start: () => resolve(one) };
        this.#queues.set(name, [...(this.#queues.get(name) ?? []), one]);
        signal?.addEventListener('abort', () => {
          this.#leave((waiting) => waiting === one);
          reject(signal.reason);
        });
        this.#serve(name);
      });
      try {
        return await body({ name, mode });
      } finally {
        this.#held.get(name)?.delete(mine);
        this.#serve(name);
      }
    };
    const held = (): LockInfo[] =>
      [...this.#held].flatMap(([name, all]) => [...all].map(({ mode }) => ({ name, mode })));
    return {
      manager: { request, query: async () => (isBlind ? {} : { held: held() }) } as LockManager,
      kill: () => {
        this.#leave((waiting) => waiting.tab === tab);
        for (const [name, all] of this.#held) {
          for (const one of all) if (one.tab === tab) all.delete(one);
          this.#serve(name);
        }
      },
    };
  }

  /** Names of locks, and how many hold them or wait for them. */
  get sizes(): Record<string, number> {
    const names = [...new Set([...this.#held.keys(), ...this.#queues.keys()])];
    const size = (name: string): number =>
      (this.#held.get(name)?.size ?? 0) + (this.#queues.get(name)?.length ?? 0);
    return Object.fromEntries(names.map((name) => [name, size(name)]));
  }

  #leave(goes: (waiting: Request) => boolean): void {
    for (const [name, queue] of this.#queues) {
      this.#queues.set(
        name,
        queue.filter((one) => !goes(one)),
      );
    }
  }

  #isFree(name: string, mode: LockMode): boolean {
    return [...(this.#held.get(name) ?? [])].every((one) => one.mode === 'shared' && mode === 'shared');
  }

  #serve(name: string): void {
    const queue = this.#queues.get(name) ?? [];
    for (let first = queue[0]; first && this.#isFree(name, first.mode); first = queue[0]) {
      queue.shift();
      this.#held.set(name, (this.#held.get(name) ?? new Set()).add(first));
      first.start();
    }
  }
}
