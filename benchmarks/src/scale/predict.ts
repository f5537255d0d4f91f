/** What the parts say of the whole: 4 shards of two members on one machine, beside what `npm run bench:cluster` measured of it. */
import { scaledTo } from './distribution.ts';
import { type Outcome, simulate } from './simulate.ts';

interface Speed {
  readonly qps: number;
  readonly p50: number;
  readonly p99: number;
}

interface Run extends Speed {
  /** Milliseconds of computing a query, by process. */
  readonly cpuMs: { readonly client: number; readonly members: number; readonly servers: number };
}

interface Alone {
  readonly cpuMs: number;
  readonly serviceMs: readonly number[];
}

/** results/cluster.json, which cluster-tests/bench.mjs writes. */
export interface ClusterRun {
  readonly setting: {
    readonly d: number;
    readonly shards: number;
    readonly replicas: number;
    readonly atOnce: number;
    readonly cores: number;
  };
  /** Of a collection so small that there is nothing to search. */
  readonly way: { readonly search: Alone; readonly together: Run; readonly calm: Run };
  readonly one: Speed;
  readonly shard: Alone;
  readonly together: Run;
  /** `bytes` — of a query, that the client's connection sent and got. */
  readonly calm: Run & { readonly bytes: { readonly out: number; readonly back: number } };
}

/** Milliseconds of computing for one question and its answer, beside the search. */
export interface WayMs {
  readonly client: number;
  readonly member: number;
  readonly server: number;
}

export function wayOf({ cpuMs }: Run, search: Alone, shards: number): WayMs {
  return {
    client: cpuMs.client / shards,
    member: Math.max(0, cpuMs.members / shards - search.cpuMs),
    server: cpuMs.servers / shards,
  };
}

export interface Prediction {
  readonly name: string;
  readonly predicted: Speed;
  readonly measured: Speed;
}

const QUERIES = 10_000;

/**
 * From the search of one shard alone in a process, and the way, measured with the small collection: nothing of the whole is among them. Then
 * again from what processes computed in the run, which leaves the waiting to be predicted.
 */
export function predict(run: ClusterRun): Prediction[] {
  const { setting, way, shard } = run;
  const of = (
    search: Alone,
    { client, member, server }: WayMs,
    atOnce: number,
    roundTripMs: number,
  ): Outcome =>
    simulate({
      ...{ shards: setting.shards, replicas: setting.replicas, hedging: true, queries: QUERIES, seed: 1 },
      serviceMs: scaledTo(search.serviceMs, search.cpuMs + member),
      ...{ load: { atOnce }, roundTripMs },
      shared: { cores: setting.cores, clientMs: client, serverMs: server },
    });
  const calmWay = wayOf(way.calm, way.search, setting.shards);
  // what processes wait for that is no computing: what the small collection takes longer than its computing
  const roundTripMs = Math.max(0, way.calm.p50 - of(way.search, calmWay, 1, 0).p50);
  const speed = ({ perSecond: qps, p50, p99 }: Outcome): Speed => ({ qps, p50, p99 });
  const calmOf = (search: Alone, way: WayMs): Speed => speed(of(search, way, 1, roundTripMs));
  const togetherOf = (search: Alone, way: WayMs): Speed =>
    speed(of(search, way, setting.atOnce, roundTripMs));
  // what processes computed in the run, search and way
  const known = ({ cpuMs }: Run): [Alone, WayMs] => [
    { cpuMs: cpuMs.members / setting.shards, serviceMs: shard.serviceMs },
    { client: cpuMs.client / setting.shards, member: 0, server: cpuMs.servers / setting.shards },
  ];
  const busyWay = wayOf(way.together, way.search, setting.shards);
  const [busy, calm] = [`${setting.atOnce} queries at a time`, 'one at a time'];
  return [
    { name: busy, predicted: togetherOf(shard, busyWay), measured: run.together },
    { name: calm, predicted: calmOf(shard, calmWay), measured: run.calm },
    {
      name: `${busy}, by the run's computing`,
      predicted: togetherOf(...known(run.together)),
      measured: run.together,
    },
    { name: `${calm}, by the run's computing`, predicted: calmOf(...known(run.calm)), measured: run.calm },
  ];
}
