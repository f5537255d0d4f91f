/** What a process computes, one after the other, in the order in which it came; between two of them it takes in what has come meanwhile. */

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
    // messages are read before the next: among them is what it may be dropped by
    setImmediate(() => {
      this.#isPlanned = false;
      const [turn] = this.#waiting;
      try {
        if (turn) {
          this.#waiting.delete(turn);
          turn();
        }
      } finally {
        this.#plan();
      }
    });
  }
}
