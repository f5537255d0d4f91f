/** Time that passes from event to event, and what works through tasks in it. */

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Runs what is due, in the order of time; at one time in the order in which it was planned. Milliseconds. */
export class Timeline {
  now = 0;
  #order = 0;
  readonly #heap: Event[] = [];

  after(ms: number, run: () => void): void {
    this.#push({ at: this.now + ms, order: this.#order++, run });
  }

  /** Until nothing is planned. */
  run(): void {
    for (let event = this.#pop(); event; event = this.#pop()) {
      this.now = event.at;
      event.run();
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(event, heap[above] as Event)) break;
      heap[at] = heap[above] as Event;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Event, heap[below] as Event)) below++;
      if (!isBefore(heap[below] as Event, last)) break;
      heap[at] = heap[below] as Event;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Does tasks of so many milliseconds, and says when each is done. */
export interface Works {
  /** isWanted — asked when its turn comes; where it is not, it takes no time and is never done. */
  submit(ms: number, done: () => void, isWanted?: () => boolean): void;
}

interface Task {
  readonly ms: number;
  readonly done: () => void;
  readonly isWanted: () => boolean;
}

const always = (): boolean => true;

/** Stands still now and then: at each multiple of `everyMs` but the first, for `forMs`. */
export interface Stalls {
  readonly everyMs: number;
  readonly forMs: number;
}

/** First come, first served, by `servers` at a time. on — what they compute on, if they share it; stalls — they stand still together. */
export class Servers implements Works {
  readonly #time: Timeline;
  readonly #on: Works | undefined;
  readonly #stalls: Stalls | undefined;
  readonly #waiting: Task[] = [];
  #first = 0;
  #idle: number;

  constructor(time: Timeline, servers: number, how: { readonly on?: Works; readonly stalls?: Stalls } = {}) {
    this.#time = time;
    this.#idle = servers;
    this.#on = how.on;
    this.#stalls = how.stalls;
  }

  submit(ms: number, done: () => void, isWanted = always): void {
    this.#waiting.push({ ms, done, isWanted });
    this.#next();
  }

  /** Milliseconds until it does not stand still. */
  stillFor(): number {
    return this.#stalls ? stalled(this.#time.now, 0, this.#stalls) : 0;
  }

  #next(): void {
    if (this.#idle === 0) return;
    let task: Task | undefined;
    do task = this.#waiting[this.#first++];
    while (task && !task.isWanted());
    if (task === undefined) {
      this.#first--;
      return;
    }
    if (this.#first > 1000 && 2 * this.#first > this.#waiting.length) {
      this.#waiting.splice(0, this.#first);
      this.#first = 0;
    }
    this.#idle--;
    const end = (): void => {
      this.#idle++;
      task.done();
      this.#next();
    };
    if (this.#on) this.#on.submit(task.ms, end);
    else this.#time.after(this.#stalls ? stalled(this.#time.now, task.ms, this.#stalls) : task.ms, end);
  }
}

/** Milliseconds from now until `ms` were worked. */
function stalled(now: number, ms: number, { everyMs, forMs }: Stalls): number {
  let at = now;
  let left = ms;
  for (;;) {
    const within = at % everyMs;
    if (at >= everyMs && within < forMs) at += forMs - within;
    const free = everyMs - (at % everyMs);
    if (left <= free) return at + left - now;
    left -= free;
    at += free;
  }
}
