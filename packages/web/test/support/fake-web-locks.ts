/** Web Locks of one origin, with tabs that can be killed: what a tab holds or waits for goes with it. */

interface Request {
  readonly tab: object;
  readonly mode: LockMode;
  start(): void;
}

export class FakeWebLocks {
  readonly #held: Map<string, Set<Request>> = new Map();
  readonly #queues: Map<string, Request[]> = new Map();

  /** The locks as a tab of its own sees them. */
  tab(): { manager: LockManager; kill(): void } {
    const tab = {};
    const request = async (name: string, ...rest: unknown[]): Promise<unknown> => {
      const body = rest.at(-1) as (lock: Lock | null) => unknown;
      const { mode = 'exclusive', ifAvailable = false } = rest.length > 1 ? (rest[0] as LockOptions) : {};
      if (ifAvailable && !this.#isFree(name, mode)) return body(null);
      let mine: Request | undefined;
      await new Promise<void>((start) => {
        mine = { tab, mode, start };
        this.#queues.set(name, [...(this.#queues.get(name) ?? []), mine]);
        this.#serve(name);
      });
      try {
        return await body({ name, mode });
      } finally {
        if (mine) this.#held.get(name)?.delete(mine);
        this.#serve(name);
      }
    };
    return {
      manager: { request, query: async () => ({}) } as LockManager,
      kill: () => {
        for (const [name, queue] of this.#queues) {
          this.#queues.set(
            name,
            queue.filter((one) => one.tab !== tab),
          );
        }
        for (const [name, all] of this.#held) {
          for (const one of all) if (one.tab === tab) all.delete(one);
          this.#serve(name);
        }
      },
    };
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
