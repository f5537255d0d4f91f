/**
 * Scatter and gather in simulated time: queries come, each goes to one member of every shard, members answer one after the other, and
 * the last answer ends a query. A shard is asked again by the rules of ClusterClient, which are its own code: after the time that most answers took, with pauses that
 * double, as often as is allowed. With the first answer a question is taken back from members who have not begun it, half a round trip later; that
 * message takes no computing here.
 */
import { RandomStream } from '@sagitta/core-wasm';
import { AnswerTimes, AskingAgain } from '@sagitta/retrieval/internal';
import { draw, quantile } from './distribution.ts';
import { Servers, type Stalls, Timeline, type Works } from './events.ts';

/** Says what is simulated. Times in milliseconds. */
export interface Scene {
  readonly shards: number;
  readonly replicas: number;
  /** How long members compute for a question: quantiles as quantilesOf gives them. */
  readonly serviceMs: readonly number[];
  /** Queries a second, which come at random times, or queries that are under way at all times. */
  readonly load: { readonly perSecond: number } | { readonly atOnce: number };
  /** Whether a shard is asked again. */
  readonly hedging: boolean;
  readonly queries: number;
  readonly seed: number;
  /** From a client to a member and back, without computing. Default 0.7, as measured over NATS. */
  readonly roundTripMs?: number;
  /** Default 1,000. */
  readonly deadlineMs?: number;
  /** One member of shard 0 is so many times as slow. */
  readonly slowFactor?: number;
  /** One member of shard 0 stands still now and then. */
  readonly stalls?: Stalls;
  /** Everything computes on so many cores, clients and servers of messages too. Default: each member on its own. */
  readonly shared?: {
    readonly cores: number;
    /** Of the one client for a question and its answer, of servers between for both. */
    readonly clientMs: number;
    readonly serverMs: number;
  };
}

/** Holds what came of it. Times in milliseconds. */
export interface Outcome {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly mean: number;
  readonly perSecond: number;
  /** Questions beyond the first, of a first one. */
  readonly askedAgain: number;
  /** Share of the queries that lack a shard at the deadline. */
  readonly partial: number;
}

const ROUND_TRIP_MS = 0.7;
const DEADLINE_MS = 1000;
/** Share of the queries at the beginning that do not count. */
const WARM_UP = 0.05;

/** Simulates it; the same seed gives the same outcome. */
export function simulate(scene: Scene): Outcome {
  return new Simulation(scene).run();
}

/** A question to a shard on its way. */
interface Asked {
  readonly shard: number;
  tries: number;
  /** What its questions beyond the first have taken. */
  taken: number;
  pause: number;
  /** Counts timers, so that one that was cleared is known. */
  timer: number;
  /** When it was answered, or given up; infinite before. */
  doneAt: number;
}

interface Query {
  readonly from: number;
  readonly deadline: number;
  readonly pauseMs: number;
  left: number;
  isPartial: boolean;
}

class Simulation {
  readonly #scene: Scene;
  readonly #time = new Timeline();
  readonly #random: RandomStream;
  readonly #members: Works[][];
  readonly #client: Works | undefined;
  readonly #server: Works | undefined;
  readonly #halfTrip: number;
  readonly #deadlineMs: number;
  readonly #latencies: number[] = [];
  readonly #times = new AnswerTimes();
  /** Of each shard. */
  readonly #rules: readonly AskingAgain[];
  #again = 0;
  #partial = 0;
  #begun = 0;
  /** When the last query was through. */
  #ended = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
    const { shards, replicas, stalls, shared, roundTripMs = ROUND_TRIP_MS } = scene;
    this.#rules = Array.from({ length: shards }, () => new AskingAgain());
    this.#random = new RandomStream(scene.seed, 'scale/simulate');
    this.#halfTrip = roundTripMs / 2;
    this.#deadlineMs = scene.deadlineMs ?? DEADLINE_MS;
    const cores = shared && new Servers(this.#time, shared.cores);
    const on = cores && { on: cores };
    this.#client = on && new Servers(this.#time, 1, on);
    this.#server = cores;
    this.#members = Array.from({ length: shards }, (_, shard) =>
      Array.from({ length: replicas }, (_, replica) => {
        const isSlow = shard === 0 && replica === 0;
        return new Servers(this.#time, 1, { ...on, ...(isSlow && stalls && { stalls }) });
      }),
    );
  }

  run(): Outcome {
    const { load, queries, shards } = this.#scene;
    if ('atOnce' in load) for (let i = 0; i < load.atOnce; i++) this.#query();
    else this.#arrive(load.perSecond);
    this.#time.run();
    const counted = this.#latencies.slice(Math.floor(WARM_UP * queries));
    const sorted = Float64Array.from(counted).sort();
    return {
      p50: quantile(sorted, 0.5),
      p99: quantile(sorted, 0.99),
      p999: quantile(sorted, 0.999),
      mean: counted.reduce((sum, ms) => sum + ms, 0) / counted.length,
      perSecond: (1000 * queries) / this.#ended,
      askedAgain: this.#again / (queries * shards),
      partial: this.#partial / queries,
    };
  }
  #arrive(perSecond: number): void {
    if (this.#begun === this.#scene.queries) return;
    const pause = (-Math.log(1 - this.#random.nextUnit()) * 1000) / perSecond;
    this.#time.after(pause, () => {
      this.#query();
      this.#arrive(perSecond);
    });
  }

  #query(): void {
    this.#begun++;
    const { now } = this.#time;
    const { shards } = this.#scene;
    const pause = this.#times.slowAfter();
    const deadline = now + this.#deadlineMs;
    const query = { from: now, deadline, pauseMs: pause, left: shards, isPartial: false };
    const all = Array.from({ length: shards }, (_, shard) => {
      const asked = { shard, tries: 0, taken: 0, pause, timer: 0, doneAt: Number.POSITIVE_INFINITY };
      this.#ask(query, asked);
      return asked;
    });
    // questions that are open then count as slow answers
    this.#time.after(this.#deadlineMs, () => {
      if (query.left === 0) return;
      for (const asked of all) {
        if (asked.doneAt <= this.#time.now) continue;
        for (let i = 0; i < asked.tries; i++) this.#times.note(this.#deadlineMs);
        query.isPartial = true;
        this.#resolve(query, asked);
      }
    });
  }

  #ask(query: Query, asked: Asked): void {
    asked.timer++;
    const rule = this.#rules[asked.shard] as AskingAgain;
    const allowed = rule.next(asked.tries);
    if (allowed) {
      asked.taken += allowed.takes;
      if (asked.tries++ > 0) this.#again++;
      this.#send(query, asked, allowed.toAll, rule);
    }
    this.#plan(query, asked);
  }

  #plan(query: Query, asked: Asked): void {
    if (!this.#scene.hedging) return;
    if (this.#time.now + asked.pause < query.deadline) {
      const timer = ++asked.timer;
      this.#time.after(asked.pause, () => {
        if (asked.timer === timer) this.#ask(query, asked);
      });
    }
    asked.pause *= 2;
  }

  /** To a member of the shard, any of them, or to all, and back. */
  #send(query: Query, asked: Asked, toAll: boolean, rule: AskingAgain): void {
    const { shard } = asked;
    const members = this.#members[shard] as Works[];
    const { serviceMs, slowFactor = 1, shared } = this.#scene;
    const [client, server] = [(shared?.clientMs ?? 0) / 2, (shared?.serverMs ?? 0) / 2];
    const travel = (then: () => void): void =>
      this.#work(this.#server, server, () => this.#time.after(this.#halfTrip, then));
    const sent = this.#time.now;
    const answered = (): void => {
      // of all that answer the first counts
      if (asked.doneAt <= this.#time.now) return;
      const ms = this.#time.now - sent;
      this.#times.note(ms);
      if (ms <= query.pauseMs) rule.giveBack(asked.taken);
      rule.answered(asked.tries);
      this.#resolve(query, asked);
    };
    const isWanted = (): boolean => this.#time.now < asked.doneAt + this.#halfTrip;
    const one = toAll ? undefined : this.#random.nextBelow(members.length);
    this.#work(this.#client, client, () =>
      travel(() => {
        for (const [replica, member] of members.entries()) {
          if (one !== undefined && replica !== one) continue;
          const ms = draw(serviceMs, this.#random) * (shard === 0 && replica === 0 ? slowFactor : 1);
          member.submit(ms, () => travel(() => this.#work(this.#client, client, answered)), isWanted);
        }
      }),
    );
  }

  #work(on: Works | undefined, ms: number, done: () => void): void {
    if (on && ms > 0) on.submit(ms, done);
    else done();
  }

  #resolve(query: Query, asked: Asked): void {
    asked.doneAt = this.#time.now;
    asked.timer++;
    query.left--;
    if (query.left > 0) return;
    const { load, queries } = this.#scene;
    this.#ended = this.#time.now;
    this.#latencies.push(this.#time.now - query.from);
    if (query.isPartial) this.#partial++;
    if ('atOnce' in load && this.#begun < queries) this.#query();
  }
}
