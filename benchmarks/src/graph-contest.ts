/** Neighbour graphs over codes beside native ones over float32: all settings of a collection take turns in one run. */
import { existsSync, readFileSync } from 'node:fs';
import { createCore } from '@sagitta/core-wasm';
import { type IvfIndex, saveIndex, writeFileAtomic } from '@sagitta/node';
import { buildGraph } from '@sagitta/retrieval';
import { CONTEST_K, type ContestRow, contest, sagittaContenders } from './contest.ts';
import { cpuSeconds } from './cpu-seconds.ts';
import { type DataSet, loadDataSet } from './data-set.ts';
import { show } from './figure.ts';
import { generatedSet } from './generated-set.ts';
import { type Contender, peerContenders } from './peers.ts';
import { contestChart, contestTable, thisMachine } from './report.ts';
import { build } from './saq-figures.ts';
import { VectorFile } from './vector-file.ts';

interface GraphSet {
  readonly name: string;
  readonly load: (root: string) => DataSet | Promise<DataSet>;
  readonly graphs: readonly {
    readonly bits: number;
    readonly degree: number;
    readonly efConstruction: number;
    /** Also with so many vectors of a file, scored exactly. */
    readonly candidates?: number;
  }[];
  readonly efs: readonly number[];
  /** Lists of SAQ codes beside the graphs. */
  readonly lists?: { readonly bits: number; readonly nlist: number; readonly nprobes: readonly number[] };
  /** Whose recall the second table goes by; usearch is not built where it is hnswlib-node. */
  readonly peer: 'usearch' | 'hnswlib-node';
}

function real(name: Parameters<typeof loadDataSet>[1], normalise = false): Pick<GraphSet, 'name' | 'load'> {
  return { name, load: (root) => loadDataSet(root, name, { queryLimit: QUERIES, normalise }) };
}

const PEER_EFS = [20, 40, 80];
const QUERIES = 1000;
/** The first of each is within the bytes that are aimed at: a sixth of usearch's, of sift-photos-200k half. */
const SETS: readonly GraphSet[] = [
  {
    ...real('fashion-mnist'),
    peer: 'usearch',
    graphs: [
      { bits: 4, degree: 24, efConstruction: 64, candidates: 12 },
      { bits: 4, degree: 32, efConstruction: 100, candidates: 12 },
      { bits: 6, degree: 32, efConstruction: 100 },
    ],
    efs: [16, 24, 32, 48, 64, 96],
  },
  {
    ...real('cifar10-mobilenetv2', true),
    peer: 'usearch',
    graphs: [
      { bits: 4.5, degree: 32, efConstruction: 100 },
      { bits: 6, degree: 32, efConstruction: 100 },
    ],
    efs: [16, 24, 32, 48, 64, 96, 128, 192],
  },
  {
    ...real('sift-photos-200k'),
    peer: 'usearch',
    graphs: [
      { bits: 6, degree: 32, efConstruction: 64 },
      { bits: 8, degree: 32, efConstruction: 100 },
    ],
    efs: [16, 24, 32, 48, 64, 96, 128],
  },
  {
    name: 'clusters-1m',
    load: () => generatedSet('clusters-1m', 1_000_000, 128, QUERIES),
    graphs: [{ bits: 6, degree: 32, efConstruction: 100 }],
    efs: [16, 24, 32, 48, 64, 96, 128, 192],
    lists: { bits: 6, nlist: 1000, nprobes: [2, 4, 8, 16, 32, 64] },
    peer: 'hnswlib-node',
  },
];
export const GRAPH_SETS: readonly string[] = SETS.map(({ name }) => name);
const FOLDER = new URL('../results/', import.meta.url).pathname;

interface BuiltGraph {
  readonly label: string;
  readonly index: IvfIndex;
  readonly seconds: number;
  readonly rerank?: Rerank;
}

interface Rerank {
  readonly candidates: number;
  readonly fetch: (ids: Uint32Array) => Float32Array;
}

/**
 * Queries a second of one graph at a recall: between two of its points linearly in recall, below all of them those of the
 * narrowest search, above all of them undefined.
 */
export function qpsAt(
  rows: readonly Pick<ContestRow, 'recall' | 'qps'>[],
  recall: number,
): number | undefined {
  const points = [...rows].sort((a, b) => a.recall - b.recall);
  const above = points.findIndex((point) => point.recall >= recall);
  const [low, high] = [points[above - 1], points[above]];
  if (!low || !high) return high?.qps;
  return low.qps + ((recall - low.recall) / (high.recall - low.recall)) * (high.qps - low.qps);
}

function graphContenders(
  { queries: { data, d } }: DataSet,
  built: readonly BuiltGraph[],
  efs: readonly number[],
): Contender[] {
  return built.flatMap(({ index, label, seconds, rerank }) => {
    const bytesPerVector = saveIndex(index).length / index.n;
    return efs.map((ef) => ({
      library: 'Sagitta',
      setting: `${label}, ef ${ef}`,
      buildSeconds: seconds,
      bytesPerVector,
      search: (query: number, k: number) =>
        index.search(data.subarray(query * d, (query + 1) * d), k, rerank ? { ef, rerank } : { ef }).ids,
    }));
  });
}

/** A line a graph: what it costs, and its queries a second at the recall of each setting of a peer. */
function ratioTable(rows: readonly ContestRow[], built: readonly BuiltGraph[], peer: string): string {
  const peers = rows.filter(({ library }) => library === peer);
  const lines = built.map(({ label, index, seconds }) => {
    const own = rows.filter(({ setting }) => setting.startsWith(`${label}, `));
    const cells = peers.map(({ recall, qps }) => {
      const ours = qpsAt(own, recall);
      return ours === undefined ? '—' : `${show(ours)}, ${(ours / qps).toFixed(2)}×`;
    });
    return `| ${label} | ${index.bytesPerVector} | ${seconds.toFixed(1)} | ${cells.join(' | ')} |`;
  });
  const heads = peers.map(
    ({ setting, recall }) => `at ${recall.toFixed(4)}, ${peer} ${setting.split(', ')[1]}`,
  );
  return [
    `| | bytes a vector | build s | ${heads.join(' | ')} |`,
    `|${'---|'.repeat(3 + heads.length)}`,
    ...lines,
  ].join('\n');
}

/** MB that the process takes; `most` — at its most, from its start on. */
function megabytes(most: boolean): number {
  return Math.round(most ? process.resourceUsage().maxRSS / 1024 : process.memoryUsage().rss / 2 ** 20);
}

async function section(
  root: string,
  { name, load, graphs, efs, lists, peer }: GraphSet,
  log: (line: string) => void,
): Promise<string> {
  using core = createCore();
  const set = await load(root);
  const { base } = set;
  const before = megabytes(false);
  log(`${name}: loaded, ${before} MB`);
  const hasFile = graphs.some(({ candidates }) => candidates !== undefined);
  using vectors = hasFile ? new VectorFile(base) : undefined;
  const built = graphs.flatMap(({ bits, degree, efConstruction, candidates }): BuiltGraph[] => {
    const start = cpuSeconds();
    const options = { metric: 'l2', bits, degree, efConstruction, seed: 1 } as const;
    const index = buildGraph(core, base.data, base.d, options);
    const seconds = cpuSeconds() - start;
    const label = `SAQ ${bits} bits, ${degree} edges chosen from ${efConstruction}`;
    log(`${name}, ${label}: built in ${seconds.toFixed(1)} s, ${megabytes(true)} MB`);
    const alone = { label, index, seconds };
    if (candidates === undefined || vectors === undefined) return [alone];
    const rerank = { candidates, fetch: (ids: Uint32Array) => vectors.read(ids) };
    return [alone, { ...alone, label: `${label} and ${candidates} vectors of a file`, rerank }];
  });
  const own = megabytes(true) - before;
  const scanned = lists
    ? sagittaContenders(set, [build(core, set, lists.bits, lists.nlist)], lists.nprobes)
    : [];
  const hnswBefore = megabytes(false);
  const hnsw = await peerContenders('hnswlib-node', base, set.queries, PEER_EFS);
  const hnswMemory = megabytes(false) - hnswBefore;
  log(`${name}: hnswlib-node built in ${hnsw[0]?.buildSeconds.toFixed(1)} s`);
  const usearch = peer === 'usearch' ? await peerContenders('usearch', base, set.queries, PEER_EFS) : [];
  if (usearch[0]) log(`${name}: usearch built in ${usearch[0].buildSeconds.toFixed(1)} s`);
  const rows = contest(set, [...hnsw, ...usearch, ...graphContenders(set, built, efs), ...scanned]);
  const title = `${name}, ${show(base.n)} × ${show(base.d)}`;
  const chart = contestChart(rows, `${title}: recall and speed`);
  await writeFileAtomic(`${FOLDER}graph-${name}.svg`, [new TextEncoder().encode(chart)]);
  for (const { index, rerank } of built) if (!rerank) index.dispose();
  const { cpu, engine, date } = thisMachine();
  return `## ${title}

${cpu} · ${engine} · ${date}

![Recall and speed](graph-${name}.svg)

${contestTable(rows)}

${ratioTable(rows, built, peer)}

The process grew by ${show(own)} MB at most while ${graphs.length === 1 ? 'the graph was' : `${graphs.length} graphs were`} built, by ${show(hnswMemory)} MB while that of hnswlib-node was.
`;
}

/** The sections of a page by the name of their collection. */
function sectionsOf(page: string): Map<string, string> {
  const parts = page.split(/^(?=## )/m).slice(1);
  return new Map(parts.map((part) => [part.slice(3, part.indexOf(',')), part.trimEnd()]));
}

/** Measures the named collections, all where there are no names, and writes their sections of the page anew. */
export async function graphPage(
  root: string,
  names: readonly string[],
  log: (line: string) => void,
): Promise<void> {
  const path = `${FOLDER}graph.md`;
  const write = async (sections: Map<string, string>): Promise<void> => {
    const parts = GRAPH_SETS.flatMap((name) => sections.get(name) ?? []);
    await writeFileAtomic(path, [new TextEncoder().encode(`${INTRODUCTION}\n${parts.join('\n\n')}\n`)]);
  };
  for (const set of SETS) {
    if (names.length > 0 && !names.includes(set.name)) continue;
    const measured = await section(root, set, log);
    const sections = existsSync(path) ? sectionsOf(readFileSync(path, 'utf8')) : new Map<string, string>();
    await write(sections.set(set.name, measured.trimEnd()));
    process.stdout.write(measured);
  }
}

const INTRODUCTION = `# Neighbour graphs

Written by \`npm run bench:real -- --graph\`; with names of collections behind it, their sections alone.

k = ${CONTEST_K}, the first ${show(QUERIES)} queries, seed 1, one thread, one query at a time; all settings of a collection take turns of 100 queries in one run.
hnswlib-node and usearch are graphs over float32 with M 16 and efConstruction 200, ours over codes; all are built in one
thread, ours with training, and the seconds are those that the process computed for. Bytes of a file hold the model too; those beside are of codes and edges; vectors that are
read from a file, as many as are named, one read each, come on top on disk. The second table has a graph's queries/s at the
recall of usearch or hnswlib-node, between its points linearly in recall, and their ratio; below its narrowest search that one counts, — is above its widest.

clusters-1m is made, not read: 1,000 clusters, each wide in 12 directions of its own (\`benchmarks/src/generated-set.ts\`).
`;
