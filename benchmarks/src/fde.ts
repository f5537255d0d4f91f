/**
 * Fixed Dimensional Encodings: `SAGITTA_DATA=… npm run bench:fde`, some parts only with `-- vaswani speed wiki anisotropy`, some
 * encodings only with words of their names behind `only=`. A full run writes benchmarks/results/fde.md and two charts; lines go
 * to stderr as they come.
 */
import { type Core, createCore, type TokenSet } from '@sagitta/core-wasm';
import { lineChartSvg, writeFileAtomic } from '@sagitta/node';
import type { FdeEncoder } from '@sagitta/retrieval/muvera';
import { CONTENDERS, type Contender } from './fde-contenders.ts';
import { encodeAll, type FdeLine, measureCodes } from './fde-measure.ts';
import { type FdeSet, loadVaswani, loadWiki } from './fde-sets.ts';
import { runSweep, sweepChart, sweepTable } from './fde-sweep.ts';
import { show } from './figure.ts';
import { thisMachine } from './report.ts';

/** Documents that encoding is timed on, and rounds. */
const TIMED_DOCUMENTS = 200;
const ROUNDS = 3;

/** Encoders of one set, each made once. */
type Makers = (contender: Contender) => FdeEncoder;

function makers(core: Core, set: FdeSet): Makers {
  const made = new Map<string, FdeEncoder>();
  return ({ label, make }) => {
    const encoder = made.get(label) ?? make(core, set);
    made.set(label, encoder);
    return encoder;
  };
}

function runSet(
  core: Core,
  set: FdeSet,
  make: Makers,
  contenders: readonly Contender[],
  ns: readonly number[],
): FdeLine[] {
  const lines: FdeLine[] = [];
  for (const contender of contenders) {
    const { label, codes } = contender;
    const fitting = codes.filter(({ encoding }) => encoding !== 'pq256x8' || set.documents.n >= 256);
    const own = measureCodes(core, make(contender), label, set, fitting, ns);
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

/** Candidates by bytes: one line a code, from short encodings to long ones. */
function bytesChart(title: string, lines: readonly FdeLine[]): string {
  const kinds = [
    { name: 'MUVERA', isOf: (label: string) => /^MUVERA \d+$/.test(label) },
    { name: 'MUVERA, unit length', isOf: (label: string) => /^MUVERA \d+, unit/.test(label) },
    { name: 'votes', isOf: (label: string) => label.startsWith('votes') },
  ];
  const codes = [...new Set(lines.map(({ code }) => code))];
  const series = kinds.flatMap(({ name, isOf }) =>
    codes.map((code) => ({
      name: `${name}, ${code}`,
      points: lines
        .filter((line) => line.code === code && isOf(line.label))
        .map(({ bytes, needed90 }) => ({ x: bytes, y: needed90 })),
    })),
  );
  return lineChartSvg({
    title,
    xLabel: 'bytes a document',
    yLabel: 'candidates that hold nine tenths of the exact top 10',
    xScale: 'log',
    yScale: 'log',
    series: series.filter(({ points }) => points.length > 0),
  });
}

/** Documents a second on one thread, the best of some interleaved rounds, and as a ratio to MUVERA 10240. */
function encodeSpeeds(core: Core, set: FdeSet, make: Makers, contenders: readonly Contender[]): string {
  const { data, offsets, d } = set.documents;
  const n = TIMED_DOCUMENTS;
  const rows = offsets[n] as number;
  const documents: TokenSet = {
    data: data.subarray(0, rows * d),
    offsets: offsets.subarray(0, n + 1),
    n,
    d,
  };
  const entries = contenders.map((one) => ({ label: one.label, encoder: make(one), best: Infinity }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const entry of entries) {
      const start = performance.now();
      encodeAll(core, entry.encoder, documents);
      entry.best = Math.min(entry.best, performance.now() - start);
    }
  }
  const paper = entries.find(({ label }) => label === 'MUVERA 10240')?.best ?? Number.NaN;
  return [
    `The first ${n} documents (${show(rows)} tokens), best of ${ROUNDS} rounds, in turns.`,
    '',
    '| encoding | dims | documents/s | to MUVERA 10240 |',
    '|---|---|---|---|',
    ...entries.map(
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
  const contenders = CONTENDERS.filter(({ label }) => label.includes(only));
  const wants = (part: string): boolean => words.length === 0 || words.includes(part);
  const { cpu, engine, date } = thisMachine();
  const folder = new URL('../results/', import.meta.url).pathname;
  const text = new TextEncoder();
  const parts = [
    `# Fixed Dimensional Encodings\n\n${cpu}, ${engine}, ${date}, one thread, other work on the machine: times say something as ratios only. Share of the exact MaxSim top 10 among the first N by FDE, and candidates that hold 90 and 95 % of it.`,
  ];
  using core = createCore();
  if (wants('vaswani') || wants('speed')) {
    const set = await loadVaswani(root);
    const make = makers(core, set);
    if (wants('vaswani')) {
      const ns = [10, 50, 100, 200, 500];
      const lines = runSet(core, set, make, contenders, ns);
      parts.push(
        `## ${set.name}: ${show(set.documents.n)} documents\n\n${table(lines, ns)}\n\n![candidates by bytes](fde-bytes.svg)`,
      );
      const chart = only === '' ? bytesChart(`Candidates needed, ${set.name}`, lines) : '';
      if (chart !== '') await writeFileAtomic(`${folder}fde-bytes.svg`, [text.encode(chart)]);
    }
    if (wants('speed')) parts.push(`## Encoding\n\n${encodeSpeeds(core, set, make, contenders)}`);
  }
  if (wants('wiki')) {
    const set = await loadWiki(root);
    const ns = [10, 20, 50];
    const lines = runSet(core, set, makers(core, set), contenders, ns);
    parts.push(
      `## ${set.name}: ${show(set.documents.n)} documents\n\nThe sample that learned encodings are trained on is the collection itself.\n\n${table(lines, ns)}`,
    );
  }
  if (wants('anisotropy')) {
    const lines = runSweep(core);
    parts.push(
      `## Anisotropy: generated clouds, documents of 15 to 150 tokens, queries of 32\n\n${sweepTable(lines)}\n\n![anisotropy](fde-anisotropy.svg)`,
    );
    await writeFileAtomic(`${folder}fde-anisotropy.svg`, [text.encode(sweepChart(lines))]);
  }
  const report = `${parts.join('\n\n')}\n`;
  if (words.length === 0 && only === '') await writeFileAtomic(`${folder}fde.md`, [text.encode(report)]);
  process.stdout.write(report);
}

await main();
