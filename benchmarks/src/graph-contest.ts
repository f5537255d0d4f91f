/** Neighbour graphs over codes beside native ones over float32: all settings of a collection take turns in one run. */
import { createCore } from '@sagitta/core-wasm';
import { type IvfIndex, saveIndex, writeFileAtomic } from '@sagitta/node';
import { buildGraph } from '@sagitta/retrieval';
import { CONTEST_K, type ContestRow, contest } from './contest.ts';
import { type DataSet, loadDataSet } from './data-set.ts';
import { show } from './figure.ts';
import { type Contender, hnswContenders, loadPeers, usearchContenders } from './peers.ts';
import { contestChart, contestTable, thisMachine } from './report.ts';

/** The first of each is within the bytes that are aimed at: a sixth of usearch's, of sift-photos-200k half. */
const SETS = [
  {
    name: 'fashion-mnist',
    normalise: false,
    graphs: [
      { bits: 4, degree: 24, efConstruction: 64 },
      { bits: 4, degree: 32, efConstruction: 100 },
      { bits: 6, degree: 32, efConstruction: 100 },
    ],
    efs: [16, 24, 32, 48, 64, 96],
  },
  {
    name: 'cifar10-mobilenetv2',
    normalise: true,
    graphs: [
      { bits: 4.5, degree: 32, efConstruction: 100 },
      { bits: 6, degree: 32, efConstruction: 100 },
    ],
    efs: [16, 24, 32, 48, 64, 96, 128, 192],
  },
  {
    name: 'sift-photos-200k',
    normalise: false,
    graphs: [
      { bits: 6, degree: 32, efConstruction: 64 },
      { bits: 8, degree: 32, efConstruction: 100 },
    ],
    efs: [16, 24, 32, 48, 64, 96, 128],
  },
] as const;
export const GRAPH_SETS: readonly string[] = SETS.map(({ name }) => name);
const PEER_EFS = [20, 40, 80];
const QUERIES = 1000;
const FOLDER = new URL('../results/', import.meta.url).pathname;

interface BuiltGraph {
  readonly label: string;
  readonly index: IvfIndex;
  readonly seconds: number;
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
  return built.flatMap(({ index, label, seconds }) => {
    const bytesPerVector = saveIndex(index).length / index.n;
    return efs.map((ef) => ({
      library: 'Sagitta',
      setting: `${label}, ef ${ef}`,
      buildSeconds: seconds,
      bytesPerVector,
      search: (query: number, k: number) =>
        index.search(data.subarray(query * d, (query + 1) * d), k, { ef }).ids,
    }));
  });
}

/** A line a graph: what it costs, and its queries a second at the recall of each setting of usearch. */
function ratioTable(rows: readonly ContestRow[], built: readonly BuiltGraph[]): string {
  const peers = rows.filter(({ library }) => library === 'usearch');
  const lines = built.map(({ label, index, seconds }) => {
    const own = rows.filter(({ setting }) => setting.startsWith(`${label}, `));
    const cells = peers.map(({ recall, qps }) => {
      const ours = qpsAt(own, recall);
      return ours === undefined ? '—' : `${show(ours)}, ${(ours / qps).toFixed(2)}×`;
    });
    return `| ${label} | ${index.bytesPerVector} | ${seconds.toFixed(1)} | ${cells.join(' | ')} |`;
  });
  const heads = peers.map(
    ({ setting, recall }) => `at ${recall.toFixed(4)}, usearch ${setting.split(', ')[1]}`,
  );
  return [
    `| | bytes a vector | build s | ${heads.join(' | ')} |`,
    `|${'---|'.repeat(3 + heads.length)}`,
    ...lines,
  ].join('\n');
}

async function section(
  root: string,
  { name, normalise, graphs, efs }: (typeof SETS)[number],
  writesChart: boolean,
  log: (line: string) => void,
): Promise<string> {
  const set = await loadDataSet(root, name, { queryLimit: QUERIES, normalise });
  const { base } = set;
  using core = createCore();
  const built = graphs.map(({ bits, degree, efConstruction }): BuiltGraph => {
    const start = performance.now();
    const options = { metric: 'l2', bits, degree, efConstruction, seed: 1 } as const;
    const index = buildGraph(core, base.data, base.d, options);
    const seconds = (performance.now() - start) / 1000;
    const label = `SAQ ${bits} bits, ${degree} edges chosen from ${efConstruction}`;
    log(`${name}, ${label}: built in ${seconds.toFixed(1)} s`);
    return { label, index, seconds };
  });
  const peers = loadPeers(log);
  const hnsw = hnswContenders(peers, base, set.queries, PEER_EFS);
  log(`${name}: hnswlib-node built in ${hnsw[0]?.buildSeconds.toFixed(1)} s`);
  const usearch = usearchContenders(peers, base, set.queries, PEER_EFS);
  log(`${name}: usearch built in ${usearch[0]?.buildSeconds.toFixed(1)} s`);
  const rows = contest(set, [...hnsw, ...usearch, ...graphContenders(set, built, efs)]);
  const title = `${name}, ${show(base.n)} × ${show(base.d)}`;
  if (writesChart) {
    const chart = contestChart(rows, `${title}: recall and speed`);
    await writeFileAtomic(`${FOLDER}graph-${name}.svg`, [new TextEncoder().encode(chart)]);
  }
  return `## ${title}

![Recall and speed](graph-${name}.svg)

${contestTable(rows)}

${ratioTable(rows, built)}
`;
}

/** Prints the page of the named collections; of all, which no names stand for, it is written too. */
export async function graphPage(
  root: string,
  names: readonly string[],
  log: (line: string) => void,
): Promise<void> {
  const isWhole = names.length === 0;
  const parts: string[] = [];
  for (const set of SETS) {
    if (isWhole || names.includes(set.name)) parts.push(await section(root, set, isWhole, log));
  }
  const { cpu, engine, date } = thisMachine();
  const page = `# Neighbour graphs

${cpu} · ${engine} · ${date}. Written by \`npm run bench:real -- --graph\`.

k = ${CONTEST_K}, the first ${show(QUERIES)} queries, seed 1, one thread, one query at a time; all settings of a collection take turns of 100 queries in one run.
hnswlib-node and usearch are graphs over float32 with M 16 and efConstruction 200, ours over codes; all are built in one
thread, ours with training. Bytes of a file hold the model too; those beside are of codes and edges. The second table has a graph's queries/s at the recall of usearch,
between its points linearly in recall, and their ratio to usearch's; below its narrowest search that one counts, — is above its widest.

${parts.join('\n')}`;
  process.stdout.write(page);
  if (isWhole) await writeFileAtomic(`${FOLDER}graph.md`, [new TextEncoder().encode(page)]);
}
