/**
 * Fixed Dimensional Encodings: `SAGITTA_DATA=… npm run bench:fde`, some parts only with `-- vaswani anisotropy speed`, some
 * encodings only with words of their names behind `only=`. A full run writes benchmarks/results/fde.md and two charts; lines go
 * to stderr as they come.
 */
import { type Core, createCore } from '@sagitta/core-wasm';
import { lineChartSvg, writeFileAtomic } from '@sagitta/node';
import {
  bestOfRows,
  exactMaxSim,
  type FdeEncoder,
  MuveraFde,
  muveraPreset,
  trainLearnedFde,
} from '@sagitta/retrieval/muvera';
import { type Code, encodeAll, type FdeLine, measureCodes } from './fde-measure.ts';
import { type FdeSet, loadVaswani, loadWiki, makeCloud } from './fde-sets.ts';
import { show } from './figure.ts';
import { thisMachine } from './report.ts';

const D = 128;
const FLOAT: readonly Code[] = [{ encoding: 'float32' }];
const CODES: readonly Code[] = [
  { encoding: 'float32' },
  { encoding: 'int8' },
  { encoding: 'saq', bits: 4 },
  { encoding: 'saq', bits: 2 },
  { encoding: 'bit1' },
];

interface Contender {
  readonly label: string;
  readonly codes: readonly Code[];
  readonly make: (core: Core, set: Pick<FdeSet, 'documents'>) => FdeEncoder;
}

function meanOf({ documents }: Pick<FdeSet, 'documents'>): Float32Array {
  const sums = new Float64Array(D);
  for (let i = 0; i < documents.data.length; i++)
    sums[i % D] = (sums[i % D] as number) + (documents.data[i] as number);
  return Float32Array.from(sums, (sum) => (sum * D) / documents.data.length);
}

const plain = (length: 1536 | 1920 | 2560 | 5120 | 10240, codes: readonly Code[]): Contender => ({
  label: `MUVERA ${length}`,
  codes,
  make: () => new MuveraFde(muveraPreset(length, D)),
});
const votes = (numCells: number, p: number, numVoters: number, codes: readonly Code[]): Contender => ({
  label: `votes, ${numCells} × ${p + 1}, ${show(numVoters)} voters`,
  codes,
  make: (core, { documents }) =>
    trainLearnedFde(core, documents, { numCells, projectionDimension: p, numVoters }),
});
const means = (numCells: number, p: number): Contender => ({
  label: `k-means ${numCells} cells, means, PCA-${p}`,
  codes: FLOAT,
  make: (core, { documents }) =>
    trainLearnedFde(core, documents, { numCells, projectionDimension: p, blocks: 'mean' }),
});

const CONTENDERS: readonly Contender[] = [
  {
    label: 'mean pooling',
    codes: FLOAT,
    make: () => new MuveraFde({ d: D, numSimhashProjections: 0, numRepetitions: 1 }),
  },
  plain(1536, FLOAT),
  plain(1920, FLOAT),
  plain(2560, FLOAT),
  plain(5120, FLOAT),
  plain(10240, [
    ...FLOAT,
    { encoding: 'int8' },
    { encoding: 'saq', bits: 4 },
    { encoding: 'bit1' },
    { encoding: 'pq256x8' },
  ]),
  {
    label: 'MUVERA 10240, hash centred',
    codes: FLOAT,
    make: (_, set) => new MuveraFde({ ...muveraPreset(10240, D), center: meanOf(set) }),
  },
  {
    label: 'MUVERA (20,5,15+1), mean-split',
    codes: FLOAT,
    make: (_, set) =>
      new MuveraFde({
        ...muveraPreset(10240, D),
        projectionDimension: 15,
        center: meanOf(set),
        meanSplit: true,
      }),
  },
  {
    label: 'MUVERA R = 40, k = 6, no inner, F = 2560',
    codes: FLOAT,
    make: () =>
      new MuveraFde({ d: D, numSimhashProjections: 6, numRepetitions: 40, finalProjectionDimension: 2560 }),
  },
  {
    label: 'MUVERA 10240, count-sketch',
    codes: FLOAT,
    make: () => new MuveraFde({ ...muveraPreset(10240, D), projection: 'count-sketch' }),
  },
  means(32, 64),
  means(128, 64),
  votes(1, 63, 512, CODES),
  votes(8, 63, 512, CODES),
  votes(16, 63, 1024, CODES),
  votes(32, 63, 1024, CODES),
  votes(64, 63, 2048, CODES),
  votes(160, 63, 4096, FLOAT),
];

function runSet(core: Core, set: FdeSet, ns: readonly number[], isShort: boolean, only: string): FdeLine[] {
  const lines: FdeLine[] = [];
  for (const { label, codes, make } of CONTENDERS) {
    if ((isShort && label.includes('R = 40')) || !label.includes(only)) continue;
    const encoder = make(core, set);
    const fitting = codes.filter(({ encoding }) => encoding !== 'pq256x8' || set.documents.n >= 256);
    const own = measureCodes(core, encoder, label, set, fitting, ns);
    for (const line of own) process.stderr.write(`${lineOf(line)}\n`);
    lines.push(...own);
  }
  return lines;
}

function lineOf(line: FdeLine): string {
  const found = line.found.map((share) => share.toFixed(3));
  return `| ${[line.label, line.dims, line.code, line.bytes, ...found, line.needed90, line.needed95, show(line.scanMicros)].join(' | ')} |`;
}

function table(lines: readonly FdeLine[], ns: readonly number[]): string {
  return [
    `| encoding | dims | code | bytes | ${ns.map((n) => `N = ${n}`).join(' | ')} | needed for 90 % | 95 % | scan µs |`,
    `|---|---|---|---|${ns.map(() => '---|').join('')}---|---|---|`,
    ...lines.map(lineOf),
  ].join('\n');
}

/** Candidates by bytes: each encoding's codes joined from few bytes to many. */
function bytesChart(title: string, lines: readonly FdeLine[]): string {
  const names = [...new Set(lines.map(({ label }) => label))].filter(
    (name) => name === 'MUVERA 10240' || name.startsWith('votes'),
  );
  const series = names.map((name) => ({
    name,
    points: lines
      .filter(({ label, code }) => label === name && code !== 'pq256x8')
      .sort((a, b) => a.bytes - b.bytes)
      .map(({ bytes, needed90 }) => ({ x: bytes, y: needed90 })),
  }));
  return lineChartSvg({
    title,
    xLabel: 'bytes a document',
    yLabel: 'candidates that hold nine tenths of the exact top 10',
    xScale: 'log',
    yScale: 'log',
    series,
  });
}

interface SweepLine {
  readonly cosine: number;
  readonly nuisances: number;
  readonly label: string;
  /** Share of queries whose exact best is among the first 10, 200. */
  readonly top10: number;
  readonly top200: number;
}

const SWEEP = [
  { common: 0, nuisances: 0, strength: 0 },
  { common: 1.7, nuisances: 0, strength: 0 },
  { common: 3.4, nuisances: 0, strength: 0 },
  { common: 4.9, nuisances: 0, strength: 0 },
  { common: 3, nuisances: 4, strength: 0.75 },
  { common: 3, nuisances: 4, strength: 1.5 },
] as const;

function runSweep(core: Core): SweepLine[] {
  const lines: SweepLine[] = [];
  for (const cloud of SWEEP) {
    const { documents, queries } = makeCloud({
      documents: 2000,
      queries: 80,
      queryTokens: 32,
      seed: 1,
      ...cloud,
    });
    const truth = bestOfRows(exactMaxSim(core, queries, documents), documents.n, 1);
    const set = { documents, queries, truth };
    const cosine = pairCosine(documents.data);
    const contenders: readonly Contender[] = [
      plain(10240, FLOAT),
      ...CONTENDERS.filter(({ label }) => /centred|mean-split/.test(label)),
      means(128, 64),
      votes(1, 63, 512, FLOAT),
      votes(16, 63, 1024, FLOAT),
      votes(64, 127, 2048, FLOAT),
    ];
    for (const { label, make } of contenders) {
      const [line] = measureCodes(core, make(core, set), label, set, FLOAT, [10, 200]);
      const [top10 = 0, top200 = 0] = line?.found ?? [];
      lines.push({ cosine, nuisances: cloud.nuisances, label, top10, top200 });
      process.stderr.write(
        `${cosine.toFixed(2)} ${cloud.nuisances} ${label}: ${top10.toFixed(3)} ${top200.toFixed(3)}\n`,
      );
    }
  }
  return lines;
}

function pairCosine(data: Float32Array): number {
  const sum = new Float64Array(D);
  for (let i = 0; i < data.length; i++) sum[i % D] = (sum[i % D] as number) + (data[i] as number);
  const n = data.length / D;
  return (sum.reduce((total, value) => total + value * value, 0) - n) / (n * (n - 1));
}

function sweepTable(lines: readonly SweepLine[]): string {
  return [
    '| pair cosine | nuisance directions | encoding | exact best in first 10 | in first 200 |',
    '|---|---|---|---|---|',
    ...lines.map(
      ({ cosine, nuisances, label, top10, top200 }) =>
        `| ${cosine.toFixed(2)} | ${nuisances} | ${label} | ${top10.toFixed(3)} | ${top200.toFixed(3)} |`,
    ),
  ].join('\n');
}

function sweepChart(lines: readonly SweepLine[]): string {
  const series = [...new Set(lines.map(({ label }) => label))].map((name) => ({
    name,
    points: lines
      .filter(({ label, nuisances }) => label === name && nuisances === 0)
      .map(({ cosine, top10 }) => ({ x: cosine, y: top10 })),
  }));
  return lineChartSvg({
    title: 'Exact best among the first 10, by anisotropy (1,000 generated documents)',
    xLabel: 'mean pair cosine of tokens',
    yLabel: 'share of queries',
    series,
  });
}

/** Documents a second on one thread, the best of three interleaved rounds, and as a ratio to MUVERA 10240. */
function encodeSpeeds(core: Core, set: FdeSet): string {
  const { data, offsets, d } = set.documents;
  const n = 300;
  const documents = {
    data: data.subarray(0, (offsets[n] as number) * d),
    offsets: offsets.subarray(0, n + 1),
    n,
    d,
  };
  const encoders = CONTENDERS.map(({ label, make }) => ({ label, encoder: make(core, set), best: Infinity }));
  for (let round = 0; round < 3; round++) {
    for (const entry of encoders) {
      const start = performance.now();
      encodeAll(core, entry.encoder, documents);
      entry.best = Math.min(entry.best, performance.now() - start);
    }
  }
  const paper = encoders.find(({ label }) => label === 'MUVERA 10240')?.best as number;
  return [
    '| encoding | dims | documents/s | to MUVERA 10240 |',
    '|---|---|---|---|',
    ...encoders.map(
      ({ label, encoder, best }) =>
        `| ${label} | ${encoder.length} | ${show((1000 * n) / best)} | ${(paper / best).toFixed(2)}× |`,
    ),
  ].join('\n');
}

async function main(): Promise<void> {
  const root = process.env['SAGITTA_DATA'];
  if (!root) {
    process.stderr.write('SAGITTA_DATA: expected the folder that holds the collections, got nothing\n');
    process.exitCode = 2;
    return;
  }
  const words = process.argv.slice(2).filter((word) => !word.startsWith('only='));
  const only = process.argv.find((word) => word.startsWith('only='))?.slice(5) ?? '';
  const wants = (part: string): boolean => words.length === 0 || words.includes(part);
  const { cpu, engine, date } = thisMachine();
  const folder = new URL('../results/', import.meta.url).pathname;
  const text = new TextEncoder();
  const parts = [
    `# Fixed Dimensional Encodings\n\n${cpu}, ${engine}, ${date}, one thread. Share of the exact MaxSim top 10 among the first N by FDE, and candidates that hold 90 and 95 % of it.`,
  ];
  using core = createCore();
  if (wants('vaswani')) {
    const set = await loadVaswani(root);
    const ns = [10, 50, 100, 200, 500];
    const lines = runSet(core, set, ns, false, only);
    parts.push(
      `## ${set.name}: ${show(set.documents.n)} documents\n\n${table(lines, ns)}\n\n![candidates by bytes](fde-bytes.svg)`,
    );
    const chart = lines.length === 0 ? '' : bytesChart(`Candidates needed, ${set.name}`, lines);
    if (only === '') await writeFileAtomic(`${folder}fde-bytes.svg`, [text.encode(chart)]);
  }
  if (wants('speed')) parts.push(`## Encoding\n\n${encodeSpeeds(core, await loadVaswani(root))}`);
  if (wants('wiki')) {
    const set = await loadWiki(root);
    const ns = [10, 20, 50];
    const lines = runSet(core, set, ns, true, only);
    parts.push(
      `## ${set.name}: ${show(set.documents.n)} documents\n\nThe sample that learned encodings are trained on is the collection itself.\n\n${table(lines, ns)}`,
    );
  }
  if (wants('anisotropy')) {
    const lines = runSweep(core);
    parts.push(
      `## Anisotropy: generated clouds, 1,000 documents of 15 to 150 tokens, 100 queries of 32\n\n${sweepTable(lines)}\n\n![anisotropy](fde-anisotropy.svg)`,
    );
    await writeFileAtomic(`${folder}fde-anisotropy.svg`, [text.encode(sweepChart(lines))]);
  }
  const report = `${parts.join('\n\n')}\n`;
  if (words.length === 0 && only === '') await writeFileAtomic(`${folder}fde.md`, [text.encode(report)]);
  process.stdout.write(report);
}

await main();
