/**
 * Notices that a worker is no more. Engines tell nobody that a worker has closed itself, was terminated by someone else, or
 * went with its frame. Measured in Chromium 156 and Firefox 153: no `close` event of a port either; but a Web Lock that the
 * worker holds is free within 2 to 30 ms of its end, after two seconds where Chromium ends one in the midst of work, and
 * never while it lives, however busy it is. So the worker holds a lock, and the client waits for it.
 *
 * Where there are no locks (pages that are no secure context, older Node), the client pings while it waits for answers. A
 * worker answers between jobs and says before a training, the one step that takes minutes, that it begins it; patience is
 * counted in pings, so that a page which was asleep does not mistake its own sleep for the worker's end.
 */

/** Between two pings. */
const PING_MS = 1000;
/** Pings without a sign: after so many a worker is gone, or one that said it was busy. */
const PATIENCE = 15;
const BUSY_PATIENCE = 900;

/** Calls `gone` when nobody holds the lock any more. @returns false where the lock is not to be seen here, so nothing is watched */
export async function watchLock(name: string, signal: AbortSignal, gone: () => void): Promise<boolean> {
  const locks = globalThis.navigator?.locks;
  // a worker of another origin holds a lock of that origin's; an origin without storage has none
  const { held = [] } = (await locks?.query().catch(() => undefined)) ?? {};
  if (!held.some((lock) => lock.name === name)) return false;
  locks.request(name, { signal }, gone).catch(() => {});
  return true;
}

/** Takes the lock for as long as `release` is not called. @returns release; undefined where there are no locks */
export async function holdLock(name: string): Promise<(() => void) | undefined> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return undefined;
  return new Promise((taken) => {
    locks
      .request(name, () => new Promise<void>((release) => taken(() => release())))
      .catch(() => taken(undefined));
  });
}

/** A name that no other worker's lock has. */
export function lockName(): string | undefined {
  if (!globalThis.navigator?.locks) return undefined;
  return `sagitta-worker-${globalThis.crypto.randomUUID()}`;
}

/** Pings while somebody waits. */
export class Pulse {
  readonly #ping: () => void;
  readonly #gone: () => void;
  #timer: ReturnType<typeof setInterval> | undefined;
  #silent = 0;
  #patience = PATIENCE;

  constructor(ping: () => void, gone: () => void) {
    this.#ping = ping;
    this.#gone = gone;
  }

  /** The worker has said something. */
  heard(isBusy: boolean): void {
    this.#silent = 0;
    this.#patience = isBusy ? BUSY_PATIENCE : PATIENCE;
  }

  /** isWaiting — somebody waits for an answer. */
  watch(isWaiting: boolean): void {
    if (isWaiting === (this.#timer !== undefined)) return;
    if (!isWaiting) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.heard(false);
    this.#timer = setInterval(() => {
      if (this.#silent++ >= this.#patience) this.#gone();
      else this.#ping();
    }, PING_MS);
  }
}
