/** From what a shard costs to machines, memory, money and time. Every query visits every shard. Pure functions; what is assumed are parameters with defaults. */

/** Holds measured cost, in the units of a plan. */
export interface UnitCost {
  /** Of a vector in memory. */
  readonly bytesPerVector: number;
  /** Of one shard's search by one query, in milliseconds. */
  readonly searchMs: number;
  readonly codeCpuSecondsPerMillion: number;
  readonly trainCpuSeconds: number;
  /** Milliseconds of computing for a question to one shard and its answer, beside the search. */
  readonly wayMs: { readonly client: number; readonly member: number; readonly server: number };
  readonly queryBytes: number;
  readonly answerBytes: number;
}

/** Says what is assumed. */
export interface Assumptions {
  readonly d: number;
  readonly replicas: number;
  readonly rowsPerShard: number;
  readonly queriesPerSecond: number;
  readonly coresPerMachine: number;
  readonly memoryGbPerMachine: number;
  /** Share of a machine's memory that segments may have, and of its cores' time that searches may have. */
  readonly memoryShare: number;
  readonly utilisation: number;
  readonly roundTripMs: number;
  /** Machines of a build, each of which reads the input at so many GB a second. */
  readonly buildMachines: number;
  readonly readGbPerSecond: number;
  /** Money, in any currency. */
  readonly coreHour: number;
  readonly memoryGbMonth: number;
  readonly storageGbMonth: number;
}

export const ASSUMED: Assumptions = {
  ...{ d: 768, replicas: 2, rowsPerShard: 5_000_000, queriesPerSecond: 100 },
  ...{ coresPerMachine: 16, memoryGbPerMachine: 64, memoryShare: 0.8, utilisation: 0.5 },
  ...{ roundTripMs: 0.7, buildMachines: 16, readGbPerSecond: 1 },
  ...{ coreHour: 0.03, memoryGbMonth: 2, storageGbMonth: 0.02 },
};

/** Holds what a plan comes to. GB are 10⁹ bytes. */
export interface Plan {
  readonly shards: number;
  readonly inputGb: number;
  readonly segmentGb: number;
  /** Of all replicas. */
  readonly memoryGb: number;
  readonly machinesByMemory: number;
  readonly machinesByCpu: number;
  readonly machines: number;
  /** Of one query: by all members, by the client, by the servers of messages. */
  readonly memberCpuMs: number;
  readonly clientCpuMs: number;
  readonly serverCpuMs: number;
  /** Cores that clients and servers of messages take at the load, on average. */
  readonly otherCores: number;
  /** Of a query that meets no other: the way, the search of a shard, and what the client computes one after the other. */
  readonly calmMs: number;
  readonly bytesPerQuery: number;
  readonly buildCoreHours: number;
  readonly buildReadSeconds: number;
  readonly machineMonth: number;
  readonly storageMonth: number;
}

const HOURS_A_MONTH = 730;
/** An index is in the memory of one module, which has 4 GiB. */
const MOST_SEGMENT_BYTES = 4 * 2 ** 30;

/**
 * Plans for so many rows.
 * @throws RangeError where a shard does not fit the memory that one index can have
 */
export function plan(rows: number, cost: UnitCost, assumed: Partial<Assumptions> = {}): Plan {
  const a = { ...ASSUMED, ...assumed };
  const shards = Math.ceil(rows / a.rowsPerShard);
  const segmentBytes = Math.ceil(rows / shards) * cost.bytesPerVector;
  if (segmentBytes > MOST_SEGMENT_BYTES) {
    throw new RangeError(`"rowsPerShard" expected shards within 4 GiB, got ${segmentBytes} bytes`);
  }
  const segmentGb = (rows * cost.bytesPerVector) / 1e9;
  const memoryGb = segmentGb * a.replicas;
  const memberCpuMs = shards * (cost.searchMs + cost.wayMs.member);
  const coresAt = (ms: number): number => (a.queriesPerSecond * ms) / 1000 / a.utilisation;
  const machinesByMemory = Math.ceil(memoryGb / (a.memoryGbPerMachine * a.memoryShare));
  const machinesByCpu = Math.ceil(coresAt(memberCpuMs) / a.coresPerMachine);
  // replicas of a shard are on machines of their own
  const machines = Math.max(a.replicas, machinesByMemory, machinesByCpu);
  const [clientCpuMs, serverCpuMs] = [shards * cost.wayMs.client, shards * cost.wayMs.server];
  const perMachine = a.coresPerMachine * a.coreHour * HOURS_A_MONTH + a.memoryGbPerMachine * a.memoryGbMonth;
  const inputGb = (4 * a.d * rows) / 1e9;
  return {
    ...{ shards, inputGb, segmentGb, memoryGb, machinesByMemory, machinesByCpu, machines },
    ...{ memberCpuMs, clientCpuMs, serverCpuMs, otherCores: coresAt(clientCpuMs + serverCpuMs) },
    calmMs: a.roundTripMs + cost.searchMs + cost.wayMs.member + clientCpuMs,
    bytesPerQuery: shards * (cost.queryBytes + cost.answerBytes),
    buildCoreHours: (cost.trainCpuSeconds + (rows / 1e6) * cost.codeCpuSecondsPerMillion) / 3600,
    buildReadSeconds: inputGb / (a.readGbPerSecond * a.buildMachines),
    machineMonth: machines * perMachine,
    storageMonth: segmentGb * a.storageGbMonth,
  };
}

/** Holds what lists cost: milliseconds = fixed + perList · lists + perRow · rows visited. */
export interface ListFit {
  readonly fixed: number;
  readonly perList: number;
  readonly perRow: number;
}

/** a + b·x through points, by least squares. */
export function lineThrough(points: readonly (readonly [x: number, y: number])[]): [a: number, b: number] {
  const n = points.length;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n;
  const above = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const below = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (below === 0) throw new RangeError(`"points" expected two places at least, got ${n} points of one`);
  const slope = above / below;
  return [meanY - slope * meanX, slope];
}

interface Searched {
  readonly nlist?: number;
  readonly searches: readonly { readonly rows: number; readonly cpuMs: number }[];
}

/** What a list and a row cost. shards — of the same bits, with several numbers of lists; what a row costs is that of the last. */
export function fitLists(shards: readonly Searched[]): ListFit {
  const lines = shards.map(({ searches }) =>
    lineThrough(searches.map(({ rows, cpuMs }) => [rows, cpuMs] as const)),
  );
  const [fixed, perList] = lineThrough(
    shards.map(({ nlist = 0 }, i) => [nlist, lines[i]?.[0] as number] as const),
  );
  return { fixed, perList, perRow: lines.at(-1)?.[1] as number };
}

/** Milliseconds of a search that visits nprobe of √rows lists. */
export function listsMs({ fixed, perList, perRow }: ListFit, rows: number, nprobe: number): number {
  const nlist = Math.sqrt(rows);
  return fixed + perList * nlist + perRow * nprobe * (rows / nlist);
}

/** Milliseconds of a search in a graph of so many rows, from measured ones: it grows with the logarithm. */
export function graphMs(measured: readonly (readonly [n: number, ms: number])[], rows: number): number {
  const [a, b] = lineThrough(measured.map(([n, ms]) => [Math.log2(n), ms] as const));
  return a + b * Math.log2(rows);
}
