/**
 * Scatter and gather in simulated time: queries come, each goes to one member of every shard, members answer one after the other, and
 * the last answer ends a query. Shards are asked by the code that ClusterClient asks by. What it takes back is not begun any more half a round trip later; that message
 * takes no computing here.
 */
import { RandomStream } from '@sagitta/core-wasm';
import { AnswerTimes, ShardAsker, type ShardWay } from '@sagitta/retrieval/internal';
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

class Simulation {
  readonly #scene: Scene;
  readonly #time = new Timeline();
  readonly #random: RandomStream;
  readonly #members: Servers[][];
  readonly #client: Works | undefined;
  readonly #server: Works | undefined;
  readonly #halfTrip: number;
  readonly #deadlineMs: number;
  readonly #latencies: number[] = [];
  readonly #times = new AnswerTimes();
  /** Of each shard. */
  readonly #askers: readonly ShardAsker[];
  #again = 0;
  #partial = 0;
  #begun = 0;
  /** When the last query was through. */
  #ended = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
    const { shards, replicas, stalls, shared, roundTripMs = ROUND_TRIP_MS } = scene;
    this.#askers = Array.from({ length: shards }, () => new ShardAsker(this.#times));
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
    const from = this.#time.now;
    const { shards, hedging } = this.#scene;
    const deadline = from + this.#deadlineMs;
    const pauseMs = hedging ? this.#times.slowAfter() : Number.POSITIVE_INFINITY;
    const onHedge = (): void => void this.#again++;
    let left = shards;
    let isPartial = false;
    for (const [shard, asker] of this.#askers.entries()) {
      asker.ask(this.#way(shard, deadline), { deadline, pauseMs, onHedge }, (answer) => {
        isPartial ||= answer === undefined;
        if (--left === 0) this.#end(from, isPartial);
      });
    }
  }

  /** To the members of a shard and back, for one query. */
  #way(shard: number, deadline: number): ShardWay<object> {
    const time = this.#time;
    let backAt = Number.POSITIVE_INFINITY;
    /** Tells that it was dropped, unless it was answered. */
    const open = new Set<() => void>();
    const isWanted = (): boolean => time.now < backAt + this.#halfTrip;
    return {
      now: () => time.now,
      after(ms, run) {
        let isWaited = true;
        time.after(ms, () => isWaited && run());
        return () => {
          isWaited = false;
        };
      },
      takeBack: () => {
        backAt = time.now;
        time.after(this.#halfTrip, () => {
          for (const drop of open) drop();
        });
      },
      send: (toAll, receive) => {
        const once = (reply?: object | 'dropped'): void => {
          if (open.delete(drop)) receive(reply);
        };
        const one = toAll ? undefined : this.#random.nextBelow(this.#scene.replicas);
        const drop = (): void => {
          const member = this.#members[shard]?.[one ?? 0] as Servers;
          time.after(member.stillFor() + this.#halfTrip, () => once('dropped'));
        };
        open.add(drop);
        time.after(deadline - time.now, () => once());
        this.#send(shard, one, isWanted, () => once({}));
      },
    };
  }

  /** To a member of the shard, or to all. */
  #send(shard: number, one: number | undefined, isWanted: () => boolean, answered: () => void): void {
    const members = this.#members[shard] as Servers[];
    const { serviceMs, slowFactor = 1, shared } = this.#scene;
    const [client, server] = [(shared?.clientMs ?? 0) / 2, (shared?.serverMs ?? 0) / 2];
    const travel = (then: () => void): void =>
      this.#work(this.#server, server, () => this.#time.after(this.#halfTrip, then));
    const back = (): void => travel(() => this.#work(this.#client, client, answered));
    this.#work(this.#client, client, () =>
      travel(() => {
        for (const [replica, member] of members.entries()) {
          if (one !== undefined && replica !== one) continue;
          const ms = draw(serviceMs, this.#random) * (shard === 0 && replica === 0 ? slowFactor : 1);
          member.submit(ms, back, isWanted);
        }
      }),
    );
  }

  #work(on: Works | undefined, ms: number, done: () => void): void {
    if (on && ms > 0) on.submit(ms, done);
    else done();
  }

  #end(from: number, isPartial: boolean): void {
    const { load, queries } = this.#scene;
    this.#ended = this.#time.now;
    this.#latencies.push(this.#ended - from);
    if (isPartial) this.#partial++;
    if ('atOnce' in load && this.#begun < queries) this.#query();
  }
}
