/** What one shard costs, measured: coding, bytes, opening, searching in memory, and searching a file by ranges. */
import { createHash } from 'node:crypto';
import { type Core, createCore } from '@sagitta/core-wasm';
import {
  type IvfIndex,
  recallAtK,
  type SearchOptions,
  saveIndex,
  trainGraph,
  trainIndex,
} from '@sagitta/node';
import { type ByteSource, bytesSource, loadIndex, openIndex, type PagedIndex } from '@sagitta/retrieval';
import { cpuSeconds } from '../cpu-seconds.ts';
import { type DataSet, firstRows } from '../data-set.ts';
import { quantile, quantilesOf } from './distribution.ts';

/** Says which shard is built, and how wide it is searched. */
export interface ShardSetting {
  readonly kind: 'lists' | 'graph';
  readonly bits: number;
  /** Lists; of a graph left out. */
  readonly nlist?: number;
  /** nprobe of lists, ef of a graph. */
  readonly widths: readonly number[];
  /** The one of them whose times are kept as a distribution. */
  readonly typical?: number;
}

/** Holds what searches of one width cost; of one query on average. */
export interface SearchCost {
  readonly width: number;
  /** Rows of whose codes something was read. */
  readonly rows: number;
  readonly cpuMs: number;
  /** By the wall clock. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly recall: number;
  /** Of the file, by ranges and without a cache, beside what was read at the opening. */
  readonly pagedBytes: number;
  readonly pagedRequests: number;
}

/** Holds what one shard costs. */
export interface ShardCost extends Omit<ShardSetting, 'widths' | 'typical'> {
  readonly n: number;
  readonly d: number;
  /** Seconds of computing; the training is once for all shards. */
  readonly trainCpuSeconds: number;
  readonly codeCpuSecondsPerMillion: number;
  /** Of a vector in the file: its code and its id or edges. */
  readonly bytesPerVector: number;
  /** Of these the bytes that are in memory where the rest is read by ranges as queries go. */
  readonly residentBytesPerVector: number;
  /** Of the file beside its vectors: model and centroids. */
  readonly fixedBytes: number;
  /** Seconds of computing for a GB: SHA-256 of it, then its loading into memory. */
  readonly hashSecondsPerGb: number;
  readonly loadSecondsPerGb: number;
  /** What is read before the first search by ranges, in how many requests. */
  readonly directoryBytes: number;
  readonly directoryRequests: number;
  readonly searches: readonly SearchCost[];
  /** Of the typical width, as quantilesOf gives them. */
  readonly serviceMs?: readonly number[];
}

export const COST_K = 10;
/** Rounds of all queries; all widths take turns. */
const ROUNDS = 8;
/** Queries by ranges. */
const PAGED_QUERIES = 100;
const OPENINGS = 3;

/** Builds the shard of a set and measures it. */
export async function measureShard(core: Core, set: DataSet, setting: ShardSetting): Promise<ShardCost> {
  const { kind, bits, nlist } = setting;
  const { base } = set;
  const start = cpuSeconds();
  const common = { metric: 'l2', bits, seed: 1 } as const;
  using index =
    kind === 'graph'
      ? trainGraph(core, firstRows(base, 20_000), common)
      : trainIndex(core, base, { ...common, ...(nlist !== undefined && { nlist }) });
  const trained = cpuSeconds();
  index.add(base.data);
  const coded = cpuSeconds();
  index.releaseEncoders();
  const file = saveIndex(index);
  const fixedBytes = file.length - base.n * index.bytesPerVector;
  const searches = await measureSearches(index, file, set, setting);
  return {
    ...{ kind, bits, ...(kind === 'lists' && { nlist: index.nlist }), n: base.n, d: base.d },
    trainCpuSeconds: trained - start,
    codeCpuSecondsPerMillion: ((coded - trained) * 1e6) / base.n,
    ...opening(file),
    ...searches,
    ...{ bytesPerVector: index.bytesPerVector, fixedBytes },
    residentBytesPerVector: kind === 'graph' ? (searches.directoryBytes - fixedBytes) / base.n : 0,
  };
}

function opening(file: Uint8Array): Pick<ShardCost, 'hashSecondsPerGb' | 'loadSecondsPerGb'> {
  const gb = file.length / 1e9;
  let [hashing, loading] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let i = 0; i < OPENINGS; i++) {
    const start = cpuSeconds();
    createHash('sha256').update(file).digest();
    const hashed = cpuSeconds();
    using core = createCore();
    using index = loadIndex(core, file);
    if (index.n > 0) loading = Math.min(loading, cpuSeconds() - hashed);
    hashing = Math.min(hashing, hashed - start);
  }
  return { hashSecondsPerGb: hashing / gb, loadSecondsPerGb: loading / gb };
}

type Searches = Pick<ShardCost, 'directoryBytes' | 'directoryRequests' | 'searches' | 'serviceMs'>;

async function measureSearches(
  index: IvfIndex,
  file: Uint8Array,
  { queries, truth, truthWidth }: DataSet,
  { widths, typical }: ShardSetting,
): Promise<Searches> {
  const { d, n: nq } = queries;
  const row = (q: number): Float32Array => queries.data.subarray(q * d, (q + 1) * d);
  const found = widths.map(() => new Uint32Array(nq * COST_K));
  const times = widths.map(() => new Float64Array(nq * ROUNDS));
  const cpu = widths.map(() => 0);
  // the first round is for the compiler
  for (let round = -1; round < ROUNDS; round++) {
    for (const [w, width] of widths.entries()) {
      const options = optionsOf(index, width);
      const start = cpuSeconds();
      for (let q = 0; q < nq; q++) {
        const from = performance.now();
        const { ids } = index.search(row(q), COST_K, options);
        if (round >= 0) (times[w] as Float64Array)[round * nq + q] = performance.now() - from;
        found[w]?.set(ids, q * COST_K);
      }
      if (round >= 0) cpu[w] = (cpu[w] as number) + cpuSeconds() - start;
    }
  }
  const { source, read } = counting(bytesSource(file));
  using core = createCore();
  using paged = await openIndex(core, source, { cacheBytes: 0 });
  const directory = { directoryBytes: read.bytes, directoryRequests: read.requests };
  const searches: SearchCost[] = [];
  for (const [w, width] of widths.entries()) {
    const sorted = (times[w] as Float64Array).sort();
    searches.push({
      width,
      rows: rowsVisited(index, row, Math.min(nq, PAGED_QUERIES), width),
      cpuMs: ((cpu[w] as number) * 1000) / (nq * ROUNDS),
      p50Ms: quantile(sorted, 0.5),
      p99Ms: quantile(sorted, 0.99),
      recall: recallAtK(found[w] as Uint32Array, COST_K, truth, truthWidth, COST_K),
      ...(await byRanges(paged, row, Math.min(nq, PAGED_QUERIES), width)),
    });
  }
  const kept = typical === undefined ? undefined : times[widths.indexOf(typical)];
  return { ...directory, searches, ...(kept && { serviceMs: quantilesOf(kept) }) };
}

const optionsOf = ({ kind }: Pick<IvfIndex, 'kind'>, width: number): SearchOptions =>
  kind === 'graph' ? { ef: width } : { nprobe: width };

function rowsVisited(index: IvfIndex, row: (q: number) => Float32Array, nq: number, width: number): number {
  let rows = 0;
  for (let q = 0; q < nq; q++) {
    const { statistics } = index.search(row(q), COST_K, { ...optionsOf(index, width), statistics: true });
    rows += statistics?.graph?.scored ?? 32 * (statistics?.blocks ?? 0);
  }
  return rows / nq;
}

async function byRanges(
  paged: PagedIndex,
  row: (q: number) => Float32Array,
  nq: number,
  width: number,
): Promise<Pick<SearchCost, 'pagedBytes' | 'pagedRequests'>> {
  const before = paged.reads;
  for (let q = 0; q < nq; q++) await paged.search(row(q), COST_K, optionsOf(paged, width));
  const { bytes, requests } = paged.reads;
  return { pagedBytes: (bytes - before.bytes) / nq, pagedRequests: (requests - before.requests) / nq };
}

/** A source that counts what is read of it. */
function counting(inner: ByteSource): { source: ByteSource; read: { bytes: number; requests: number } } {
  const read = { bytes: 0, requests: 0 };
  const source: ByteSource = {
    size: inner.size,
    read(offset, length, signal) {
      read.bytes += length;
      read.requests++;
      return inner.read(offset, length, signal);
    },
  };
  return { source, read };
}
