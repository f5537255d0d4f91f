/** What a process computes, one after the other, in the order in which it came; between them it takes in what has come meanwhile. */

/** Milliseconds of computing after which messages are read. */
const TURN_MS = 1;

/** Gives each its turn. */
export class Turns {
  readonly #waiting = new Set<() => void>();
  #isPlanned = false;

  /** Runs it when those that came before are through. */
  take(turn: () => void): void {
    this.#waiting.add(turn);
    this.#plan();
  }

  /** Forgets one whose turn has not come. */
  drop(turn: () => void): void {
    this.#waiting.delete(turn);
  }

  #plan(): void {
    if (this.#isPlanned || this.#waiting.size === 0) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      const from = performance.now();
      try {
        for (const turn of this.#waiting) {
          this.#waiting.delete(turn);
          turn();
          // what is short goes together, and so do its answers
          if (performance.now() - from >= TURN_MS) break;
        }
      } finally {
        this.#plan();
      }
    });
  }
}
