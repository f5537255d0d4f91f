/**
 * How often a shard may be asked again, and of whom. Each first question to a shard allows a tenth of another; where a later one is answered soon,
 * what a query took is given back, since a member has time for it. So members who cannot keep up get a tenth more to do, and one that stands still
 * beside another that has time is made good for (docs/scale.md, simulated).
 */

/** Questions that may be asked again before others were answered, and at most. */
const MOST = 16;
const A_FIRST_ALLOWS = 0.1;
/** What a question takes; one to all members of a shard makes as much work as several. */
const [OF_ONE, OF_ALL] = [1, 2];
/** Questions to one of a shard's members before one goes to all of them, and where many of the last answers came to a later one than the first. */
const [TO_ONE, TO_ONE_OF_MANY_LOST] = [2, 1];
const MANY_LOST = 0.25;
/** How much an answer changes the share of those that came to a later question. */
const SHARE_STEP = 1 / 64;

/** Says to whom a question goes, and what it takes. */
export interface Allowed {
  readonly toAll: boolean;
  readonly takes: number;
}

/** Counts the questions to a shard. */
export class AskingAgain {
  #allowed = MOST;
  #lateShare = 0;

  /** asked — questions of this query to the shard so far. @returns undefined where no other is allowed now */
  next(asked: number): Allowed | undefined {
    if (asked === 0) {
      this.#allowed = Math.min(MOST, this.#allowed + A_FIRST_ALLOWS);
      return { toAll: false, takes: 0 };
    }
    // one that stands still, or is cut off, gets its part of the questions as before: of all members those that live answer
    const toAll = asked >= (this.#lateShare > MANY_LOST ? TO_ONE_OF_MANY_LOST : TO_ONE);
    const takes = toAll ? OF_ALL : OF_ONE;
    if (this.#allowed < takes) return undefined;
    this.#allowed -= takes;
    return { toAll, takes };
  }

  /** Gives back what the questions of a query took. */
  giveBack(taken: number): void {
    this.#allowed = Math.min(MOST, this.#allowed + taken);
  }

  /** asked — questions of a query that is answered now. */
  answered(asked: number): void {
    this.#lateShare += SHARE_STEP * ((asked > 1 ? 1 : 0) - this.#lateShare);
  }
}
