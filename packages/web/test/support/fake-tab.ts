/** A tab of a browser as storage sees it: it takes steps, in turn with others or until it is killed. */

export class Stopped extends Error {
  override readonly name: string = 'Stopped';
}

export class FakeTab {
  /** Changes until the tab is killed. */
  stopAfter: number = Number.POSITIVE_INFINITY;
  /** Changes so far. */
  changes = 0;
  /** Waited for at every step. */
  turn: () => Promise<void> = async () => {};
  readonly #onKill: (() => void)[] = [];
  #isKilled = false;

  onKill(release: () => void): void {
    this.#onKill.push(release);
  }

  kill(): void {
    if (this.#isKilled) return;
    this.#isKilled = true;
    for (const release of this.#onKill) release();
  }

  /** @throws Stopped in a tab that is dead */
  check(): void {
    if (this.stopAfter <= 0) this.kill();
    if (this.#isKilled) throw new Stopped('the tab was closed');
  }

  async step(): Promise<void> {
    await this.turn();
    this.check();
  }

  change(): void {
    this.check();
    this.changes++;
    this.stopAfter--;
  }
}
