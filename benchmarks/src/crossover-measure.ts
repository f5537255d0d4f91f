/**
 * Flat, lists and graph of one collection side by side: what a search takes with and without filters, what building and
 * changing takes. The settings of all take turns in one run, so that ratios hold where other work shares the machine.
 */
import { type Core, type Metric, RandomStream, type VectorSet } from '@sagitta/core-wasm';
import {
  buildFlat,
  buildGraph,
  buildIvf,
  type IvfIndex,
  NO_ID,
  type SearchOptions,
} from '@sagitta/retrieval';

export const KINDS = ['flat', 'ivf', 'graph'] as const;
export type Kind = (typeof KINDS)[number];

/** Shares of the vectors that filters allow at random; 1 is no filter. */
export const SHARES = [1, 0.5, 0.1, 0.02, 0.005] as const;
export const BITS = 4;
export const K = 10;
export const ROUNDS = 5;
/** A setting is wide enough where it finds all but this of what a scan finds, or lists of what all of them do. */
export const LOSS = 0.005;
export const CHANGED = 100;
const EFS = [40, 64, 96, 128, 192];

export interface Collection {
  readonly base: VectorSet;
  /** Two times CHANGED or more: they are what is added in the end. */
  readonly queries: VectorSet;
  readonly metric: Metric;
}

/** What a search takes and finds. */
export interface Cost {
  readonly recall: number;
  readonly microseconds: number;
}

export interface KindRow {
  readonly kind: Kind;
  /** nprobe of lists, ef of a graph. */
  readonly width: number;
  /** Whether the width is wide enough; else it is the widest that was tried. */
  readonly isWide: boolean;
  /** recall at the narrowest width that is tried. */
  readonly narrow: number;
  /** By SHARES. */
  readonly costs: readonly Cost[];
  readonly bytesPerVector: number;
  /** Training, coding and links, a vector. */
  readonly buildMs: number;
  /** CHANGED vectors at once, where nothing is at hand that adding needs; again, where it is. */
  readonly addMs: readonly [first: number, next: number];
  /** CHANGED vectors spread over the index leave it. */
  readonly compactMs: number;
}

interface Built {
  readonly kind: Kind;
  readonly index: IvfIndex;
  readonly buildMs: number;
}

type Allowed = NonNullable<SearchOptions['allowed']>;

/** Rows of KINDS. */
export function measureKinds(core: Core, collection: Collection): KindRow[] {
  const { base, queries, metric } = collection;
  const { data, d, n } = base;
  const common = { metric, bits: BITS, seed: 1 } as const;
  const nlist = Math.round(Math.sqrt(n));
  using exact = buildFlat(core, data, d, { metric, quantizer: 'float32' });
  // once before, so that none is the first to be compiled
  for (const warm of [buildFlat, buildIvf, buildGraph])
    warm(core, data.subarray(0, 500 * d), d, common).dispose();
  const built: Built[] = [
    timed('flat', () => buildFlat(core, data, d, common)),
    timed('ivf', () => buildIvf(core, data, d, { ...common, nlist })),
    timed('graph', () => buildGraph(core, data, d, common)),
  ];
  try {
    const filters = SHARES.map((share) => (share === 1 ? undefined : randomFilter(n, share)));
    const truths = filters.map((allowed) => answers(exact, queries, { ...(allowed && { allowed }) }));
    const truth = truths[0] as Uint32Array[];
    const wanted = recallOf(answers((built[0] as Built).index, queries, {}), truth) - LOSS;
    const widths = built.map(({ kind, index }) => widthOf(kind, index, queries, truth, wanted));
    const costs = searchCosts(built, widths, filters, truths, queries);
    return built.map(({ kind, index, buildMs }, i): KindRow => {
      const { width, isWide, narrow } = widths[i] as Width;
      return {
        kind,
        width,
        isWide,
        narrow,
        costs: costs[i] as Cost[],
        bytesPerVector: index.bytesPerVector,
        buildMs: buildMs / n,
        ...changes(index, queries),
      };
    });
  } finally {
    for (const { index } of built) index.dispose();
  }
}

function timed(kind: Kind, build: () => IvfIndex): Built {
  const start = performance.now();
  const index = build();
  return { kind, index, buildMs: performance.now() - start };
}

function randomFilter(n: number, share: number): Allowed {
  const random = new RandomStream(1, `bench/crossover/${share}`);
  const words = new Uint32Array(Math.ceil(n / 32));
  let count = 0;
  for (let row = 0; row < n; row++) {
    if (random.nextUnit() >= share) continue;
    words[row >>> 5] = (words[row >>> 5] as number) | (1 << (row & 31));
    count++;
  }
  return { words, count };
}

function answers(index: IvfIndex, { data, d, n }: VectorSet, options: SearchOptions): Uint32Array[] {
  return Array.from({ length: n }, (_, q) => index.search(data.subarray(q * d, (q + 1) * d), K, options).ids);
}

function recallOf(found: readonly Uint32Array[], truth: readonly Uint32Array[]): number {
  let hits = 0;
  let all = 0;
  for (const [q, ids] of truth.entries()) {
    const real = new Set(ids);
    real.delete(NO_ID);
    all += real.size;
    for (const id of found[q] as Uint32Array) if (real.delete(id)) hits++;
  }
  return all === 0 ? 1 : hits / all;
}

interface Width {
  readonly width: number;
  readonly isWide: boolean;
  readonly narrow: number;
}

function widthOf(
  kind: Kind,
  index: IvfIndex,
  queries: VectorSet,
  truth: readonly Uint32Array[],
  wanted: number,
): Width {
  const widths = kind === 'flat' ? [1] : kind === 'graph' ? EFS : probes(index.nlist);
  const recallAt = (width: number): number =>
    recallOf(answers(index, queries, optionsOf(kind, width)), truth);
  // codes in lists are of other values than those of a scan: what all of them do not find no width does
  const least = kind === 'ivf' ? Math.min(wanted, recallAt(index.nlist) - LOSS) : wanted;
  let narrow: number | undefined;
  for (const width of widths) {
    const recall = recallAt(width);
    narrow ??= recall;
    if (recall >= least) return { width, isWide: true, narrow };
  }
  return { width: widths.at(-1) as number, isWide: false, narrow: narrow as number };
}

/** 4·√nlist, and by half more until it is all. */
function probes(nlist: number): number[] {
  const out = [Math.min(nlist, Math.max(16, Math.round(4 * Math.sqrt(nlist))))];
  while ((out.at(-1) as number) < nlist) out.push(Math.min(nlist, Math.round(1.5 * (out.at(-1) as number))));
  return out;
}

function optionsOf(kind: Kind, width: number): SearchOptions {
  return kind === 'graph' ? { ef: width } : { nprobe: width };
}

/** Medians of ROUNDS; by kind, then by filter. */
function searchCosts(
  built: readonly Built[],
  widths: readonly Width[],
  filters: readonly (Allowed | undefined)[],
  truths: readonly (readonly Uint32Array[])[],
  queries: VectorSet,
): Cost[][] {
  const times = built.map(() => filters.map((): number[] => []));
  const recalls = built.map(() => filters.map(() => 0));
  // the first warms up
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [f, allowed] of filters.entries()) {
      for (const [i, { kind, index }] of built.entries()) {
        const options = { ...optionsOf(kind, (widths[i] as Width).width), ...(allowed && { allowed }) };
        const start = performance.now();
        const found = answers(index, queries, options);
        const spent = performance.now() - start;
        if (round > 0) times[i]?.[f]?.push((1000 * spent) / queries.n);
        else (recalls[i] as number[])[f] = recallOf(found, truths[f] as Uint32Array[]);
      }
    }
  }
  return times.map((own, i) =>
    own.map((all, f): Cost => ({ recall: recalls[i]?.[f] as number, microseconds: median(all) })),
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] as number;
}

/** Queries are added, then rows spread over the index leave. */
function changes(index: IvfIndex, { data, d }: VectorSet): Pick<KindRow, 'addMs' | 'compactMs'> {
  index.releaseEncoders();
  const [first, next] = [0, 1].map((i) => {
    const start = performance.now();
    index.add(data.subarray(i * CHANGED * d, (i + 1) * CHANGED * d));
    return performance.now() - start;
  }) as [number, number];
  const step = Math.floor(index.n / CHANGED);
  const keep = Uint32Array.from({ length: index.n }, (_, row) => row).filter(
    (row) => row % step !== 0 || row / step >= CHANGED,
  );
  const start = performance.now();
  using ready = index.compaction(keep);
  ready.commit();
  return { addMs: [first, next], compactMs: performance.now() - start };
}
