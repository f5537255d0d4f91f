/** How long answers took lately, and from when on one is slow: then another member may be asked. */

/** Times that the share of slow answers is taken of. */
const KEPT = 256;
const SLOW_SHARE = 0.95;
/** Milliseconds while too few times are known, and at least. */
const [FIRST_MS, LEAST_MS] = [50, 2];

/** Keeps the times of the last answers. */
export class AnswerTimes {
  readonly #times: number[] = [];
  #at = 0;

  /** Takes the time of an answer in, in milliseconds, in place of the oldest. */
  note(ms: number): void {
    this.#times[this.#at] = ms;
    this.#at = (this.#at + 1) % KEPT;
  }

  /** Milliseconds within which all but the slowest answers came. */
  slowAfter(): number {
    if (this.#times.length < KEPT / 8) return FIRST_MS;
    const sorted = Float64Array.from(this.#times).sort();
    return Math.max(LEAST_MS, sorted[Math.floor(SLOW_SHARE * sorted.length)] as number);
  }
}
