/** Web Locks as far as workers use them: exclusive, first come first served; engines that run these tests may have none. */

interface Waiting {
  readonly run: () => void;
}

export class FakeLocks {
  readonly #queues = new Map<string, Waiting[]>();
  /** Locks that are held, as query() tells. */
  isBlind = false;

  request(name: string, ...rest: unknown[]): Promise<unknown> {
    const body = rest[rest.length - 1] as () => unknown;
    const signal = rest.length > 1 ? (rest[0] as { signal?: AbortSignal }).signal : undefined;
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        run: () => {
          Promise.resolve(body())
            .then(resolve, reject)
            .finally(() => this.free(name));
        },
      };
      signal?.addEventListener('abort', () => {
        const at = queue.indexOf(waiting);
        if (at > 0) queue.splice(at, 1);
        reject(signal.reason);
      });
      if (queue.push(waiting) === 1) waiting.run();
    });
  }

  /** What the end of the holder does. */
  free(name: string): void {
    const queue = this.#queues.get(name);
    queue?.shift();
    queue?.[0]?.run();
  }

  async query(): Promise<{ held: { name: string }[] }> {
    if (this.isBlind) return { held: [] };
    return { held: [...this.#queues].filter(([, queue]) => queue.length > 0).map(([name]) => ({ name })) };
  }

  /** Locks that are held or waited for, and by how many. */
  get sizes(): Record<string, number> {
    return Object.fromEntries([...this.#queues].map(([name, { length }]) => [name, length]));
  }
}
