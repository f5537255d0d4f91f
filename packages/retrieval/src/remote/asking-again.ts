/**
 * How often a shard may be asked again, and of whom. Each first question to a shard allows a tenth of another; where one is answered soon, what a query
 * took is given back, since members have time for it. So members who cannot keep up get a tenth more to do. Where many questions to one member are
 * not heard of, though members say so when they drop one, a member stands still: then all are asked at first, and those that live answer
 * (docs/scale.md, simulated).
 */

/** Questions that may be asked again before others were answered, and at most. */
const MOST = 16;
const A_FIRST_ALLOWS = 0.1;
/** What a question takes beyond the first; one to all members of a shard makes as much work as several. */
const [OF_ONE, OF_ALL] = [1, 2];
/** Questions to one of a shard's members before one goes to all of them. */
const TO_ONE = 2;
/** From which share of the questions to one member that are not heard of one is taken to stand still. */
const MANY_LOST = 0.15;
/** How much a question changes that share. */
const SHARE_STEP = 1 / 32;
/** While a member stands still, one query of so many asks one member besides, to see whether it still does. */
const TRIED = 16;

/** Says to whom a question goes, and what it takes. */
export interface Allowed {
  readonly toAll: boolean;
  readonly takes: number;
}

/** Counts the questions to a shard. */
export class AskingAgain {
  #allowed = MOST;
  #lostShare = 0;
  #tried = 0;

  /** asked — questions of this query to the shard so far. @returns undefined where no other is allowed now */
  next(asked: number): Allowed | undefined {
    const isOneStill = this.#lostShare > MANY_LOST;
    if (asked === 0) {
      this.#allowed = Math.min(MOST, this.#allowed + A_FIRST_ALLOWS);
      return { toAll: isOneStill, takes: 0 };
    }
    const toAll = isOneStill || asked >= TO_ONE;
    const takes = toAll ? OF_ALL : OF_ONE;
    if (this.#allowed < takes) return undefined;
    this.#allowed -= takes;
    return { toAll, takes };
  }

  /** Whether a query that asks all members at first asks one besides. */
  tries(): boolean {
    return this.#tried++ % TRIED === 0;
  }

  /** Gives back what the questions of a query took. */
  giveBack(taken: number): void {
    this.#allowed = Math.min(MOST, this.#allowed + taken);
  }

  /** Counts a question to one member. isLost — whether nothing was heard of it. */
  heard(isLost: boolean): void {
    this.#lostShare += SHARE_STEP * ((isLost ? 1 : 0) - this.#lostShare);
  }
}
