/**
 * The figures that were asked for, measured on real vectors: `SAGITTA_DATA=… npm run bench:real`, parts of them with
 * `-- fashion peers cifar sift`, or graphs alone with `-- --graph`, of some collections with `-- --graph fashion-mnist`. A full
 * run writes benchmarks/results.
 */
import { createCore } from '@sagitta/core-wasm';
import { writeFileAtomic } from '@sagitta/node';
import { bestAgainst, type ContestRow, contest, rerankContenders, sagittaContenders } from './contest.ts';
import { type DataSet, loadDataSet } from './data-set.ts';
import { encodeFigures } from './encode-figures.ts';
import { atLeast, atMost, type Figure } from './figure.ts';
import { GRAPH_SETS, graphPage } from './graph-contest.ts';
import { peerContenders } from './peers.ts';
import { contestChart, contestTable, figureTable, markdown, thisMachine } from './report.ts';
import { type BuiltIndex, build, saqFigures } from './saq-figures.ts';
import { VectorFile } from './vector-file.ts';

const PARTS = ['fashion', 'peers', 'cifar', 'sift'] as const;
type Part = (typeof PARTS)[number];

const FASHION_LISTS = 256;
const core = createCore();
const started = performance.now();

function log(line: string): void {
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);
}

function buildAll(set: DataSet, bits: readonly number[], nlist: number): BuiltIndex[] {
  return bits.map((one) => {
    const built = build(core, set, one, nlist);
    log(`${set.name}, ${one} bits: built in ${built.seconds.toFixed(1)} s`);
    return built;
  });
}

async function fashionFigures(set: DataSet, built: readonly BuiltIndex[]): Promise<Figure[]> {
  const targets = [
    {
      bits: 1,
      referenceError: 0.348,
      askedError: 0.348,
      search: { recall: 0.951, qps: 4250, referenceQps: '4,000–4,500' },
    },
    {
      bits: 2,
      referenceError: 0.139,
      askedError: 0.139,
      search: { recall: 0.98, qps: 4300, referenceQps: '4,300' },
    },
    {
      bits: 4,
      referenceError: 0.0348,
      askedError: 0.0348,
      search: { recall: 0.993, qps: 3200, referenceQps: '3,200' },
    },
    {
      bits: 8,
      referenceError: 0.00199,
      askedError: 0.00199,
      search: { recall: 0.998, qps: 2750, referenceQps: '2,750' },
    },
  ];
  const figures = await saqFigures({ set, nlist: FASHION_LISTS, nprobe: 60, targets }, built, log);
  const encode = [
    { bits: 1, asked: 56_000 },
    { bits: 4, asked: 47_000 },
    { bits: 8, asked: 53_000 },
  ];
  return [...figures, ...encodeFigures(core, set, built, encode)];
}

async function cifarFigures(root: string): Promise<Figure[]> {
  const set = await loadDataSet(root, 'cifar10-mobilenetv2', { queryLimit: 1000, normalise: true });
  const errors = [0.78, 0.399, 0.111, 0.00828];
  const targets = [1, 2, 4, 8].map((bits, i) => {
    const error = errors[i] as number;
    return { bits, referenceError: error, askedError: error };
  });
  const built = buildAll(set, [1, 2, 4, 8], 128);
  const figures = await saqFigures({ set, nlist: 128, nprobe: 40, targets }, built, log);
  for (const { index } of built) index.dispose();
  return figures;
}

async function siftFigures(root: string): Promise<Figure[]> {
  const set = await loadDataSet(root, 'sift-photos-200k', { queryLimit: 1000 });
  const errors = [2.36, 0.655, 0.041];
  const targets = [2, 4, 8].map((bits, i) => {
    const error = errors[i] as number;
    return { bits, referenceError: error, askedError: 0.9 * error };
  });
  const built = buildAll(set, [2, 4, 8], 512);
  const figures = await saqFigures({ set, nlist: 512, nprobe: 60, targets }, built, log);
  for (const { index } of built) index.dispose();
  return figures;
}

async function peerRows(set: DataSet, built: readonly BuiltIndex[]): Promise<ContestRow[]> {
  const hnsw = await peerContenders('hnswlib-node', set.base, set.queries, [20, 40, 80]);
  log(`hnswlib-node built in ${hnsw[0]?.buildSeconds.toFixed(1)} s`);
  const usearch = await peerContenders('usearch', set.base, set.queries, [20, 40, 80]);
  log(`usearch built in ${usearch[0]?.buildSeconds.toFixed(1)} s`);
  const ours = sagittaContenders(set, built, [4, 8, 12, 20, 40]);
  using vectors = new VectorFile(set.base);
  const reranked = rerankContenders(
    set,
    built,
    [1, 2].flatMap((bits) =>
      [8, 12, 20].map((nprobe) => ({ bits, nprobe, candidates: bits === 1 ? 40 : 25 })),
    ),
    vectors,
  );
  return contest(set, [...hnsw, ...usearch, ...ours, ...reranked]);
}

function peerFigures(rows: readonly ContestRow[]): Figure[] {
  return rows
    .filter(({ library, setting }) => library === 'hnswlib-node' && !setting.endsWith('80'))
    .flatMap((peer) => {
      const fast = bestAgainst(rows, peer);
      if (fast === undefined) throw new Error(`no setting of ours reaches recall ${peer.recall}`);
      const small = bestAgainst(
        rows.filter(({ bytesPerVector }) => bytesPerVector <= peer.bytesPerVector / 7),
        peer,
      );
      const rivals = small === undefined || small === fast ? [fast] : [fast, small];
      return rivals.flatMap((ours) => {
        const label = `recall@10 of ${peer.library} ${peer.setting} (${peer.recall.toFixed(4)}): ${ours.setting} finds ${ours.recall.toFixed(4)}`;
        return [
          atLeast(`${label}, queries/s`, '', peer.qps, ours.qps),
          atMost(`${label}, bytes a vector`, '', peer.bytesPerVector / 7, ours.bytesPerVector),
          atMost(`${label}, build seconds`, '', peer.buildSeconds / 5, ours.buildSeconds),
        ];
      });
    });
}

async function main(): Promise<void> {
  const root = process.env['SAGITTA_DATA'];
  if (!root) {
    process.stderr.write('SAGITTA_DATA: expected the folder that holds the collections, got nothing\n');
    process.exitCode = 2;
    return;
  }
  const [flag, ...names] = process.argv.slice(2);
  const isGraph = flag === '--graph';
  const words = isGraph ? names : process.argv.slice(2);
  const known: readonly string[] = isGraph ? GRAPH_SETS : PARTS;
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined) {
    process.stderr.write(`expected ${known.join(', ')}, got ${unknown}\n`);
    process.exitCode = 2;
    return;
  }
  if (isGraph) return graphPage(root, names, log);
  const has = (part: Part): boolean => words.length === 0 || words.includes(part);
  const figures: Figure[] = [];
  let rows: ContestRow[] = [];
  if (has('fashion') || has('peers')) {
    const set = await loadDataSet(root, 'fashion-mnist', { queryLimit: 1000 });
    const built = buildAll(set, [1, 2, 3.5, 4, 8], FASHION_LISTS);
    if (has('fashion')) figures.push(...(await fashionFigures(set, built)));
    if (has('peers')) rows = await peerRows(set, built);
    for (const { index } of built) index.dispose();
  }
  if (has('cifar')) figures.push(...(await cifarFigures(root)));
  if (has('sift')) figures.push(...(await siftFigures(root)));
  figures.push(...peerFigures(rows));
  process.stdout.write(`${figureTable(figures)}\n\n${rows.length > 0 ? `${contestTable(rows)}\n` : ''}`);
  if (words.length > 0) return;
  const folder = new URL('../results/', import.meta.url).pathname;
  const text = new TextEncoder();
  await writeFileAtomic(`${folder}real.md`, [text.encode(markdown(thisMachine(), figures, rows))]);
  const chart = contestChart(rows, 'Fashion-MNIST, 60,000 × 784: recall and speed');
  await writeFileAtomic(`${folder}fashion-mnist.svg`, [text.encode(chart)]);
  await graphPage(root, [], log);
  log(`written to ${folder}`);
}

await main();
