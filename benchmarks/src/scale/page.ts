/** The page of what was measured and of what follows from it. */
import { lineChartSvg } from '@sagitta/node';
import type { Machine } from '../report.ts';
import { meanOf, quantile, scaledTo } from './distribution.ts';
import { ASSUMED, fitLists, graphMs, listsMs, type Plan, plan, type UnitCost } from './model.ts';
import { type ClusterRun, predict, wayOf } from './predict.ts';
import { COST_K, type ShardCost } from './shard-cost.ts';
import { type Outcome, simulate } from './simulate.ts';

/** What was measured, as it is kept. */
export interface Measured {
  readonly machine: Machine;
  readonly lists: readonly ShardCost[];
  readonly graph: readonly ShardCost[];
}

/** Lists that a query visits in the plan, and the width of its walk in a graph. */
const [NPROBE, EF] = [32, 100];
const ROWS = [1e7, 1e8, 1e9];
const [SHARDS, LOADS] = [
  [4, 20, 200],
  [0.3, 0.5, 0.7],
];
/** What one member of one shard does. */
const MEMBERS = [
  { name: 'as all', most: 1 },
  /** It is busy elsewhere, or collects garbage: a tenth of its time. */
  { name: 'stands still', most: 1, stalls: { everyMs: 1000, forMs: 100 } },
  /** The other one has all to do: half of what both could. */
  { name: 'is stopped', most: 0.4, stalls: { everyMs: 1000, forMs: 999.999 } },
] as const;
/** Questions of a simulation, and queries at most. */
const [QUESTIONS, QUERIES] = [400_000, 10_000];

const whole = (value: number): string => Math.round(value).toLocaleString('en');
const short = (value: number): string =>
  value >= 1000 ? whole(value) : String(Number(value.toPrecision(value >= 100 ? 3 : 2)));

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const nameOf = ({ kind, bits, nlist, n }: ShardCost): string =>
  `${whole(n)}, ${kind === 'graph' ? 'graph' : `${nlist} lists`}, ${bits} ${bits === 1 ? 'bit' : 'bits'}`;

function costTable(costs: readonly ShardCost[]): string {
  return table(
    [
      ...[
        'shard',
        'coding, CPU s a million',
        'training, CPU s',
        'bytes a vector',
        'of these resident by ranges',
      ],
      ...['model and centroids, MB', 'SHA-256, s a GB', 'loading, s a GB'],
    ],
    costs.map((cost) => [
      ...[nameOf(cost), short(cost.codeCpuSecondsPerMillion), short(cost.trainCpuSeconds)],
      ...[whole(cost.bytesPerVector), whole(cost.residentBytesPerVector), short(cost.fixedBytes / 1e6)],
      ...[short(cost.hashSecondsPerGb), short(cost.loadSecondsPerGb)],
    ]),
  );
}

function searchTable(costs: readonly ShardCost[]): string {
  return table(
    [
      ...[
        'shard',
        'nprobe or ef',
        'rows visited',
        `recall@${COST_K}`,
        'CPU ms',
        'queries/s',
        'p50 ms',
        'p99 ms',
      ],
      ...['MB by ranges', 'requests'],
    ],
    costs.flatMap((cost) =>
      cost.searches.map((one) => [
        ...[nameOf(cost), one.width, whole(one.rows), one.recall.toFixed(3), one.cpuMs.toFixed(3)],
        ...[whole(1000 / one.cpuMs), one.p50Ms.toFixed(3), one.p99Ms.toFixed(3)],
        ...[short(one.pagedBytes / 1e6), whole(one.pagedRequests)],
      ]),
    ),
  );
}

const largest = (costs: readonly ShardCost[], bits: number): ShardCost => {
  const [first] = costs.filter((cost) => cost.bits === bits).sort((a, b) => b.n - a.n);
  if (!first) throw new Error(`no shard at ${bits} bits was measured`);
  return first;
};

/** Bytes of a question to one shard and of its answer, with what NATS adds: measured, and stretched to the dimensions of the plan. */
function bytesOf({ setting, calm }: ClusterRun): Pick<UnitCost, 'queryBytes' | 'answerBytes'> {
  const { out, back } = calm.bytes;
  return {
    queryBytes: out / setting.shards + 4 * (ASSUMED.d - setting.d),
    answerBytes: back / setting.shards,
  };
}

/** What the plan goes by: a kind of shards, its cost. */
function unitCosts({ lists, graph }: Measured, run: ClusterRun): Map<string, UnitCost> {
  const wayMs = wayOf(run.way.together, run.way.search, run.setting.shards);
  const common = { wayMs, ...bytesOf(run) };
  const costOf = (name: string, cost: ShardCost, searchMs: number): [string, UnitCost] => [
    name,
    {
      ...{ bytesPerVector: cost.bytesPerVector, searchMs, trainCpuSeconds: cost.trainCpuSeconds },
      ...{ codeCpuSecondsPerMillion: cost.codeCpuSecondsPerMillion, ...common },
    },
  ];
  const { rowsPerShard } = ASSUMED;
  const four = fitLists(lists.filter(({ bits }) => bits === 4));
  const costs = [1, 2, 4].map((bits) => {
    const own = largest(lists, bits);
    // what a list costs does not depend on the bits of codes
    const { perRow } = fitLists([
      ...lists.filter((cost) => cost.bits === 4 && cost.nlist !== own.nlist),
      own,
    ]);
    return costOf(
      `lists, ${bits} ${bits === 1 ? 'bit' : 'bits'}`,
      own,
      listsMs({ ...four, perRow }, rowsPerShard, NPROBE),
    );
  });
  const walked = graph.map(
    ({ n, searches }) => [n, searches.find(({ width }) => width === EF)?.cpuMs as number] as const,
  );
  return new Map([...costs, costOf('graph, 4 bits', largest(graph, 4), graphMs(walked, rowsPerShard))]);
}

function planTable(costs: ReadonlyMap<string, UnitCost>): string {
  const columns = ROWS.flatMap((rows) =>
    [...costs].map(([name, cost]): [string, Plan] => [`${whole(rows / 1e6)} M, ${name}`, plan(rows, cost)]),
  );
  return table(
    [
      ...[
        'rows, shards',
        'shards',
        'segments, GB',
        'memory, GB',
        'machines (by memory, by CPU)',
        'CPU ms a query: members',
      ],
      ...['client', 'NATS', 'cores of clients and NATS', 'ms of a calm query', 'kB a query'],
      ...['build, core hours', 'reading, s', 'machines a month', 'storage a month'],
    ],
    columns.map(([name, p]) => [
      ...[name, p.shards, short(p.segmentGb), short(p.memoryGb)],
      `${p.machines} (${p.machinesByMemory}, ${p.machinesByCpu})`,
      ...[short(p.memberCpuMs), short(p.clientCpuMs), short(p.serverCpuMs), short(p.otherCores)],
      ...[short(p.calmMs), short(p.bytesPerQuery / 1000), short(p.buildCoreHours), short(p.buildReadSeconds)],
      ...[whole(p.machineMonth), p.storageMonth.toFixed(2)],
    ]),
  );
}

/** How often a shard is asked: the second is the rule of ClusterClient. */
const WAYS = [
  { name: 'once', hedging: false },
  { name: 'again', hedging: true },
] as const;

interface Tail {
  readonly shards: number;
  readonly load: number;
  readonly member: (typeof MEMBERS)[number];
  readonly way: (typeof WAYS)[number];
  readonly outcome: Outcome;
}

function tails(serviceMs: readonly number[], log: (line: string) => void): Tail[] {
  const { replicas } = ASSUMED;
  const all: Tail[] = [];
  for (const shards of SHARDS) {
    log(`tails of ${shards} shards`);
    for (const load of LOADS) {
      for (const member of MEMBERS.filter(({ most }) => load <= most)) {
        for (const way of WAYS) {
          const { name: _, ...rule } = way;
          const outcome = simulate({
            ...{ shards, replicas, serviceMs, seed: 1, ...rule },
            load: { perSecond: (1000 * load * replicas) / meanOf(serviceMs) },
            queries: Math.min(QUERIES, Math.floor(QUESTIONS / shards)),
            ...('stalls' in member && { stalls: member.stalls }),
          });
          all.push({ shards, load, member, way, outcome });
        }
      }
    }
  }
  return all;
}

function tailTable(all: readonly Tail[]): string {
  return table(
    [
      'shards',
      'utilisation',
      'one member',
      'asked',
      'p50 ms',
      'p99 ms',
      'p99.9 ms',
      'asked again, %',
      'partial, %',
    ],
    all.map((tail) => [
      ...[tail.shards, `${100 * tail.load} %`, tail.member.name, tail.way.name],
      ...[tail.outcome.p50, tail.outcome.p99, tail.outcome.p999].map((ms) => ms.toFixed(1)),
      ...[(100 * tail.outcome.askedAgain).toFixed(1), (100 * tail.outcome.partial).toFixed(2)],
    ]),
  );
}

function tailChart(all: readonly Tail[]): string {
  const series = [4, 200].flatMap((shards) => WAYS.map((way) => ({ shards, way })));
  return lineChartSvg({
    title: 'One member of one shard stands still for 100 ms of each second',
    xLabel: 'utilisation of members, %',
    yLabel: 'p99 of a query, ms',
    yScale: 'log',
    series: series.map(({ shards, way }) => ({
      name: `${shards} shards, asked ${way.name}`,
      points: all
        .filter((tail) => tail.member === MEMBERS[1] && tail.shards === shards && tail.way === way)
        .map(({ load, outcome }) => ({ x: 100 * load, y: outcome.p99 })),
    })),
  });
}

function predictionTable(run: ClusterRun): string {
  const percent = (predicted: number, measured: number): string => {
    const off = 100 * (predicted / measured - 1);
    return `${off < 0 ? '−' : '+'}${Math.abs(off).toFixed(0)} %`;
  };
  return table(
    ['', 'predicted', 'measured', 'off by'],
    predict(run).flatMap(({ name, predicted, measured }) =>
      (['qps', 'p50', 'p99'] as const).map((what) => [
        `${name}: ${what === 'qps' ? 'queries/s' : `${what} ms`}`,
        ...[predicted[what], measured[what]].map((value) =>
          what === 'qps' ? whole(value) : value.toFixed(2),
        ),
        percent(predicted[what], measured[what]),
      ]),
    ),
  );
}

/** The page and its picture. */
export function scalePage(
  measured: Measured,
  run: ClusterRun,
  log: (line: string) => void,
): { readonly page: string; readonly chart: string } {
  const { machine, lists, graph } = measured;
  const costs = [...lists, ...graph];
  const units = unitCosts(measured, run);
  const four = units.get('lists, 4 bits') as UnitCost;
  const disturbance = (times: readonly number[]): number => quantile(times, 0.99) / quantile(times, 0.5);
  const [shape = []] = lists
    .flatMap(({ serviceMs }) => (serviceMs ? [serviceMs] : []))
    .sort((a, b) => disturbance(a) - disturbance(b));
  const serviceMs = scaledTo(shape, four.searchMs + four.wayMs.member);
  const all = tails(serviceMs, log);
  const { way, setting } = run;
  const { client, member, server } = four.wayMs;
  const assumed = Object.entries(ASSUMED).map(([name, value]) => `${name} ${value}`);
  const page = `# What a shard costs, and a plan for a billion

${machine.cpu} · ${machine.engine} · ${machine.date}. Written by \`npm run bench:scale\`; seconds and milliseconds of CPU are those that the process computed for, since the machine had other work.

## What a shard costs

Made vectors of 768 numbers in clusters of eight on average, so that the true neighbours of a query lie in several lists; squared distance, k ${COST_K}. Training is done once for all shards. What is resident by ranges is what \`openIndex\` keeps where codes are
read as queries go: of lists the model and the centroids alone, of a graph also edges and the leading part of codes. A GB is loaded from memory: what a disk or a network takes comes on top.

${costTable(costs)}

Queries/s are those of one core that does nothing else, 1000 by the CPU's milliseconds. By ranges: bytes and requests of a query over \`openIndex\` without a cache.

${searchTable(costs)}

As served a question to one shard has ${whole(four.queryBytes)} bytes and its answer ${whole(four.answerBytes)} (k ${COST_K}), with subjects, as the connection counts them. On the way of a question through NATS the client computes ${client.toFixed(3)} ms, the member ${member.toFixed(3)} ms beside its search, and the servers ${server.toFixed(3)} ms
([cluster.md](cluster.md), ${way.together.qps.toFixed(0)} queries/s of ${setting.shards} shards with nothing to search).

## A plan

Every query visits every shard. Assumed: ${assumed.join(', ')}; nprobe ${NPROBE} of √rows lists, ef ${EF}. Money is in the currency of the prices. The cost of a search in a shard of ${whole(ASSUMED.rowsPerShard)} rows is not measured: it is that of
lists and rows visited, or a line in the logarithm of the rows of the two graphs. A build's core hours hold the training and coding, or for a graph its edges, as measured at ${whole(largest(graph, 4).n)} rows.

${planTable(units)}

## Tails

Simulated: ${ASSUMED.replicas} members a shard, queries that come at random, members that answer one after the other. A search takes the times of the measured shard that other work disturbed least (nprobe 16; the greatest is ${(quantile(shape, 1) / quantile(shape, 0.5)).toFixed(1)} times the median), stretched to ${meanOf(serviceMs).toFixed(2)} ms on average, as of a shard of the plan with the member's way. NATS
takes ${ASSUMED.roundTripMs} ms there and back, gives a question to either member, and never loses one. "Again" is as \`ClusterClient\` asks, by its code. The member that stands still does so for ${MEMBERS[1].stalls.forMs} ms of each second, the one that is stopped for good, after its first second. What the client computes is not in it. ${whole(QUERIES)} queries, of 200 shards ${whole(QUESTIONS / 200)}; a p99.9 is of the slowest
10 of them, of 200 shards of 2.

![p99 by utilisation](scale-tails.svg)

${tailTable(all)}

## Prediction and run

Four shards of two members on this machine, 2,000,000 × 128, predicted from the search of one shard alone and from the way of a query of the small collection, all of it on two simulated cores, first come first served; then from what the processes computed in
the run, which has eight members, servers and a client on two cores and their caches.

${predictionTable(run)}
`;
  return { page, chart: tailChart(all) };
}
