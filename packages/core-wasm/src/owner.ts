/**
 * Lifetime: what owns blocks of a core and other resources gives them back in one place, in reverse order, once; and
 * where one of them cannot be made, those made before it are given back first.
 */
import type { Core } from './core.ts';
import type { Block } from './memory.ts';

/** Gives resources back, the last one first. */
function disposeAll(resources: Disposable[]): void {
  for (let next = resources.pop(); next; next = resources.pop()) next[Symbol.dispose]();
}

/**
 * The base of everything that holds memory of a core. A constructor takes what it needs with `allocate` and `own`: where
 * that throws, the object gives everything back, and nobody has to catch anything.
 */
export abstract class Owner implements Disposable {
  /** In whose memory it lies. */
  readonly core: Core;
  readonly #owned: Disposable[] = [];
  #isLive = true;

  constructor(core: Core) {
    this.core = core;
  }

  /** False after dispose, and after the core's. */
  get isLive(): boolean {
    return this.#isLive && this.core.isLive;
  }

  /** A block for the life of the object. Only while it is made: it is disposed where this throws. @throws CapacityError */
  protected allocate(byteLength: number): Block {
    return this.own(() => this.core.allocate(byteLength));
  }

  /** What `make` returns, if anything, disposed with the object. Only while it is made: it is disposed where `make` throws. */
  protected own<T extends Disposable | undefined>(make: () => T): T {
    try {
      const made = make();
      if (made) this.#owned.push(made);
      return made;
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** label — what the caller calls the object. @throws RangeError after dispose of the object or of its core */
  protected checkLive(label: string): void {
    if (this.#isLive && this.core.isLive) return;
    const dead = this.#isLive ? 'core' : label;
    throw new RangeError(`"${dead}" expected a live ${dead}, got a disposed one`);
  }

  /** Gives everything back. Twice does nothing; after the core was disposed it does no harm. */
  dispose(): void {
    this.#isLive = false;
    disposeAll(this.#owned);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * Runs `body` and returns what it returns. Where it throws, what it gave to `own` is disposed, the last one first; else
 * that belongs to whoever `body` handed it to.
 */
export function making<T>(body: (own: <R extends Disposable>(resource: R) => R) => T): T {
  const made: Disposable[] = [];
  try {
    return body((resource) => {
      made.push(resource);
      return resource;
    });
  } catch (error) {
    disposeAll(made);
    throw error;
  }
}
