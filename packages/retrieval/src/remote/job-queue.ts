/**
 * Jobs one after the other, each in a turn of its own of the event loop: a message that came in behind a job is seen
 * before the next one begins, so what nobody waits for any more is not computed.
 */
export class JobQueue {
  readonly #waiting: { id: number; run: (signal: AbortSignal) => Promise<void> }[] = [];
  #current: { id: number; abort: AbortController } | undefined;

  push(id: number, run: (signal: AbortSignal) => Promise<void>): void {
    this.#waiting.push({ id, run });
    if (!this.#current) void this.#work();
  }

  /** Drops a job that waits, aborts the one that runs, and knows nothing of others. */
  cancel(id: number): void {
    const at = this.#waiting.findIndex((job) => job.id === id);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (this.#current?.id === id) this.#current.abort.abort();
  }

  /** Drops all that wait and aborts the one that runs. */
  clear(): void {
    this.#waiting.length = 0;
    this.#current?.abort.abort();
  }

  async #work(): Promise<void> {
    for (let job = this.#waiting.shift(); job; job = this.#waiting.shift()) {
      const abort = new AbortController();
      this.#current = { id: job.id, abort };
      await turn();
      if (!abort.signal.aborted) await job.run(abort.signal);
    }
    this.#current = undefined;
  }
}

/** Resolves in a later turn of the event loop. Timers would do, but browsers hold nested ones back by 4 ms. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
