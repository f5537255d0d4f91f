/**
 * LeanVec's claim: a graph over reduced vectors is searched up to 3.7 times, and built up to 4.9 times as fast as over half
 * precision. The same graph over several codes; all settings of a collection take turns in one run.
 */
import type { Core } from '@sagitta/core-wasm';
import { type GraphIndexOptions, type IvfIndex, type SearchOptions, trainGraph } from '@sagitta/node';
import { type ContestRow, contest } from '../contest.ts';
import { cpuSeconds } from '../cpu-seconds.ts';
import { show } from '../figure.ts';
import { qpsAt } from '../graph-contest.ts';
import type { Contender } from '../peers.ts';
import { type Claimed, firstOf, foreignSet } from './sets.ts';

const DEGREE = 32;
const EF_CONSTRUCTION = 100;
/** Widest first: what takes its turn first in an index finds caches cold. */
const EFS = [128, 96, 64, 48, 32, 24, 16, 10];
const RECALLS = [0.9, 0.95, 0.98];
const QUERIES = 300;
const ROUNDS = 2;
/** A search is not reranked by more. */
const MOST_CANDIDATES = 40;

interface Code {
  readonly label: string;
  readonly options: Omit<GraphIndexOptions, 'metric'>;
}

interface BuiltGraph {
  readonly code: Code;
  readonly index: IvfIndex;
  readonly trained: number;
  readonly inserted: number;
}

/** A graph, searched one way. */
interface Way {
  readonly built: BuiltGraph;
  readonly label: string;
  readonly bytes: number;
  readonly options: (ef: number) => SearchOptions;
}

/** What one search costs on average. */
interface Cost {
  readonly recall: number;
  readonly scored: number;
  readonly kilobytes: number;
}

const UNRERANKED = ['float32', 'float16'];

function codesOf({ base: { d }, foreign }: Claimed): Code[] {
  const lean = (dims: number): Code => ({
    label: `LeanVec, ${dims} dims`,
    options: { quantizer: 'leanvec', bits: 8, quantizerOptions: { dims } },
  });
  const suited = (dims: number, queries: Float32Array): Code => ({
    label: `LeanVec for the queries, ${dims} dims`,
    options: { quantizer: 'leanvec', bits: 8, quantizerOptions: { dims, queries } },
  });
  const dims = [16 * Math.round(d / 64), 16 * Math.round(d / 32)];
  return [
    { label: 'float32', options: { quantizer: 'none' } },
    { label: 'float16', options: { quantizer: 'float16' } },
    ...dims.map(lean),
    ...(foreign ? dims.map((one) => suited(one, foreign)) : []),
    { label: 'SAQ, 4 bits', options: { bits: 4 } },
  ];
}

function timed(run: () => void): number {
  const before = cpuSeconds();
  run();
  return cpuSeconds() - before;
}

function build(core: Core, { base, metric }: Claimed, code: Code): BuiltGraph {
  const options = { ...code.options, metric, degree: DEGREE, efConstruction: EF_CONSTRUCTION, seed: 1 };
  let index: IvfIndex | undefined;
  const trained = timed(() => {
    index = trainGraph(core, base, options);
  });
  const made = index as IvfIndex;
  const inserted = timed(() => made.add(base.data));
  made.releaseEncoders();
  return { code, index: made, trained, inserted };
}

/** Codes that stand for less than a half-precision number are also searched with the vectors beside. */
function waysOf({ base: { data, d } }: Claimed, built: BuiltGraph): Way[] {
  const { label } = built.code;
  const { bytesPerVector: bytes } = built.index;
  const plain = { built, label, bytes, options: (ef: number) => ({ ef }) };
  if (UNRERANKED.includes(label)) return [plain];
  const fetch = (ids: Uint32Array): Float32Array => {
    const rows = new Float32Array(ids.length * d);
    for (const [i, id] of ids.entries()) rows.set(data.subarray(id * d, (id + 1) * d), i * d);
    return rows;
  };
  const options = (ef: number): SearchOptions => ({
    ef,
    rerank: { candidates: Math.min(ef, MOST_CANDIDATES), fetch },
  });
  return [plain, { built, label: `${label}, reranked`, bytes: bytes + 4 * d, options }];
}

function contendersOf({ queries: { data, d } }: Claimed, ways: readonly Way[]): Contender[] {
  return ways.flatMap(({ label, bytes, built, options }) =>
    EFS.map((ef) => ({
      library: label,
      setting: `ef ${ef}`,
      buildSeconds: built.inserted,
      bytesPerVector: bytes,
      search: (query: number, k: number) =>
        built.index.search(data.subarray(query * d, (query + 1) * d), k, options(ef)).ids,
    })),
  );
}

/** The same searches once more, outside of the clock. */
function costsOf({ queries: { data, d, n } }: Claimed, way: Way, rows: readonly ContestRow[]): Cost[] {
  const { index } = way.built;
  return EFS.map((ef, i) => {
    let scored = 0;
    let bits = 0;
    for (let q = 0; q < n; q++) {
      const query = data.subarray(q * d, (q + 1) * d);
      const { statistics } = index.search(query, 10, { ...way.options(ef), statistics: true });
      scored += statistics?.graph?.scored ?? 0;
      bits += (statistics?.codeBitsRead ?? 0) + 32 * d * (statistics?.reranked ?? 0);
    }
    return { recall: rows[i]?.recall ?? 0, scored: scored / n, kilobytes: bits / 8000 / n };
  });
}

function searchTable(set: Claimed, ways: readonly Way[], rows: readonly ContestRow[]): string {
  const own = (label: string): ContestRow[] => rows.filter(({ library }) => library === label);
  const peers = ['float16', 'float32'].map(own);
  const lines = ways.map((way) => {
    const points = own(way.label);
    const costs = costsOf(set, way, points);
    const cells = RECALLS.map((recall) => {
      const qps = qpsAt(points, recall);
      if (qps === undefined) return '—';
      const ratios = peers.map((peer) => {
        const theirs = qpsAt(peer, recall);
        return theirs === undefined ? '—' : `${(qps / theirs).toFixed(2)}×`;
      });
      return `${show(Math.round(qps))}, ${ratios.join(', ')}`;
    });
    // read between the points of a graph as speeds are
    const at = (pick: (cost: Cost) => number): string => {
      const value = qpsAt(
        costs.map((cost) => ({ recall: cost.recall, qps: pick(cost) })),
        0.95,
      );
      return value === undefined ? '—' : show(Math.round(value));
    };
    const most = Math.max(...points.map(({ recall }) => recall)).toFixed(3);
    return `| ${way.label} | ${show(way.bytes)} | ${cells.join(' | ')} | ${most} | ${at(({ scored }) => scored)} | ${at(({ kilobytes }) => kilobytes)} |`;
  });
  return [
    `| code | bytes a vector | ${RECALLS.map((recall) => `at ${recall}`).join(' | ')} | most | scored at .95 | kB read at .95 |`,
    `|${'---|'.repeat(RECALLS.length + 5)}`,
    ...lines,
  ].join('\n');
}

function buildTable(built: readonly BuiltGraph[]): string {
  const of = (label: string): number => built.find(({ code }) => code.label === label)?.inserted ?? 0;
  const lines = built.map(({ code, trained, inserted }) => {
    const ratios = ['float16', 'float32'].map((label) => `${(of(label) / inserted).toFixed(2)}×`);
    return `| ${code.label} | ${trained.toFixed(1)} | ${inserted.toFixed(1)} | ${ratios.join(' | ')} |`;
  });
  return [
    '| code | training, CPU s | coding and inserting, CPU s | to float16 | to float32 |',
    '|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

export async function leanvecSection(
  core: Core,
  root: string,
  name: string,
  log: (line: string) => void,
): Promise<string> {
  const set = await load(core, root, name);
  const built = codesOf(set).map((code) => {
    const one = build(core, set, code);
    log(
      `${set.name}, ${code.label}: trained in ${one.trained.toFixed(1)} s, built in ${one.inserted.toFixed(1)} s`,
    );
    return one;
  });
  const ways = built.flatMap((one) => waysOf(set, one));
  const rows = contest(set, contendersOf(set, ways), { rounds: ROUNDS, clock: () => 1000 * cpuSeconds() });
  const text = `## ${set.name}, ${show(set.base.n)} × ${show(set.base.d)}

${searchTable(set, ways, rows)}

${buildTable(built)}
`;
  for (const { index } of built) index.dispose();
  log(`${set.name}: measured`);
  return text;
}

export const LEANVEC_SETS = ['fashion-mnist', 'cifar10-mobilenetv2', 'sift-photos-200k', 'foreign'] as const;

function load(core: Core, root: string, name: string): Promise<Claimed> {
  switch (name) {
    case 'fashion-mnist':
    case 'cifar10-mobilenetv2':
      return firstOf(core, root, name, { limit: 20_000, queries: QUERIES });
    case 'sift-photos-200k':
      return firstOf(core, root, name, { limit: 50_000, queries: QUERIES });
    default:
      return foreignSet(core, 20_000, QUERIES);
  }
}

export const LEANVEC_TEXT = `k = 10, the first ${QUERIES} queries, one query at a time; all settings of a collection take turns of 100 queries in one run.
The same graph, degree ${DEGREE}, edges chosen from ${EF_CONSTRUCTION}, over several codes; LeanVec of 8 bits; "reranked": up to ${MOST_CANDIDATES} candidates, the whole pool where
that is smaller, are scored again by the float32 vectors, which the caller keeps (their bytes are counted). Speeds are queries/s between points of a graph at ef ${EFS.join(', ')}, linearly in
recall (below the narrowest search that one counts, — is above the widest), then their ratios to float16 and to float32; "most" is the recall of the
widest. Vertices scored and bytes of codes read are those of a query at a recall of .95. SAQ is walked by one kernel, the other codes hop by hop in TypeScript.
All times are CPU time, one thread; ratios above 1 are faster.`;
